/** Fields that are set in several records: what is entered is ticked, and lookups know what is entered. */

import type { Json } from "../formula/evaluate";
import { all, one } from "../page/dom";
import { Lookup } from "./lookup";
import { takeTick } from "./ticks";

export function startBulkFields(): void {
  for (const form of all(document, "form[data-bulk-fields]", HTMLFormElement)) {
    for (const element of all(form, "[data-lookup]", HTMLElement)) {
      Lookup.of(element, () => valuesOf(form));
    }
    for (const kind of ["input", "change"]) {
      form.addEventListener(kind, (event) => {
        if (event.target instanceof HTMLElement) tick(event.target);
      });
    }
    form.dataset.ready = "yes";
  }
}

function tick(target: HTMLElement): void {
  const field = target.closest("[data-field]");
  const box = field === null ? null : one(field, ".bulk-tick input", HTMLInputElement);
  if (box === null || box === target) return;
  takeTick(target);
  box.checked = true;
}

function valuesOf(form: HTMLFormElement): Record<string, Json> {
  const values: Record<string, Json> = {};
  for (const control of all(form, "[data-name]", HTMLElement)) {
    const name = control.dataset.name;
    const value = (control as HTMLInputElement | HTMLSelectElement).value;
    if (name !== undefined && value !== "") values[name] = value;
  }
  return values;
}
