/** Small helpers over the page; everything else in `src/` asks the DOM through these. */

export function one<T extends Element>(
  within: ParentNode,
  selector: string,
  type: new () => T,
): T | null {
  const found = within.querySelector(selector);
  return found instanceof type ? found : null;
}

export function all<T extends Element>(
  within: ParentNode,
  selector: string,
  type: new () => T,
): T[] {
  return [...within.querySelectorAll(selector)].filter((found): found is T => found instanceof type);
}

/** Read a `<script type="application/json">`; the server wrote it, so its form is known to callers. */
export function data(id: string): unknown {
  const element = document.getElementById(id);
  return element === null ? null : JSON.parse(element.textContent);
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLElement && target.isContentEditable)
  );
}

/** Say beside an input why something did not come to it; the element for its problems is `e-` with its id. */
export function tellAt(input: HTMLElement, text: string): void {
  const place = document.getElementById(`e-${input.id}`);
  if (place !== null) place.textContent = text;
}

/** Run `action` once calls have paused for `delay` milliseconds. */
export function debounced(delay: number, action: () => void): () => void {
  let timer: number | undefined;
  return () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(action, delay);
  };
}

export function csrfToken(): string {
  return one(document, 'meta[name="csrf-token"]', HTMLMetaElement)?.content ?? "";
}

/** Send JSON to our own server and read its JSON answer; null where it refused or is away. */
export async function ask<T>(address: string, body: unknown, signal: AbortSignal): Promise<T | null> {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrfToken() },
      body: JSON.stringify(body),
      credentials: "same-origin",
      signal,
    });
    return response.ok ? ((await response.json()) as T) : null;
  } catch {
    return null;
  }
}
