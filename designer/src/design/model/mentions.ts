/** Whether anything may name a definition: what is surely unnamed can be called otherwise at once. */

import type { Docs } from "./documents";
import { isList, isObject, same, type Json, type Path } from "./json";

/** Keys whose texts name nothing. */
const UNNAMING: ReadonlySet<string> = new Set(["kind", "type", "id", "label", "help", "message"]);

/**
 * Say whether `name` stands anywhere in the documents but at `path` of the document `id`.
 *
 * A false alarm costs a question to the server, which knows what each name means; a miss would cost a reference.
 */
export function isMentioned(docs: Docs, id: string, path: Path, name: string): boolean {
  if (name === "") return false;
  const word = new RegExp(`(?<![a-z0-9_]|[a-z0-9]_)(?:(?:sum|avg|min|max)_)?${literally(name)}(?![a-z0-9_])`, "i");
  const says = (value: Json, at: Path, own: boolean): boolean => {
    if (typeof value === "string") return !(own && same(at, path)) && word.test(value);
    if (isList(value)) return value.some((item, position) => says(item, [...at, position], own));
    if (!isObject(value)) return false;
    return Object.entries(value).some(
      ([key, one]) => key === name || (!UNNAMING.has(key) && says(one, [...at, key], own)),
    );
  };
  return [...docs.values()].some((doc) => says(doc.content, [], doc.id === id));
}

/** Values of choices may have signs in them that mean something else in a pattern. */
function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
