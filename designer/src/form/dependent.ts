/** Choices that depend on another field: only what is allowed now can be picked; the server checks it. */

import type { Json } from "../formula/evaluate";
import { all } from "../page/dom";
import type { Scope } from "./scope";

type Allowed = Readonly<Record<string, readonly string[]>>;

interface Kept {
  readonly deciding: string;
  readonly value: string;
}

/** What stood in each choice at first: a record keeps it while nothing changes. */
const kept = new WeakMap<HTMLSelectElement, Kept>();

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
  return emptied;
}

function allowedBy(select: HTMLSelectElement, deciding: string): Set<string> {
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
