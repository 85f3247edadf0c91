/** A report as it is drawn: groups down and across the page, numbers, and how a field joins them. */

import { isList, isObject, textOf, type Json, type JsonObject } from "../json";
import { pathIn } from "./fields";

/** The lists of a report that fields are put into. */
export const SHELVES = ["group_rows", "group_columns", "measures"] as const;
export type Shelf = (typeof SHELVES)[number];

export const BUCKETS = ["day", "month", "quarter", "year"] as const;
export const OPS = ["count", "sum", "avg", "min", "max"] as const;

const DATES: ReadonlySet<string> = new Set(["date", "datetime"]);
const NUMBERS: ReadonlySet<string> = new Set(["integer", "decimal", "money", "quantity", "percent", "rollup"]);

export function onShelf(content: JsonObject, shelf: Shelf): readonly Json[] {
  const list = content[shelf];
  return isList(list) ? list : [];
}

export function isDate(type: string): boolean {
  return DATES.has(type);
}

/** Return the item by which a field of a type stands on a shelf: dates by month, numbers as their sum. */
export function itemFor(shelf: Shelf, path: string, type: string): Json {
  if (shelf !== "measures") return isDate(type) ? { field: path, bucket: "month" } : path;
  if (NUMBERS.has(type)) return { op: "sum", field: path };
  return isDate(type) ? { op: "max", field: path } : { op: "count" };
}

/** Say whether two measures put the same together in the same way, however they are called. */
export function isSameMeasure(one: Json, other: Json): boolean {
  return isObject(one) && isObject(other) && one.op === other.op && pathIn(one) === pathIn(other);
}

/** Return what a measure is called in the report's answer: `sum_amount`, `count_all`. */
export function measureName(item: Json): string {
  return isObject(item) ? `${textOf(item.op)}_${pathIn(item) || "all"}` : "";
}

/** Return a group with another bucket; without one it is its path, or keeps its heading. */
export function withBucket(item: Json, bucket: string): Json {
  const field = pathIn(item);
  const rest = isObject(item) ? Object.entries(item).filter(([key]) => key !== "bucket") : [["field", field] as const];
  if (bucket !== "") return { ...Object.fromEntries(rest), bucket };
  return rest.length === 1 ? field : Object.fromEntries(rest);
}

/** Return a measure with another way of putting together: a count has no field. */
export function withOp(item: Json, op: string, field: string): Json {
  const known = isObject(item) ? item : {};
  const { field: former, ...rest } = known;
  const kept = textOf(former) || field;
  return op === "count" || kept === "" ? { ...rest, op } : { ...rest, op, field: kept };
}

/** Return whether an item of one shelf may stand on another: groups are no numbers. */
export function fits(from: Shelf, to: Shelf): boolean {
  return (from === "measures") === (to === "measures");
}
