/** The texts of a document that have two languages: where they stand, which language is missing. */

import { isList, isObject, textOf, type Json, type Path } from "./json";

export interface TwoTexts {
  readonly path: Path;
  readonly zh: string;
  readonly en: string;
}

/** Return all texts with two languages of a value, in the order in which they stand. */
export function textsOf(value: Json, path: Path = []): readonly TwoTexts[] {
  if (isList(value)) return value.flatMap((item, position) => textsOf(item, [...path, position]));
  if (!isObject(value)) return [];
  const keys = Object.keys(value);
  const speaks = keys.every((key) => key === "en" || key === "zh");
  if (keys.length > 0 && speaks && Object.values(value).every((one) => typeof one === "string"))
    return [{ path, zh: textOf(value.zh), en: textOf(value.en) }];
  return keys.flatMap((key) => textsOf(value[key] ?? null, [...path, key]));
}

export function isMissing(texts: TwoTexts): boolean {
  return texts.zh === "" || texts.en === "";
}
