/** Replace the content of a document by what was written as JSON. */

import { rewritten, type Command } from "../command";
import type { JsonObject } from "../json";

export function replaceContent(id: string, content: JsonObject): Command {
  return { name: "design.did_write", execute: (docs) => rewritten(docs, id, () => content) };
}
