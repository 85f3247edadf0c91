/** Take in what another name changes, as the server worked it out: one step, whatever happened meanwhile. */

import type { Command } from "../command";
import type { Doc, Docs } from "../documents";
import type { JsonObject } from "../json";
import { merged } from "../merge";

/** `asked` are the documents as they were when the server was asked, `renamed` those that it changed. */
export function renameEverywhere(asked: Docs, renamed: readonly Doc[]): Command {
  return {
    name: "design.did_rename",
    execute: (docs) =>
      new Map(
        renamed.flatMap((doc): [string, Doc][] => {
          const now = docs.get(doc.id);
          const before = asked.get(doc.id);
          if (now === undefined || before === undefined) return [];
          const content = merged(before.content, now.content, doc.content);
          const module = doc.module === before.module ? now.module : doc.module;
          return [[doc.id, { ...now, module, content: content as JsonObject }]];
        }),
      ),
  };
}
