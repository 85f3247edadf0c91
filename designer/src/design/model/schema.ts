/**
 * What the JSON Schemas of the server say of one place of a document.
 *
 * The server marks what the designer needs beside the types: title and help in the viewer's language, what a
 * text refers to, which texts are formulas, which keys are used daily.
 */

import { at, isList, isObject, textOf, type Json, type JsonObject, type Path } from "./json";

export type Schema = JsonObject;

/** A key of an object with its schema. */
export interface Property {
  readonly key: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** Return the schema as it stands for `value`: with the branches that its keys decide. */
export function resolved(schema: Schema, value: Json | undefined): Schema {
  const branches = schema.allOf;
  if (!isList(branches)) return schema;
  for (const branch of branches) {
    if (!isObject(branch) || !isObject(branch.then) || !isObject(branch.if)) continue;
    if (fits(branch.if, value)) return { ...schema, ...branch.then, allOf: [] };
  }
  return schema;
}

function fits(condition: JsonObject, value: Json | undefined): boolean {
  const properties = condition.properties;
  if (!isObject(properties) || !isObject(value)) return false;
  return Object.entries(properties).every(
    ([key, one]) => isObject(one) && "const" in one && one.const === value[key],
  );
}

/** Return the properties of an object, those of daily use first. */
export function properties(schema: Schema, value: Json | undefined): readonly Property[] {
  const whole = resolved(schema, value);
  const known = whole.properties;
  if (!isObject(known)) return [];
  const required = new Set(isList(whole.required) ? whole.required : []);
  const found = Object.entries(known).flatMap(([key, one]) =>
    isObject(one) ? [{ key, schema: one, required: required.has(key) }] : [],
  );
  const order = (one: Property): number => {
    const said = one.schema["x-order"];
    return typeof said === "number" ? said : 1000;
  };
  return found.sort((one, other) => order(one) - order(other));
}

/** Say whether there is nothing to choose: the key is needed, and has the only value that it can have. */
export function isSettled(property: Property, value: Json | undefined): boolean {
  const known = property.schema.enum;
  return property.required && isList(known) && known.length === 1 && known[0] === value;
}

/** Return the schema of what stands at `path`, along the values there. */
export function schemaAt(schema: Schema, content: Json, path: Path): Schema | undefined {
  let found: Schema = schema;
  for (const [position, step] of path.entries()) {
    const value = at(content, path.slice(0, position));
    const whole = resolved(found, value);
    const next: Json | undefined =
      typeof step === "number"
        ? whole.items
        : isObject(whole.properties) && step in whole.properties
          ? whole.properties[step]
          : whole.additionalProperties;
    if (!isObject(next)) return undefined;
    found = next;
  }
  return resolved(found, at(content, path));
}

/** Return which of a text, a number … a place takes, in the order of the schema. */
export function typesOf(schema: Schema): readonly string[] {
  const type = schema.type;
  if (typeof type === "string") return [type];
  if (isList(type)) return type.map(textOf);
  return isList(schema.enum) ? ["string"] : [];
}

export function titleOf(schema: Schema, key: string): string {
  return textOf(schema.title) || key.replaceAll("_", " ");
}

export function helpOf(schema: Schema): string {
  return textOf(schema.description);
}

/** Return a new item for a list: what is required and can have one value only, and its id. */
export function newItem(schema: Schema, id: () => string): Json {
  const types = typesOf(schema);
  if (!types.includes("object")) return types.includes("integer") ? 0 : "";
  const found: Record<string, Json> = {};
  for (const one of properties(schema, undefined)) {
    if (one.key === "id") found.id = id();
    else if (one.required) found[one.key] = newItem(one.schema, id);
  }
  return found;
}
