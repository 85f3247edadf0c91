/** Deciding a task: what was said last is one tap away, and a rejection asks for its reason at once. */

import { one, tellAt } from "./dom";

const REASON = 5;

export function startDeciding(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const said = event.target.closest("[data-say]");
    if (said instanceof HTMLElement) say(said);
    const button = event.target.closest("[data-needs-reason]");
    if (button instanceof HTMLElement && !hasReason(button)) event.preventDefault();
  });
}

function say(button: HTMLElement): void {
  const field = one(document, `#${button.dataset.say ?? ""}`, HTMLTextAreaElement);
  if (field === null) return;
  field.value = button.textContent.trim();
  field.focus();
}

function hasReason(button: HTMLElement): boolean {
  const field = one(document, `#${button.dataset.needsReason ?? ""}`, HTMLTextAreaElement);
  if (field === null || Array.from(field.value.trim()).length >= REASON) return true;
  const help = document.getElementById(`${field.id}-help`);
  tellAt(field, help?.textContent ?? "");
  field.scrollIntoView({ block: "center" });
  field.focus();
  return false;
}
