/** Whether the guide is shown: kept by the browser, so that it is as it was left. */

const KEY = "headrace.guide";

const listeners = new Set<() => void>();
let open = read();

function read(): boolean {
  try {
    return window.localStorage.getItem(KEY) === "open";
  } catch {
    return false;
  }
}

export function isOpen(): boolean {
  return open;
}

export function setOpen(wanted: boolean): void {
  open = wanted;
  try {
    window.localStorage.setItem(KEY, wanted ? "open" : "closed");
  } catch {
    // Where nothing may be kept, it is open until the page is left.
  }
  for (const listener of listeners) listener();
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
