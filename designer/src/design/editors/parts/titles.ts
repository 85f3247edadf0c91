/** How types of fields and names of roles are read. */

import { find, labelOf, type Docs } from "../../model/documents";
import { at, isList, isObject, textOf, type Json, type JsonObject } from "../../model/json";
import { pathIn, pathLabel } from "../../model/screens/fields";
import type { Vocabulary } from "../../ui/vocabulary";
import { w } from "../../ui/words";

export function typeTitle(vocabulary: Vocabulary, type: string): string {
  for (const group of vocabulary.palette)
    for (const one of group.types) if (one.key === type) return one.title;
  return type;
}

/** Return what a measure puts together: `sum of Amount`, or that it counts. */
export function measureTitle(docs: Docs, object: string, measure: Json, language: "zh" | "en"): string {
  const path = pathIn(measure);
  if (path === "") return w("op_count");
  const op = isObject(measure) ? textOf(measure.op) : "count";
  return w("op_on", { op: w(`op_${op}`), name: pathLabel(docs, object, path, language) });
}

/** Return for whom a form or a dashboard is, in a few words: roles, then record types. */
export function audience(docs: Docs, content: JsonObject, language: "zh" | "en"): string {
  const names = (list: unknown): string[] => (isList(list as never) ? (list as string[]).map(String) : []);
  const roles = names(at(content, ["for", "roles"])).map(
    (one) => labelOf(find(docs, "role", one)?.content, language) || one,
  );
  const object = find(docs, "object", textOf(content.object))?.content;
  const known = at(object, ["record_types"]);
  const types = names(at(content, ["for", "record_types"])).map((one) => {
    const found = isList(known) ? known.find((type) => at(type, ["name"]) === one) : undefined;
    return labelOf(found, language) || one;
  });
  const said = [...roles, ...types];
  return said.length === 0 ? w("for_everybody") : said.join(w("comma"));
}
