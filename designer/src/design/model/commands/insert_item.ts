/** Put an item into a list, which is made where there is none. */

import { rewritten, type Command } from "../command";
import { at, inserted, isList, withAt, type Json, type JsonObject, type Path } from "../json";

export function insertItem(id: string, list: Path, position: number, item: Json): Command {
  return {
    name: "design.did_add",
    execute: (docs) =>
      rewritten(docs, id, (content) => {
        const known = at(content, list);
        const items = isList(known) ? known : [];
        return withAt(content, list, inserted(items, position, item)) as JsonObject;
      }),
  };
}
