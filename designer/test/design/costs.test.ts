import { describe, expect, it } from "vitest";
import type { CostJson, TimesJson } from "../../src/design/api_types";
import { costLine, hasCost, placeOf, speaksOf, type Step } from "../../src/design/model/costs";
import type { Doc } from "../../src/design/model/documents";
import type { JsonObject } from "../../src/design/model/json";

const doc = (id: string, content: JsonObject): Doc => ({ id, module: "m", content });
const order = doc("o", { kind: "object", name: "order", fields: [{ name: "no" }, { name: "total" }] });
const more = doc("x", { kind: "extends", of: "object", name: "order", fields: [{ name: "extra" }] });
const flow = doc("f", { kind: "workflow", name: "flow", object: "order", transitions: [{ name: "submit" }] });
const docs = new Map([order, more, flow].map((one) => [one.id, one]));
const step = (kind: Step["kind"], ...names: string[]): Step => ({ kind, object: "order", names });
const times: TimesJson = {
  as_of: "",
  slowest: "dealer",
  text: "list 38 ms for Dealers",
  limits: { one: 2, together: 10, roles: 8 },
  roles: [],
};
const cost = (time: TimesJson | null): Pick<CostJson, "summary" | "time"> => ({
  summary: time === null ? "7 rows · 5 indexes" : `7 rows · 5 indexes · ${time.text}`,
  time,
});

describe("what an object costs", () => {
  it("is told of what is about objects", () => {
    expect([order, more, flow].map(hasCost)).toEqual([true, true, false]);
    expect(hasCost(doc("e", { kind: "extends", of: "workflow", name: "flow" }))).toBe(false);
    expect(hasCost(doc("v", { kind: "view", object: "order" }))).toBe(true);
  });

  it("is one line, with the time that was measured last", () => {
    expect(costLine(cost(null), null)).toBe("7 rows · 5 indexes");
    expect(costLine(cost(null), times)).toBe("7 rows · 5 indexes · list 38 ms for Dealers");
    expect(costLine(cost(times), times)).toBe("7 rows · 5 indexes · list 38 ms for Dealers");
  });

  it("leads to where the draft says so, in extensions too", () => {
    expect(placeOf(docs, step("formulas", "total"))).toEqual({ id: "o", path: ["fields", 1] });
    expect(placeOf(docs, step("rollup", "extra"))).toEqual({ id: "x", path: ["fields", 0] });
    expect(placeOf(docs, step("transition", "submit"))).toEqual({ id: "f", path: ["transitions", 0] });
    expect(placeOf(docs, step("formulas", "gone"))).toBeNull();
    expect(placeOf(docs, { ...step("formulas", "total"), object: "other" })).toBeNull();
  });

  it("marks what the chosen field takes part in", () => {
    expect(speaksOf(step("formulas", "no", "total"), order, ["fields", 1, "formula"])).toBe(true);
    expect(speaksOf(step("formulas", "no"), order, ["fields", 1])).toBe(false);
    expect(speaksOf(step("formulas", "total"), order, [])).toBe(false);
    expect(speaksOf({ ...step("formulas", "total"), object: "other" }, order, ["fields", 1])).toBe(false);
  });
});
