// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import "../src/dashboard";

const TILE = `<div data-tile aria-busy="true">
  <p data-waiting>Loading…</p>
  <p data-failed hidden>Could not be loaded.</p>
</div>`;

function tiles(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-tile]")];
}

function tell(tile: HTMLElement | undefined, name: string): void {
  tile?.dispatchEvent(new CustomEvent(name, { bubbles: true }));
}

beforeEach(() => {
  document.body.innerHTML = TILE + TILE;
});

describe("a tile of a dashboard", () => {
  it("is busy until its report came", () => {
    const [first, second] = tiles();
    first?.replaceChildren("3,307.00");
    tell(first, "htmx:after:swap");
    expect(first?.hasAttribute("aria-busy")).toBe(false);
    expect(second?.hasAttribute("aria-busy")).toBe(true);
  });

  it.each(["htmx:response:error", "htmx:error"])("says by itself that it failed: %s", (name) => {
    const [first, second] = tiles();
    tell(first, name);
    expect(first?.querySelector("[data-waiting]")).toBeNull();
    expect(first?.querySelector("[data-failed]")?.hasAttribute("hidden")).toBe(false);
    expect(second?.querySelector("[data-failed]")?.hasAttribute("hidden")).toBe(true);
  });
});
