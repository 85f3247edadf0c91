/** Where something stands in a document, in words: the definition, the part, the option. */

import { kindOf, labelOf, titleOf, type Doc, type Docs } from "./documents";
import { at, isObject, type Path } from "./json";
import { schemaAt, titleOf as keyTitleOf, type Schema } from "./schema";

/** Return the place as `Order › Total › Label`: parts by their labels, keys by their titles. */
export function placeInWords(
  docs: Docs,
  schema: Schema,
  doc: Doc,
  path: Path,
  language: "zh" | "en",
  kindWord: (kind: string) => string,
): string {
  const called = titleOf(docs, doc, language);
  const words = [`${kindWord(kindOf(doc))} ${called}`];
  for (const [position, step] of path.entries()) {
    const way = path.slice(0, position + 1);
    const value = at(doc.content, way);
    if (typeof step === "number") {
      // What stands in a list that means nothing without its title is told apart by its number.
      words.push((isObject(value) ? labelOf(value, language) : "") || String(step + 1));
    } else if (typeof path[position + 1] !== "number") {
      words.push(keyTitleOf(schemaAt(schema, doc.content, way) ?? {}, step));
    }
  }
  return words.join(" › ");
}
