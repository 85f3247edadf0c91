/**
 * Bring two people's changes to one value together.
 *
 * What only one side changed comes from that side. Where both changed the same value differently, the
 * one who is merging wins; the other's value stays in the draft's list of changes. Items of lists are the
 * same where their id is, else their name, else their value; one that got its id on one side only is still
 * the one with its name.
 */

import { isList, isObject, same, textOf, type Json, type JsonObject } from "./json";

export function merged(base: Json | undefined, ours: Json, theirs: Json): Json {
  if (same(base, theirs) || same(ours, theirs)) return ours;
  if (same(base, ours)) return theirs;
  if (isObject(ours) && isObject(theirs)) return mergedObject(isObject(base) ? base : {}, ours, theirs);
  if (isList(ours) && isList(theirs)) return mergedList(isList(base) ? base : [], ours, theirs);
  return ours;
}

function mergedObject(base: JsonObject, ours: JsonObject, theirs: JsonObject): JsonObject {
  const result: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const kept = mergedPart(base[key], ours[key], theirs[key]);
    if (kept !== undefined) result[key] = kept;
  }
  return result;
}

/** A part that one side removed goes, unless the other changed it. */
function mergedPart(
  base: Json | undefined,
  ours: Json | undefined,
  theirs: Json | undefined,
): Json | undefined {
  if (ours !== undefined && theirs !== undefined) return merged(base, ours, theirs);
  const there = ours ?? theirs;
  return base === undefined || !same(base, there) ? there : undefined;
}

function mergedList(
  base: readonly Json[],
  ours: readonly Json[],
  theirs: readonly Json[],
): readonly Json[] {
  const ids = idsByName([base, ours, theirs]);
  const [known, mine, others] = [keyed(base, ids), keyed(ours, ids), keyed(theirs, ids)];
  const order = orderOf([...known.keys()], [...mine.keys()], [...others.keys()]);
  const result: Json[] = [];
  for (const key of order) {
    const kept = mergedPart(known.get(key), mine.get(key), others.get(key));
    if (kept !== undefined) result.push(kept);
  }
  return result;
}

/** The order of who moved items; what only the other side has stands behind what it stood behind there. */
function orderOf(
  base: readonly string[],
  ours: readonly string[],
  theirs: readonly string[],
): readonly string[] {
  const common = (keys: readonly string[], other: readonly string[]): string => {
    const there = new Set(other);
    return JSON.stringify(keys.filter((key) => there.has(key)));
  };
  const weMoved = common(base, ours) !== common(ours, base);
  const [first, second] = weMoved ? [ours, theirs] : [theirs, ours];
  const order = [...first];
  const known = new Set(order);
  second.forEach((key, position) => {
    if (known.has(key)) return;
    const behind = second.slice(0, position).findLast((one) => known.has(one));
    order.splice(behind === undefined ? 0 : order.indexOf(behind) + 1, 0, key);
    known.add(key);
  });
  return order;
}

/** Return the ids of items by their names. */
function idsByName(lists: readonly (readonly Json[])[]): ReadonlyMap<string, string> {
  const found = lists
    .flat()
    .filter(isObject)
    .filter((one) => typeof one.id === "string" && typeof one.name === "string");
  return new Map(found.map((one) => [textOf(one.name), textOf(one.id)]));
}

function keyed(items: readonly Json[], ids: ReadonlyMap<string, string>): ReadonlyMap<string, Json> {
  const result = new Map<string, Json>();
  const own = new Set(items.filter(isObject).map((one) => one.id));
  for (const item of items) {
    const id = isObject(item) && item.id === undefined ? ids.get(textOf(item.name)) : undefined;
    const key = id === undefined || own.has(id) ? keyOf(item) : `id:${id}`;
    let free = key;
    for (let number = 2; result.has(free); number++) free = `${key} ${number}`;
    result.set(free, item);
  }
  return result;
}

const NAMES = ["id", "name", "value", "field", "children", "role", "object", "report", "dashboard"] as const;

/** Return what an item of a list is told apart by. */
export function keyOf(item: Json): string {
  if (isObject(item))
    for (const name of NAMES) {
      const value = item[name];
      if (typeof value === "string") return `${name}:${value}`;
    }
  return JSON.stringify(item);
}
