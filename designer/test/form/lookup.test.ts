// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Lookup } from "../../src/form/lookup";

const ITEMS = [
  { id: "a", title: "Alpha", detail: "A-1" },
  { id: "b", title: "Beta", detail: "" },
];

function answer(items: readonly unknown[]): void {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ items, more: false })));
}

function made(): { text: HTMLInputElement; hidden: HTMLInputElement; list: HTMLElement } {
  document.body.innerHTML = `<div data-lookup="/choices"><label for="x">X</label>
    <input type="text" id="x"><input type="hidden" data-name="x"></div>`;
  const element = document.querySelector<HTMLElement>("[data-lookup]");
  if (element === null) throw new Error("no lookup");
  Lookup.of(element, () => ({}));
  const [text, hidden] = element.querySelectorAll("input");
  const list = element.querySelector("ul");
  if (text === undefined || hidden === undefined || list === null) throw new Error("no parts");
  return { text, hidden, list };
}

function press(target: HTMLElement, key: string): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
}

async function type(text: HTMLInputElement, value: string): Promise<void> {
  text.focus();
  text.value = value;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  await vi.advanceTimersByTimeAsync(400);
}

describe("a polymorphic lookup", () => {
  const asked: string[] = [];

  beforeEach(() => {
    vi.useFakeTimers();
    Element.prototype.scrollIntoView = () => undefined;
    asked.length = 0;
    vi.stubGlobal("fetch", (address: string) => {
      asked.push(address);
      const of = address.split("=")[1] ?? "";
      return Promise.resolve(Response.json({ items: [{ id: `${of}:1`, title: `The ${of}`, detail: "" }], more: false }));
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  function page(): { kinds: HTMLSelectElement; text: HTMLInputElement; hidden: HTMLInputElement } {
    document.body.innerHTML = `<div data-polymorphic><select><option value="order"></option><option value="plan"></option></select>
      <div data-lookup="/choices"><input type="text"><input type="hidden" data-name="about"></div></div>`;
    const [element, kinds] = [document.querySelector<HTMLElement>("[data-lookup]"), document.querySelector("select")];
    const [text, hidden] = element?.querySelectorAll("input") ?? [];
    if (element === null || kinds === null || text === undefined || hidden === undefined) throw new Error("no parts");
    Lookup.of(element, () => ({}));
    return { kinds, text, hidden };
  }

  function choose(kinds: HTMLSelectElement, object: string): void {
    kinds.value = object;
    kinds.dispatchEvent(new Event("change", { bubbles: true }));
  }

  it("asks for records of the object beside it, and keeps what was chosen of each", async () => {
    const { kinds, text, hidden } = page();
    await type(text, "a");
    press(text, "Enter");
    expect([asked, hidden.value]).toEqual([["/choices?of=order"], "order:1"]);
    choose(kinds, "plan");
    expect([text.value, hidden.value]).toEqual(["", ""]);
    await type(text, "b");
    press(text, "Enter");
    expect([asked[1], hidden.value, text.value]).toEqual(["/choices?of=plan", "plan:1", "The plan"]);
    choose(kinds, "order");
    expect([text.value, hidden.value]).toEqual(["The order", "order:1"]);
  });

  it("shows the object of what the server proposes", () => {
    const { kinds, text, hidden } = page();
    hidden.value = "plan:7";
    hidden.dispatchEvent(new CustomEvent("lookup:shown", { detail: "Seven" }));
    expect([kinds.value, text.value]).toEqual(["plan", "Seven"]);
  });
});

describe("a lookup", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    Element.prototype.scrollIntoView = () => undefined;
    answer(ITEMS);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("is a combobox that says what it does", async () => {
    const { text, list } = made();
    expect(text.getAttribute("role")).toBe("combobox");
    expect(text.getAttribute("aria-expanded")).toBe("false");
    await type(text, "al");
    expect(text.getAttribute("aria-expanded")).toBe("true");
    expect(text.getAttribute("aria-controls")).toBe(list.id);
    expect(text.getAttribute("aria-activedescendant")).toBe(list.querySelector("li")?.id);
    expect(list.querySelector("li small")?.textContent).toBe("A-1");
  });

  it("takes a choice with the keyboard and tells the form", async () => {
    const { text, hidden } = made();
    const changed = vi.fn();
    hidden.addEventListener("change", changed);
    await type(text, "a");
    press(text, "ArrowDown");
    const enter = press(text, "Enter");
    expect(enter.defaultPrevented).toBe(true);
    expect([text.value, hidden.value]).toEqual(["Beta", "b"]);
    expect(changed).toHaveBeenCalledOnce();
    expect(text.getAttribute("aria-expanded")).toBe("false");
  });

  it("closes on Escape and keeps what was typed", async () => {
    const { text, hidden } = made();
    await type(text, "al");
    press(text, "Escape");
    expect(text.value).toBe("al");
    expect(hidden.value).toBe("");
  });

  it("forgets the record when the text is changed", async () => {
    const { text, hidden } = made();
    await type(text, "al");
    press(text, "Enter");
    expect(hidden.value).toBe("a");
    await type(text, "alp");
    expect(hidden.value).toBe("");
  });

  it("says so when nothing fits or the server is away", async () => {
    const { text, list } = made();
    answer([]);
    await type(text, "zzz");
    expect(list.textContent).toBe("js.no_choices");
    vi.stubGlobal("fetch", () => Promise.reject(new Error("away")));
    await type(text, "zz");
    expect(list.textContent).toBe("js.away");
  });

  it("never writes a title as markup", async () => {
    const { text, list } = made();
    answer([{ id: "x", title: "<img src=x onerror=alert(1)>", detail: "<b>" }]);
    await type(text, "x");
    expect(list.querySelector("img, b")).toBeNull();
  });
});
