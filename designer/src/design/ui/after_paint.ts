/** A value for what takes long to draw: it follows once everything else of the same change is on the screen. */

import { useEffect, useState } from "react";

/** Return `value`, or the former one until the page was painted after its `key` changed. */
export function useAfterPaint<T>(value: T, key: string): T {
  const [known, setKnown] = useState({ value, key });
  useEffect(() => {
    if (key === known.key) return;
    let wait = 0;
    const frame = window.requestAnimationFrame(() => {
      wait = window.setTimeout(() => setKnown({ value, key }));
    });
    return () => {
      window.cancelAnimationFrame(frame);
      window.clearTimeout(wait);
    };
  }, [value, key, known.key]);
  return known.value;
}
