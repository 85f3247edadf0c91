// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { limitChoices } from "../../src/form/dependent";
import { Scope } from "../../src/form/scope";
import { takeTick } from "../../src/form/ticks";

const OBJECT = { fields: { tags: { id: "f1", type: "text" } }, formulas: [], rules: [], field_rules: [], asks: [] };

function made(ticked: readonly string[], side = ""): { form: HTMLElement; held: HTMLInputElement } {
  const boxes = ["a", "b", "c"].map(
    (one) => `<label><input type="checkbox" data-tick="${one}"${ticked.includes(one) ? " checked" : ""}></label>`,
  );
  document.body.innerHTML = `<form><input data-name="side" value="${side}"><div data-ticks>
    <input type="hidden" data-name="tags" data-ticked value="${ticked.join(";")}">${boxes.join("")}</div></form>`;
  const form = document.querySelector("form");
  const held = document.querySelector<HTMLInputElement>("[data-ticked]");
  if (form === null || held === null) throw new Error("no form");
  return { form, held };
}

function box(value: string): HTMLInputElement {
  const found = document.querySelector<HTMLInputElement>(`[data-tick="${value}"]`);
  if (found === null) throw new Error("no box");
  return found;
}

describe("fields with several values", () => {
  it("hold what is ticked as one text, sorted", () => {
    const { form, held } = made(["c"]);
    box("a").checked = true;
    expect(takeTick(box("a"))).toBe(held);
    expect(held.value).toBe("a;c");
    expect(new Scope(form, OBJECT, {}).values().get("tags")).toBe("a;c");
  });

  it("tick what the server proposes", () => {
    const { form, held } = made([]);
    new Scope(form, OBJECT, {}).propose({ tags: ["b", "c"] });
    expect([held.value, box("a").checked, box("b").checked]).toEqual(["b;c", false, true]);
  });

  it("are one text for formulas without a control too", () => {
    const { form } = made([]);
    expect(new Scope(form, OBJECT, { other: ["y", "x"] }).values().get("other")).toBe("x;y");
  });

  it("lose the values that the field they depend on no longer allows", () => {
    const { form, held } = made(["a", "b"], "north");
    const group = form.querySelector<HTMLElement>("[data-ticks]");
    if (group !== null) {
      group.dataset.dependsOn = "side";
      group.dataset.allowed = JSON.stringify({ north: ["a", "b"], south: ["b", "c"] });
    }
    const scope = new Scope(form, OBJECT, {});
    expect(limitChoices(scope)).toBe(false);
    const side = form.querySelector<HTMLInputElement>("[data-name=side]");
    if (side !== null) side.value = "south";
    expect(limitChoices(scope)).toBe(true);
    expect([held.value, box("a").disabled, scope.touched.has("tags")]).toEqual(["b", true, true]);
    expect(limitChoices(scope)).toBe(false);
  });
});
