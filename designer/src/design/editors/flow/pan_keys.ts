/** Keys that move and zoom a drawing: arrows, plus and minus, zero for all of it. */

import { useReactFlow } from "@xyflow/react";
import type { KeyboardEvent } from "react";

const STEP = 60;

/** Return what hears the keys of a drawing; `fit` brings all of it into its frame. */
export function usePanKeys(fit: () => void): (event: KeyboardEvent) => void {
  const flow = useReactFlow();
  return (event) => {
    if (event.target instanceof HTMLElement && event.target.closest("input, select, textarea")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { x, y, zoom } = flow.getViewport();
    const move = (dx: number, dy: number): void => void flow.setViewport({ x: x + dx, y: y + dy, zoom });
    if (event.key === "+" || event.key === "=") void flow.zoomIn();
    else if (event.key === "-") void flow.zoomOut();
    else if (event.key === "0") fit();
    else if (event.key === "ArrowLeft") move(STEP, 0);
    else if (event.key === "ArrowRight") move(-STEP, 0);
    else if (event.key === "ArrowUp") move(0, STEP);
    else if (event.key === "ArrowDown") move(0, -STEP);
    else return;
    event.preventDefault();
  };
}
