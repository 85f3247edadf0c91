/** Fields with several values: checkboxes, and a hidden control that holds what is ticked as text. */

import { all, one } from "../page/dom";

const SEPARATOR = ";";

/** Take up what was ticked; return the control that holds it, or null where it was another input. */
export function takeTick(target: HTMLElement): HTMLInputElement | null {
  if (target.dataset.tick === undefined) return null;
  const group = target.closest("[data-ticks]");
  return group instanceof HTMLElement ? takeTicks(group) : null;
}

/** Write what is ticked in a group into its control. */
export function takeTicks(group: HTMLElement): HTMLInputElement | null {
  const held = one(group, "[data-ticked]", HTMLInputElement);
  if (held !== null) {
    const ticked = boxes(group).filter((box) => box.checked);
    held.value = joined(ticked.map((box) => box.dataset.tick ?? ""));
  }
  return held;
}

/** Tick what the control of a group is to hold. */
export function showTicks(held: HTMLInputElement, text: string): void {
  held.value = text;
  const group = held.closest("[data-ticks]");
  if (!(group instanceof HTMLElement)) return;
  const values = new Set(text.split(SEPARATOR));
  for (const box of boxes(group)) box.checked = values.has(box.dataset.tick ?? "");
}

/** Hide the boxes that cannot be ticked now; what a save would keep anyway, and what is ticked, stays. */
export function limitBoxes(held: HTMLElement, allowed: readonly string[] | null, kept: string): void {
  const group = held.closest("[data-ticks]");
  if (!(group instanceof HTMLElement) || group.dataset.dependsOn !== undefined) return;
  const offered = new Set([...(allowed ?? []), ...kept.split(SEPARATOR)]);
  for (const box of boxes(group)) {
    const label = box.closest("label");
    if (label === null) continue;
    label.hidden = allowed !== null && !box.checked && !offered.has(box.dataset.tick ?? "");
  }
}

/** Values as formulas see them: one text, sorted. */
export function joined(values: readonly string[]): string {
  return [...values].sort((one, other) => (one < other ? -1 : 1)).join(SEPARATOR);
}

export function boxes(group: HTMLElement): HTMLInputElement[] {
  return all(group, "input[data-tick]", HTMLInputElement);
}
