/** Whose fields a formula reads by their bare names, and what `this.` speaks of in it. */

import type { Doc, Docs } from "./documents";
import { find, nameOf, ofKind } from "./documents";
import { at, isList, isObject, textOf, type Json, type JsonObject, type Path } from "./json";
import { objectOf } from "./relations";
import type { Schema } from "./schema";

export interface FormulaScope {
  /** Nothing where it is over no record: a named expression. */
  readonly object: string;
  /** The object that `this.` speaks of; nothing where it speaks of none. */
  readonly outer: string | null;
  readonly isCondition: boolean;
  /** What a named expression is handed over. */
  readonly parameters: readonly JsonObject[];
  /** What a button asks for, read behind `input.`. */
  readonly inputs: readonly JsonObject[];
}

const NO_GIVENS = { parameters: [], inputs: [] };
const INPUT = "input";

/** Return the scope of the formula at `path`; null where there is none, as without an object. */
export function scopeOf(docs: Docs, doc: Doc, path: Path, schema: Schema): FormulaScope | null {
  const context = isObject(schema["x-formula-context"]) ? schema["x-formula-context"] : {};
  const isCondition = context.result === "boolean";
  const own = objectOf(docs, doc);
  if (context.over === "parameters") {
    const parameters = objectsIn(at(doc.content, [...path.slice(0, -1), "parameters"]));
    return { object: "", outer: null, isCondition: false, parameters, inputs: [] };
  }
  if (own === undefined) return null;
  const givens = path[0] === "actions" ? { parameters: [], inputs: inputsOf(doc.content) } : NO_GIVENS;
  const eachAt = path.lastIndexOf("for_each");
  const isWithin = eachAt >= 0 && path[eachAt + 1] === "actions";
  const object = isWithin ? textOf(at(doc.content, [...path.slice(0, eachAt + 1), "object"])) : nameOf(own);
  const above = isWithin ? nameOf(own) : null;
  if (context.over === "record") return { object, outer: above, isCondition, ...givens };
  const rows =
    context.over === "source row"
      ? linesOf(docs, object, doc.content, path)
      : rowsOf(docs, at(doc.content, path.slice(0, -1)));
  return rows === "" ? null : { object: rows, outer: object, isCondition, ...givens };
}

/** What the buttons of an automation ask for. */
function inputsOf(content: JsonObject): readonly JsonObject[] {
  return objectsIn(content.on).flatMap((one) => objectsIn(one.inputs));
}

function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return isList(value) ? value.filter(isObject) : [];
}

/** The rows that a document is converted from: those of a child grid. */
function linesOf(docs: Docs, object: string, content: JsonObject, path: Path): string {
  const convertAt = path.lastIndexOf("convert");
  const grid = textOf(at(content, [...path.slice(0, convertAt + 1), "lines"]));
  const children = find(docs, "object", object)?.content.children;
  const found = isList(children) ? children.filter(isObject).find((one) => one.name === grid) : undefined;
  return textOf(found?.object);
}

/** The rows that a lookup offers, or a roll-up puts together. */
function rowsOf(docs: Docs, field: Json | undefined): string {
  if (!isObject(field)) return "";
  const name = textOf(field.to) || (textOf(field.of).split(".")[0] ?? "");
  return find(docs, "object", name) === undefined ? "" : name;
}

/** Something that can be written in a formula. */
export interface Offer {
  readonly text: string;
  readonly label: string;
  readonly help: string;
}

/** What stands before the place where somebody writes: a path up to its last dot, and a beginning. */
export interface Begun {
  readonly path: readonly string[];
  readonly word: string;
}

const BEGUN = /((?:\$?[\p{L}_][\p{L}\p{N}_]*\.)*)([\p{L}_$][\p{L}\p{N}_]*)?$/u;

/** Return what is begun at the end of a text; what stands in quotes is nothing. */
export function begun(text: string): Begun {
  if ((text.split("'").length - 1) % 2 === 1) return { path: [], word: "" };
  const found = BEGUN.exec(text);
  return { path: (found?.[1] ?? "").split(".").slice(0, -1), word: found?.[2] ?? "" };
}

/** Return the fields that can follow a path of names; the path may begin with an object, as in a query. */
export function fieldsBehind(
  docs: Docs,
  scope: FormulaScope | null,
  path: readonly string[],
): readonly JsonObject[] {
  const [first, ...rest] = path;
  const here = scope === null ? [] : [...scope.parameters, ...allFields(docs, scope.object)];
  const inputs = scope?.inputs ?? [];
  if (first === undefined)
    return [...here, ...inputs.map((one) => ({ ...one, name: `${INPUT}.${textOf(one.name)}` }))];
  if (first === INPUT && inputs.length > 0) return rest.length === 0 ? inputs : [];
  if (first === "this" && scope !== null)
    return fieldsBehind(docs, { ...scope, object: scope.outer ?? scope.object }, rest);
  const field = here.find((one) => one.name === first);
  if (field !== undefined && isList(field.targets)) return targetsBehind(docs, field.targets.map(textOf), rest);
  const target = field === undefined ? first : textOf(field.to);
  return target === "" ? [] : fieldsBehind(docs, { object: target, outer: null, isCondition: false, ...NO_GIVENS }, rest);
}

/** Behind a polymorphic reference stands one of its objects, and behind that its fields. */
function targetsBehind(
  docs: Docs,
  targets: readonly string[],
  path: readonly string[],
): readonly JsonObject[] {
  const [target, ...rest] = path;
  if (target === undefined)
    return targets.map((name) => ({ name, label: find(docs, "object", name)?.content.label ?? {}, type: "lookup", to: name }));
  if (!targets.includes(target)) return [];
  return fieldsBehind(docs, { object: target, outer: null, isCondition: false, ...NO_GIVENS }, rest);
}

function allFields(docs: Docs, object: string): readonly JsonObject[] {
  const own = find(docs, "object", object);
  const added = ofKind(docs, "extends").filter(
    (one) => one.content.of === "object" && nameOf(one) === object,
  );
  return [...(own === undefined ? [] : [own]), ...added].flatMap((one) =>
    isList(one.content.fields) ? one.content.fields.filter(isObject) : [],
  );
}
