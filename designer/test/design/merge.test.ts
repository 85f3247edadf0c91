import { describe, expect, it } from "vitest";
import { merged } from "../../src/design/model/merge";

const BASE = {
  label: { en: "Visit", zh: "拜访" },
  fields: [
    { id: "1", name: "a", type: "text" },
    { id: "2", name: "b", type: "text" },
    { id: "3", name: "c", type: "text" },
  ],
};

describe("a merge", () => {
  it("keeps what either side changed", () => {
    const ours = { ...BASE, label: { en: "Visits", zh: "拜访" } };
    const theirs = { ...BASE, label: { en: "Visit", zh: "走访" }, help: { en: "x" } };
    expect(merged(BASE, ours, theirs)).toEqual({
      ...BASE,
      label: { en: "Visits", zh: "走访" },
      help: { en: "x" },
    });
  });

  it("takes in items that both sides added, and moves of one", () => {
    const [a, b, c] = BASE.fields;
    const ours = { ...BASE, fields: [c, a, b, { id: "9", name: "ours" }] } as typeof BASE;
    const theirs = { ...BASE, fields: [a, { id: "8", name: "theirs" }, b, c] } as typeof BASE;
    const made = merged(BASE, ours, theirs) as unknown as { fields: { name: string }[] };
    expect(made.fields.map((one) => one.name)).toEqual(["c", "a", "theirs", "b", "ours"]);
  });

  it("removes what one side removed, unless the other changed it", () => {
    const [a, b, c] = BASE.fields;
    const ours = { ...BASE, fields: [a, c] } as typeof BASE;
    expect(merged(BASE, ours, BASE)).toEqual(ours);
    const theirs = { ...BASE, fields: [a, { ...b, required: true }, c] } as unknown as typeof BASE;
    expect(merged(BASE, ours, theirs)).toEqual({ ...BASE, fields: [a, { ...b, required: true }, c] });
  });

  it("lets the one who merges win where both changed the same value", () => {
    const ours = { ...BASE, label: { en: "ours", zh: "拜访" } };
    const theirs = { ...BASE, label: { en: "theirs", zh: "拜访" } };
    expect(merged(BASE, ours, theirs)).toEqual(ours);
  });

  it("knows an item by its name where only one side has its id yet", () => {
    const base = { fields: [{ name: "a", type: "text" }] };
    const ours = { fields: [{ name: "a", type: "text", required: true }] };
    const theirs = { fields: [{ id: "1", name: "a", type: "text" }] };
    expect(merged(base, ours, theirs)).toEqual({
      fields: [{ id: "1", name: "a", type: "text", required: true }],
    });
  });
});
