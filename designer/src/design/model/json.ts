/** Values of JSON, never changed in place: every edit gives a new value that shares what stayed. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject { readonly [key: string]: Json }
/** Where a value stands in a document: keys of objects, positions of lists. */
export type Path = readonly (string | number)[];

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Return the value at `path`; undefined where there is none. */
export function at(value: Json | undefined, path: Path): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path) {
    if (isList(found) && typeof step === "number") found = found[step];
    else if (isObject(found) && typeof step === "string" && Object.hasOwn(found, step))
      found = found[step];
    else return undefined;
  }
  return found;
}

/** Return `value` with `wanted` at `path`; undefined takes the key, or the item, away. */
export function withAt(value: Json | undefined, path: Path, wanted: Json | undefined): Json {
  const [step, ...rest] = path;
  if (step === undefined) return wanted ?? null;
  if (typeof step === "number") {
    const items = isList(value) ? [...value] : [];
    if (rest.length === 0 && wanted === undefined) items.splice(step, 1);
    else items[step] = withAt(items[step], rest, wanted);
    return items;
  }
  const known = isObject(value) ? value : {};
  if (rest.length > 0) return { ...known, [step]: withAt(known[step], rest, wanted) };
  if (wanted !== undefined) return { ...known, [step]: wanted };
  return Object.fromEntries(Object.entries(known).filter(([key]) => key !== step));
}

/** Return a list with `item` at `position`. */
export function inserted(items: readonly Json[], position: number, item: Json): readonly Json[] {
  return [...items.slice(0, position), item, ...items.slice(position)];
}

/** Return a list with the item at `from` at `to`. */
export function moved(items: readonly Json[], from: number, to: number): readonly Json[] {
  const item = items[from];
  if (item === undefined) return items;
  const rest = items.filter((_, position) => position !== from);
  return inserted(rest, Math.max(0, Math.min(to, rest.length)), item);
}

/** Say whether two values are the same JSON, whatever the order of keys. */
export function same(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (isList(one) && isList(other))
    return one.length === other.length && one.every((item, position) => same(item, other[position]));
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]))
  );
}

/** Read a JSON Pointer (RFC 6901); a part of digits is the position in a list. */
export function pathOf(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

export function pointerOf(path: Path): string {
  return path
    .map((part) => "/" + String(part).replaceAll("~", "~0").replaceAll("/", "~1"))
    .join("");
}
