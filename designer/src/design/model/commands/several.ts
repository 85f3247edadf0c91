/** Several commands as one step: undone and redone together. */

import { applied, type Command } from "../command";
import type { Doc } from "../documents";

export function several(name: string, commands: readonly Command[]): Command {
  return {
    name,
    execute: (docs) => {
      const changes = new Map<string, Doc | null>();
      let now = docs;
      for (const command of commands) {
        const made = command.execute(now);
        now = applied(now, made);
        for (const [id, doc] of made) changes.set(id, doc);
      }
      return changes;
    },
  };
}
