/** Rich text: an editor over the text area that is sent; without script the text area stays. */

import type { RichEditor } from "./rich_editor";
import { all, one } from "../page/dom";
import { word } from "../page/words";

/** What tells the editor that a rule or the server has put another text into the text area. */
export const RICH_SHOWN = "rich:shown";

/** Give the rich texts within an element their editor; its code is loaded only where there are any. */
export function wireRichTexts(within: ParentNode): void {
  for (const box of all(within, "[data-rich-text]", HTMLElement)) {
    if (box.dataset.wired === "yes") continue;
    box.dataset.wired = "yes";
    void load(box);
  }
}

async function load(box: HTMLElement): Promise<void> {
  const area = one(box, "textarea", HTMLTextAreaElement);
  const place = one(box, "[data-rich-place]", HTMLElement);
  const bar = one(box, "[data-rich-bar]", HTMLElement);
  if (area === null || place === null || bar === null) return;
  const { openEditor } = await import("./rich_editor");
  const editor = openEditor(place, area.value, {
    label: box.dataset.label ?? "",
    describedBy: area.getAttribute("aria-describedby") ?? "",
    invalid: area.getAttribute("aria-invalid") === "true",
    required: area.getAttribute("aria-required") === "true",
    written: (text) => {
      area.value = text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    },
    left: () => {
      area.dispatchEvent(new Event("change", { bubbles: true }));
    },
    marked: (states) => {
      for (const button of buttons(bar)) {
        button.setAttribute("aria-pressed", states.has(button.dataset.rich ?? "") ? "true" : "false");
      }
    },
  });
  wire(box, area, bar, editor);
}

function wire(box: HTMLElement, area: HTMLTextAreaElement, bar: HTMLElement, editor: RichEditor): void {
  const follow = (): void => {
    editor.allow(!area.disabled);
    for (const button of buttons(bar)) button.disabled = area.disabled;
  };
  follow();
  new MutationObserver(follow).observe(area, { attributeFilter: ["disabled"] });
  area.addEventListener(RICH_SHOWN, () => {
    editor.show(area.value);
  });
  area.addEventListener("focus", () => {
    editor.focus();
  });
  // The text keeps the focus, so that typing goes on where it was.
  bar.addEventListener("mousedown", (event) => {
    event.preventDefault();
  });
  bar.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.dataset.rich === "link") editor.link(window.prompt(word("js.rich_address"), editor.address()));
    else editor.run(button.dataset.rich ?? "");
  });
  bar.addEventListener("keydown", (event) => {
    walk(bar, event);
  });
  for (const label of area.labels) {
    label.addEventListener("click", () => {
      editor.focus();
    });
  }
  box.dataset.open = "yes";
}

/** A toolbar is one stop of the Tab key; arrows go within it. */
function walk(bar: HTMLElement, event: KeyboardEvent): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  const found = buttons(bar);
  const at = found.findIndex((button) => button === document.activeElement);
  const next = found[(at + step + found.length) % found.length];
  for (const button of found) button.tabIndex = button === next ? 0 : -1;
  next?.focus();
  event.preventDefault();
}

function buttons(bar: HTMLElement): HTMLButtonElement[] {
  return all(bar, "button[data-rich]", HTMLButtonElement);
}
