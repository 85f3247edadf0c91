/** Give an object a table of child records: the child object, its reference, the grid, its permissions. */

import type { Command } from "../command";
import { freeName, nameOf, newId, ofKind, type Doc } from "../documents";
import { at, inserted, isList, isObject, textOf, withAt, type JsonObject } from "../json";

/** Rows of a table belong to whom the record above them belongs to. */
function scopedBy(object: Doc, reference: string): JsonObject {
  const paths = object.content.scope_paths;
  if (!isObject(paths)) return {};
  const below = Object.entries(paths).map(([scope, path]) => [
    scope,
    path === "id" ? reference : `${reference}.${textOf(path)}`,
  ]);
  return { scope_paths: Object.fromEntries(below) as JsonObject };
}

export function addChildTable(parent: Doc, childId: string, label: JsonObject, wanted: string): Command {
  return {
    name: "design.did_add_document",
    execute: (docs) => {
      const object = docs.get(parent.id);
      if (object === undefined) return new Map();
      const name = freeName(wanted, ofKind(docs, "object").map(nameOf));
      const reference = nameOf(object).slice(0, 40);
      const child: Doc = {
        id: childId,
        module: object.module,
        content: {
          kind: "object",
          id: childId,
          name,
          label,
          ...scopedBy(object, reference),
          fields: [
            {
              id: newId(),
              name: reference,
              type: "master_detail",
              to: nameOf(object),
              label: object.content.label ?? { en: nameOf(object) },
            },
          ],
        },
      };
      const grids = object.content.children;
      const known = isList(grids) ? grids : [];
      const taken = known.filter(isObject).map((one) => textOf(one.name));
      const grid = { name: freeName("lines", taken), object: name, by: reference, label };
      const content = withAt(object.content, ["children"], inserted(known, known.length, grid));
      const rights = ofKind(docs, "permission").find((one) => one.content.object === nameOf(object));
      const granted: Doc = {
        id: newId(),
        module: object.module,
        content: { kind: "permission", name, object: name, grants: at(rights?.content, ["grants"]) ?? [] },
      };
      return new Map([
        [object.id, { ...object, content: content as JsonObject }],
        [child.id, child],
        [granted.id, { ...granted, content: { ...granted.content, id: granted.id } }],
      ]);
    },
  };
}
