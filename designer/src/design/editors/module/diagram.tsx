/** The objects of a module and their references, laid out by themselves. */

import { Graph, layout } from "@dagrejs/dagre";
import {
  Controls,
  MarkerType,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type Edge,
  type Node,
} from "@xyflow/react";
import { useMemo, type JSX } from "react";
import { labelOf, nameOf, type Doc, type Docs } from "../../model/documents";
import { isList } from "../../model/json";
import { aroundModule, relationsOf } from "../../model/relations";
import { useChoose, useView, useWorkbench } from "../../ui/desk";
import { enterCanvas } from "../../ui/regions";
import { useWholeWidth } from "../../ui/whole_width";
import { w } from "../../ui/words";
import { canvasLabels } from "../flow/labels";
import { usePanKeys } from "../flow/pan_keys";

const WIDTH = 150;
const HEIGHT = 56;
/** The zoom at which labels can still be read: what does not fit then is cut off at the edges. */
const READABLE = 0.55;
const ALL = { padding: 0.04, maxZoom: 1 };

export function Diagram({ doc }: { readonly doc: Doc }): JSX.Element {
  return (
    <ReactFlowProvider>
      <Inner doc={doc} />
    </ReactFlowProvider>
  );
}

function Inner({ doc }: { readonly doc: Doc }): JSX.Element {
  useWholeWidth();
  const view = useView();
  const { language } = useWorkbench();
  const choose = useChoose();
  const labels = useMemo(canvasLabels, []);
  const { nodes, edges } = useMemo(
    () => drawn(view.docs, doc.module, language),
    [view.docs, doc.module, language],
  );
  const { fitView } = useReactFlow();
  const pan = usePanKeys(() => void fitView(ALL));
  return (
    <>
      <p className="quiet drag-hint">{w("drag_hint")}</p>
      <div
        className="diagram"
        role="group"
        aria-label={w("module_diagram")}
        aria-description={w("flow_keys")}
        tabIndex={0}
        onKeyDown={(event) => {
          const node = event.target instanceof Element ? event.target.closest<HTMLElement>(".react-flow__node") : null;
          const id = node?.dataset.id;
          if (event.key !== "Enter" || id === undefined) {
            pan(event);
            return;
          }
          choose(id);
          enterCanvas();
        }}
      >
        <ReactFlow
          nodes={nodes}
          edges={edges}
          fitView
          fitViewOptions={{ ...ALL, minZoom: READABLE }}
          minZoom={0.2}
          nodesConnectable={false}
          nodesDraggable={false}
          ariaLabelConfig={labels}
          onNodeClick={(_, node) => choose(node.id)}
          onNodeDoubleClick={(_, node) => choose(node.id)}
        >
          <Controls showInteractive={false} fitViewOptions={ALL} />
        </ReactFlow>
      </div>
    </>
  );
}

function drawn(docs: Docs, module: string, language: "zh" | "en"): { nodes: Node[]; edges: Edge[] } {
  const { own, others } = aroundModule(docs, module);
  const shown = [...own, ...others];
  const ids = new Map(shown.map((one) => [nameOf(one), one.id]));
  const edges = relationsOf(docs, language).flatMap((one): Edge[] => {
    const [source, target] = [ids.get(one.from), ids.get(one.to)];
    if (source === undefined || target === undefined) return [];
    return [
      {
        id: `${source} ${one.field}`,
        source,
        target,
        label: one.label,
        markerEnd: { type: MarkerType.ArrowClosed },
        ...(one.owned ? { style: { strokeWidth: 2.5 } } : {}),
      },
    ];
  });
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 24, ranksep: 60 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const one of shown) graph.setNode(one.id, { width: WIDTH, height: HEIGHT });
  for (const one of edges) graph.setEdge(one.source, one.target, {}, one.id);
  layout(graph);
  const nodes = shown.map((one): Node => {
    const place = graph.node(one.id) as { x: number; y: number };
    const fields = isList(one.content.fields) ? one.content.fields.length : 0;
    return {
      id: one.id,
      position: { x: place.x - WIDTH / 2, y: place.y - HEIGHT / 2 },
      data: {
        label: (
          <>
            {labelOf(one.content, language)}
            <small>{w("fields_count", { count: fields })}</small>
          </>
        ),
      },
      className: one.module === module ? "own" : "other",
      style: { width: WIDTH },
      sourcePosition: Position.Right,
      targetPosition: Position.Left,
      ariaLabel: labelOf(one.content, language),
    };
  });
  return { nodes, edges };
}
