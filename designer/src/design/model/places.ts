/** Where something stands in a document, in words: the definition, the part, the option. */

import { find, kindOf, labelOf, titleOf, type Doc, type Docs } from "./documents";
import { at, isObject, textOf, type Path } from "./json";
import { schemaAt, titleOf as keyTitleOf, type Schema } from "./schema";
import { pathIn, pathLabel } from "./screens/fields";

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

/** Return what a part is called: by its label, else after what it is about; empty where nothing says it. */
export function partTitle(docs: Docs, doc: Doc, path: Path, language: "zh" | "en"): string {
  const part = at(doc.content, path);
  if (!isObject(part)) return "";
  const own = isObject(part.label) ? labelOf({ label: part.label }, language) : "";
  if (own !== "") return own;
  switch (`${kindOf(doc)} ${path[0] ?? ""}`) {
    case "dashboard tiles":
      return labelOf(find(docs, "report", textOf(part.report))?.content, language);
    case "permission grants":
      return labelOf(find(docs, "role", textOf(part.role))?.content, language);
    case "report group_rows":
    case "report group_columns":
    case "report measures":
      return pathLabel(docs, textOf(doc.content.object), pathIn(part), language);
    default:
      return labelOf(part, language);
  }
}
