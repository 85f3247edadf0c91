/** Adds an item at the end of a list: it is chosen, and the keyboard goes on at its sentence. */

import { insertItem } from "../../model/commands/insert_item";
import type { Doc } from "../../model/documents";
import { at, isList, type Json, type Path } from "../../model/json";
import { useChoose, useRun, useView } from "../../ui/desk";
import { useFollowing } from "./following";

export function useAdding(doc: Doc): (list: Path, item: Json) => void {
  const run = useRun();
  const choose = useChoose();
  const follow = useFollowing();
  // Whoever adds is drawn with what was added: only then it can be gone to.
  useView();
  return (list, item) => {
    const found = at(doc.content, list);
    const count = isList(found) ? found.length : 0;
    const path = [...list, count];
    run(insertItem(doc.id, list, count, item));
    choose(doc.id, path);
    follow(path.join("/"));
  };
}
