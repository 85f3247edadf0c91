/** The steps of an approval as a chain from top to bottom, branches side by side: a pure function. */

import { textOf, type JsonObject, type Path } from "../json";
import { objects } from "./graph";
import type { Point } from "./layout";

export const CARD = 264;
const GAP_Y = 44;
const GAP_X = 28;
const MARK = { head: 84, start: 0, end: 34, join: 14, branch: 34 } as const;

type Kind = "head" | "step" | "fork" | "branch" | "join" | "end";

export interface ChainNode extends Point {
  readonly id: string;
  readonly kind: Kind;
  /** Where it stands in the approval; the step of a join is its fork. */
  readonly path: Path;
  readonly part: JsonObject;
  readonly width: number;
  readonly height: number;
  /** Its place among its siblings, and how many there are. */
  readonly position: number;
  readonly count: number;
}

/** A line between two nodes; `list` and `position` say where a step can be put in. */
export interface ChainLine {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly list: Path | null;
  readonly position: number;
}

export interface Chain {
  readonly nodes: readonly ChainNode[];
  readonly lines: readonly ChainLine[];
}

/** Lay out an approval; `heightOf` says how high the card of a step is, in pixels. */
export function chainOf(
  content: JsonObject,
  heightOf: (step: JsonObject, path: Path) => number,
): Chain {
  const drawing = new Drawing(heightOf);
  const steps = objects(content.steps);
  const half = widthOf(steps) / 2;
  drawing.put("head", "head", [], content, { x: half, y: 0 }, MARK.head);
  const end = drawing.steps(steps, ["steps"], "head", half, MARK.head + GAP_Y);
  drawing.put("end", "end", [], content, { x: half, y: end.y }, MARK.end);
  drawing.join(end.last, "end", ["steps"], steps.length);
  return { nodes: drawing.nodes, lines: drawing.lines };
}

/** Return how wide steps are: the widest of them, branches beside each other. */
function widthOf(steps: readonly JsonObject[]): number {
  const widths = steps.map((step) => {
    const branches = objects(step.branches);
    const sum = branches.reduce((total, one) => total + widthOf(objects(one.steps)), 0);
    return sum + Math.max(0, branches.length - 1) * GAP_X;
  });
  return Math.max(CARD, ...widths);
}

class Drawing {
  readonly nodes: ChainNode[] = [];
  readonly lines: ChainLine[] = [];
  readonly #heightOf: (step: JsonObject, path: Path) => number;

  constructor(heightOf: (step: JsonObject, path: Path) => number) {
    this.#heightOf = heightOf;
  }

  put(
    id: string,
    kind: Kind,
    path: Path,
    part: JsonObject,
    top: Point,
    height: number,
    position = 0,
    count = 1,
  ): void {
    const width = kind === "join" ? 14 : CARD;
    const x = top.x - width / 2;
    this.nodes.push({ id, kind, path, part, x, y: top.y, width, height, position, count });
  }

  join(from: string, to: string, list: Path | null, position: number): void {
    this.lines.push({ id: `${from}>${to}`, from, to, list, position });
  }

  /** Draw steps below each other around `x`; return the last node and where the next one stands. */
  steps(
    steps: readonly JsonObject[],
    list: Path,
    before: string,
    x: number,
    top: number,
  ): { last: string; y: number } {
    let last = before;
    let y = top;
    steps.forEach((step, position) => {
      const path = [...list, position];
      const id = textOf(step.id) || path.join("/");
      const branches = objects(step.branches);
      const height = this.#heightOf(step, path);
      const kind = branches.length > 0 ? "fork" : "step";
      this.put(id, kind, path, step, { x, y }, height, position, steps.length);
      this.join(last, id, list, position);
      last = id;
      y += height + GAP_Y;
      if (branches.length > 0) ({ last, y } = this.#branches(step, path, id, x, y));
    });
    return { last, y };
  }

  #branches(
    step: JsonObject,
    path: Path,
    id: string,
    x: number,
    top: number,
  ): { last: string; y: number } {
    const branches = objects(step.branches);
    const joined = `${id}|`;
    let left = x - widthOf([step]) / 2;
    const ends = branches.map((branch, number) => {
      const own = [...path, "branches", number];
      const steps = objects(branch.steps);
      const wide = widthOf(steps);
      const middle = left + wide / 2;
      left += wide + GAP_X;
      const head = `${id}|${number}`;
      this.put(head, "branch", own, branch, { x: middle, y: top }, MARK.branch, number, branches.length);
      this.join(id, head, null, 0);
      const list = [...own, "steps"];
      const found = this.steps(steps, list, head, middle, top + MARK.branch + GAP_Y);
      return { ...found, list, count: steps.length };
    });
    const y = Math.max(top, ...ends.map((one) => one.y));
    this.put(joined, "join", path, step, { x, y }, MARK.join);
    for (const end of ends) this.join(end.last, joined, end.list, end.count);
    return { last: joined, y: y + MARK.join + GAP_Y };
  }
}

/** Return the place among its siblings that a card dropped at `y` (its upper edge) takes. */
export function droppedAt(chain: Chain, dragged: ChainNode, y: number): number {
  const list = dragged.path.slice(0, -1).join("/");
  const siblings = chain.nodes.filter(
    (one) =>
      (one.kind === "step" || one.kind === "fork") &&
      one.id !== dragged.id &&
      one.path.slice(0, -1).join("/") === list,
  );
  const middle = y + dragged.height / 2;
  return siblings.filter((one) => one.y + one.height / 2 < middle).length;
}

/** Return the names of all steps, those in branches included. */
export function stepNames(content: JsonObject): string[] {
  return objects(content.steps).flatMap((step) => [
    textOf(step.name),
    ...objects(step.branches).flatMap((branch) => stepNames(branch)),
  ]);
}
