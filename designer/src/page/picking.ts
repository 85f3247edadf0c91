/**
 * Choosing rows of a list: the column of boxes appears with the first one (`x`, or the button), and with it
 * what can be done to all that are chosen.
 */

import { all, one } from "./dom";

/** What is chosen: a row of a list, or a card. */
const ROW = ".rows tbody tr, [data-pick-row]";

export function startPicking(): void {
  const form = one(document, "#bulk-form", HTMLFormElement);
  if (form !== null) new Picking(form).start();
}

/** Choose the row that has the focus, or let go of it. */
export function pickFocused(): boolean {
  const row = document.activeElement?.closest(ROW) ?? null;
  const box = row === null ? null : one(row, "input[data-pick]", HTMLInputElement);
  if (box === null) return false;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

class Picking {
  /** Whether rows are being chosen, also while none is. */
  private on = false;

  constructor(private readonly form: HTMLFormElement) {}

  start(): void {
    document.addEventListener("change", (event) => {
      const box = event.target;
      if (!(box instanceof HTMLInputElement)) return;
      if (box.dataset.pickPage !== undefined) this.pickPage(box.checked);
      if (box.dataset.pick !== undefined || box.dataset.pickPage !== undefined) this.changed();
    });
    document.addEventListener("click", (event) => {
      const target = event.target;
      if (!(target instanceof Element)) return;
      if (target.closest("[data-select]") !== null) this.turn(!this.on);
      else if (target.closest("[data-pick-none]") !== null) this.turn(false);
      else if (target.closest("[data-pick-all]") !== null) this.pickAll();
      else this.tapped(event, target);
    });
    // Searching while typing brings other rows: what was chosen is gone with the old ones.
    document.addEventListener("htmx:after:swap", () => {
      this.takeQuery();
      this.turn(this.on);
    });
    window.addEventListener("pageshow", () => {
      this.changed();
    });
    this.turn(this.boxes().some((box) => box.checked));
  }

  private boxes(): HTMLInputElement[] {
    return all(document, "input[data-pick]", HTMLInputElement);
  }

  /** While rows are chosen, a tap anywhere on one is meant for its box. */
  private tapped(event: Event, target: Element): void {
    if (!this.on || target.closest("label, button, summary, input") !== null) return;
    const row = target.closest(ROW);
    const box = row === null ? null : one(row, "input[data-pick]", HTMLInputElement);
    if (box === null) return;
    event.preventDefault();
    box.checked = !box.checked;
    this.changed();
  }

  private pickPage(checked: boolean): void {
    for (const box of this.boxes()) box.checked = checked;
  }

  private pickAll(): void {
    this.pickPage(true);
    this.show();
    const value = one(this.form, "[data-pick-all-value]", HTMLInputElement);
    if (value !== null) value.value = "1";
    const button = one(this.form, "[data-pick-all]", HTMLButtonElement);
    button?.setAttribute("aria-pressed", "true");
    const told = one(this.form, "[data-picked]", HTMLElement);
    if (told !== null && button !== null) told.textContent = button.textContent;
  }

  private changed(): void {
    if (this.boxes().some((box) => box.checked)) this.on = true;
    this.show();
  }

  private turn(on: boolean): void {
    this.on = on;
    if (!on) this.pickPage(false);
    this.show();
  }

  private show(): void {
    const boxes = this.boxes();
    const count = boxes.filter((box) => box.checked).length;
    document.getElementById("rows")?.classList.toggle("picking", this.on);
    for (const button of all(document, "[data-select]", HTMLButtonElement)) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(this.on));
    }
    const page = one(document, "[data-pick-page]", HTMLInputElement);
    if (page !== null) {
      page.checked = count > 0 && count === boxes.length;
      page.indeterminate = count > 0 && count < boxes.length;
    }
    this.label();
    const value = one(this.form, "[data-pick-all-value]", HTMLInputElement);
    if (value !== null) value.value = "";
    one(this.form, "[data-pick-all]", HTMLButtonElement)?.setAttribute("aria-pressed", "false");
    const told = one(this.form, "[data-picked]", HTMLElement);
    if (told !== null) told.textContent = (told.dataset.one ?? "").replace("{count}", String(count));
    this.form.hidden = count === 0;
  }

  /** Say how many records the whole list has. */
  private label(): void {
    const button = one(this.form, "[data-pick-all]", HTMLButtonElement);
    const count = document.getElementById("rows")?.dataset.count ?? "";
    if (button === null) return;
    button.textContent = (button.dataset.all ?? "").replace("{count}", count);
  }

  /** The address says what the list shows now. */
  private takeQuery(): void {
    const query = one(this.form, "[data-list-query]", HTMLInputElement);
    if (query !== null) query.value = location.search.replace(/^\?/, "");
  }
}
