/** Remove a definition. */

import type { Command } from "../command";

export function removeDocument(id: string): Command {
  return {
    name: "design.did_remove_document",
    execute: (docs) => (docs.has(id) ? new Map([[id, null]]) : new Map()),
  };
}
