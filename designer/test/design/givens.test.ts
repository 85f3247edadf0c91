import { describe, expect, it } from "vitest";
import type { SampleJson } from "../../src/design/api_types";
import type { Doc } from "../../src/design/model/documents";
import { fieldsBehind, scopeOf, type FormulaScope } from "../../src/design/model/formula_scope";
import { sharedBy, widgetOf, writtenFor, writtenWith } from "../../src/design/model/givens";
import type { Path } from "../../src/design/model/json";

const module: Doc = {
  id: "m",
  module: "claims",
  content: {
    kind: "module",
    name: "claims",
    expressions: [
      { name: "fair", parameters: [{ name: "c", type: "reference", to: "company" }], formula: "c.tier = 'A'" },
      { name: "dear", parameters: [{ name: "asked", type: "money" }], formula: "asked > 2" },
    ],
  },
};
const company: Doc = {
  id: "o",
  module: "claims",
  content: { kind: "object", name: "company", fields: [{ name: "tier" }] },
};
const button: Doc = {
  id: "a",
  module: "claims",
  content: {
    kind: "automation",
    name: "raise",
    object: "company",
    on: [{ event: "button", inputs: [{ name: "times", type: "integer" }] }],
    actions: [{ set: { tier: "input.times" } }],
  },
};
const docs = new Map([module, company, button].map((one) => [one.id, one]));
const scope = (doc: Doc, path: Path, over: string): FormulaScope => {
  const found = scopeOf(docs, doc, path, { "x-formula-context": { over } });
  if (found === null) throw new Error("no scope");
  return found;
};
const fair = scope(module, ["expressions", 0, "formula"], "parameters");
const pressed = scope(button, ["actions", 0, "set", "tier"], "record");
const sample = (kind: SampleJson["kind"], choices: SampleJson["choices"] = []): SampleJson => ({
  ...{ name: "one", label: "One", value: "", object: null, whole: false, title: null, problem: null },
  kind,
  choices,
});

describe("what a formula is handed over", () => {
  it("is offered by name: parameters, fields behind those that refer to records, inputs of buttons", () => {
    const names = (within: FormulaScope, path: readonly string[]): unknown[] =>
      fieldsBehind(docs, within, path).map((one) => one.name);
    expect(names(fair, [])).toEqual(["c"]);
    expect(names(fair, ["c"])).toEqual(["tier"]);
    expect(names(pressed, [])).toEqual(["tier", "input.times"]);
    expect(names(pressed, ["input"])).toEqual(["times"]);
    expect(names(pressed, ["input", "times"])).toEqual([]);
    // A condition of the automation is asked before anything is entered.
    expect(names(scope(button, ["when"], "record"), [])).toEqual(["tier"]);
  });

  it("is entered as its type wants, or not at all", () => {
    const kinds = ["boolean", "reference", "date", "datetime", "number", "text", "file", "rows"] as const;
    expect(kinds.map((one) => widgetOf(sample(one)))).toEqual([
      ...["truth", "record", "date", "datetime-local", "number", "text", "none", "none"],
    ]);
    expect(widgetOf(sample("text", [{ value: "a", label: "A" }]))).toBe("choice");
  });

  it("is what was written, of names that are still there; taken back it is the sample again", () => {
    const written = writtenWith(writtenWith({}, "c", "1"), "old", "");
    expect(written).toEqual({ c: "1", old: "" });
    expect(writtenFor(fair, written)).toEqual({ c: "1" });
    expect(writtenWith(written, "c", undefined)).toEqual({ old: "" });
    expect(writtenFor(pressed, { times: "7", c: "1" })).toEqual({ times: "7" });
  });

  it("is written once for all formulas of a button, and for each named expression by itself", () => {
    expect(sharedBy(button, ["actions", 0, "set", "tier"], pressed)).toBe("a");
    expect(sharedBy(module, ["expressions", 0, "formula"], fair)).toBe("m fair");
    expect(sharedBy(module, ["expressions", 1, "formula"], fair)).toBe("m dear");
  });
});
