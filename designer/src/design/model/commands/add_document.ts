/** Take a new definition in. */

import type { Command } from "../command";
import type { Doc } from "../documents";

export function addDocument(doc: Doc): Command {
  return { name: "design.did_add_document", execute: () => new Map([[doc.id, doc]]) };
}
