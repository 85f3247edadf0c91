/** How a value of the API is read by people, as a sample in a drawing. */

import { find, labelOf, ofKind, type Docs } from "../documents";
import { isList, isObject, textOf, type Json, type JsonObject } from "../json";

const GROUPED: ReadonlySet<string> = new Set(["money", "decimal", "quantity"]);

/** Return the value at a path of fields in a record; undefined where the record has none. */
export function valueAt(record: Json | undefined, path: string): Json | undefined {
  let found: Json | undefined = record;
  for (const name of path.split(".")) found = isObject(found) ? found[name] : undefined;
  return found;
}

/** Return the text for a value of a field. */
export function shownValue(
  docs: Docs,
  field: JsonObject | undefined,
  value: Json | undefined,
  language: "zh" | "en",
): string {
  if (value === undefined || value === null) return "";
  if (isList(value))
    return value.map((one) => shownValue(docs, field, one, language)).join(language === "zh" ? "、" : ", ");
  if (isObject(value)) return textOf(value.title) || textOf(value.name) || textOf(value.amount);
  if (typeof value === "boolean") return value ? "✓" : "–";
  const type = textOf(field?.type) === "formula" ? textOf(field?.returns) : textOf(field?.type);
  const text = String(value);
  if (GROUPED.has(type)) return grouped(text);
  if (type === "datetime") return text.slice(0, 16).replace("T", " ");
  const choice = choicesOf(docs, field).find((one) => one.value === text || one.name === text);
  return choice === undefined ? text : labelOf(choice, language);
}

/** Return a number with its thousands apart. */
export function grouped(text: string): string {
  const [whole = "", rest] = text.split(".");
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? apart : `${apart}.${rest}`;
}

/** Return what a value may be one of: choices of the field or of its set, states of its workflow. */
export function choicesOf(docs: Docs, field: JsonObject | undefined): readonly JsonObject[] {
  if (field === undefined) return [];
  const set = textOf(field.choice_set);
  const workflow = textOf(field.workflow);
  const added = ofKind(docs, "extends").filter((one) => one.content.of === "choice_set" && one.content.name === set);
  const lists: (Json | undefined)[] =
    workflow !== ""
      ? [find(docs, "workflow", workflow)?.content.states]
      : set !== ""
        ? [find(docs, "choice_set", set)?.content.choices, ...added.map((one) => one.content.choices)]
        : [field.choices];
  return lists.flatMap((list) => (isList(list) ? list.filter(isObject) : []));
}
