/**
 * What an edit is: a command names itself and says which documents come out of it.
 *
 * A command knows nothing of the page, of the server or of undo: it is executed once, and the history
 * keeps the documents that it touched as they were and as they became.
 */

import type { Doc, Docs } from "./documents";

/** Documents as they shall be, by id; null for one that goes. */
export type Changes = ReadonlyMap<string, Doc | null>;

export interface Command {
  /** Key of the sentence that undo and redo show. */
  readonly name: string;
  /** Commands with the same key that follow each other soon are one step of undo, as when somebody types. */
  readonly joins?: string;
  execute(docs: Docs): Changes;
}

/** Return the documents with what a command changed. */
export function applied(docs: Docs, changes: Changes): Docs {
  const result = new Map(docs);
  for (const [id, doc] of changes) {
    if (doc === null) result.delete(id);
    else result.set(id, doc);
  }
  return result;
}

/** Return the changes to the content of one document; none where it is not there. */
export function rewritten(
  docs: Docs,
  id: string,
  rewrite: (content: Doc["content"]) => Doc["content"],
): Changes {
  const doc = docs.get(id);
  return doc === undefined ? new Map() : new Map([[id, { ...doc, content: rewrite(doc.content) }]]);
}
