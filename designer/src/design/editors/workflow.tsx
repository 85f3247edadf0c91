/** A workflow as a picture: states and the ways between them, laid out by the machine. */

import { MarkerType, Position, type Edge, type Node } from "@xyflow/react";
import { useMemo, useState, type JSX } from "react";
import { insertItem } from "../model/commands/insert_item";
import { freeName, labelOf, named, nameOf, newId, ofKind, type Doc } from "../model/documents";
import { graphOf, objects, type FlowGraph, type Way } from "../model/flow/graph";
import { layered, type Layout } from "../model/flow/layout";
import { at, same, textOf, type Path } from "../model/json";
import type { View } from "../model/store";
import { findingsAt, useChoose, useRun, useView, useWorkbench } from "../ui/desk";
import { useAfterPaint } from "../ui/after_paint";
import { Icon } from "../ui/icon";
import { enterLabel } from "../ui/regions";
import { w } from "../ui/words";
import { Canvas } from "./flow/canvas";
import { STATE_HEIGHT, STATE_WIDTH, StateCard, type StateData } from "./flow/state_node";
import { WayEdge, wayText, type WayData } from "./flow/way_edge";
import { WayForm, type Wanted } from "./flow/way_form";

const NODES = { state: StateCard };
const EDGES = { way: WayEdge };

export function WorkflowEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const [adding, setAdding] = useState(false);
  const graph = useMemo(() => graphOf(doc.content, language), [doc.content, language]);
  // The layout follows from the shape alone: typing a label moves nothing until it grows.
  const settled = useAfterPaint(graph, shapeOf(graph));
  const layout = useMemo(() => layoutOf(settled), [settled]);
  const chosen = view.chosen?.id === doc.id ? view.chosen.path : [];
  const nodes = useNodes(doc, view, graph, layout, chosen);
  const edges = useEdges(doc, view, graph, layout, chosen);
  const add = (wanted: Wanted): void => {
    const taken = objects(doc.content.transitions).map((one) => textOf(one.name));
    const position = taken.length;
    const name = freeName(named(wanted.label) || "go", taken);
    const by = ofKind(view.docs, "role").slice(0, 1).map(nameOf);
    const label = { [language]: wanted.label };
    const way = { id: newId(), name, from: [wanted.from], to: wanted.to, by, label };
    run(insertItem(doc.id, ["transitions"], position, way));
    choose(doc.id, ["transitions", position]);
  };
  const addState = (): void => {
    const taken = graph.states.map((one) => one.name);
    const state = { id: newId(), name: freeName("state", taken), label: { [language]: w("flow_new_state") } };
    run(insertItem(doc.id, ["states"], taken.length, state));
    choose(doc.id, ["states", taken.length]);
    enterLabel();
  };
  const from = chosen[0] === "states" ? textOf(at(doc.content, [...chosen.slice(0, 2), "name"])) : "";
  return (
    <div className="flow-editor">
      <div className="flow-bar">
        <button type="button" className="button" onClick={addState}>
          <Icon name="plus" />
          {w("flow_add_state")}
        </button>
        <button type="button" className="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
          <Icon name="plus" />
          {w("flow_add_way")}
        </button>
        <span className="quiet">{w("flow_help")}</span>
      </div>
      {adding ? <WayForm key={from} graph={graph} from={from} onAdd={add} /> : null}
      <Loose doc={doc} graph={graph} />
      <Canvas
        name={w("flow_canvas")}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODES}
        edgeTypes={EDGES}
        fitted={`${settled.states.length}`}
        shown={chosen[0] === "states" && layout.corners.has(from) ? from : undefined}
        onConnect={({ source, target }) => add({ from: source, to: target, label: w("flow_new_way") })}
      />
      <Deciders doc={doc} transition={chosen[0] === "transitions" ? Number(chosen[1]) : null} />
    </div>
  );
}

/** Ways that cannot be drawn do not vanish: they are named here. */
function Loose({ doc, graph }: { readonly doc: Doc; readonly graph: FlowGraph }): JSX.Element | null {
  const { language } = useWorkbench();
  const choose = useChoose();
  if (graph.loose.length === 0) return null;
  return (
    <p className="message warn">
      <Icon name="alert" />
      <span>
        {w("flow_loose")}{" "}
        {graph.loose.map((position) => (
          <button
            key={position}
            type="button"
            className="button"
            onClick={() => choose(doc.id, ["transitions", position])}
          >
            {labelOf(at(doc.content, ["transitions", position]), language)}
          </button>
        ))}
      </span>
    </p>
  );
}

/** The approvals that decide the chosen transition. */
function Deciders(props: { readonly doc: Doc; readonly transition: number | null }): JSX.Element | null {
  const view = useView();
  const { language } = useWorkbench();
  const choose = useChoose();
  if (props.transition === null) return null;
  const name = textOf(at(props.doc.content, ["transitions", props.transition, "name"]));
  const found = ofKind(view.docs, "approval").filter(
    (one) => one.content.workflow === nameOf(props.doc) && one.content.transition === name,
  );
  if (found.length === 0) return null;
  return (
    <p className="flow-deciders">
      {w("flow_decided_by")}
      {found.map((one) => (
        <button key={one.id} type="button" className="button" onClick={() => choose(one.id)}>
          {labelOf(one.content, language)}
        </button>
      ))}
    </p>
  );
}

/** Return what the layout depends on: states, ways and how wide their labels are. */
function shapeOf(graph: FlowGraph): string {
  const ways = graph.ways.map((one) => `${one.id}>${one.to}~${labelWidth(one)}`);
  return `${graph.states.map((one) => one.name).join(" ")}|${ways.join(" ")}`;
}

function layoutOf(graph: FlowGraph): Layout {
  const boxes = graph.states.map((one) => ({ id: one.name, width: STATE_WIDTH, height: STATE_HEIGHT }));
  const lines = graph.ways.map((one) => ({
    id: one.id,
    from: one.from,
    to: one.to,
    width: labelWidth(one),
    height: 34,
  }));
  return layered(boxes, lines);
}

/** How wide a label is, in steps so that typing seldom moves anything; Han takes twice as much. */
function labelWidth(way: Way): number {
  const width = Array.from(wayText(way)).reduce((sum, one) => sum + (one > "\u2e80" ? 14 : 7.5), 16);
  return Math.min(200, Math.ceil(width / 32) * 32);
}

function useNodes(
  doc: Doc,
  view: View,
  graph: FlowGraph,
  layout: Layout,
  chosen: Path,
): Node[] {
  const [known] = useState(() => new Map<string, Node<StateData>>());
  const found = wrongAt(view, doc);
  return graph.states.flatMap((state) => {
    const position = layout.corners.get(state.name);
    if (position === undefined) return [];
    const path = ["states", state.position];
    const isChosen = same(chosen.slice(0, 2), path);
    const wrong = found(path);
    const data = { id: doc.id, state, chosen: isChosen, wrong };
    const former = known.get(state.name);
    // A node that is the same as before is not drawn again.
    if (former?.position === position && alike(former.data, data)) return [former];
    const node: Node<StateData> = {
      id: state.name,
      type: "state",
      position,
      data,
      width: STATE_WIDTH,
      height: STATE_HEIGHT,
      measured: { width: STATE_WIDTH, height: STATE_HEIGHT },
      handles: [
        { type: "target", position: Position.Left, x: 0, y: 0, width: STATE_WIDTH, height: STATE_HEIGHT },
        { type: "source", position: Position.Right, x: STATE_WIDTH, y: STATE_HEIGHT / 2, width: 1, height: 1 },
      ],
    };
    known.set(state.name, node);
    return [node];
  });
}

/** Say whether two are the same in all that is drawn of them. */
function alike<T extends object>(one: T, other: T): boolean {
  const keys = Object.keys(one) as (keyof T)[];
  return keys.every(
    (key) => one[key] === other[key] || JSON.stringify(one[key]) === JSON.stringify(other[key]),
  );
}

function useEdges(
  doc: Doc,
  view: View,
  graph: FlowGraph,
  layout: Layout,
  chosen: Path,
): Edge[] {
  const [known] = useState(() => new Map<string, Edge<WayData>>());
  const found = wrongAt(view, doc);
  return graph.ways.flatMap((way) => {
    const line = layout.lines.get(way.id);
    if (line === undefined) return [];
    const wrong = found(way.path);
    const isOpen =
      same(chosen.slice(0, way.path.length), way.path) &&
      (way.outcome !== null || (chosen[2] !== "on" && chosen[2] !== "without_approval"));
    const data: WayData = {
      id: doc.id,
      way,
      points: line.points,
      label: line.label,
      chosen: isOpen && (way.outcome !== null || isFirst(graph, way)),
      wrong,
    };
    const former = known.get(way.id);
    if (former?.data !== undefined && alike(former.data, data)) return [former];
    const edge: Edge<WayData> = {
      id: way.id,
      type: "way",
      source: way.from,
      target: way.to,
      data,
      markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
    };
    known.set(way.id, edge);
    return [edge];
  });
}

/** Return what was found at a path, in a line; most documents have nothing to look through. */
function wrongAt(view: View, doc: Doc): (path: Path) => string {
  if (findingsAt(view, doc).length === 0) return () => "";
  return (path) => findingsAt(view, doc, path).map((one) => one.message).join(" ");
}

/** Say whether a way is the first of its transition: its label is the one to rename. */
function isFirst(graph: FlowGraph, way: Way): boolean {
  return graph.ways.find((one) => one.transition === way.transition && one.outcome === null) === way;
}
