// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { sizeShown, startFiles } from "../../src/form/files";
import { Scope } from "../../src/form/scope";

const OBJECT = { fields: { paper: { id: "f1", type: "file" } }, formulas: [], rules: [], field_rules: [], asks: [] };

function made(several: boolean): { form: HTMLElement; held: HTMLInputElement; item: (id: string) => HTMLElement } {
  const items = ["a", "b"].map(
    (one) =>
      `<li data-file id="${one}"><input type="checkbox" name="f.paper:=${one}" data-tick="${one}" checked>` +
      `<button type="button" data-file-toggle></button></li>`,
  );
  document.body.innerHTML = `<form><div data-ticks data-files="/files" data-several="${several ? "yes" : "no"}">
    <input type="hidden" data-name="paper" data-ticked value="a;b"><ul class="file-list">${items.join("")}</ul></div></form>`;
  const form = document.querySelector("form");
  const held = document.querySelector<HTMLInputElement>("[data-ticked]");
  if (form === null || held === null) throw new Error("no form");
  const item = (id: string): HTMLElement => document.getElementById(id) ?? form;
  return { form, held, item };
}

const ticked = (item: HTMLElement): boolean => item.querySelector("input")?.checked ?? false;

startFiles();

describe("files of a form", () => {
  it("are taken out and brought back", () => {
    const { item } = made(true);
    item("a").querySelector("button")?.click();
    expect([ticked(item("a")), ticked(item("b"))]).toEqual([false, true]);
    item("a").querySelector("button")?.click();
    expect([ticked(item("a")), ticked(item("b"))]).toEqual([true, true]);
  });

  it("keep the last one where there may be one", () => {
    const { item } = made(false);
    item("a").querySelector("button")?.click();
    item("a").querySelector("button")?.click();
    expect([ticked(item("a")), ticked(item("b"))]).toEqual([true, false]);
  });

  it("are one text to formulas, as the server sends them too", () => {
    const { form, held } = made(true);
    const file = { id: "b", name: "b.pdf", size: 1, type: "application/pdf", url: "/api/v1/files/b" };
    expect(new Scope(form, OBJECT, {}).values().get("paper")).toBe("a;b");
    held.remove();
    expect(new Scope(form, OBJECT, { paper: [file, { ...file, id: "a" }] }).values().get("paper")).toBe("a;b");
    expect(new Scope(form, OBJECT, { paper: file }).values().get("paper")).toBe("b");
    expect(new Scope(form, OBJECT, { paper: null }).values().get("paper")).toBe(null);
  });

  it("have a size in the unit in which it is short", () => {
    expect([0, 1023, 1024, 1025, 1024 * 1024, 5_500_000].map(sizeShown)).toEqual(
      ["0 B", "1023 B", "1 KB", "2 KB", "1.0 MB", "5.2 MB"],
    );
  });
});
