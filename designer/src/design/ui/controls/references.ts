/** What a name in a document may be: names of other documents and of their parts, with labels. */

import { find, labelOf, nameOf, ofKind, type Doc, type Docs } from "../../model/documents";
import { at, isList, isObject, textOf, type Json } from "../../model/json";
import { objectOf } from "../../model/relations";

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** Return the parts of a list of a document as options: fields, states, transitions … */
export function parts(list: Json | undefined, language: "zh" | "en"): Option[] {
  if (!isList(list)) return [];
  return list.filter(isObject).map((one) => ({
    value: textOf(one.name) || textOf(one.value),
    label: labelOf(one, language),
  }));
}

/** Return the fields of an object, those that extensions add included. */
export function fieldsOf(docs: Docs, object: Doc | undefined, language: "zh" | "en"): Option[] {
  if (object === undefined) return [];
  const added = ofKind(docs, "extends").filter(
    (one) => one.content.of === "object" && nameOf(one) === nameOf(object),
  );
  return [object, ...added].flatMap((one) => parts(one.content.fields, language));
}

const OFFERED: ReadonlySet<string> = new Set([
  ...["field", "member", "child", "record type", "state", "transition", "calendar"],
  ...["object", "workflow", "role", "choice_set", "view", "report", "dashboard", "module", "automation"],
]);

/** Say whether all that a text may refer to is known here: other names are typed. */
export function isOffered(refersTo: string): boolean {
  return OFFERED.has(refersTo);
}

/** Return the states or transitions of the records that a scenario speaks of, each once. */
function ofScenario(docs: Docs, doc: Doc, list: string, language: "zh" | "en"): readonly Option[] {
  const given = at(doc.content, ["given", "records"]);
  const made = isList(doc.content.when) ? doc.content.when.map((one) => at(one, ["create"])) : [];
  const objects = new Set([...(isList(given) ? given : []), ...made].map((one) => textOf(at(one, ["object"]))));
  const found = ofKind(docs, "workflow")
    .filter((one) => objects.has(textOf(one.content.object)))
    .flatMap((one) => parts(one.content[list], language));
  return [...new Map(found.map((one) => [one.value, one])).values()];
}

/** Return what a text with `x-refers-to` may be, in the document where it stands. */
export function optionsFor(
  docs: Docs,
  doc: Doc,
  refersTo: string,
  language: "zh" | "en",
): readonly Option[] {
  const object = objectOf(docs, doc);
  const workflow =
    find(docs, "workflow", textOf(doc.content.workflow)) ??
    ofKind(docs, "workflow").find((one) => object !== undefined && one.content.object === nameOf(object));
  if (textOf(doc.content.kind) === "scenario" && (refersTo === "state" || refersTo === "transition"))
    return ofScenario(docs, doc, `${refersTo}s`, language);
  switch (refersTo) {
    case "field":
    case "path":
      return fieldsOf(docs, object, language);
    case "member":
      return [...fieldsOf(docs, object, language), ...parts(object?.content.children, language)];
    case "child":
      return parts(object?.content.children, language);
    case "record type":
      return parts(object?.content.record_types, language);
    case "sort":
      return fieldsOf(docs, object, language).flatMap((one) => [
        one,
        { value: `-${one.value}`, label: `${one.label} ↓` },
      ]);
    case "calendar":
      return ofKind(docs, "module").flatMap((one) => parts(one.content.calendars, language));
    case "state":
      return parts((textOf(doc.content.kind) === "workflow" ? doc : workflow)?.content.states, language);
    case "transition":
      return parts(
        (textOf(doc.content.kind) === "workflow" ? doc : workflow)?.content.transitions,
        language,
      );
    default:
      // A module never needs itself.
      return ofKind(docs, refersTo)
        .filter((one) => refersTo !== "module" || one.id !== doc.id)
        .map((one) => ({ value: nameOf(one), label: labelOf(one.content, language) }));
  }
}
