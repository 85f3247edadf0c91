/** The records that formulas are shown with: one for each object, the same in every place. */

import { useSyncExternalStore } from "react";
import type { Found } from "../../editors/flow/trying";

let samples: Readonly<Record<string, Found | null>> = {};
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Return the record chosen for an object, null for the newest, and what chooses another one. */
export function useSample(object: string): [Found | null, (found: Found | null) => void] {
  const held = useSyncExternalStore(subscribe, () => samples);
  const choose = (found: Found | null): void => {
    samples = { ...samples, [object]: found };
    listeners.forEach((listener) => listener());
  };
  return [held[object] ?? null, choose];
}
