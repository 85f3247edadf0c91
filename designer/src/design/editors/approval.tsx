/** An approval as a chain: its steps from top to bottom, what they ask in words, and a trial beside it. */

import { MarkerType, Position, type Edge, type Node, type NodeChange } from "@xyflow/react";
import { useState, type JSX } from "react";
import type { SimulatedStepJson } from "../api_types";
import { insertItem } from "../model/commands/insert_item";
import { moveItem } from "../model/commands/move_item";
import { find, freeName, labelOf, nameOf, newId, ofKind, type Doc, type Docs } from "../model/documents";
import { chainOf, droppedAt, stepNames, type ChainLine, type ChainNode } from "../model/flow/chain";
import { approverText, modeText, timeText, type Describing } from "../model/flow/describing";
import { objects } from "../model/flow/graph";
import { same, textOf, type JsonObject } from "../model/json";
import { objectOf } from "../model/relations";
import { formulaText } from "../model/sentences/formulas";
import { findingsAt, useChoose, useRun, useView, useWorkbench } from "../ui/desk";
import { Icon } from "../ui/icon";
import { enterLabel } from "../ui/regions";
import { w } from "../ui/words";
import { Canvas } from "./flow/canvas";
import { ChainEdge, type LineData } from "./flow/chain_edge";
import {
  BranchCard,
  EndMark,
  HEAD_HEIGHT,
  HeadCard,
  JoinMark,
  LINE_HEIGHT,
  StepCard,
  type CardData,
  type CardLine,
} from "./flow/step_node";
import { TryPanel, type Trial } from "./flow/try_panel";

const NODES = {
  head: HeadCard,
  step: StepCard,
  fork: StepCard,
  branch: BranchCard,
  join: JoinMark,
  end: EndMark,
};
const EDGES = { line: ChainEdge };

export function ApprovalEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const [trial, setTrial] = useState<Trial>({ simulation: null, replay: null });
  const [triedOn, setTriedOn] = useState<Docs | null>(null);
  const [trying, setTrying] = useState(true);
  const object = objectOf(view.docs, doc);
  const about = { docs: view.docs, object, language, say: w };
  const addStep = (step: JsonObject, line: Pick<ChainLine, "list" | "position">): void => {
    const list = line.list ?? ["steps"];
    run(insertItem(doc.id, list, line.position, step));
    choose(doc.id, [...list, line.position]);
    enterLabel();
  };
  const count = objects(doc.content.steps).length;
  return (
    <div className="flow-editor">
      <div className="flow-bar">
        <button
          type="button"
          className="button"
          onClick={() => addStep(freshStep(view.docs, doc), { list: ["steps"], position: count })}
        >
          <Icon name="plus" />
          {w("flow_add_step")}
        </button>
        <button
          type="button"
          className="button"
          onClick={() => addStep(freshFork(view.docs, doc), { list: ["steps"], position: count })}
        >
          <Icon name="plus" />
          {w("flow_add_fork")}
        </button>
        <button type="button" className="button" aria-expanded={trying} onClick={() => setTrying(!trying)}>
          {w("try")}
        </button>
        <Rivals doc={doc} />
      </div>
      <div className={trying ? "flow-with-try" : ""}>
        <Chain
          doc={doc}
          about={about}
          trial={trial}
          onAdd={(line) => addStep(freshStep(view.docs, doc), line)}
        />
        {trying && object !== undefined ? (
          <TryPanel
            doc={doc}
            object={object}
            trial={trial}
            old={triedOn !== null && triedOn.get(doc.id) !== doc}
            onTried={(told) => {
              setTrial(told);
              setTriedOn(view.docs);
            }}
          />
        ) : null}
      </div>
    </div>
  );
}

/** The other approvals of the same transition: of several that match, the highest priority runs. */
function Rivals({ doc }: { readonly doc: Doc }): JSX.Element | null {
  const view = useView();
  const { language } = useWorkbench();
  const choose = useChoose();
  const { workflow, transition } = doc.content;
  const about: Describing = { docs: view.docs, object: objectOf(view.docs, doc), language, say: w };
  const found = ofKind(view.docs, "approval")
    .filter((one) => one.content.workflow === workflow && one.content.transition === transition)
    .sort((one, other) => priorityOf(other) - priorityOf(one));
  if (found.length < 2) return null;
  return (
    <div className="flow-rivals" role="group" aria-label={w("flow_rivals")}>
      <span className="quiet">{w("flow_rivals")}</span>
      {found.map((one) => (
        <button
          key={one.id}
          type="button"
          className="tag"
          aria-current={one.id === doc.id ? "true" : undefined}
          title={formulaText(about, one.content.when)}
          onClick={() => choose(one.id)}
        >
          {labelOf(one.content, language)} <small>{priorityOf(one)}</small>
        </button>
      ))}
    </div>
  );
}

function priorityOf(doc: Doc): number {
  return typeof doc.content.priority === "number" ? doc.content.priority : 0;
}

function Chain(props: {
  readonly doc: Doc;
  readonly about: Describing;
  readonly trial: Trial;
  readonly onAdd: (line: ChainLine) => void;
}): JSX.Element {
  const { doc, about, trial, onAdd } = props;
  const view = useView();
  const run = useRun();
  const choose = useChoose();
  const [moved, setMoved] = useState<{ id: string; x: number; y: number } | null>(null);
  const { simulation } = trial;
  const tried = new Map(
    simulation !== null && simulation.approval === nameOf(doc)
      ? simulation.steps.map((one) => [one.name, one])
      : [],
  );
  const never = new Set(trial.replay?.never ?? []);
  const linesOf = (step: JsonObject): CardLine[] => [
    ...stepLines(about, step),
    ...triedLines(about, tried.get(textOf(step.name))),
    ...(never.has(`${nameOf(doc)}/${textOf(step.name)}`)
      ? [{ text: w("try_step_never", { runs: trial.replay?.runs ?? 0 }), kind: "tried" } as const]
      : []),
  ];
  const chain = chainOf(doc.content, (step) => HEAD_HEIGHT + linesOf(step).length * LINE_HEIGHT + 8);
  const chosen = view.chosen?.id === doc.id ? view.chosen.path : null;
  const nodes = chain.nodes.map((node): Node => {
    const holds = node.kind === "branch" || node.kind === "step" || node.kind === "fork";
    const own = chosen?.slice(0, node.path.length);
    const isDeeper = node.kind === "fork" && chosen?.[node.path.length] === "branches";
    const isBelow = node.kind === "branch" && chosen?.[node.path.length] === "steps" && chosen.length > node.path.length + 1;
    const data: CardData = {
      id: doc.id,
      node,
      lines: node.kind === "head" ? headLines(about, doc) : node.kind === "end" ? endLines(about, doc) : linesOf(node.part),
      chosen: holds ? same(own, node.path) && !isDeeper && !isBelow : node.kind === "head" && chosen?.length === 0,
      wrong: node.kind === "join" || node.kind === "end" ? "" : wrongAt(view, doc, node),
      tried: tried.get(textOf(node.part.name))?.state ?? (simulation === null ? "" : "untried"),
      fresh: () => freshStep(view.docs, doc),
    };
    const { width, height } = node;
    return {
      id: node.id,
      type: node.kind,
      position: moved?.id === node.id ? { x: moved.x, y: moved.y } : { x: node.x, y: node.y },
      data,
      width,
      height,
      measured: { width, height },
      draggable: node.kind === "step" || node.kind === "fork",
      zIndex: moved?.id === node.id ? 5 : 1,
      handles: [
        { type: "target", position: Position.Top, x: width / 2, y: 0, width: 1, height: 1 },
        { type: "source", position: Position.Bottom, x: width / 2, y: height - 1, width: 1, height: 1 },
      ],
    };
  });
  const labels = new Map(chain.nodes.map((one) => [one.id, labelOf(one.part, about.language)]));
  const last = new Set(["end"]);
  const edges = chain.lines.map((line): Edge => {
    const data: LineData = { line, before: last.has(line.to) ? "" : (labels.get(line.to) ?? ""), onAdd };
    const markerEnd = { type: MarkerType.ArrowClosed, width: 16, height: 16 };
    return { id: line.id, type: "line", source: line.from, target: line.to, data, markerEnd };
  });
  const change = (changes: NodeChange[]): void => {
    for (const one of changes)
      if (one.type === "position" && one.position !== undefined && one.dragging === true)
        setMoved({ id: one.id, ...one.position });
  };
  const drop = (dropped: Node): void => {
    const node = chain.nodes.find((one) => one.id === dropped.id);
    setMoved(null);
    if (node === undefined) return;
    const to = droppedAt(chain, node, dropped.position.y);
    if (to === node.position) return;
    const list = node.path.slice(0, -1);
    run(moveItem(doc.id, list, node.position, to));
    choose(doc.id, [...list, to]);
  };
  return (
    <Canvas
      name={w("flow_chain")}
      nodes={nodes}
      edges={edges}
      nodeTypes={NODES}
      edgeTypes={EDGES}
      draggable
      fitted={`${chain.nodes.length}`}
      shown={nodes.find((one) => one.data.chosen === true)?.id}
      onNodesChange={change}
      onDrop={drop}
    />
  );
}

/** Return what is wrong with what a card shows; findings in branches stand at their own cards. */
function wrongAt(view: Parameters<typeof findingsAt>[0], doc: Doc, node: ChainNode): string {
  const depth = node.path.length;
  const found = findingsAt(view, doc, node.path).filter((one) => {
    const next = one.path[depth];
    if (node.kind === "head") return next !== "steps" || one.path.length === 1;
    const nested = node.kind === "fork" ? "branches" : node.kind === "branch" ? "steps" : "";
    return next !== nested || one.path.length === depth + 1;
  });
  return found.map((one) => one.message).join(" ");
}

function headLines(about: Describing, doc: Doc): CardLine[] {
  const workflow = find(about.docs, "workflow", textOf(doc.content.workflow));
  const name = textOf(doc.content.transition);
  const transition = objects(workflow?.content.transitions).find((one) => textOf(one.name) === name);
  const label = labelOf(transition, about.language) || name;
  const when = formulaText(about, doc.content.when);
  const flow = labelOf(workflow?.content, about.language);
  return [
    { text: w("flow_on", { transition: label, workflow: flow }), kind: "who" },
    { text: when === "" ? w("flow_always") : w("flow_when", { when }), kind: "when" },
    { text: w("flow_priority", { priority: priorityOf(doc) }), kind: "quiet" },
  ];
}

function endLines(about: Describing, doc: Doc): CardLine[] {
  const time = timeText(about, doc.content);
  return time === "" ? [] : [{ text: w("flow_whole_time", { time }), kind: "time" }];
}

const MOST_APPROVERS = 3;

function stepLines(about: Describing, step: JsonObject): CardLine[] {
  const approvers = objects(step.approvers).map((one) => approverText(about, one));
  const when = formulaText(about, step.when);
  const time = timeText(about, step);
  const branches = objects(step.branches).length;
  const rest = approvers.length - MOST_APPROVERS;
  const who = approvers.slice(0, MOST_APPROVERS);
  const shown = rest > 0 ? [...who.slice(0, -1), `${who.at(-1) ?? ""} +${rest}`] : who;
  const lines: CardLine[] = shown.map((text) => ({ text, kind: "who" }));
  if (branches > 0) lines.push({ text: w("flow_branches", { count: branches }), kind: "mode" });
  else lines.push({ text: modeText(about, step), kind: "mode" });
  if (when !== "") lines.push({ text: w("flow_when", { when }), kind: "when" });
  if (time !== "") lines.push({ text: time, kind: "time" });
  return lines;
}

function triedLines(about: Describing, step: SimulatedStepJson | undefined): CardLine[] {
  if (step === undefined) return [];
  const people = step.people.join(about.language === "zh" ? "、" : ", ");
  const state = w(`try_step_${step.state}`);
  const first = step.sources[0]?.reason ?? "";
  const due = step.due_at === null ? "" : new Date(step.due_at).toLocaleString(about.language === "zh" ? "zh-CN" : "en");
  const lines: CardLine[] = [{ text: people === "" ? state : `${state}: ${people}`, kind: "tried" }];
  if (step.state === "asked" && first !== "") lines.push({ text: first, kind: "quiet" });
  if (step.state === "skipped" && step.condition !== null)
    lines.push({
      text: Object.entries(step.condition.values)
        .map(([name, value]) => `${name} = ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
        .join(" · "),
      kind: "quiet",
    });
  if (due !== "") lines.push({ text: w("try_due", { at: due }), kind: "quiet" });
  return lines;
}

/** Return a new step that asks a role of the house. */
function freshStep(docs: Docs, doc: Doc, taken: readonly string[] = []): JsonObject {
  const known = [...stepNames(doc.content), ...taken];
  const role = ofKind(docs, "role").find((one) => one.content.audience !== "partner");
  const number = known.length + 1;
  return {
    id: newId(),
    name: freeName("step", known),
    label: { en: `Step ${number}`, zh: `第 ${number} 步` },
    approvers: [{ role: role === undefined ? "" : nameOf(role) }],
    mode: "any",
  };
}

/** Return a new step with two branches. */
function freshFork(docs: Docs, doc: Doc): JsonObject {
  const name = freeName("both", stepNames(doc.content));
  const one = freshStep(docs, doc, [name]);
  const other = freshStep(docs, doc, [name, textOf(one.name)]);
  return {
    id: newId(),
    name,
    label: { en: "Side by side", zh: "同时进行" },
    branches: [
      { id: newId(), name: "first", label: { en: "First branch", zh: "分支一" }, steps: [one] },
      { id: newId(), name: "second", label: { en: "Second branch", zh: "分支二" }, steps: [other] },
    ],
  };
}
