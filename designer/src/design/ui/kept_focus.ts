/** The focus is never lost: where what had it goes away or can no longer be pressed, its neighbour gets it. */

import { useEffect } from "react";

const FOCUSABLE = [
  "button:not(:disabled)",
  "input:not(:disabled)",
  "select:not(:disabled)",
  "textarea:not(:disabled)",
  "a[href]",
  "summary",
  "[tabindex='0']",
].join(",");

/** An element around what has the focus, and which of its children led there. */
interface Step {
  readonly around: Element;
  readonly index: number;
}

export function useKeptFocus(): void {
  useEffect(() => {
    const root = document.getElementById("studio");
    if (root === null) return;
    let held: Element | null = null;
    let trail: readonly Step[] = [];
    const hold = (event: FocusEvent): void => {
      if (!(event.target instanceof Element)) return;
      held = event.target;
      trail = trailOf(event.target, root);
    };
    // Whoever presses beside everything wants no focus; what is focused by that press is held next.
    const letGo = (): void => {
      held = null;
    };
    const look = (): void => {
      if (held === null || document.activeElement !== document.body || isUsable(held)) return;
      neighbourOf(held, trail)?.focus();
    };
    // After those that know better where the focus goes, such as a moved field.
    const watch = new MutationObserver(() => window.setTimeout(look));
    watch.observe(root, { childList: true, subtree: true, attributeFilter: ["disabled", "hidden", "open"] });
    root.addEventListener("focusin", hold);
    root.addEventListener("pointerdown", letGo);
    return () => {
      watch.disconnect();
      root.removeEventListener("focusin", hold);
      root.removeEventListener("pointerdown", letGo);
    };
  }, []);
}

function trailOf(element: Element, root: Element): Step[] {
  const steps: Step[] = [];
  for (let at = element; at !== root && at.parentElement !== null; at = at.parentElement)
    steps.push({ around: at.parentElement, index: [...at.parentElement.children].indexOf(at) });
  return steps;
}

function isUsable(element: Element): boolean {
  return element.isConnected && !element.matches(":disabled") && element.getClientRects().length > 0;
}

/** Return what stands now where `gone` stood: in its place, before it, or around it. */
function neighbourOf(gone: Element, trail: readonly Step[]): HTMLElement | undefined {
  for (const { around, index } of trail) {
    if (!around.isConnected) continue;
    const children = [...around.children];
    const inOrder = [...children.slice(index), ...children.slice(0, index).reverse()];
    const found = inOrder.flatMap(focusableIn).find((one) => one !== gone && isUsable(one));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function focusableIn(element: Element): HTMLElement[] {
  const inside = [...element.querySelectorAll<HTMLElement>(FOCUSABLE)];
  return element instanceof HTMLElement && element.matches(FOCUSABLE) ? [element, ...inside] : inside;
}
