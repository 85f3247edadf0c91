/** What screens are made of: the fields of objects, and paths along references. */

import { find, labelOf, nameOf, ofKind, type Docs } from "../documents";
import { isList, isObject, textOf, type Json, type JsonObject } from "../json";

/** The fields that the platform gives every object. */
export const SYSTEM_FIELDS: readonly JsonObject[] = [
  { name: "id", type: "text", label: { en: "Id", zh: "标识" } },
  { name: "version", type: "integer", label: { en: "Version", zh: "版本" } },
  { name: "created_at", type: "datetime", label: { en: "Created at", zh: "创建时间" } },
  { name: "created_by", type: "user", label: { en: "Created by", zh: "创建人" } },
  { name: "updated_at", type: "datetime", label: { en: "Changed at", zh: "修改时间" } },
  { name: "updated_by", type: "user", label: { en: "Changed by", zh: "修改人" } },
];

const USER_FIELDS: readonly JsonObject[] = [
  { name: "login", type: "text", label: { en: "Login", zh: "登录名" } },
  { name: "name", type: "text", label: { en: "Name", zh: "姓名" } },
];

/** References that paths lead along. */
const FOLLOWED: ReadonlySet<string> = new Set(["lookup", "master_detail", "tree", "user"]);

/** Return a list of an object, `fields` or `children`, with what extensions add to it. */
export function partsOf(docs: Docs, object: string, key: "fields" | "children" | "record_types"): readonly JsonObject[] {
  if (object === "user" && key === "fields") return USER_FIELDS;
  const added = ofKind(docs, "extends").filter(
    (one) => one.content.of === "object" && nameOf(one) === object,
  );
  return [find(docs, "object", object), ...added].flatMap((one) => {
    const list = one?.content[key];
    return isList(list) ? list.filter(isObject) : [];
  });
}

/** Return the field of an object, one of the platform's own included. */
export function fieldOf(docs: Docs, object: string, name: string): JsonObject | undefined {
  return [...partsOf(docs, object, "fields"), ...SYSTEM_FIELDS].find((one) => one.name === name);
}

/** Return the object that a reference leads to; undefined for other fields. */
export function targetOf(object: string, field: JsonObject): string | undefined {
  const type = textOf(field.type);
  if (!FOLLOWED.has(type)) return undefined;
  if (type === "user") return "user";
  if (type === "tree") return object;
  return textOf(field.to) || undefined;
}

/** Return the fields along a path such as `partner.tier`; undefined where it leads nowhere. */
export function followed(docs: Docs, object: string, path: string): readonly JsonObject[] | undefined {
  const found: JsonObject[] = [];
  let here: string | undefined = object;
  for (const name of path.split(".")) {
    const field: JsonObject | undefined = here === undefined ? undefined : fieldOf(docs, here, name);
    if (field === undefined || here === undefined) return undefined;
    found.push(field);
    here = targetOf(here, field);
  }
  return found;
}

/** Return how people read a path: the labels along it. */
export function pathLabel(docs: Docs, object: string, path: string, language: "zh" | "en"): string {
  return followed(docs, object, path)?.map((one) => labelOf(one, language)).join(" › ") ?? path;
}

/** Return the type of what a path ends at, that of the result for a formula; empty where it leads nowhere. */
export function pathType(docs: Docs, object: string, path: string): string {
  const field = followed(docs, object, path)?.at(-1);
  if (field === undefined) return "";
  return textOf(field.type) === "formula" ? textOf(field.returns) : textOf(field.type);
}

/** Return the path of an item that is one, or an object with one: a group of a report. */
export function pathIn(item: Json | undefined): string {
  return isObject(item) ? textOf(item.field) : textOf(item);
}
