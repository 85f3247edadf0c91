/** Search everything: suggestions while typing, as an ARIA combobox. Without script the form is sent. */

import { debounced, one } from "./dom";
import { word } from "./words";

interface Group {
  readonly label: string;
  readonly address: string;
  readonly more: boolean;
  readonly items: readonly { title: string; detail: string; address: string }[];
}

const PAUSE = 180;

class Search {
  private readonly list = document.createElement("div");
  private active = -1;
  private running: AbortController | null = null;

  constructor(
    private readonly input: HTMLInputElement,
    private readonly address: string,
  ) {
    this.list.id = "search-suggestions";
    this.list.className = "choices suggestions";
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", word("js.choices"));
    input.after(this.list);
    for (const [name, value] of [
      ["role", "combobox"],
      ["aria-autocomplete", "list"],
      ["aria-expanded", "false"],
      ["aria-controls", this.list.id],
      ["autocomplete", "off"],
    ] as const) {
      input.setAttribute(name, value);
    }
    const ask = debounced(PAUSE, () => void this.ask());
    input.addEventListener("input", ask);
    input.addEventListener("focus", () => {
      if (this.list.childElementCount > 0 && input.value.trim() !== "") this.open();
    });
    input.addEventListener("keydown", (event) => {
      this.key(event);
    });
    input.addEventListener("blur", () => {
      this.close();
    });
    // A press must not take the focus from the input: the list would close before the click.
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
    });
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing || this.list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.point(this.active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && this.active >= 0) {
      event.preventDefault();
      this.options()[this.active]?.click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  private async ask(): Promise<void> {
    this.running?.abort();
    const text = this.input.value.trim();
    if (text === "") {
      this.list.replaceChildren();
      this.close();
      return;
    }
    const running = new AbortController();
    this.running = running;
    const groups = await suggested(`${this.address}?q=${encodeURIComponent(text)}`, running.signal);
    if (running.signal.aborted || groups === null) return;
    this.render(groups, text);
    if (document.activeElement === this.input) this.open();
  }

  private render(groups: readonly Group[], text: string): void {
    const parts = groups.flatMap((group) => {
      const links = group.items.map((item) => option(item.address, item.title, item.detail));
      if (group.more) {
        const all = option(group.address, word("js.search_more", { objects: group.label }), "");
        all.classList.add("note");
        links.push(all);
      }
      return [heading(group.label), ...links];
    });
    const form = this.input.form;
    const everything = option(
      `${form?.getAttribute("action") ?? ""}?q=${encodeURIComponent(text)}`,
      parts.length === 0 ? word("js.no_choices") : word("js.search_all", { text }),
      "",
    );
    everything.classList.add("note");
    this.list.replaceChildren(...parts, everything);
    this.options().forEach((found, index) => {
      found.id = `${this.list.id}-${index}`;
    });
    this.point(-1);
  }

  private options(): HTMLAnchorElement[] {
    return [...this.list.querySelectorAll("a")];
  }

  private point(index: number): void {
    const options = this.options();
    this.active = Math.min(Math.max(index, -1), options.length - 1);
    options.forEach((found, position) => {
      found.setAttribute("aria-selected", String(position === this.active));
    });
    const active = options[this.active];
    if (active === undefined) this.input.removeAttribute("aria-activedescendant");
    else {
      this.input.setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    }
  }

  private open(): void {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  private close(): void {
    this.list.hidden = true;
    this.point(-1);
    this.input.setAttribute("aria-expanded", "false");
  }
}

function option(address: string, title: string, detail: string): HTMLAnchorElement {
  const link = document.createElement("a");
  link.href = address;
  link.tabIndex = -1;
  link.setAttribute("role", "option");
  link.setAttribute("aria-selected", "false");
  const text = document.createElement("span");
  text.textContent = title;
  link.append(text);
  if (detail !== "") {
    const more = document.createElement("small");
    more.textContent = detail;
    link.append(more);
  }
  return link;
}

function heading(text: string): HTMLElement {
  const element = document.createElement("div");
  element.className = "suggestions-group";
  element.setAttribute("role", "presentation");
  element.textContent = text;
  return element;
}

async function suggested(address: string, signal: AbortSignal): Promise<readonly Group[] | null> {
  try {
    const headers = { Accept: "application/json" };
    const response = await fetch(address, { headers, credentials: "same-origin", signal });
    return response.ok ? ((await response.json()) as { groups: Group[] }).groups : null;
  } catch {
    // Aborted by the next letter, or away: the form can still be sent.
    return null;
  }
}

export function startSearch(): void {
  const input = one(document, "input[data-search]", HTMLInputElement);
  const address = input?.dataset.search;
  if (input !== null && address !== undefined && address !== "") new Search(input, address);
}
