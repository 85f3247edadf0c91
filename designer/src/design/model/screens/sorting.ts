/** The order of a list: names of fields, with a line in front for falling order. */

import { isList, textOf, type Json } from "../json";

export interface SortKey {
  readonly path: string;
  readonly falling: boolean;
}

export function sortKeys(value: Json | undefined): readonly SortKey[] {
  const texts = isList(value) ? value.map(textOf) : [];
  return texts.map((text) => ({ path: text.replace(/^-/, ""), falling: text.startsWith("-") }));
}

export function sortText({ path, falling }: SortKey): string {
  return falling ? `-${path}` : path;
}
