/** Move an item to another place of its list. */

import { rewritten, type Command } from "../command";
import { at, isList, moved, withAt, type JsonObject, type Path } from "../json";

export function moveItem(id: string, list: Path, from: number, to: number): Command {
  return {
    name: "design.did_move",
    execute: (docs) =>
      rewritten(docs, id, (content) => {
        const items = at(content, list);
        if (!isList(items)) return content;
        return withAt(content, list, moved(items, from, to)) as JsonObject;
      }),
  };
}
