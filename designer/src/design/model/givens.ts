/** What a formula that is tried is handed over: samples told by the server, and what somebody writes in their place. */

import type { SampleJson } from "../api_types";
import type { FormulaScope } from "./formula_scope";
import type { Doc } from "./documents";
import { at, isObject, textOf, type Path } from "./json";

/** What stands in place of samples, as it is written, by name; a text that is empty is a value that is. */
export type Written = Readonly<Record<string, string>>;

/** How a sample is entered; "none" is one that cannot be. */
export type Widget = "choice" | "truth" | "record" | "date" | "datetime-local" | "number" | "text" | "none";

const WIDGETS: Readonly<Partial<Record<SampleJson["kind"], Widget>>> = {
  boolean: "truth",
  reference: "record",
  date: "date",
  datetime: "datetime-local",
  number: "number",
  text: "text",
};

export function widgetOf(sample: SampleJson): Widget {
  return sample.choices.length > 0 ? "choice" : (WIDGETS[sample.kind] ?? "none");
}

/** Return what is written with another text for one sample; undefined takes ours again. */
export function writtenWith(written: Written, name: string, text: string | undefined): Written {
  if (text !== undefined) return { ...written, [name]: text };
  return Object.fromEntries(Object.entries(written).filter(([key]) => key !== name));
}

/** Return what of it is for the samples of a formula: names that it is handed over no more stay away. */
export function writtenFor(scope: FormulaScope, written: Written): Written {
  const known = new Set([...scope.parameters, ...scope.inputs].map((one) => textOf(one.name)));
  return Object.fromEntries(Object.entries(written).filter(([name]) => known.has(name)));
}

/** Return whose samples those of a formula are: all formulas of a button share them, a named expression has its own. */
export function sharedBy(doc: Doc, path: Path, scope: FormulaScope): string {
  const around = at(doc.content, path.slice(0, -1));
  return scope.object === "" && isObject(around) ? `${doc.id} ${textOf(around.name)}` : doc.id;
}
