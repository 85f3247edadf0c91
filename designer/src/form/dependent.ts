/** Choices that depend on another field: only what is allowed now can be picked; the server checks it. */

import type { Json } from "../formula/evaluate";
import { all, one } from "../page/dom";
import type { Scope } from "./scope";
import { boxes, takeTicks } from "./ticks";

type Allowed = Readonly<Record<string, readonly string[]>>;

interface Kept {
  readonly deciding: string;
  readonly value: string;
}

/** What stood in each choice at first: a record keeps it while nothing changes. */
const kept = new WeakMap<HTMLSelectElement, Kept>();
const keptTicks = new WeakMap<HTMLElement, { readonly deciding: string; readonly values: readonly string[] }>();

/** Offer what each choice of a record or row allows now; return whether a value was taken away. */
export function limitChoices(scope: Scope): boolean {
  let emptied = false;
  for (const select of all(scope.element, "select[data-depends-on]", HTMLSelectElement)) {
    if (!scope.holds(select) || select.disabled) continue;
    const deciding = textOf(scope.values().get(select.dataset.dependsOn ?? "") ?? null);
    const first = kept.get(select) ?? { deciding, value: select.value };
    kept.set(select, first);
    const allowed = allowedBy(select, deciding);
    if (first.deciding === deciding && first.value !== "") allowed.add(first.value);
    if (offer(select, allowed)) {
      scope.touched.add(select.dataset.name ?? "");
      emptied = true;
    }
  }
  for (const group of all(scope.element, "[data-ticks][data-depends-on]", HTMLElement)) {
    if (scope.holds(group) && !isOff(group) && limitTicks(scope, group)) emptied = true;
  }
  return emptied;
}

/** The same for a field with several values: each is judged by itself. */
function limitTicks(scope: Scope, group: HTMLElement): boolean {
  const deciding = textOf(scope.values().get(group.dataset.dependsOn ?? "") ?? null);
  const first = keptTicks.get(group) ?? { deciding, values: ticked(group) };
  keptTicks.set(group, first);
  const allowed = allowedBy(group, deciding);
  if (first.deciding === deciding) for (const value of first.values) allowed.add(value);
  let emptied = false;
  for (const box of boxes(group)) {
    const off = !allowed.has(box.dataset.tick ?? "");
    const label = box.closest("label");
    if (label !== null) label.hidden = off;
    box.disabled = off;
    if (off && box.checked) {
      box.checked = false;
      emptied = true;
    }
  }
  const held = emptied ? takeTicks(group) : null;
  if (held !== null) scope.touched.add(held.dataset.name ?? "");
  return emptied;
}

/** A field that is hidden or locked is left as it is. */
function isOff(group: HTMLElement): boolean {
  return one(group, "[data-ticked]", HTMLInputElement)?.disabled === true;
}

function ticked(group: HTMLElement): string[] {
  return boxes(group)
    .filter((box) => box.checked)
    .map((box) => box.dataset.tick ?? "");
}

function allowedBy(select: HTMLElement, deciding: string): Set<string> {
  const table = JSON.parse(select.dataset.allowed ?? "{}") as Allowed;
  return new Set(Object.hasOwn(table, deciding) ? table[deciding] : []);
}

/** Hide what is not allowed; empty the choice where it stood on such a value. */
function offer(select: HTMLSelectElement, allowed: ReadonlySet<string>): boolean {
  for (const option of select.options) {
    const off = option.value !== "" && !allowed.has(option.value);
    option.hidden = off;
    option.disabled = off;
  }
  if (select.value === "" || allowed.has(select.value)) return false;
  select.value = "";
  return true;
}

function textOf(value: Json): string {
  return value === null || typeof value === "object" ? "" : String(value);
}
