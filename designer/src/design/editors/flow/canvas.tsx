/** A canvas of nodes and edges: fitted to its frame, moved and zoomed by pointer and keyboard. */

import {
  Controls,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  useStoreApi,
  type Connection,
  type Edge,
  type EdgeTypes,
  type Node,
  type NodeChange,
  type NodeTypes,
} from "@xyflow/react";
import { useEffect, useMemo, type JSX, type ReactNode } from "react";
import { w } from "../../ui/words";
import { canvasLabels } from "./labels";
import { usePanKeys } from "./pan_keys";

export interface CanvasProps {
  readonly name: string;
  readonly nodes: Node[];
  readonly edges: Edge[];
  readonly nodeTypes: NodeTypes;
  readonly edgeTypes: EdgeTypes;
  readonly draggable?: boolean;
  readonly onConnect?: (connection: Connection) => void;
  readonly onNodesChange?: (changes: NodeChange[]) => void;
  readonly onDrop?: (node: Node) => void;
  /** What is fitted into the frame anew when it changes. */
  readonly fitted: string;
  /** The node that is chosen: it is brought into sight. */
  readonly shown: string | undefined;
  readonly children?: ReactNode;
}

export function Canvas(props: CanvasProps): JSX.Element {
  return (
    <ReactFlowProvider>
      <Inner {...props} />
    </ReactFlowProvider>
  );
}

const MOST_ZOOM = 1.6;
const LEAST_ZOOM = 0.2;
const PADDING = 0.04;
/** The zoom at which labels can still be read: what does not fit then begins at its first node. */
const READABLE = 0.8;
const EDGE = 16;
const MARGIN = 48;
/** How far from the middle of a node a dragged edge is caught, in pixels. */
const CATCH = 100;

/** Return how far what stands at `from` must move to be inside of `size`. */
function inside(from: number, length: number, size: number): number {
  if (from < EDGE) return EDGE - from;
  const over = from + length + MARGIN - size;
  return over > 0 ? -over : 0;
}

function Inner(props: CanvasProps): JSX.Element {
  const flow = useReactFlow();
  const { fitted, shown } = props;
  const { getNodesBounds, getNodes, setViewport } = flow;
  const store = useStoreApi();
  // Folding the options away, or a phone that is turned, leaves other room for the drawing.
  const room = useStore((state) => state.width);
  /** Fit everything in; `least` is the zoom below which the drawing is cut off instead. */
  const fit = useMemo(
    () =>
      (least = LEAST_ZOOM): void => {
        const { width, height } = store.getState();
        const bounds = getNodesBounds(getNodes());
        const room = 1 + 2 * PADDING;
        const whole = Math.min(width / (bounds.width * room), height / (bounds.height * room), 1);
        const zoom = Math.max(whole, least);
        const place = (size: number, from: number, length: number): number =>
          length * zoom > size ? EDGE - from * zoom : (size - length * zoom) / 2 - from * zoom;
        const x = place(width, bounds.x, bounds.width);
        void setViewport({ x, y: place(height, bounds.y, bounds.height), zoom });
      },
    [store, getNodesBounds, getNodes, setViewport],
  );
  useEffect(() => {
    const wait = window.requestAnimationFrame(() => fit(READABLE));
    return () => window.cancelAnimationFrame(wait);
  }, [fit, fitted, room]);
  useEffect(() => {
    const wait = window.requestAnimationFrame(() => {
      const node = shown === undefined ? undefined : flow.getInternalNode(shown);
      if (node === undefined) return;
      const { x, y, zoom } = flow.getViewport();
      const { width, height } = store.getState();
      const at = node.internals.positionAbsolute;
      const dx = inside(at.x * zoom + x, (node.measured.width ?? 0) * zoom, width);
      const dy = inside(at.y * zoom + y, (node.measured.height ?? 0) * zoom, height);
      if (dx !== 0 || dy !== 0) void flow.setViewport({ x: x + dx, y: y + dy, zoom });
    });
    return () => window.cancelAnimationFrame(wait);
  }, [flow, store, shown, fitted]);
  const press = usePanKeys(() => fit());
  const labels = useMemo(canvasLabels, []);
  return (
    <>
      <p className="quiet drag-hint">{w("drag_hint")}</p>
      <div
        className="flow"
        role="group"
        aria-label={props.name}
        aria-description={w("flow_keys")}
        tabIndex={0}
        onKeyDown={press}
      >
        <ReactFlow
          nodes={props.nodes}
          edges={props.edges}
          nodeTypes={props.nodeTypes}
          edgeTypes={props.edgeTypes}
          nodesDraggable={props.draggable ?? false}
          nodesConnectable={props.onConnect !== undefined}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          deleteKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          disableKeyboardA11y
          minZoom={LEAST_ZOOM}
          maxZoom={MOST_ZOOM}
          connectionRadius={CATCH}
          ariaLabelConfig={labels}
          {...(props.onConnect === undefined ? {} : { onConnect: props.onConnect })}
          {...(props.onNodesChange === undefined ? {} : { onNodesChange: props.onNodesChange })}
          onNodeDragStop={(_, node) => props.onDrop?.(node)}
        >
          <Controls showInteractive={false} onFitView={() => fit()} fitViewOptions={{ duration: 0 }} />
          {props.children}
        </ReactFlow>
      </div>
    </>
  );
}
