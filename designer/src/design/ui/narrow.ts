/** Whether the page is as narrow as a phone: its parts stand below each other then. */

import { useSyncExternalStore } from "react";

const NARROW = window.matchMedia("(max-width: 900px)");

function subscribe(listener: () => void): () => void {
  NARROW.addEventListener("change", listener);
  return () => NARROW.removeEventListener("change", listener);
}

export function isNarrow(): boolean {
  return NARROW.matches;
}

export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, isNarrow);
}
