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
  added(scope: Scope, quiet: boolean): void;
  changed(): void;
  /** Cells came from a spreadsheet: let the server read them. */
  pasted(columns: readonly string[], rows: readonly (readonly string[])[]): Promise<Pasted | null>;
}

/** What the server made of pasted cells, row by row. */
export interface Pasted {
  readonly rows: readonly {
    readonly values: Readonly<Record<string, Json>>;
    readonly errors: Readonly<Record<string, string>>;
  }[];
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

  /** Add a row; a quiet one is among many, after which `changed` is told once. */
  add(quiet = false): Scope {
    const holder = document.createElement("tbody");
    holder.append(this.template.content.cloneNode(true));
    holder.innerHTML = holder.innerHTML.replaceAll("__i__", String(this.next));
    this.next += 1;
    const row = holder.firstElementChild as HTMLElement;
    this.body.append(row);
    const scope = this.scopeOf(row);
    this.scopes.set(row, scope);
    if (!quiet) this.number();
    this.events.added(scope, quiet);
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
      else this.key(event);
    });
    this.element.addEventListener("paste", (event) => {
      const rows = blockOf(event.clipboardData?.getData("text/plain") ?? "");
      if (rows.length > 1 || (rows[0]?.length ?? 0) > 1) void this.paste(event, rows);
    });
    // What could not be pasted is told until something else is entered there.
    this.element.addEventListener("input", (event) => {
      const cell = event.target instanceof Element ? event.target.closest("[data-column]") : null;
      const told = cell === null ? null : one(cell, "[data-pasted]", HTMLElement);
      if (told !== null) {
        told.textContent = "";
        delete told.dataset.pasted;
      }
    });
    // Rows are saved in the order in which they stand.
    this.element.closest("form")?.addEventListener("submit", () => {
      this.rename();
    });
  }

  /** Arrows go from cell to cell; Ctrl+D fills down; Alt with Insert or Delete makes or takes a row. */
  private key(event: KeyboardEvent): void {
    const here = placeOf(event.target);
    if (here === null) return;
    const { row, cell, control } = here;
    if (event.ctrlKey && event.key.toLowerCase() === "d") {
      event.preventDefault();
      this.fillDown(row, cell);
    } else if (event.altKey && event.key === "Insert") {
      event.preventDefault();
      this.insertAbove(row, cell);
    } else if (event.altKey && event.key === "Delete") {
      event.preventDefault();
      const button = one(row, "button[data-remove]", HTMLButtonElement);
      if (button !== null) this.remove(button);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      // A list of choices uses these keys itself; Ctrl leaves it.
      const chooses = control instanceof HTMLSelectElement || control.getAttribute("role") === "combobox";
      if (chooses && !event.ctrlKey) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (this.toRow(row, cell, step)) event.preventDefault();
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      if (atEdge(control, event.key === "ArrowLeft") && toCell(cell, event.key === "ArrowLeft")) {
        event.preventDefault();
      }
    }
  }

  private toRow(row: HTMLElement, cell: HTMLElement, step: number): boolean {
    const rows = this.rows().map((scope) => scope.element);
    const next = rows[rows.indexOf(row) + step];
    if (next === undefined) return false;
    focusIn(one(next, columnOf(cell), HTMLElement) ?? next);
    return true;
  }

  private fillDown(row: HTMLElement, cell: HTMLElement): void {
    const rows = this.rows();
    const index = rows.findIndex((scope) => scope.element === row);
    const [above, here] = [rows[index - 1], rows[index]];
    const name = cell.dataset.column ?? "";
    const from = above?.control(name);
    if (above === undefined || here === undefined || from === undefined || from === null) return;
    const text = one(above.element, `${columnOf(cell)} input[role=combobox]`, HTMLInputElement);
    const value = above.values().get(name) ?? null;
    const isReference = text !== null && typeof value === "string";
    here.enter({ [name]: isReference ? { id: value, title: text.value } : value });
    this.events.changed();
  }

  private insertAbove(row: HTMLElement, cell: HTMLElement): void {
    if (this.rows().length >= this.most) return;
    const added = this.add().element;
    row.before(added);
    this.number();
    focusIn(one(added, columnOf(cell), HTMLElement) ?? added);
  }

  private async paste(event: ClipboardEvent, block: readonly (readonly string[])[]): Promise<void> {
    const here = placeOf(event.target);
    if (here === null) return;
    event.preventDefault();
    const columns = all(here.row, "[data-column]", HTMLElement).map((one) => one.dataset.column ?? "");
    const used = columns.slice(columns.indexOf(here.cell.dataset.column ?? ""));
    this.element.dataset.pasting = "yes";
    const answer = await this.events.pasted(used, block);
    delete this.element.dataset.pasting;
    if (answer === null) return;
    const errors: { place: HTMLElement; message: string }[] = [];
    let index = this.rows().findIndex((scope) => scope.element === here.row);
    const rows = this.rows();
    answer.rows.slice(0, this.most - index).forEach((pasted, number) => {
      const scope = rows[index] ?? this.add(true);
      scope.enter(pasted.values);
      for (const [name, message] of Object.entries(pasted.errors)) {
        const place = scope.place(name);
        const text = place === null ? null : textOf(place);
        // What could not be read stays to be mended.
        if (text !== null) text.value = block[number]?.[used.indexOf(name)] ?? "";
        scope.touched.add(name);
        if (place !== null) errors.push({ place, message });
      }
      index += 1;
    });
    this.number();
    this.events.changed();
    for (const { place, message } of errors) {
      place.textContent = message;
      place.dataset.pasted = "yes";
    }
    focusIn(one(here.row, columnOf(here.cell), HTMLElement) ?? here.row);
  }

  /** Number the names of all inputs in the order of the rows. */
  private rename(): void {
    this.rowElements().forEach((row, position) => {
      for (const input of all(row, "[name]", HTMLElement)) {
        const name = input.getAttribute("name") ?? "";
        input.setAttribute("name", name.replace(/^(c\.[a-z0-9_]+\.)\d+\./, `$1${position}.`));
      }
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
    if (event.shiftKey) this.toRow(row, cell, -1);
    else if (next === undefined) focusFirst(this.add().element);
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

/** The text input of the cell in which a message stands. */
function textOf(place: HTMLElement): HTMLInputElement | null {
  const cell = place.closest("[data-column]");
  return cell === null ? null : one(cell, "input[type=text]", HTMLInputElement);
}

interface Place {
  readonly row: HTMLElement;
  readonly cell: HTMLElement;
  readonly control: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
}

function placeOf(target: EventTarget | null): Place | null {
  const types = [HTMLInputElement, HTMLSelectElement, HTMLTextAreaElement];
  if (!types.some((type) => target instanceof type)) return null;
  const control = target as Place["control"];
  const row = control.closest("[data-row]");
  const cell = control.closest("[data-column]");
  if (!(row instanceof HTMLElement) || !(cell instanceof HTMLElement)) return null;
  return { row, cell, control };
}

function columnOf(cell: HTMLElement): string {
  return `[data-column="${CSS.escape(cell.dataset.column ?? "")}"]`;
}

/** Whether an arrow would leave the text: the cursor is at its end, or all of it is selected. */
function atEdge(control: Place["control"], left: boolean): boolean {
  if (!(control instanceof HTMLInputElement) || control.type !== "text") return false;
  const { selectionStart: start, selectionEnd: end, value } = control;
  if (start === 0 && end === value.length) return true;
  return left ? start === 0 && end === 0 : start === value.length && end === value.length;
}

function toCell(cell: HTMLElement, left: boolean): boolean {
  let next = left ? cell.previousElementSibling : cell.nextElementSibling;
  while (next instanceof HTMLElement && next.dataset.column !== undefined) {
    if (one(next, FIELDS, HTMLElement) !== null) {
      focusIn(next);
      return true;
    }
    next = left ? next.previousElementSibling : next.nextElementSibling;
  }
  return false;
}

/** The cells of a copied block: rows by lines, cells by tabs; quotes hold both, doubled they are one. */
export function blockOf(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let quoted = false;
  const end = (): void => {
    rows.at(-1)?.push(cell);
    cell = "";
  };
  const plain = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (let index = 0; index < plain.length; index += 1) {
    const sign = plain.charAt(index);
    if (quoted && sign === '"' && plain.charAt(index + 1) === '"') {
      cell += sign;
      index += 1;
    } else if (quoted && sign === '"') quoted = false;
    else if (!quoted && sign === '"' && cell === "") quoted = true;
    else if (!quoted && sign === "\t") end();
    else if (!quoted && sign === "\n") {
      end();
      rows.push([]);
    } else cell += sign;
  }
  end();
  return rows;
}

function focusFirst(within: HTMLElement): void {
  focusIn(within);
}

function focusIn(within: HTMLElement): void {
  const target = one(within, FIELDS, HTMLElement);
  target?.focus();
  if (target instanceof HTMLInputElement) target.select();
}
