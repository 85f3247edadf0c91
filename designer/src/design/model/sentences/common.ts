/** What all sentences about definitions share: labels in place of names, formulas to be read. */

import { find, labelOf, ofKind, type Doc } from "../documents";
import { fieldAt, pathLabel, type Describing } from "../flow/describing";
import { isList, isObject, textOf, type Json, type JsonObject } from "../json";
import { choicesOf } from "../screens/values";

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

const TOKEN = /'(?:[^']|'')*'|[\p{L}_$][\p{L}\p{N}_.]*(?=\s*\()|[\p{L}_$][\p{L}\p{N}_.]*|[^'\p{L}_$]+/gu;
const NAME = /^[a-z][a-z0-9_.]*$/;

/**
 * Return a formula with the labels of fields in place of their names, and of choices and states in place of
 * their values; what is neither stays. A value belongs to the field before it; `given` is the one that it is
 * given to.
 */
export function formulaText(about: Describing, formula: Json | undefined, given?: JsonObject): string {
  const text = textOf(formula);
  let field = given;
  return [...text.matchAll(TOKEN)]
    .map((found) => {
      const token = found[0];
      if (token.startsWith("'")) return literalText(about, field, token);
      const next = text.slice(found.index + token.length);
      if (!NAME.test(token) || /^\s*\(/.test(next)) return token;
      // A path that begins with no field, such as a query's, stays as it is written.
      const first = token.split(".", 1)[0] ?? "";
      if (pathLabel(about, first) === first && fieldAt(about, first) === undefined) return token;
      field = fieldAt(about, token) ?? field;
      return pathLabel(about, token);
    })
    .join("");
}

/** Return what a value of a field is called: choices and states by their labels, anything else as it is. */
export function labelled(about: Describing, field: JsonObject | undefined, value: string): string {
  const found = choicesOf(about.docs, field).find((one) => one.value === value || one.name === value);
  return (found === undefined ? "" : labelOf(found, about.language)) || value;
}

/** Return a text of a formula: where it is a value of the field, by its label. */
function literalText(about: Describing, field: JsonObject | undefined, token: string): string {
  const value = token.slice(1, -1).replaceAll("''", "'");
  const shown = labelled(about, field, value);
  return shown === value ? token : `“${shown}”`;
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
