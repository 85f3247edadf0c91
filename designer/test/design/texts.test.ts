import { describe, expect, it } from "vitest";
import { labelOf, ownText } from "../../src/design/model/documents";
import { filledAt, relationsOf } from "../../src/design/model/relations";
import { isMissing, textsOf } from "../../src/design/model/texts";

describe("the texts of a document", () => {
  it("are found wherever they stand, with the language that is missing", () => {
    const found = textsOf({
      name: "visit",
      label: { en: "Visit", zh: "拜访" },
      fields: [{ name: "en", label: { en: "Day" } }, { options: {}, notes: ["a"] }],
      set: { en: 3 },
    });
    expect(found).toEqual([
      { path: ["label"], en: "Visit", zh: "拜访" },
      { path: ["fields", 0, "label"], en: "Day", zh: "" },
    ]);
    expect(found.map(isMissing)).toEqual([false, true]);
  });
});

describe("a label that is typed in one language", () => {
  it("stays empty once it is erased, however it is called in the other one", () => {
    const erased = { name: "orders", label: { zh: "订货单" } };
    expect(ownText(erased, "en")).toBe("");
    expect(labelOf(erased, "en")).toBe("订货单");
    expect(ownText({ name: "orders" }, "zh")).toBe("");
  });
});

describe("the relations of objects", () => {
  it("are those of their fields and of what extends them", () => {
    const docs = new Map(
      [
        { kind: "object", name: "line", fields: [{ name: "order", type: "master_detail", to: "order" }] },
        { kind: "object", name: "order", fields: [{ name: "note", type: "text" }] },
        {
          kind: "extends",
          of: "object",
          name: "order",
          fields: [{ name: "about", type: "polymorphic_lookup", to: ["order", "line"] }],
        },
      ].map((content, id) => [String(id), { id: String(id), module: "m", content }]),
    );
    const found = relationsOf(docs, "en").map((one) => [one.from, one.to, one.owned]);
    expect(found).toEqual([
      ["line", "order", true],
      ["order", "order", false],
      ["order", "line", false],
    ]);
  });
});

describe("what the keys of a part name", () => {
  const docs = new Map(
    [
      { kind: "object", name: "order", children: [{ name: "lines", object: "line" }] },
      { kind: "object", name: "line" },
      {
        kind: "automation",
        name: "follow_up",
        object: "line",
        actions: [
          { set: {} },
          { create: { object: "order", set: {} } },
          { for_each: { object: "order", actions: [{ set: {} }] } },
          { convert: { object: "order", into: "lines", set: {}, each: {} } },
        ],
      },
    ].map((content, id) => [String(id), { id: String(id), module: "m", content }]),
  );
  const automation = docs.get("2");
  const named = (...path: (string | number)[]): unknown =>
    automation === undefined ? null : filledAt(docs, automation, ["actions", ...path])?.content.name;

  it("are fields of the record that is made, gone through or converted to, else of the document's", () => {
    expect(named(0, "set")).toBe("line");
    expect(named(1, "create", "set")).toBe("order");
    expect(named(2, "for_each", "actions", 0, "set")).toBe("order");
    expect(named(3, "convert", "set")).toBe("order");
    expect(named(3, "convert", "each")).toBe("line");
  });
});
