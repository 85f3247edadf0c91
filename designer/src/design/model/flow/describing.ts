/** Steps, approvers and time limits in words. */

import { find, labelOf, ofKind, nameOf, type Doc, type Docs } from "../documents";
import { isObject, textOf, type JsonObject } from "../json";
import { objects } from "./graph";

/** Gives the sentence of a key with its places filled. */
export type Say = (key: string, values?: Readonly<Record<string, string | number>>) => string;

export interface Describing {
  readonly docs: Docs;
  /** The object whose records are decided. */
  readonly object: Doc | undefined;
  readonly language: "zh" | "en";
  readonly say: Say;
}

/** Return the label of a path along lookups: `partner.tier` is the label of each field in turn. */
export function pathLabel(about: Describing, path: string): string {
  const labels: string[] = [];
  let object = about.object;
  for (const step of path.split(".")) {
    const field = object === undefined ? undefined : fieldOf(about.docs, object, step);
    labels.push(field === undefined ? step : labelOf(field, about.language));
    object = field === undefined ? undefined : find(about.docs, "object", textOf(field.to));
  }
  return labels.join(" › ");
}

/** Return the field that a path of names leads to. */
export function fieldAt(about: Describing, path: string): JsonObject | undefined {
  let object = about.object;
  let field: JsonObject | undefined;
  for (const step of path.split(".")) {
    field = object === undefined ? undefined : fieldOf(about.docs, object, step);
    object = field === undefined ? undefined : find(about.docs, "object", textOf(field.to));
  }
  return field;
}

function fieldOf(docs: Docs, object: Doc, name: string): JsonObject | undefined {
  const extensions = ofKind(docs, "extends").filter(
    (one) => one.content.of === "object" && nameOf(one) === nameOf(object),
  );
  return [object, ...extensions]
    .flatMap((one) => objects(one.content.fields))
    .find((one) => textOf(one.name) === name);
}

/** Return who a source of approvers asks. */
export function approverText(about: Describing, approver: JsonObject): string {
  const chosen = isObject(approver.chosen) ? ` · ${about.say("flow_chosen")}` : "";
  return sourceText(about, approver) + chosen;
}

function sourceText(about: Describing, approver: JsonObject): string {
  const { say } = about;
  const role = textOf(approver.role);
  if (role !== "") {
    const label = roleLabel(about, role);
    const within = textOf(approver.within);
    return within === "" ? label : say("flow_within", { role: label, path: pathLabel(about, within) });
  }
  const field = textOf(approver.field);
  if (field !== "") return pathLabel(about, field);
  const user = textOf(approver.user);
  if (user !== "") return user;
  if (typeof approver.managers === "number") return managersText(about, approver);
  const formula = textOf(approver.formula);
  return formula === "" ? say("flow_nobody") : formula;
}

function managersText(about: Describing, approver: JsonObject): string {
  const { say } = about;
  const of = textOf(approver.of);
  const until = textOf(approver.until);
  const levels = Number(approver.managers);
  const text =
    of === ""
      ? say("flow_managers", { levels })
      : say("flow_managers_of", { levels, path: pathLabel(about, of) });
  return until === "" ? text : `${text} · ${say("flow_until", { role: roleLabel(about, until) })}`;
}

function roleLabel(about: Describing, role: string): string {
  return labelOf(find(about.docs, "role", role)?.content, about.language) || role;
}

/** Return how the people of a step decide together. */
export function modeText(about: Describing, step: JsonObject): string {
  const mode = textOf(step.mode) || "any";
  const ratio = typeof step.ratio === "number" ? step.ratio : 0;
  return about.say(`flow_mode_${mode}`, { ratio });
}

/** Return how long there is, and what follows; empty where there is no limit. */
export function timeText(about: Describing, part: JsonObject): string {
  const { time } = part;
  if (!isObject(time)) return "";
  const unit = textOf(time.unit) || "working_hours";
  const limit = about.say(`flow_time_${unit}`, { limit: textOf(time.limit) });
  const then = textOf(time.then) || "remind";
  return about.say("flow_time", { limit, then: about.say(`flow_then_${then}`) });
}
