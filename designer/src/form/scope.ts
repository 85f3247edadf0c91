/** A record or a row on the page: its controls, and the values of fields without one. */

import type { Json } from "../formula/evaluate";
import { all } from "../page/dom";
import type { LiveObject, Values } from "./model";
import { entered, lasting, shown } from "./shown";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export class Scope {
  readonly touched = new Set<string>();
  private readonly base: Values;

  constructor(
    readonly element: HTMLElement,
    readonly object: LiveObject,
    values: Readonly<Record<string, Json>>,
  ) {
    this.base = new Map(Object.entries(values));
  }

  /** The values now: what stands in controls, else what the server sent or the page computed. */
  values(): Values {
    const values = new Map(this.base);
    for (const control of this.controls()) {
      const name = control.dataset.name;
      if (name !== undefined) values.set(name, read(control));
    }
    return values;
  }

  /** What a save would send: the values of controls only. */
  entered(): Record<string, Json> {
    const entered: Record<string, Json> = {};
    for (const control of this.controls()) {
      const name = control.dataset.name;
      const value = read(control);
      if (name !== undefined && value !== null) entered[name] = value;
    }
    return entered;
  }

  /** Like `entered`, without what is only a proposal of ours. */
  touchedValues(): Record<string, Json> {
    const entered = Object.entries(this.entered());
    return Object.fromEntries(entered.filter(([name]) => this.isTouched(name)));
  }

  isTouched(name: string): boolean {
    return this.touched.has(name) || this.element.dataset.stored === "yes";
  }

  /** Take computed values: into outputs always, into controls that the user left alone. */
  propose(proposed: Readonly<Record<string, Json>>): void {
    for (const [name, value] of Object.entries(proposed)) {
      if (!(name in this.object.fields)) continue;
      const control = this.control(name);
      if (control === null) this.base.set(name, value);
      else if (!this.isTouched(name)) write(control, value);
    }
  }

  /** Keep and show what was computed on the page. */
  show(values: Values): void {
    for (const output of this.outputs()) {
      const name = output.dataset.output ?? "";
      const value = values.get(name) ?? null;
      if (this.control(name) === null) this.base.set(name, value);
      const text = labelOf(output, value) ?? shown(value, output.dataset.widget ?? "text");
      if (output.textContent !== text) output.textContent = text;
    }
  }

  /** Whether an element belongs to this record or row, and not to a row inside it. */
  holds(element: Element): boolean {
    return this.own([element]).length > 0;
  }

  control(name: string): Control | null {
    return this.controls().find((control) => control.dataset.name === name) ?? null;
  }

  /** The element in which messages about a field stand. */
  place(name: string): HTMLElement | null {
    const selector = `[data-error="${CSS.escape(name)}"]`;
    return this.own(all(this.element, selector, HTMLElement))[0] ?? null;
  }

  places(): HTMLElement[] {
    return this.own(all(this.element, "[data-error]", HTMLElement));
  }

  private controls(): Control[] {
    return this.own(all(this.element, "[data-name]", HTMLElement)).filter(isControl);
  }

  private outputs(): HTMLElement[] {
    return this.own(all(this.element, "[data-output]", HTMLElement));
  }

  /** Leave out what belongs to a row inside the record. */
  private own<T extends Element>(found: T[]): T[] {
    return found.filter((element) => (element.closest("[data-row]") ?? null) === this.row());
  }

  private row(): Element | null {
    return this.element.dataset.row === undefined ? null : this.element;
  }
}

function isControl(element: HTMLElement): element is Control {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

function read(control: Control): Json {
  if (control instanceof HTMLInputElement && control.type === "checkbox") return control.checked;
  const text = control.value.trim();
  if (text === "") return null;
  return control.dataset.widget === "duration" ? entered(text) : text;
}

function write(control: Control, value: Json): void {
  if (control instanceof HTMLInputElement && control.type === "checkbox") {
    control.checked = value === true;
    return;
  }
  const text = control.dataset.widget === "duration" ? lasting(idOf(value)) : idOf(value);
  if (control.value === text) return;
  control.value = text;
  const title = titleOf(value);
  if (title !== null) {
    control.dispatchEvent(new CustomEvent("lookup:shown", { detail: title, bubbles: false }));
  }
}

function idOf(value: Json): string {
  if (value === null) return "";
  if (typeof value === "object" && "id" in value) return typeof value.id === "string" ? value.id : "";
  return typeof value === "object" ? "" : String(value);
}

function titleOf(value: Json): string | null {
  if (typeof value !== "object" || value === null || !("title" in value)) return null;
  return typeof value.title === "string" ? value.title : null;
}

/** The label of a choice, where the output knows its choices. */
function labelOf(output: HTMLElement, value: Json): string | null {
  const labels = output.dataset.labels;
  if (labels === undefined || typeof value !== "string") return null;
  return (JSON.parse(labels) as Record<string, string>)[value] ?? null;
}
