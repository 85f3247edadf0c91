/** A workflow as nodes and edges: what the canvas draws, without where it stands. */

import { labelOf } from "../documents";
import { at, isList, isObject, textOf, type Json, type JsonObject, type Path } from "../json";

export interface StateNode {
  readonly name: string;
  readonly label: string;
  readonly position: number;
  readonly initial: boolean;
  readonly final: boolean;
  readonly colour: string;
}

export const OUTCOMES = ["approved", "rejected", "returned", "withdrawn"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A way from a state to a state; `outcome` where an approval, or that none applies, leads there. */
export interface Way {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  /** Position of its transition. */
  readonly transition: number;
  readonly outcome: Outcome | "without_approval" | null;
  readonly path: Path;
}

export interface FlowGraph {
  readonly states: readonly StateNode[];
  readonly ways: readonly Way[];
  /** Positions of transitions that cannot be drawn: a state of theirs is not there. */
  readonly loose: readonly number[];
}

/** Return the graph of a workflow's content, with labels in `language`. */
export function graphOf(content: JsonObject, language: "zh" | "en"): FlowGraph {
  const states = objects(content.states).map((state, position) => ({
    name: textOf(state.name),
    label: labelOf(state, language),
    position,
    initial: state.initial === true,
    final: state.final === true,
    colour: textOf(state.colour) || "grey",
  }));
  const known = new Set(states.map((one) => one.name));
  const transitions = objects(content.transitions);
  const all = transitions.flatMap((one, position) => waysOf(one, position, language));
  const ways = all.filter((one) => known.has(one.from) && known.has(one.to));
  const drawn = new Set(ways.filter((one) => one.outcome === null).map((one) => one.transition));
  const loose = transitions.map((_, position) => position).filter((one) => !drawn.has(one));
  return { states, ways, loose };
}

function waysOf(transition: JsonObject, position: number, language: "zh" | "en"): Way[] {
  const path: Path = ["transitions", position];
  const label = labelOf(transition, language);
  const from = isList(transition.from) ? transition.from.map(textOf) : [];
  const to = textOf(transition.to);
  const way = (one: string, target: string, outcome: Way["outcome"], at: Path): Way => ({
    id: [position, outcome ?? "", one].join(":"),
    from: one,
    to: target,
    label,
    transition: position,
    outcome,
    path: at,
  });
  const straight = from.map((one) => way(one, to, null, path));
  const alone = target(transition.without_approval);
  const direct =
    alone === ""
      ? []
      : from.map((one) => way(one, alone, "without_approval", [...path, "without_approval"]));
  const outcomes = OUTCOMES.flatMap((outcome) => {
    const leads = target(at(transition, ["on", outcome]));
    return leads === "" ? [] : [way(to, leads, outcome, [...path, "on", outcome])];
  });
  return [...straight, ...direct, ...outcomes];
}

/** An outcome names its state, or is an object that does. */
export function target(outcome: Json | undefined): string {
  return isObject(outcome) ? textOf(outcome.to) : textOf(outcome);
}

export function objects(list: Json | undefined): readonly JsonObject[] {
  return isList(list) ? list.filter(isObject) : [];
}
