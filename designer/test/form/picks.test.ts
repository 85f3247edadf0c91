// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { listed, takePick } from "../../src/form/picks";
import { Scope } from "../../src/form/scope";

const OBJECT = { fields: { tags: { id: "f1", type: "references:tag" } }, formulas: [], rules: [], field_rules: [], asks: [] };

interface Made {
  readonly form: HTMLElement;
  readonly held: HTMLInputElement;
  readonly lookup: HTMLInputElement;
  readonly text: HTMLInputElement;
}

function found<T extends Element>(selector: string, kind: new () => T): T {
  const element = document.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(selector);
  return element;
}

function made(): Made {
  document.body.innerHTML = `<form><div data-picks>
    <input type="hidden" name="f.tags:sent" value="1"><input type="hidden" data-name="tags" data-picked value="a">
    <ul><li><label><input type="checkbox" name="f.tags:=a" value="Ann" checked data-chip="a"><span>Ann</span></label></li></ul>
    <div class="lookup"><input type="text" name="f.tags:text"><input type="hidden" id="lookup"></div></div></form>`;
  return {
    form: found("form", HTMLFormElement),
    held: found("[data-picked]", HTMLInputElement),
    lookup: found("#lookup", HTMLInputElement),
    text: found("input[type=text]", HTMLInputElement),
  };
}

function pick(page: Made, id: string, title: string): void {
  page.lookup.value = id;
  page.text.value = title;
  takePick(page.lookup);
}

function chips(): (string | null)[] {
  return [...document.querySelectorAll("[data-picks] > ul > li")].map((item) => item.textContent);
}

describe("fields with several references", () => {
  it("take what is picked, each once, in order", () => {
    const page = made();
    for (const id of ["c", "b", "c", "a"]) pick(page, id, id.toUpperCase());
    expect(chips()).toEqual(["Ann", "C", "B"]);
    expect(page.held.value).toBe("a;c;b");
    expect(page.lookup.value).toBe("");
    expect(found("[data-chip=c]", HTMLInputElement).name).toBe("f.tags:=c");
  });

  it("let go of what is unticked", () => {
    const page = made();
    pick(page, "b", "Bob");
    const box = found("[data-chip=a]", HTMLInputElement);
    box.checked = false;
    expect(takePick(box)).toBe(page.held);
    expect([chips(), page.held.value]).toEqual([["Bob"], "b"]);
    expect(document.activeElement).toBe(found("[data-chip=b]", HTMLInputElement));
  });

  it("show what the server proposes, with titles, and nothing where it proposes nothing", () => {
    const page = made();
    const scope = new Scope(page.form, OBJECT, {});
    scope.propose({ tags: [{ id: "x", title: "Xaver" }, { id: "a", title: "Ann" }] });
    expect([chips(), page.held.value]).toEqual([["Xaver", "Ann"], "x;a"]);
    expect(scope.values().get("tags")).toBe("x;a");
    scope.propose({ tags: null });
    expect([chips(), page.held.value]).toEqual([[], ""]);
  });

  it("write titles as text, whatever stands in them", () => {
    const page = made();
    pick(page, "b", "<img src=x onerror=alert(1)>");
    expect(document.querySelector("img")).toBeNull();
    expect(chips()[1]).toBe("<img src=x onerror=alert(1)>");
  });

  it("are one text of ids in order for formulas", () => {
    expect(listed([{ id: "b", title: "B" }, { id: "a", title: null }])).toBe("b;a");
    expect([listed(["a"]), listed("a"), listed([]), listed([{ id: 1 }])]).toEqual([null, null, null, null]);
  });
});
