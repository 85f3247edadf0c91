/** Take an item out of a list; a list that would be empty goes too, where `whole` says so. */

import { rewritten, type Command } from "../command";
import { at, isList, withAt, type JsonObject, type Path } from "../json";

export function removeItem(id: string, item: Path, whole = true): Command {
  const list = item.slice(0, -1);
  return {
    name: "design.did_remove",
    execute: (docs) =>
      rewritten(docs, id, (content) => {
        const items = at(content, list);
        const last = whole && isList(items) && items.length === 1;
        return withAt(content, last ? list : item, undefined) as JsonObject;
      }),
  };
}
