/** Between the API's values and those that are computed with. */

import { canonicalInstant } from "./days";
import { decimalText, parseDecimal } from "./decimals";
import { type Json, type TreeNode, type Value, kindOf, scaleOf } from "./tree";

/** Take a value of the API as one of the node's type; what is not (yet) one is null. */
export function incoming(value: Json | undefined, node: TreeNode): Value {
  if (value === null || value === undefined) return null;
  switch (kindOf(node)) {
    case "number":
      return typeof value === "string" || typeof value === "number"
        ? parseDecimal(String(value), scaleOf(node))
        : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) ? value : null;
    case "datetime":
      return typeof value === "string" ? canonicalInstant(value) : null;
    default:
      return textual(value);
  }
}

/** Texts stand for themselves; a reference may come as `{"id", "title"}`. */
function textual(value: Json): string | null {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "id" in value) return textual(value.id ?? null);
  return null;
}

/** Give a computed value the form of the API. */
export function outgoing(value: Value, node: TreeNode): string | boolean | null {
  return typeof value === "bigint" ? decimalText(value, scaleOf(node)) : value;
}
