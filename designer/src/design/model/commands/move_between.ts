/** Move an item from its list to a place in another list of the same document, or to another place of its own. */

import { rewritten, type Command } from "../command";
import { at, inserted, isList, moved, same, withAt, type JsonObject, type Path } from "../json";

/** `position` counts in the list as it is without the item. */
export function moveBetween(id: string, item: Path, list: Path, position: number): Command {
  return {
    name: "design.did_move",
    execute: (docs) =>
      rewritten(docs, id, (content) => {
        const from = item.slice(0, -1);
        const found = at(content, item);
        if (found === undefined) return content;
        const known = at(content, list);
        const items = isList(known) ? known : [];
        if (same([...from], [...list]))
          return withAt(content, list, moved(items, Number(item.at(-1)), position)) as JsonObject;
        const rest = withAt(content, item, undefined);
        return withAt(rest, list, inserted(items, position, found)) as JsonObject;
      }),
  };
}
