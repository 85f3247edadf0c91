/**
 * A lookup as an ARIA combobox: type a code, name or pinyin, see two lines per choice. Without script
 * the text field alone is sent and the server finds the record by its code.
 */

import type { Json } from "../formula/evaluate";
import { ask, debounced, one } from "../page/dom";
import { word } from "../page/words";

interface Choice {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly recent?: boolean;
}

interface Choices {
  readonly items: readonly Choice[];
  readonly more: boolean;
  readonly new?: { readonly label: string; readonly address: string } | null;
}

/** Makes a record in a panel; null where nobody made one. */
export type Maker = (address: string, body: unknown) => Promise<Choice | null>;

/** What the form says so that the server can filter the choices. */
export type Surroundings = () => Readonly<Record<string, Json>>;

const PAUSE = 150;
let made = 0;

export class Lookup {
  private readonly list = document.createElement("ul");
  private choices: readonly Choice[] = [];
  private active = -1;
  private title: string;
  private running: AbortController | null = null;
  private making: { readonly label: string; readonly address: string } | null = null;
  /** While a record is made, leaving the text means nothing. */
  private busy = false;

  constructor(
    private readonly text: HTMLInputElement,
    private readonly hidden: HTMLInputElement,
    private readonly address: () => string,
    private readonly surroundings: Surroundings,
    private readonly maker: Maker | null = null,
  ) {
    this.title = text.value;
    this.makeList();
    this.listen();
  }

  /** Make a lookup of the element that the server wrote. */
  static of(
    element: HTMLElement,
    surroundings: Surroundings,
    maker: Maker | null = null,
  ): Lookup | null {
    const text = one(element, "input[type=text]", HTMLInputElement);
    const hidden = one(element, "input[type=hidden]", HTMLInputElement);
    const address = element.dataset.lookup;
    if (text === null || hidden === null || address === undefined) return null;
    const kinds = one(element.closest("[data-polymorphic]") ?? document.createElement("div"), "select", HTMLSelectElement);
    if (kinds === null) return new Lookup(text, hidden, () => address, surroundings, maker);
    const of = (): string => `${address}?of=${encodeURIComponent(kinds.value)}`;
    const lookup = new Lookup(text, hidden, of, surroundings, maker);
    lookup.follow(kinds);
    return lookup;
  }

  private makeList(): void {
    made += 1;
    this.list.id = `choices-${made}`;
    this.list.className = "choices";
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", word("js.choices"));
    this.text.after(this.list);
    this.text.setAttribute("role", "combobox");
    this.text.setAttribute("aria-autocomplete", "list");
    this.text.setAttribute("aria-expanded", "false");
    this.text.setAttribute("aria-controls", this.list.id);
    this.text.autocomplete = "off";
  }

  private listen(): void {
    const search = debounced(PAUSE, () => void this.search());
    this.text.addEventListener("input", () => {
      this.hidden.value = "";
      search();
    });
    this.text.addEventListener("click", () => {
      if (this.list.hidden) void this.search();
    });
    this.text.addEventListener("keydown", (event) => {
      this.key(event);
    });
    this.text.addEventListener("blur", () => {
      this.leave();
    });
    // The list must not take the focus from the text: a press would close it before the click.
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
    });
    this.list.addEventListener("click", (event) => {
      const item = (event.target as Element).closest("li[data-index]");
      if (item instanceof HTMLElement) this.take(Number(item.dataset.index));
    });
    this.hidden.addEventListener("lookup:shown", (event) => {
      this.title = (event as CustomEvent<string>).detail;
      this.text.value = this.title;
    });
  }

  /** Ask for records of the object that is chosen beside the lookup; what was chosen of another one is kept. */
  private follow(kinds: HTMLSelectElement): void {
    const chosen = new Map<string, readonly [string, string]>();
    kinds.addEventListener("change", () => {
      const before = this.hidden.value.slice(0, this.hidden.value.lastIndexOf(":"));
      if (before !== "") chosen.set(before, [this.hidden.value, this.title]);
      const [value, title] = chosen.get(kinds.value) ?? ["", ""];
      this.title = title;
      this.text.value = title;
      this.hidden.value = value;
      this.choices = [];
      this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
    });
    this.hidden.addEventListener("lookup:shown", () => {
      const named = this.hidden.value.slice(0, this.hidden.value.lastIndexOf(":"));
      if (named !== "") kinds.value = named;
    });
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) void this.search();
      else this.point(this.active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && open && this.active >= 0) {
      event.preventDefault();
      event.stopPropagation();
      this.take(this.active);
    } else if (event.key === "Tab" && open && this.active >= 0 && this.text.value !== "") {
      this.take(this.active);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      this.close();
    }
  }

  private async search(): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const body = { text: this.wanted(), values: this.surroundings() };
    const found = await ask<Choices>(this.address(), body, running.signal);
    if (running.signal.aborted) return;
    if (document.activeElement !== this.text) {
      this.settle(found);
      return;
    }
    this.choices = found?.items ?? [];
    this.render(found);
  }

  /** The user went on before the answer came: a single match is what they meant. */
  private settle(found: Choices | null): void {
    if (this.hidden.value !== "" || this.text.value.trim() === "") return;
    const only = found?.items.length === 1 ? found.items[0] : undefined;
    if (only === undefined) return;
    this.choices = [only];
    this.take(0);
  }

  private render(found: Choices | null): void {
    this.making = this.maker === null ? null : (found?.new ?? null);
    const items = this.choices.map((choice, index) => this.item(choice, index));
    this.group(items);
    if (items.length === 0) items.push(note(word(found === null ? "js.away" : "js.no_choices")));
    else if (found?.more === true) items.push(note(word("js.more_choices")));
    if (this.making !== null) items.push(this.newItem(this.making.label));
    this.list.replaceChildren(...items);
    this.list.hidden = false;
    this.text.setAttribute("aria-expanded", "true");
    this.place();
    this.point(this.text.value === "" || this.choices.length === 0 ? -1 : 0);
  }

  /** What was chosen lately stands under a heading of its own, where nothing is searched for. */
  private group(items: HTMLLIElement[]): void {
    const recent = this.choices.filter((choice) => choice.recent === true).length;
    if (recent === 0 || this.wanted() !== "") return;
    if (recent < items.length) items.splice(recent, 0, heading(word("js.all_choices")));
    items.unshift(heading(word("js.recent")));
  }

  private newItem(label: string): HTMLLIElement {
    const item = this.option(this.choices.length);
    item.classList.add("new-choice");
    const text = this.wanted();
    item.append(line("span", `+ ${label}`));
    if (text !== "") item.append(line("small", text));
    return item;
  }

  /** What is searched for: nothing while the text is the title of what is chosen. */
  private wanted(): string {
    return this.text.value === this.title && this.hidden.value !== "" ? "" : this.text.value.trim();
  }

  private option(index: number): HTMLLIElement {
    const item = document.createElement("li");
    item.id = `${this.list.id}-${index}`;
    item.dataset.index = String(index);
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    return item;
  }

  /** Make a record in a panel, and choose it. */
  private async make(): Promise<void> {
    const making = this.making;
    if (making === null || this.maker === null) return;
    const body = { text: this.wanted(), values: this.surroundings() };
    this.close();
    this.busy = true;
    const made = await this.maker(making.address, body);
    this.busy = false;
    if (made !== null) {
      this.choices = [made];
      this.take(0);
    }
    this.text.focus();
  }

  private item(choice: Choice, index: number): HTMLLIElement {
    const item = this.option(index);
    item.append(line("span", choice.title));
    if (choice.detail !== "") item.append(line("small", choice.detail));
    return item;
  }

  /** The list is fixed to the window, so that a grid that scrolls sideways does not cut it. */
  private place(): void {
    const box = this.text.getBoundingClientRect();
    const width = Math.min(Math.max(box.width, 260), window.innerWidth - 16);
    const below = window.innerHeight - box.bottom;
    const height = this.list.offsetHeight;
    const above = below < height + 8 && box.top > below;
    this.list.style.width = `${width}px`;
    this.list.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8))}px`;
    this.list.style.top = `${above ? Math.max(8, box.top - height - 4) : box.bottom + 4}px`;
  }

  private point(index: number): void {
    const items = [...this.list.querySelectorAll("li[data-index]")];
    this.active = items.length === 0 ? -1 : Math.min(Math.max(index, -1), items.length - 1);
    items.forEach((item, position) => {
      item.setAttribute("aria-selected", String(position === this.active));
    });
    const active = items[this.active];
    if (active === undefined) this.text.removeAttribute("aria-activedescendant");
    else {
      this.text.setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    }
  }

  private take(index: number): void {
    if (index === this.choices.length && this.making !== null) {
      void this.make();
      return;
    }
    const choice = this.choices[index];
    if (choice === undefined) return;
    this.title = choice.title;
    this.text.value = choice.title;
    this.hidden.value = choice.id;
    this.close();
    this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private leave(): void {
    this.close();
    if (this.busy) return;
    if (this.hidden.value !== "" || this.text.value === "") {
      if (this.text.value === "" && this.title !== "") this.clear();
      return;
    }
    const text = this.text.value.trim().toLowerCase();
    const exact = this.choices.findIndex((choice) => choice.title.toLowerCase() === text);
    if (exact >= 0) this.take(exact);
    else void this.search();
  }

  private clear(): void {
    this.title = "";
    this.hidden.value = "";
    this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private close(): void {
    this.list.hidden = true;
    this.active = -1;
    this.text.setAttribute("aria-expanded", "false");
    this.text.removeAttribute("aria-activedescendant");
  }
}

function line(tag: "span" | "small", text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function heading(text: string): HTMLLIElement {
  const item = note(text);
  item.className = "group";
  return item;
}

function note(text: string): HTMLLIElement {
  const item = document.createElement("li");
  item.className = "note";
  item.setAttribute("role", "option");
  item.setAttribute("aria-disabled", "true");
  item.textContent = text;
  return item;
}
