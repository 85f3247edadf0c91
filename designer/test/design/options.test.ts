import { describe, expect, it } from "vitest";
import { idleKeys } from "../../src/design/editors/alternatives";
import type { Doc } from "../../src/design/model/documents";
import { at, isObject, textOf, type JsonObject } from "../../src/design/model/json";
import { partTitle } from "../../src/design/model/places";
import { isSettled } from "../../src/design/model/schema";
import { measureName } from "../../src/design/model/screens/report_shape";

const board: Doc = {
  id: "b",
  module: "m",
  content: {
    kind: "dashboard",
    name: "board",
    tiles: [
      { name: "sales", report: "sales", kind: "number" },
      { name: "sales_2", report: "sales", kind: "chart", label: { en: "By tier" } },
      { name: "sales_3", report: "sales", kind: "chart", measure: "sum_total" },
    ],
  },
};
const parts: readonly JsonObject[] = [
  board.content,
  { kind: "object", name: "order", fields: [{ name: "total", type: "money", label: { en: "Total" } }] },
  { kind: "report", name: "sales", object: "order", label: { en: "Sales" }, measures: [{ op: "sum", field: "total" }] },
  { kind: "permission", name: "order", object: "order", grants: [{ role: "clerk" }] },
  { kind: "role", name: "clerk", label: { en: "Clerk" } },
];
const docs = new Map(parts.map((content): [string, Doc] => [textOf(content.kind), { ...board, content }]));

function titled(kind: string, ...path: (string | number)[]): string {
  const doc = docs.get(kind);
  return doc === undefined ? "" : partTitle(docs, doc, path, "en");
}

describe("the options of a part", () => {
  it("are headed by what people call it, however it is called inside", () => {
    expect(titled("dashboard", "tiles", 0)).toBe("Sales");
    expect(titled("dashboard", "tiles", 1)).toBe("By tier");
    expect(titled("permission", "grants", 0)).toBe("Clerk");
    expect(titled("report", "measures", 0)).toBe("Total");
    expect(titled("object", "fields", 0)).toBe("Total");
  });

  it("leave out the measure of a tile that shows no number, unless it has one", () => {
    const idle = (position: number): boolean => {
      const tile = at(board.content, ["tiles", position]);
      return isObject(tile) && idleKeys(board, ["tiles", position], tile).has("measure");
    };
    expect([0, 1, 2].map(idle)).toEqual([false, true, false]);
  });

  it("of an entry of a menu leave out what else it could open", () => {
    const module: Doc = { id: "m", module: "m", content: { kind: "module", name: "m" } };
    const idle = (entry: JsonObject): string[] => [...idleKeys(module, ["menu", 0], entry)];
    expect(idle({ object: "order", views: ["all"] })).toEqual(["report", "dashboard"]);
    expect(idle({ report: "sales" })).toEqual(["object", "dashboard", "views"]);
    expect(idle({ report: "sales", object: "order" })).toEqual(["dashboard"]);
    expect(idle({})).toEqual([]);
  });

  it("leave out what has one value and needs it, but not where something else stands there", () => {
    const type = { key: "type", schema: { enum: ["table"] }, required: true };
    expect(isSettled(type, "table")).toBe(true);
    expect(isSettled(type, "board")).toBe(false);
    expect(isSettled({ ...type, required: false }, undefined)).toBe(false);
  });
});

it("measures are called as in the answer of the report", () => {
  expect([{ op: "sum", field: "partner.total" }, { op: "count" }].map(measureName)).toEqual([
    "sum_partner.total",
    "count_all",
  ]);
});
