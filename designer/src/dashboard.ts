/**
 * The tiles of a dashboard: each asks for what it shows by itself. Charts are drawn as they come, and
 * what draws them is loaded only where there is one.
 */

import { all, one } from "./page/dom";

const TILE = "[data-tile]";

function tileOf(event: Event): HTMLElement | null {
  const target = event.target;
  return target instanceof Element ? target.closest<HTMLElement>(TILE) : null;
}

async function came(tile: HTMLElement): Promise<void> {
  if (one(tile, "[data-waiting]", HTMLElement) !== null) return;
  tile.removeAttribute("aria-busy");
  if (all(tile, "[data-chart]", HTMLElement).length === 0) return;
  const { drawCharts } = await import("./page/charts");
  drawCharts(tile);
}

function failed(tile: HTMLElement): void {
  tile.removeAttribute("aria-busy");
  one(tile, "[data-waiting]", HTMLElement)?.remove();
  one(tile, "[data-failed]", HTMLElement)?.removeAttribute("hidden");
}

document.addEventListener("htmx:after:swap", (event) => {
  const tile = tileOf(event);
  if (tile !== null) void came(tile);
});
for (const name of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(name, (event) => {
    const tile = tileOf(event);
    if (tile !== null) failed(tile);
  });
}
