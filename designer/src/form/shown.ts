/** Values as people read them, with the same result as the server's `forms/shown.py`. */

import type { Json } from "../formula/evaluate";

const MONEY_DIGITS = 2;

/** Show a computed value; `widget` is the field's, `words` the labels of its choices. */
export function shown(value: Json, widget: string): string {
  if (value === null || value === "") return "–";
  if (typeof value === "boolean") return value ? "✓" : "–";
  const text = typeof value === "object" ? titleOf(value) : String(value);
  switch (widget) {
    case "money":
      return grouped(text, MONEY_DIGITS);
    case "integer":
      return grouped(text, 0);
    case "decimal":
    case "quantity":
      return grouped(trimmed(text), 0);
    case "percent":
      return `${trimmed(text)}%`;
    default:
      return text;
  }
}

/** Group the digits before the point by three and keep at least `digits` behind it. */
export function grouped(text: string, digits: number): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "", fraction = ""] = match;
  const behind = fraction.padEnd(digits, "0");
  const head = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${sign}${head}${behind === "" ? "" : `.${behind}`}`;
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function titleOf(value: Json): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "–";
  const title = (value as { title?: Json }).title;
  return typeof title === "string" ? title : "–";
}
