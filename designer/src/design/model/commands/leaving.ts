/** What goes with something that is removed: the places that only show it. */

import type { Changes } from "../command";
import type { Docs } from "../documents";
import { isList, withAt, type Json, type JsonObject } from "../json";

/** Return the documents that are others than before. */
export function differing(docs: Docs, changed: Docs): Changes {
  return new Map([...changed].filter(([id, doc]) => docs.get(id) !== doc));
}

/**
 * Return an object whose list has lost some items; the same one where it loses none.
 *
 * A list that would be empty goes with its key where `whole` says so, and stays as it is otherwise.
 */
export function lessOf(content: JsonObject, key: string, gone: (item: Json) => boolean, whole = false): JsonObject {
  const list = content[key];
  if (!isList(list) || !list.some(gone)) return content;
  const kept = list.filter((item) => !gone(item));
  if (kept.length > 0) return { ...content, [key]: kept };
  return whole ? (withAt(content, [key], undefined) as JsonObject) : content;
}
