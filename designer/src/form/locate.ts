/** The button beside a position that takes the device's own. */

import { one, tellAt } from "../page/dom";
import { word } from "../page/words";

/** Degrees with the six digits that are kept. */
const DIGITS = 6;
const PATIENCE = 15_000;

/** Offer the buttons of a page, also those that come to it later, where the device can tell its position. */
export function startLocating(): void {
  if (!("geolocation" in navigator)) return;
  document.documentElement.dataset.locates = "yes";
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-locate]") : null;
    if (button instanceof HTMLButtonElement) locate(button);
  });
}

function locate(button: HTMLButtonElement): void {
  const box = button.closest("[data-located]");
  const input = box === null ? null : one(box, "input", HTMLInputElement);
  if (input === null || input.disabled) return;
  button.disabled = true;
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      button.disabled = false;
      input.value = `${coords.latitude.toFixed(DIGITS)},${coords.longitude.toFixed(DIGITS)}`;
      for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
    },
    () => {
      button.disabled = false;
      tellAt(input, word("js.no_position"));
      input.focus();
    },
    { enableHighAccuracy: true, timeout: PATIENCE },
  );
}
