/** A form as a plan of places: what stands where, and where the arrows lead. */

import { isList, isObject, textOf, type Json, type JsonObject, type Path } from "../json";

/** A place on a form: the position of a section, and of an item in it. */
export interface Place {
  readonly section: number;
  readonly item: number;
}

export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

export function isArrow(key: string): key is Arrow {
  return key === "ArrowUp" || key === "ArrowDown" || key === "ArrowLeft" || key === "ArrowRight";
}

export function sectionsOf(content: JsonObject): readonly JsonObject[] {
  return isList(content.sections) ? content.sections.filter(isObject) : [];
}

export function itemsOf(section: JsonObject | undefined): readonly Json[] {
  return isList(section?.items) ? section.items : [];
}

/** Return how many columns a section has on a wide screen: 1, 2 or 3. */
export function columnsOf(section: JsonObject | undefined): number {
  const columns = section?.columns;
  return typeof columns === "number" && columns >= 1 && columns <= 3 ? columns : 1;
}

export function listPath(section: number): Path {
  return ["sections", section, "items"];
}

export function itemPath(place: Place): Path {
  return [...listPath(place.section), place.item];
}

/** Return the place that a path of the form lies in; the item is -1 for a section as a whole. */
export function placeOf(path: Path): Place | undefined {
  const [first, section, , item] = path;
  if (first !== "sections" || typeof section !== "number") return undefined;
  return { section, item: typeof item === "number" ? item : -1 };
}

/** Return the name of the field that an item shows; empty for a child grid. */
export function fieldIn(item: Json | undefined): string {
  return isObject(item) ? textOf(item.field) : textOf(item);
}

/** Return the child relation that an item shows; empty for a field. */
export function childrenIn(item: Json | undefined): string {
  return isObject(item) ? textOf(item.children) : "";
}

/** Return the names of the fields and child relations that a form shows. */
export function shownIn(content: JsonObject): { fields: ReadonlySet<string>; children: ReadonlySet<string> } {
  const items = sectionsOf(content).flatMap(itemsOf);
  return {
    fields: new Set(items.map(fieldIn).filter((one) => one !== "")),
    children: new Set(items.map(childrenIn).filter((one) => one !== "")),
  };
}

/**
 * Return where an item goes by an arrow: sideways to its neighbour, up and down by a row, over the edge of its
 * section into the next one. Undefined where the form ends.
 */
export function led(content: JsonObject, place: Place, arrow: Arrow): Place | undefined {
  const sections = sectionsOf(content);
  const section = sections[place.section];
  const last = itemsOf(section).length - 1;
  const row = columnsOf(section);
  const back = arrow === "ArrowLeft" || arrow === "ArrowUp";
  const step = arrow === "ArrowLeft" || arrow === "ArrowRight" ? 1 : row;
  const wanted = place.item + (back ? -step : step);
  if (wanted >= 0 && wanted <= last) return { section: place.section, item: wanted };
  const inLastRow = Math.floor(place.item / step) === Math.floor(last / step);
  if (!back && !inLastRow) return { section: place.section, item: last };
  const next = place.section + (back ? -1 : 1);
  if (next < 0 || next >= sections.length) return undefined;
  return { section: next, item: back ? itemsOf(sections[next]).length : 0 };
}
