/** What an object costs, as the server tells it, and where in the draft that stands. */

import type { CostJson, SaveStepJson, SlowListJson, TimesJson } from "../api_types";
import { find, kindOf, nameOf, type Doc, type Docs } from "./documents";
import { at, isList, isObject, textOf, type Json, type Path } from "./json";

/** What of something that a save does says where the draft says it. */
export type Step = Pick<SaveStepJson, "kind" | "object" | "names">;

const ABOUT_OBJECTS: ReadonlySet<string> = new Set(["object", "view", "report", "permission"]);

/** Say whether a document is about an object, so that it has a cost. */
export function hasCost(doc: Doc): boolean {
  return ABOUT_OBJECTS.has(kindOf(doc)) || (kindOf(doc) === "extends" && textOf(doc.content.of) === "object");
}

/** Return the line that sums it up: what was told last, with the time that was measured last. */
export function costLine(cost: Pick<CostJson, "summary" | "time">, times: Pick<TimesJson, "text"> | null): string {
  return cost.time !== null || times === null ? cost.summary : `${cost.summary} · ${times.text}`;
}

/** Return where in the draft something of a save stands; null where nothing of the draft says it. */
export function placeOf(docs: Docs, step: Step): { readonly id: string; readonly path: Path } | null {
  const name = step.names[0] ?? "";
  const kind = step.kind === "transition" ? "workflow" : "object";
  const list = step.kind === "transition" ? "transitions" : "fields";
  for (const doc of docs.values()) {
    const about = kind === "object" ? nameOf(doc) : textOf(doc.content.object);
    const extended = kindOf(doc) === "extends" && textOf(doc.content.of) === kind;
    if ((kindOf(doc) !== kind && !extended) || about !== step.object) continue;
    const position = positionOf(doc.content[list], name);
    if (position !== null) return { id: doc.id, path: [list, position] };
  }
  return null;
}

function positionOf(list: Json | undefined, name: string): number | null {
  const found = isList(list) ? list.findIndex((one) => isObject(one) && textOf(one.name) === name) : -1;
  return found < 0 ? null : found;
}

/** Return the list that is meant, where the draft has it. */
export function listOf(docs: Docs, list: SlowListJson): Doc | undefined {
  return find(docs, "view", list.view);
}

/** Say whether something of a save is made of, or makes, the part that is chosen. */
export function speaksOf(step: Step, doc: Doc, path: Path): boolean {
  const part = at(doc.content, path.slice(0, 2));
  if (path[0] !== "fields" || !isObject(part) || nameOf(doc) !== step.object) return false;
  return step.kind !== "transition" && step.names.includes(textOf(part.name));
}
