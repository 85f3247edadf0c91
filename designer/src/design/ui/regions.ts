/** F6 leads from one part of the designer to the next (outline, canvas, options, bar), `/` to the search. */

import { useEffect } from "react";
import { focusableIn } from "./kept_focus";

const REGIONS = [".studio > .guide", ".outline", ".canvas", ".studio > .options", ".studio-bar"] as const;

export function useRegions(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "F6") go(event.shiftKey ? -1 : 1);
      else if (event.key === "/" && !isTyping(event.target)) seek();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("input:not([type=checkbox]), select, textarea");
}

function seek(): void {
  document.querySelector<HTMLElement>(".outline input[type=search]")?.focus();
}

function go(step: 1 | -1): void {
  const regions = REGIONS.flatMap((one) => [...document.querySelectorAll(one)]);
  const here = regions.findIndex((one) => one.contains(document.activeElement));
  for (let count = 1; count <= regions.length; count += 1) {
    const region = regions[(here + step * count + regions.length * 2) % regions.length];
    if (region !== undefined && enter(region)) return;
  }
}

/** Go to what is chosen in a region, else to the first that can be reached; false where there is nothing. */
function enter(region: Element): boolean {
  const found = focusableIn(region).filter((one) => one.getClientRects().length > 0);
  const isChosen = (one: Element): boolean =>
    one.getAttribute("aria-current") === "true" || region.contains(one.closest(".chosen"));
  const wanted = found.find(isChosen) ?? found[0];
  wanted?.focus();
  return wanted !== undefined;
}

/** Show a part from its beginning. It gets the focus itself: that of an input would bring up the keys of a phone. */
export function enterPart(place: string): void {
  const part = document.querySelector<HTMLElement>(place);
  if (part === null) return;
  part.tabIndex = -1;
  part.focus({ preventScroll: true });
  part.scrollIntoView({ block: "start" });
}

/** Go to the canvas, once what was chosen is drawn there. */
export function enterCanvas(): void {
  window.requestAnimationFrame(() => {
    const canvas = document.querySelector(".canvas");
    if (canvas !== null) enter(canvas);
  });
}

/** For how many frames the label of what was just added is waited for: a layout may come before it. */
const MOST_FRAMES = 60;

/** Go to the label of what was just added and is chosen, ready to be typed over, as soon as it is drawn; all of it is in sight. */
export function enterLabel(): void {
  let frames = 0;
  const look = (): void => {
    frames += 1;
    const label = [...document.querySelectorAll<HTMLInputElement>(".canvas .chosen input.inline")].at(-1);
    // In the first frame what was chosen before may still look so.
    if (frames > 1 && label !== undefined) {
      label.focus();
      label.select();
      label.closest(".chosen")?.scrollIntoView({ block: "nearest" });
    } else if (frames < MOST_FRAMES) window.requestAnimationFrame(look);
  };
  window.requestAnimationFrame(look);
}

/** Arrow keys lead up and down a list of things to press. */
export function stepThrough(event: { readonly key: string; readonly currentTarget: Element; preventDefault(): void }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const found = [...event.currentTarget.querySelectorAll<HTMLElement>("summary, li button")];
  const here = found.findIndex((one) => one === document.activeElement);
  const next = found[here + step];
  if (step === 0 || next === undefined || document.activeElement instanceof HTMLSelectElement) return;
  if (here < 0 && !(document.activeElement instanceof HTMLInputElement && step === 1)) return;
  next.focus();
  event.preventDefault();
}
