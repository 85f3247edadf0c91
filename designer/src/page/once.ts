/** A form is sent once: a second tap while the first is on its way does nothing. */

import { all } from "./dom";

export function startSendOnce(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset.sending === "yes") {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented) return;
    form.dataset.sending = "yes";
    form.setAttribute("aria-busy", "true");
  });
  // A page that comes back from the history cache can be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of all(document, "form[data-sending]", HTMLFormElement)) {
      delete form.dataset.sending;
      form.removeAttribute("aria-busy");
    }
  });
}
