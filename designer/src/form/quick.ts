/**
 * A new record in a panel over the form, for a lookup: the server's form in a dialog, which a phone shows as a
 * page. The form behind keeps all that was entered; the way back of a phone closes the panel.
 */

import { all, csrfToken, one } from "../page/dom";
import { word } from "../page/words";
import type { LiveForm } from "./model";

export interface Made {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
}

/** Brings the form in the panel to life. */
export type Start = (form: HTMLFormElement, model: LiveForm) => void;

const PREFIX = "quick-";
const NAMED = ["for", "aria-describedby", "aria-labelledby", "aria-controls"];
const CREATED = 201;

/** Open the panel; the promise is what was made, null where it was left. */
export async function openQuick(address: string, body: unknown, start: Start): Promise<Made | null> {
  const response = await send(address, JSON.stringify(body), "application/json");
  if (!response?.ok) {
    window.alert(word("js.quick_failed"));
    return null;
  }
  return new Panel(start).open(await response.text());
}

class Panel {
  private readonly dialog = document.createElement("dialog");
  private sending = false;
  private finish: (made: Made | null) => void = () => undefined;

  constructor(private readonly start: Start) {
    this.dialog.className = "quick";
    this.dialog.setAttribute("aria-labelledby", `${PREFIX}quick-heading`);
    this.dialog.addEventListener("click", (event) => {
      if ((event.target as Element).closest("[data-quick-close]") !== null) this.close(null);
    });
    // Escape leaves, as the button does.
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close(null);
    });
    this.dialog.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (event.target instanceof HTMLFormElement) void this.save(event.target, event.submitter);
    });
  }

  open(html: string): Promise<Made | null> {
    document.body.append(this.dialog);
    this.show(html);
    this.dialog.showModal();
    this.focus();
    history.pushState({ quick: true }, "");
    window.addEventListener("popstate", this.left);
    return new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  private readonly left = (): void => {
    this.end(null);
  };

  /** Take the entry of the history away again; that ends the panel. */
  private close(made: Made | null): void {
    if (!this.dialog.open) return;
    window.removeEventListener("popstate", this.left);
    history.back();
    this.end(made);
  }

  private end(made: Made | null): void {
    window.removeEventListener("popstate", this.left);
    this.dialog.close();
    this.dialog.remove();
    this.finish(made);
  }

  /** Put the server's form in; its ids get a prefix, as the page behind has the same ones. */
  private show(html: string): void {
    const parsed = new DOMParser().parseFromString(html, "text/html").body;
    rename(parsed);
    for (const template of all(parsed, "template", HTMLTemplateElement)) rename(template.content);
    const model = one(parsed, "script[data-quick-model]", HTMLScriptElement);
    this.dialog.replaceChildren(...parsed.childNodes);
    const form = one(this.dialog, "form", HTMLFormElement);
    if (form !== null && model !== null) this.start(form, JSON.parse(model.textContent) as LiveForm);
    this.dialog.scrollTop = 0;
  }

  private focus(): void {
    const problems = one(this.dialog, `#${PREFIX}problems`, HTMLElement);
    const first = this.dialog.querySelector<HTMLElement>(
      ".field input:not([type=hidden]):not([disabled]), .field select, .field textarea",
    );
    (problems ?? first)?.focus();
  }

  private async save(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    form.setAttribute("aria-busy", "true");
    const fields = new FormData(form, submitter);
    const response = await send(form.action, encoded(fields), null);
    this.sending = false;
    form.removeAttribute("aria-busy");
    if (response === null || response.redirected) {
      window.alert(word("js.away"));
    } else if (response.status === CREATED) {
      const answer = (await response.json()) as { readonly chosen: Made | null };
      this.close(answer.chosen);
    } else if (response.headers.get("Content-Type")?.startsWith("text/html") === true) {
      this.show(await response.text());
      this.focus();
    }
  }
}

/** What the form holds; files were sent when they were chosen, only their ids go along. */
function encoded(fields: FormData): BodyInit {
  const pairs = [...fields].flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value]] : [],
  );
  return new URLSearchParams(pairs);
}

async function send(address: string, body: BodyInit, type: string | null): Promise<Response | null> {
  const headers: Record<string, string> = { "X-CSRF-Token": csrfToken() };
  if (type !== null) headers["Content-Type"] = type;
  try {
    return await fetch(address, { method: "POST", headers, body, credentials: "same-origin" });
  } catch {
    return null;
  }
}

function rename(within: ParentNode): void {
  for (const element of all(within, "[id]", Element)) element.id = PREFIX + element.id;
  for (const name of NAMED) {
    for (const element of all(within, `[${name}]`, Element)) {
      const ids = (element.getAttribute(name) ?? "").split(/\s+/).filter((id) => id !== "");
      element.setAttribute(name, ids.map((id) => PREFIX + id).join(" "));
    }
  }
  for (const link of all(within, "a[href^='#']", HTMLAnchorElement)) {
    link.setAttribute("href", `#${PREFIX}${(link.getAttribute("href") ?? "").slice(1)}`);
  }
}
