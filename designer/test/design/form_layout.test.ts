import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/design/model/json";
import { led, placeOf, shownIn, type Arrow } from "../../src/design/model/screens/form_layout";

const FORM: JsonObject = {
  sections: [
    { columns: 2, items: ["a", "b", "c"] },
    { columns: 1, items: [{ children: "lines", columns: ["x"] }] },
    { items: [{ field: "d" }] },
  ],
};

const WAYS: readonly (readonly [number, number, Arrow, readonly [number, number] | undefined])[] = [
  [0, 0, "ArrowRight", [0, 1]],
  [0, 1, "ArrowLeft", [0, 0]],
  [0, 0, "ArrowDown", [0, 2]],
  [0, 1, "ArrowDown", [0, 2]],
  [0, 2, "ArrowUp", [0, 0]],
  [0, 2, "ArrowRight", [1, 0]],
  [0, 2, "ArrowDown", [1, 0]],
  [1, 0, "ArrowUp", [0, 3]],
  [1, 0, "ArrowLeft", [0, 3]],
  [0, 0, "ArrowUp", undefined],
  [2, 0, "ArrowDown", undefined],
];

describe("a form's places", () => {
  it.each(WAYS)("from %i.%i by %s", (section, item, arrow, wanted) => {
    const found = led(FORM, { section, item }, arrow);
    expect(found === undefined ? undefined : [found.section, found.item]).toEqual(wanted);
  });

  it("tell what is shown, in either form", () => {
    const shown = shownIn(FORM);
    expect([...shown.fields]).toEqual(["a", "b", "c", "d"]);
    expect([...shown.children]).toEqual(["lines"]);
  });

  it("are read from the path that is chosen", () => {
    expect(placeOf(["sections", 1, "items", 2, "columns"])).toEqual({ section: 1, item: 2 });
    expect(placeOf(["sections", 1])).toEqual({ section: 1, item: -1 });
    expect(placeOf(["label"])).toBeUndefined();
  });
});
