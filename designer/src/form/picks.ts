/**
 * Fields with several references: a chip for each record, and a lookup that adds more. Without script
 * the chips are boxes that can be unticked, and codes typed between semicolons are added by the server.
 */

import type { Json } from "../formula/evaluate";
import { all, one } from "../page/dom";

const SEPARATOR = ";";

interface Picked {
  readonly id: string;
  readonly title: string;
}

/** Take up what was picked or unticked; return the control that holds it, or null for other inputs. */
export function takePick(target: HTMLElement): HTMLInputElement | null {
  const group = target.closest("[data-picks]");
  if (!(group instanceof HTMLElement)) return null;
  const held = heldBy(group);
  if (held === null || target.dataset.name !== undefined) return held;
  if (target instanceof HTMLInputElement && target.type === "hidden") add(group, target);
  else if (target instanceof HTMLInputElement && target.dataset.chip !== undefined) remove(target);
  held.value = idsOf(picked(group));
  return held;
}

/** Show chips for what a control is to hold: records with titles, or ids of those that are shown. */
export function showPicks(held: HTMLInputElement, value: Json): void {
  const group = held.closest("[data-picks]");
  if (!(group instanceof HTMLElement)) return;
  const known = new Map(picked(group).map((each) => [each.id, each.title]));
  const wanted = pickedIn(value, known);
  list(group)?.replaceChildren(...wanted.map((each) => chip(group, each)));
  held.value = idsOf(wanted);
}

/** What a control holds, with the titles. */
export function picksIn(held: HTMLInputElement): Json {
  const group = held.closest("[data-picks]");
  const found = group instanceof HTMLElement ? picked(group) : [];
  return found.length === 0 ? null : found.map(({ id, title }) => ({ id, title }));
}

/** The ids of a list of references as formulas see them: one text, in order; null for other values. */
export function listed(value: Json): string | null {
  if (!Array.isArray(value)) return null;
  const ids = (value as readonly Json[]).flatMap((each) => {
    const id = typeof each === "object" && each !== null && "id" in each ? each.id : null;
    return typeof id === "string" ? [id] : [];
  });
  return ids.length > 0 && ids.length === value.length ? ids.join(SEPARATOR) : null;
}

function add(group: HTMLElement, lookup: HTMLInputElement): void {
  const text = one(group, "input[type=text]", HTMLInputElement);
  if (lookup.value === "") return;
  if (picked(group).every((each) => each.id !== lookup.value)) {
    list(group)?.append(chip(group, { id: lookup.value, title: text?.value ?? "" }));
  }
  lookup.value = "";
  lookup.dispatchEvent(new CustomEvent("lookup:shown", { detail: "", bubbles: false }));
}

function remove(box: HTMLInputElement): void {
  if (box.checked) return;
  const item = box.closest("li");
  const next = item?.nextElementSibling ?? item?.previousElementSibling ?? null;
  const group = box.closest("[data-picks]");
  item?.remove();
  const heir =
    next?.querySelector<HTMLInputElement>("input") ??
    group?.querySelector<HTMLInputElement>("input[type=text]");
  heir?.focus();
}

function chip(group: HTMLElement, each: Picked): HTMLLIElement {
  const item = document.createElement("li");
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.name = `${nameOf(group)}:=${each.id}`;
  box.value = each.title;
  box.checked = true;
  box.dataset.chip = each.id;
  const text = document.createElement("span");
  text.textContent = each.title === "" ? each.id : each.title;
  label.append(box, text);
  item.append(label);
  return item;
}

/** The name under which a group is sent, from the mark that it was on the form. */
function nameOf(group: HTMLElement): string {
  const mark = all(group, "input[type=hidden]", HTMLInputElement).find((each) =>
    each.name.endsWith(":sent"),
  );
  return mark?.name.slice(0, -":sent".length) ?? "";
}

function picked(group: HTMLElement): Picked[] {
  return all(group, "input[data-chip]", HTMLInputElement)
    .filter((box) => box.checked)
    .map((box) => ({ id: box.dataset.chip ?? "", title: box.value }));
}

function pickedIn(value: Json, known: ReadonlyMap<string, string>): Picked[] {
  if (typeof value === "string") {
    const ids = value.split(SEPARATOR).filter((id) => id !== "");
    return ids.map((id) => ({ id, title: known.get(id) ?? "" }));
  }
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).flatMap((each) => {
    if (typeof each !== "object" || each === null || !("id" in each)) return [];
    const { id, title } = each;
    if (typeof id !== "string") return [];
    return [{ id, title: typeof title === "string" ? title : (known.get(id) ?? "") }];
  });
}

function heldBy(group: HTMLElement): HTMLInputElement | null {
  return one(group, "[data-picked]", HTMLInputElement);
}

function list(group: HTMLElement): HTMLUListElement | null {
  return one(group, "ul", HTMLUListElement);
}

function idsOf(found: readonly Picked[]): string {
  return found.map((each) => each.id).join(SEPARATOR);
}
