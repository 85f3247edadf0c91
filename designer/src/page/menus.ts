/** Menus are `<details>`: they open without script; with it, Escape and a click elsewhere close them. */

import { all, one } from "./dom";

export function startMenus(): void {
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) {
      if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      one(menu, "summary", HTMLElement)?.focus();
    }
  });
  for (const field of all(document, "[data-submit-on-change]", HTMLSelectElement)) {
    field.addEventListener("change", () => {
      field.form?.requestSubmit();
    });
  }
}

function openMenus(): HTMLDetailsElement[] {
  return all(document, "details.menu[open]", HTMLDetailsElement);
}
