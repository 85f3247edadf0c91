/** Formulas to be read: labels in place of names and values, words in place of what only programs write. */

import { find, labelOf, ofKind, type Doc } from "../documents";
import { fieldAt, pathLabel, type Describing } from "../flow/describing";
import { objects } from "../flow/graph";
import { textOf, type Json, type JsonObject } from "../json";
import { choicesOf } from "../screens/values";

const TOKEN =
  /'(?:[^']|'')*'|IS\s+NOT\s+NULL\b|IS\s+NULL\b|NOT\s+IN\b|[\p{L}_$][\p{L}\p{N}_.]*|<=|>=|!=|[()*]|[^'\p{L}_$()*<>!=]+|[<>!=']/gu;
const NAME = /^[\p{Ll}\p{Lo}_][\p{L}\p{N}_.]*$/u;
const SAID: Readonly<Record<string, string>> = {
  AND: "formula_and",
  OR: "formula_or",
  NOT: "formula_not",
  IN: "formula_in",
  "NOT IN": "formula_not_in",
  "IS NULL": "formula_empty",
  "IS NOT NULL": "formula_filled",
  TRUE: "formula_true",
  FALSE: "formula_false",
  NULL: "formula_null",
  WHERE: "formula_where",
};
const DRAWN: Readonly<Record<string, string>> = { "!=": "≠", "<=": "≤", ">=": "≥", "*": "×" };
const QUERIES: Readonly<Record<string, string>> = {
  COUNT: "formula_count",
  SUM: "formula_sum",
  FIRST: "formula_first",
  EXISTS: "formula_exists",
  LIST: "formula_list",
};
const THIS = "this.";
const CONSTANT = "$C.";

/**
 * Return a formula with the labels of fields, objects and constants in place of their names, and of choices and
 * states in place of their values; what is none of them stays. A value belongs to the field before it; `given` is
 * the one that it is given to. Within a question, names are those of the rows that it asks.
 */
export function formulaText(about: Describing, formula: Json | undefined, given?: JsonObject): string {
  return new Reading(about, textOf(formula), given).said();
}

/** Return what a value of a field is called: choices and states by their labels, anything else as it is. */
export function labelled(about: Describing, field: JsonObject | undefined, value: string): string {
  const found = choicesOf(about.docs, field).find((one) => one.value === value || one.name === value);
  return (found === undefined ? "" : labelOf(found, about.language)) || value;
}

class Reading {
  /** The object whose names stand bare, one for each parenthesis that is open. */
  private readonly scopes: (Doc | undefined)[];
  /** Behind the name of a question, and then behind its parenthesis, where it names what it asks. */
  private asks: "no" | "named" | "opened" = "no";

  constructor(
    private readonly about: Describing,
    private readonly text: string,
    private field: JsonObject | undefined,
  ) {
    this.scopes = [about.object];
  }

  said(): string {
    return [...this.text.matchAll(TOKEN)].map((found) => this.word(found[0], found.index)).join("").replaceAll(/\s+，/g, "，");
  }

  private word(token: string, at: number): string {
    if (token.trim() === "") return token;
    const opened = this.asks === "opened";
    this.asks = this.asks === "named" && token === "(" ? "opened" : "no";
    if (token.startsWith("'")) return this.literal(token);
    if (token === "(") this.scopes.push(this.scope);
    if (token === ")" && this.scopes.length > 1) this.scopes.pop();
    const drawn = DRAWN[token];
    if (drawn !== undefined) return drawn;
    const calls = /^\s*\(/.test(this.text.slice(at + token.length));
    const word = token.replaceAll(/\s+/g, " ").toUpperCase();
    if (calls && QUERIES[word] !== undefined) {
      this.asks = "named";
      return this.about.say(QUERIES[word]);
    }
    // Only words that are no function stand before a parenthesis too.
    const key = SAID[word];
    if (key !== undefined) return this.about.say(key);
    if (calls) return token;
    return (opened ? this.asked(token) : undefined) ?? this.named(token);
  }

  private get scope(): Doc | undefined {
    return this.scopes.at(-1);
  }

  /** Return what a question asks where its name stands behind the parenthesis: the object, and its field. */
  private asked(token: string): string | undefined {
    const [first = "", ...rest] = token.split(".");
    const object = find(this.about.docs, "object", first);
    if (object === undefined) return undefined;
    this.scopes[this.scopes.length - 1] = object;
    const label = labelOf(object.content, this.about.language) || first;
    const path = rest.join(".");
    if (path === "" || path === "id") return label;
    return `${label} › ${pathLabel({ ...this.about, object }, path)}`;
  }

  private named(token: string): string {
    const { about } = this;
    if (token.startsWith(CONSTANT)) return this.constant(token);
    if (!NAME.test(token)) return token;
    if (token.startsWith(THIS)) {
      const path = token.slice(THIS.length);
      if (path === "id") return about.say("formula_this");
      if (fieldAt(about, path) === undefined) return token;
      return `${about.say("formula_this")} › ${pathLabel(about, path)}`;
    }
    const here = { ...about, object: this.scope };
    // A path that begins with no field, such as one of inputs, stays as it is written.
    const first = token.split(".", 1)[0] ?? "";
    if (fieldAt(here, first) === undefined) return token;
    this.field = fieldAt(here, token) ?? this.field;
    return pathLabel(here, token);
  }

  private constant(token: string): string {
    const name = token.slice(CONSTANT.length);
    const found = ofKind(this.about.docs, "module")
      .flatMap((one) => objects(one.content.constants))
      .find((one) => one.name === name);
    const label = found === undefined ? "" : labelOf(found, this.about.language);
    return label === "" ? token : `“${label}”`;
  }

  private literal(token: string): string {
    const value = token.slice(1, -1).replaceAll("''", "'");
    const shown = labelled(this.about, this.field, value);
    return shown === value ? token : `“${shown}”`;
  }
}
