/** The keyboard stays with what it moves: the element that stands at the new place gets the focus. */

import { useEffect, useRef } from "react";

/** Return a function that focuses the element with `data-place` after the next drawing. */
export function useFollowing(): (place: string) => void {
  const wanted = useRef<string | null>(null);
  useEffect(() => {
    if (wanted.current === null) return;
    const found = document.querySelector(`[data-place="${CSS.escape(wanted.current)}"]`);
    wanted.current = null;
    if (found instanceof HTMLElement) found.focus();
  });
  return (place) => {
    wanted.current = place;
  };
}
