/** A record or a row on the page: its controls, and the values of fields without one. */

import type { Json } from "../formula/evaluate";
import { all } from "../page/dom";
import { language } from "../page/words";
import { type Behaviour, type Behaviours, FREE } from "./behaviour";
import type { LiveObject, Met, Values } from "./model";
import { RICH_SHOWN } from "./rich";
import { listed, picksIn, showPicks } from "./picks";
import { entered, lasting, shown } from "./shown";
import { joined, limitBoxes, showTicks } from "./ticks";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export class Scope {
  readonly touched = new Set<string>();
  /** Which field rules hold that only the server can judge. */
  met: Met;
  private readonly base: Values;
  /** What was entered in controls that are hidden or locked now. */
  private readonly laidBy = new Map<string, Json>();

  constructor(
    readonly element: HTMLElement,
    readonly object: LiveObject,
    values: Readonly<Record<string, Json>>,
    met: Met = {},
  ) {
    this.base = new Map(Object.entries(values).map(([name, value]) => [name, plain(value)]));
    this.met = met;
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
      if (control.disabled) continue;
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
      if (control === null) this.base.set(name, plain(value));
      else if (control.disabled || !this.isTouched(name)) {
        if (this.element.dataset.stored !== "yes") this.base.set(name, plain(value));
        write(control, value);
      }
    }
  }

  /** Take values as if they had been typed; return those that have a control here. */
  enter(entered: Readonly<Record<string, Json>>): void {
    for (const [name, value] of Object.entries(entered)) {
      const control = this.control(name);
      if (control === null || control.disabled) continue;
      this.touched.add(name);
      write(control, value);
    }
  }

  /** Let fields stand as their rules say; return whether a value has changed by that. */
  behave(behaviours: Behaviours): boolean {
    let changed = false;
    for (const rule of this.object.field_rules) {
      for (const name of rule.fields) {
        changed = this.stand(name, behaviours.get(name) ?? FREE) || changed;
      }
    }
    return changed;
  }

  private stand(name: string, one: Behaviour): boolean {
    for (const holder of this.holders(name)) off(holder, one.hidden);
    for (const star of this.marked("star", name)) star.hidden = !one.required && !isAlways(star);
    for (const why of this.marked("why", name)) {
      why.textContent = one.locked ? (one.why[language()] ?? one.why.en ?? "") : "";
    }
    const control = this.control(name);
    if (control === null) return false;
    if (control.dataset.always !== "yes") need(control, one.required);
    if (control.dataset.ticked !== undefined) limitBoxes(control, one.allowed, idOf(this.base.get(name) ?? null));
    if (control instanceof HTMLSelectElement) limit(control, one.allowed, idOf(this.base.get(name) ?? null));
    return this.enable(control, name, !one.hidden && !one.locked);
  }

  /** A control that is not enabled is not sent, and shows what a save keeps. */
  private enable(control: Control, name: string, enabled: boolean): boolean {
    if (control.disabled !== enabled) return false;
    const before = read(control);
    for (const part of this.parts(control)) part.disabled = !enabled;
    if (enabled) {
      if (this.laidBy.has(name)) write(control, this.laidBy.get(name) ?? null);
      this.laidBy.delete(name);
    } else {
      if (this.isTouched(name)) this.laidBy.set(name, shownIn(control));
      write(control, this.base.get(name) ?? null);
    }
    return before !== read(control);
  }

  /** What is sent for a field: a tick says besides that it was asked for, a lookup has its text. */
  private parts(control: Control): Control[] {
    const group = control.closest("[data-ticks], [data-picks]");
    if (group !== null) return all(group, "input", HTMLInputElement);
    const names = [`${control.name}:sent`, `${control.name}:text`];
    const others = all(this.element, "input", HTMLInputElement);
    return [control, ...others.filter((one) => names.includes(one.name))];
  }

  private holders(name: string): HTMLElement[] {
    const value = CSS.escape(name);
    const selector = `[data-field="${value}"], [data-column="${value}"]`;
    return this.own(all(this.element, selector, HTMLElement));
  }

  private marked(mark: string, name: string): HTMLElement[] {
    return this.own(all(this.element, `[data-${mark}="${CSS.escape(name)}"]`, HTMLElement));
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

function need(control: Control, needed: boolean): void {
  if (needed && control.type !== "hidden") control.setAttribute("aria-required", "true");
  else control.removeAttribute("aria-required");
}

function off(holder: HTMLElement, hidden: boolean): void {
  if (holder.dataset.column === undefined) holder.hidden = hidden;
  else if (hidden) holder.dataset.off = "yes";
  else delete holder.dataset.off;
}

function isAlways(star: HTMLElement): boolean {
  return star.dataset.always === "yes";
}

/** Offer what can be chosen, and what the record has. */
function limit(control: HTMLSelectElement, allowed: readonly string[] | null, kept: string): void {
  for (const option of control.options) {
    const refused =
      allowed !== null && ![...allowed, kept, "", control.value].includes(option.value);
    // What another field takes away has been taken away before.
    if (!refused && control.dataset.dependsOn !== undefined) continue;
    option.hidden = refused;
    option.disabled = refused;
  }
}

function isControl(element: HTMLElement): element is Control {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

/** Several values as the one text that formulas see; other values as they are. */
function plain(value: Json): Json {
  const files = filesOf(value);
  if (files !== null) return joined(files);
  const ids = listed(value);
  if (ids !== null) return ids;
  const texts = Array.isArray(value) && value.every((one) => typeof one === "string");
  return texts ? joined(value) : value;
}

/** The ids of files as the server sends them; null for any other value. */
function filesOf(value: Json): string[] | null {
  const list: readonly Json[] = Array.isArray(value) ? value : [value];
  const ids = list.map((one) =>
    typeof one === "object" && one !== null && "url" in one && typeof one.id === "string" ? one.id : "",
  );
  return ids.length > 0 && ids.every((id) => id !== "") ? ids : null;
}

function read(control: Control): Json {
  if (control instanceof HTMLInputElement && control.type === "checkbox") return control.checked;
  const text = control.value.trim();
  if (text === "") return null;
  return control.dataset.widget === "duration" ? entered(text) : text;
}

/** What a control holds, with the title of a lookup. */
function shownIn(control: Control): Json {
  const value = read(control);
  if (control instanceof HTMLInputElement && control.dataset.picked !== undefined) return picksIn(control);
  const text = control.parentElement?.querySelector<HTMLInputElement>('input[type="text"]');
  const isLookup = control instanceof HTMLInputElement && control.type === "hidden";
  return isLookup && value !== null ? { id: value, title: text?.value ?? "" } : value;
}

function write(control: Control, value: Json): void {
  if (control instanceof HTMLInputElement && control.type === "checkbox") {
    control.checked = value === true;
    return;
  }
  const sent = idOf(plain(value));
  const text = control.dataset.widget === "duration" ? lasting(sent) : sent;
  if (control.value === text) return;
  if (control instanceof HTMLInputElement && control.dataset.picked !== undefined) {
    showPicks(control, value);
    return;
  }
  if (control instanceof HTMLInputElement && control.dataset.ticked !== undefined) {
    showTicks(control, text);
    return;
  }
  control.value = text;
  control.dispatchEvent(new CustomEvent(RICH_SHOWN, { bubbles: false }));
  const title = titleOf(value);
  if (title !== null) {
    control.dispatchEvent(new CustomEvent("lookup:shown", { detail: title, bubbles: false }));
  }
}

function idOf(value: Json): string {
  if (value === null) return "";
  if (typeof value === "object" && "id" in value) {
    const id = typeof value.id === "string" ? value.id : "";
    return "object" in value && typeof value.object === "string" ? `${value.object}:${id}` : id;
  }
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
  const known = JSON.parse(labels) as Record<string, string>;
  if (output.dataset.many !== "yes") return known[value] ?? null;
  const values = value.split(";");
  const named = Object.entries(known).filter(([one]) => values.includes(one));
  return named.map(([, label]) => label).join(language() === "zh" ? "、" : ", ");
}
