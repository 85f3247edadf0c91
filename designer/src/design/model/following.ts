/** Where an element of a document went when the document changed. */

import { at, isList, type Json, type Path } from "./json";
import { keyOf } from "./merge";

/**
 * Return the path in `after` of what stood at `path` in `before`: items of lists are followed by what they
 * are told apart by. Where the item is gone, the path of what the list stood in; the same path where nothing moved.
 */
export function followed(before: Json, after: Json, path: Path): Path {
  const found: (string | number)[] = [];
  let moved = false;
  for (const [position, step] of path.entries()) {
    const [old, now] = [at(before, path.slice(0, position)), at(after, found)];
    const place = typeof step === "number" && isList(old) && isList(now) ? placeOf(old, now, step) : step;
    if (place === undefined) return found.slice(0, -1);
    if (place !== step) moved = true;
    found.push(place);
  }
  return moved ? found : path;
}

function placeOf(old: readonly Json[], now: readonly Json[], step: number): number | undefined {
  const item = old[step];
  if (item === undefined || now[step] === item) return step;
  const key = keyOf(item);
  const rank = old.slice(0, step).filter((one) => keyOf(one) === key).length;
  const places = now.flatMap((one, position) => (keyOf(one) === key ? [position] : []));
  // An item that lost what it is told apart by, in a list that is as long as before, was changed in its place.
  return places[rank] ?? (old.length === now.length ? step : undefined);
}
