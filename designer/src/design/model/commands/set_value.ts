/** Set the value of a key; undefined takes it away. */

import { rewritten, type Command } from "../command";
import { pointerOf, withAt, type Json, type JsonObject, type Path } from "../json";

export function setValue(id: string, path: Path, value: Json | undefined): Command {
  return {
    name: "design.did_set",
    joins: typeof value === "string" ? `${id}${pointerOf(path)}` : "",
    execute: (docs) =>
      rewritten(docs, id, (content) => withAt(content, path, value) as JsonObject),
  };
}
