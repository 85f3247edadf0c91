/**
 * Remove a definition, with the places that only lead to it: entries of menus, tabs of lists, tiles of a report.
 *
 * What reckons with it stays: the check names it, and a person decides.
 */

import type { Command } from "../command";
import { kindOf, nameOf, type Doc } from "../documents";
import { isList, isObject, type Json, type JsonObject } from "../json";
import { differing, lessOf } from "./leaving";

/** The kinds that an entry of a menu opens, by the key that names them. */
const OPENED: ReadonlySet<string> = new Set(["object", "report", "dashboard"]);

export function removeDocument(id: string): Command {
  return {
    name: "design.did_remove_document",
    execute: (docs) => {
      const doc = docs.get(id);
      if (doc === undefined) return new Map();
      const left = new Map(docs);
      left.delete(id);
      const same = [...left.values()].some((one) => kindOf(one) === kindOf(doc) && nameOf(one) === nameOf(doc));
      if (!same) for (const [other, one] of left) left.set(other, cleared(one, doc));
      return new Map([[id, null], ...differing(docs, left)]);
    },
  };
}

/** Return a document without what leads to one that is gone; the same one where nothing does. */
function cleared(doc: Doc, gone: Doc): Doc {
  const content = without(doc, gone);
  return content === doc.content ? doc : { ...doc, content };
}

function without(doc: Doc, gone: Doc): JsonObject {
  const { content } = doc;
  const kind = kindOf(gone);
  const name = nameOf(gone);
  if (kindOf(doc) === "dashboard" && kind === "report") {
    return lessOf(content, "tiles", (tile) => isObject(tile) && tile.report === name);
  }
  if (kindOf(doc) !== "module" || !isList(content.menu)) return content;
  if (OPENED.has(kind)) return lessOf(content, "menu", (entry) => isObject(entry) && entry[kind] === name, true);
  if (kind !== "view") return content;
  const shown = (entry: Json): Json =>
    isObject(entry) && entry.object === gone.content.object ? lessOf(entry, "views", (one) => one === name, true) : entry;
  const menu = content.menu.map(shown);
  return menu.every((entry, position) => entry === (content.menu as readonly Json[])[position]) ? content : { ...content, menu };
}
