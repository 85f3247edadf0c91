/** Keyboard shortcuts: `/` search, `j k` rows, `g` then a letter, `?` help, single letters for actions. */

import { all, isTyping, one } from "./dom";
import { pickFocused } from "./picking";

const GO_WINDOW = 1200;

export function startKeyboard(): void {
  let goUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && leaveField(event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") !== null && event.key !== "?") return;
    const going = event.timeStamp < goUntil;
    goUntil = event.key === "g" && !going ? event.timeStamp + GO_WINDOW : 0;
    const handled = going ? go(event.key) : act(event.key);
    if (handled || event.key === "g") event.preventDefault();
  });
  for (const button of all(document, "[data-shortcuts]", HTMLButtonElement)) {
    button.addEventListener("click", showHelp);
  }
}

function leaveField(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLInputElement) || target.dataset.search === undefined) return false;
  target.blur();
  return true;
}

function act(key: string): boolean {
  switch (key) {
    case "/":
      return focus(one(document, "[data-search]", HTMLInputElement));
    case "j":
      return move(1);
    case "k":
      return move(-1);
    case "x":
      return pickFocused();
    case "?":
      showHelp();
      return true;
    default:
      return press(`[data-key="${CSS.escape(key)}"]`);
  }
}

function go(key: string): boolean {
  return press(`[data-go="${CSS.escape(key)}"]`);
}

/** Press what a key stands for; what belongs to one card only while the focus is within that card. */
function press(selector: string): boolean {
  const card = document.activeElement?.closest("[data-card]") ?? null;
  const found = all(document, selector, HTMLElement).filter((one) => one.checkVisibility());
  const target =
    found.find((one) => one.closest("[data-card]") === null) ??
    found.find((one) => card !== null && one.closest("[data-card]") === card);
  target?.click();
  return target !== undefined;
}

function focus(target: HTMLElement | null): boolean {
  target?.focus();
  if (target instanceof HTMLInputElement) target.select();
  return target !== null;
}

/** Move among the links of the rows of a list. */
function move(step: 1 | -1): boolean {
  const links = all(document, "[data-row-link]", HTMLElement).filter((link) => link.checkVisibility());
  const active = document.activeElement;
  const at = links.findIndex((link) => link === active);
  const next = links[at === -1 ? (step === 1 ? 0 : links.length - 1) : at + step];
  next?.scrollIntoView({ block: "nearest" });
  return focus(next ?? null);
}

function showHelp(): void {
  const dialog = one(document, "dialog#shortcuts", HTMLDialogElement);
  if (dialog === null) return;
  if (dialog.open) dialog.close();
  else dialog.showModal();
}
