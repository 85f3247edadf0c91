/** Rows of a child relation: add, remove, move with Enter, step quantities. */

import type { Json } from "../formula/evaluate";
import { all, one } from "../page/dom";
import type { LiveChild, Met } from "./model";
import { Scope } from "./scope";
import { stepped } from "./stepper";

const FIELDS =
  "input:not([type=hidden]):not([disabled]), select:not([disabled]), textarea:not([disabled])";

export interface GridEvents {
  /** A row was added: wire its lookups, ask for its defaults. */
  added(scope: Scope): void;
  changed(): void;
}

export class Grid {
  private readonly body: HTMLElement;
  private readonly template: HTMLTemplateElement;
  private readonly scopes = new Map<HTMLElement, Scope>();
  private next: number;

  constructor(
    readonly element: HTMLElement,
    readonly name: string,
    private readonly object: LiveChild,
    private readonly events: GridEvents,
  ) {
    const body = one(element, "[data-rows]", HTMLElement);
    const template = one(element, "template", HTMLTemplateElement);
    if (body === null || template === null) throw new Error(`the grid ${name} has no rows`);
    this.body = body;
    this.template = template;
    const rows = this.rowElements();
    this.next = rows.length;
    for (const row of rows) this.scopes.set(row, this.scopeOf(row));
    this.listen();
  }

  /** The rows that a save keeps, in order. */
  rows(): Scope[] {
    return this.rowElements()
      .filter((row) => row.dataset.removed !== "yes")
      .map((row) => this.scopes.get(row) ?? this.scopeOf(row));
  }

  /** Take out new rows that the user never touched: their defaults are not meant to be saved. */
  prune(): void {
    for (const scope of this.rows()) {
      if (scope.element.dataset.stored !== "yes" && scope.touched.size === 0) scope.element.remove();
    }
  }

  scopeAround(target: Element): Scope | null {
    const row = target.closest("[data-row]");
    return row instanceof HTMLElement ? (this.scopes.get(row) ?? null) : null;
  }

  add(): Scope {
    const holder = document.createElement("tbody");
    holder.append(this.template.content.cloneNode(true));
    holder.innerHTML = holder.innerHTML.replaceAll("__i__", String(this.next));
    this.next += 1;
    const row = holder.firstElementChild as HTMLElement;
    this.body.append(row);
    const scope = this.scopeOf(row);
    this.scopes.set(row, scope);
    this.number();
    this.events.added(scope);
    return scope;
  }

  private listen(): void {
    this.element.addEventListener("click", (event) => {
      const button = (event.target as Element).closest("button");
      if (button === null) return;
      if (button.dataset.add !== undefined) {
        event.preventDefault();
        focusFirst(this.add().element);
      } else if (button.dataset.remove !== undefined) {
        event.preventDefault();
        this.remove(button);
      } else if (button.dataset.step !== undefined) {
        event.preventDefault();
        this.step(button, BigInt(button.dataset.step));
      }
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") this.enter(event);
      else if (event.key === "Tab" && !event.shiftKey) this.tab(event);
    });
  }

  /** Enter goes to the same column of the next row, and makes one after the last. */
  private enter(event: KeyboardEvent): void {
    const target = event.target;
    if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
    event.preventDefault();
    const row = target.closest("[data-row]");
    const cell = target.closest("[data-column]");
    if (!(row instanceof HTMLElement) || !(cell instanceof HTMLElement)) return;
    const rows = this.rows().map((scope) => scope.element);
    const column = cell.dataset.column ?? "";
    const next = rows[rows.indexOf(row) + 1];
    if (next === undefined) focusFirst(this.add().element);
    else focusIn(one(next, `[data-column="${CSS.escape(column)}"]`, HTMLElement) ?? next);
  }

  /** Tab in the last field of the last row makes a new one; an empty row lets it pass. */
  private tab(event: KeyboardEvent): void {
    const last = this.rows().at(-1);
    if (last === undefined || Object.keys(last.touchedValues()).length === 0) return;
    const fields = all(last.element, FIELDS, HTMLElement);
    if (event.target !== fields.at(-1) || this.rows().length >= this.most) return;
    event.preventDefault();
    focusFirst(this.add().element);
  }

  private get most(): number {
    return Number(this.element.dataset.most ?? "1000");
  }

  private remove(button: HTMLButtonElement): void {
    const row = button.closest("[data-row]");
    if (!(row instanceof HTMLElement)) return;
    const mark = one(row, "input[data-removes]", HTMLInputElement);
    if (mark === null) {
      const neighbour = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      this.scopes.delete(row);
      focusFirst(neighbour instanceof HTMLElement ? neighbour : this.element);
    } else {
      const removed = row.dataset.removed !== "yes";
      row.dataset.removed = removed ? "yes" : "no";
      mark.value = removed ? "1" : "";
      button.setAttribute("aria-pressed", String(removed));
    }
    this.number();
    this.events.changed();
  }

  private step(button: HTMLButtonElement, step: bigint): void {
    const input = one(button.parentElement ?? this.element, "input[data-name]", HTMLInputElement);
    if (input === null) return;
    input.value = stepped(input.value, step);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private number(): void {
    this.rowElements().forEach((row, position) => {
      const place = one(row, "[data-position]", HTMLElement);
      if (place !== null) place.textContent = String(position + 1);
    });
    const empty = one(this.element, "[data-empty]", HTMLElement);
    if (empty !== null) empty.hidden = this.rowElements().length > 0;
  }

  private rowElements(): HTMLElement[] {
    return all(this.body, ":scope > [data-row]", HTMLElement);
  }

  private scopeOf(row: HTMLElement): Scope {
    const values = JSON.parse(row.dataset.values ?? "{}") as Record<string, Json>;
    const met = JSON.parse(row.dataset.met ?? "{}") as Met;
    return new Scope(row, this.object, values, met);
  }
}

function focusFirst(within: HTMLElement): void {
  focusIn(within);
}

function focusIn(within: HTMLElement): void {
  const target = one(within, FIELDS, HTMLElement);
  target?.focus();
  if (target instanceof HTMLInputElement) target.select();
}
