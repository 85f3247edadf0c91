import { describe, expect, it } from "vitest";
import { relationsOf } from "../../src/design/model/relations";
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
