/**
 * Take a field out of an object, and off the forms, lists and quick search that only show it.
 *
 * What reckons with the field (formulas, filters, rules, reports) stays: the check names it, and a person decides.
 */

import type { Command } from "../command";
import { kindOf, nameOf, type Doc, type Docs } from "../documents";
import { at, isList, isObject, textOf, type Json, type JsonObject } from "../json";
import { partsOf } from "../screens/fields";
import { differing, lessOf } from "./leaving";

export function removeField(id: string, position: number): Command {
  return {
    name: "design.did_remove_field",
    execute: (docs) => {
      const doc = docs.get(id);
      const fields = doc?.content.fields;
      const name = textOf(at(fields, [position, "name"]));
      if (doc === undefined || !isList(fields)) return new Map();
      const rest = fields.filter((_, at) => at !== position);
      const changed = new Map(docs).set(id, { ...doc, content: { ...doc.content, fields: rest } });
      const object = nameOf(doc);
      if (name !== "" && partsOf(changed, object, "fields").every((one) => one.name !== name)) {
        for (const [other, one] of changed) changed.set(other, cleared(docs, one, object, name));
      }
      return differing(docs, changed);
    },
  };
}

/** Return a document without the places that show a field; the same one where there are none. */
function cleared(docs: Docs, doc: Doc, object: string, field: string): Doc {
  const content = without(docs, doc, object, field);
  return content === doc.content ? doc : { ...doc, content };
}

function without(docs: Docs, doc: Doc, object: string, field: string): JsonObject {
  const { content } = doc;
  const names = (item: Json): boolean => item === field || (isObject(item) && item.field === field);
  if (kindOf(doc) === "object") return nameOf(doc) === object ? lessOf(content, "search", names, true) : content;
  if (kindOf(doc) === "view" && content.object === object) {
    const sorts = (item: Json): boolean => item === field || item === `-${field}`;
    return lessOf(lessOf(content, "columns", names), "sort", sorts, true);
  }
  if (kindOf(doc) !== "form" || !isList(content.sections)) return content;
  const own = textOf(content.object);
  const grids = new Set(
    partsOf(docs, own, "children")
      .filter((one) => one.object === object)
      .map((one) => textOf(one.name)),
  );
  const left = (section: Json): Json => {
    if (!isObject(section) || !isList(section.items)) return section;
    const items = section.items.map((item) =>
      isObject(item) && grids.has(textOf(item.children)) ? lessOf(item, "columns", names, true) : item,
    );
    const same = items.every((item, position) => item === at(section, ["items", position]));
    const kept = same ? section : { ...section, items };
    return own === object ? lessOf(kept, "items", names, true) : kept;
  };
  const sections = content.sections.map(left);
  if (sections.every((one, position) => one === at(content, ["sections", position]))) return content;
  const filled = sections.filter((one) => !isObject(one) || one.items !== undefined);
  return filled.length === 0 ? content : { ...content, sections: filled };
}
