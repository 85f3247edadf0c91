/** What formulas are shown with: one record for each object, the same in every place, and what is written for samples. */

import { useSyncExternalStore } from "react";
import type { Found } from "../../editors/flow/trying";
import type { Written } from "../../model/givens";

let samples: Readonly<Record<string, Found | null>> = {};
let givens: Readonly<Record<string, Written>> = {};
const NOTHING: Written = {};
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

/** Return what is written in place of samples, and what writes other texts; `key` says whose samples. */
export function useWritten(key: string): [Written, (written: Written) => void] {
  const held = useSyncExternalStore(subscribe, () => givens);
  const write = (written: Written): void => {
    givens = { ...givens, [key]: written };
    listeners.forEach((listener) => listener());
  };
  return [held[key] ?? NOTHING, write];
}
