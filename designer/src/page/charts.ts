/**
 * Draws charts. The specification is plain data (a closed subset of Vega-Lite); its
 * expressions run through the interpreter, so that no policy against eval is in the way.
 */

import { View, type Config, type Spec, parse } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile, type TopLevelSpec } from "vega-lite";
import { all } from "./dom";

function look(element: HTMLElement): Config {
  const style = getComputedStyle(element);
  const text = style.getPropertyValue("--text-quiet").trim();
  const line = style.getPropertyValue("--line").trim();
  const colours = Array.from({ length: 8 }, (_, at) =>
    style.getPropertyValue(`--chart-${at + 1}`).trim(),
  );
  return {
    background: "transparent",
    font: style.fontFamily,
    view: { stroke: "transparent" },
    axis: {
      labelColor: text,
      titleColor: text,
      gridColor: line,
      domainColor: line,
      tickColor: line,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: "normal",
    },
    axisX: { labelOverlap: "parity" },
    legend: {
      labelColor: text,
      titleColor: text,
      labelFontSize: 12,
      titleFontWeight: "normal",
      orient: element.clientWidth < NARROW ? "bottom" : "right",
      columns: element.clientWidth < NARROW ? 4 : 1,
    },
    // What has no colour of its own has the first of ours, not that of the library.
    mark: { color: colours[0] },
    range: { category: colours },
  } as Config;
}

const HEIGHT = 280;
const LEAST_WIDTH = 160;
const NARROW = 500;

function widthOf(element: HTMLElement): number {
  return Math.max(LEAST_WIDTH, element.clientWidth);
}

async function draw(element: HTMLElement): Promise<void> {
  const source = document.getElementById(element.dataset.chart ?? "");
  if (source !== null) await drawChart(element, JSON.parse(source.textContent) as object);
}

/** Draws one chart into an element; returns what takes it away again. */
export async function drawChart(element: HTMLElement, given: object): Promise<() => void> {
  const spec = {
    ...given,
    width: widthOf(element),
    height: HEIGHT,
    autosize: { type: "fit", contains: "padding" },
  } as TopLevelSpec;
  const compiled: Spec = compile(spec, { config: look(element) as never }).spec;
  const view = new View(parse(compiled, undefined, { ast: true }), {
    expr: expressionInterpreter,
    renderer: "canvas",
    hover: true,
  });
  await view.initialize(element).runAsync();
  element.dataset.drawn = "yes";
  const resize = new ResizeObserver(() => {
    if (view.width() !== widthOf(element)) void view.width(widthOf(element)).runAsync();
  });
  resize.observe(element);
  return () => {
    resize.disconnect();
    view.finalize();
  };
}

/** Draws every chart in a page or in a part of one. */
export function drawCharts(root: ParentNode): void {
  for (const element of all(root, "[data-chart]", HTMLElement)) void draw(element);
}
