/** Where the nodes of a graph stand: from left to right, along its edges. Nothing of it is stored. */

import { Graph, layout } from "@dagrejs/dagre";

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

/** An edge with the size of its label. */
export interface Line extends Box {
  readonly from: string;
  readonly to: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  /** The upper left corner of each node. */
  readonly corners: ReadonlyMap<string, Point>;
  /** The points of each edge, and the middle of its label. */
  readonly lines: ReadonlyMap<string, { readonly points: readonly Point[]; readonly label: Point }>;
}

/** Above so many boxes the layout is quick rather than the best. */
const LARGE = 40;

/** Lay out boxes and the lines between them; the same input gives the same layout. Sizes in pixels. */
export function layered(boxes: readonly Box[], lines: readonly Line[]): Layout {
  const graph = new Graph({ multigraph: true });
  const large = boxes.length > LARGE;
  graph.setGraph({
    rankdir: "LR",
    nodesep: 30,
    edgesep: 16,
    ranksep: 18,
    ...(large ? { ranker: "tight-tree" } : {}),
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  for (const { id, from, to, width, height } of lines)
    graph.setEdge(from, to, { width, height, labelpos: "c" }, id);
  layout(graph, { disableOptimalOrderHeuristic: large });
  const corners = new Map(
    boxes.map(({ id, width, height }) => {
      const placed = graph.node(id) as Point;
      return [id, { x: Math.round(placed.x - width / 2), y: Math.round(placed.y - height / 2) }];
    }),
  );
  const found = lines.map(({ id, from, to }) => {
    const { points, x, y } = graph.edge(from, to, id) as unknown as Point & { points: Point[] };
    return [id, { points, label: { x, y } }] as const;
  });
  return { corners, lines: new Map(found) };
}

/** Return the SVG path of a soft line through points. */
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const parts = [`M${at(first)}`];
  rest.slice(0, -1).forEach((point, position) => {
    const next = rest[position + 1] ?? point;
    const last = position === rest.length - 2;
    const end = last ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    parts.push(`Q${at(point)} ${at(end)}`);
  });
  if (rest.length === 1 && rest[0] !== undefined) parts.push(`L${at(rest[0])}`);
  return parts.join(" ");
}

function at({ x, y }: Point): string {
  return `${Math.round(x)},${Math.round(y)}`;
}
