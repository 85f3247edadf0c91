/** What all sentences about definitions share: labels in place of names, formulas to be read. */

import { find, labelOf, ofKind, type Doc } from "../documents";
import { fieldAt, pathLabel, type Describing } from "../flow/describing";
import { isList, isObject, textOf, type Json, type JsonObject } from "../json";
import { formulaText } from "./formulas";

export type { Describing } from "../flow/describing";

const MOST = 3;

/** Return the label of a definition by its name. */
export function calledBy(about: Describing, kind: string, name: string): string {
  return labelOf(find(about.docs, kind, name)?.content, about.language) || name || "…";
}

/** Return texts one after the other, the rest as a number. */
export function listed(about: Describing, texts: readonly string[], most = MOST): string {
  const shown = texts.slice(0, most).join(about.say("comma"));
  const rest = texts.length - most;
  return rest > 0 ? about.say("sentence_more", { shown, count: rest }) : shown;
}

export function names(value: Json | undefined): readonly string[] {
  return isList(value) ? value.map(textOf) : [];
}

/** Return the label of a part of a document, such as a state or a child grid. */
export function partLabel(about: Describing, list: Json | undefined, name: string): string {
  const parts = isList(list) ? list.filter(isObject) : [];
  return labelOf(parts.find((one) => one.name === name), about.language) || name || "…";
}

/** Return the workflow of the records that a sentence is about. */
export function workflowOf(about: Describing): Doc | undefined {
  const name = about.object?.content.name;
  return ofKind(about.docs, "workflow").find((one) => name !== undefined && one.content.object === name);
}

export function transitionLabel(about: Describing, name: string): string {
  return partLabel(about, workflowOf(about)?.content.transitions, name);
}

export function stateLabel(about: Describing, name: string): string {
  return partLabel(about, workflowOf(about)?.content.states, name);
}

/** Return `field = value` for each field that is given a formula. */
export function assignments(about: Describing, target: Doc | undefined, set: Json | undefined): string {
  const given = isObject(set) ? Object.entries(set) : [];
  return listed(
    about,
    given.map(([name, formula]) =>
      about.say("sentence_is", {
        field: pathLabel({ ...about, object: target }, name),
        value: formulaText(about, formula, fieldAt({ ...about, object: target }, name)),
      }),
    ),
  );
}

/** Return a text in the reader's language, else in the other. */
export function spoken(about: Describing, text: Json | undefined): string {
  if (!isObject(text)) return textOf(text);
  return textOf(text[about.language]) || textOf(text.zh) || textOf(text.en);
}

/** Return the one key of an item that says what it is. */
export function keyAmong(item: JsonObject, keys: readonly string[]): string | null {
  return keys.find((key) => item[key] !== undefined) ?? null;
}
