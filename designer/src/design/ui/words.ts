/** The designer's words in the viewer's language, sent with the page. */

import { data } from "../../page/dom";

export interface Island {
  readonly draft: string;
  /** The viewer's id. */
  readonly me: string;
  readonly name: string;
  readonly base: number;
  readonly language: "zh" | "en";
  /** The viewer's roles that may design. */
  readonly roles: readonly string[];
  /** The names of the objects that are live, so that they may have records. */
  readonly live: readonly string[];
  readonly words: Readonly<Record<string, string>>;
}

let island: Island | null = null;

export function page(): Island {
  island ??= data("design") as Island;
  return island;
}

const COUNTED = /\{(\w+):([^|}]*)\|([^}]*)\}/g;

/** Return a text with its `{name}` places filled, and of `{count:problem|problems}` the word that fits the number. */
export function w(key: string, values: Readonly<Record<string, string | number>> = {}): string {
  const known = page().words[`design.${key}`] ?? key;
  let text = known.replaceAll(COUNTED, (_, name: string, one: string, many: string) =>
    String(values[name]) === "1" ? one : many,
  );
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
  return text;
}
