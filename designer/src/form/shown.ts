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
    case "duration":
      return lasting(text);
    default:
      return text;
  }
}

/** Seconds as hours, minutes and, where there are some, seconds; what is no number stays. */
export function lasting(text: string): string {
  const match = /^(-?)(\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = "", digits = ""] = match;
  const seconds = BigInt(digits);
  const two = (part: bigint): string => String(part).padStart(2, "0");
  const tail = seconds % 60n === 0n ? "" : `:${two(seconds % 60n)}`;
  return `${sign}${seconds / 3600n}:${two((seconds / 60n) % 60n)}${tail}`;
}

/** The seconds of what was typed, a number alone being hours; the text itself where it is none. */
export function entered(text: string): number | string {
  if (/^\d{1,8}$/.test(text)) return Number(text) * 3600;
  const clock = /^(\d{1,9}):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
  if (clock === null) return text;
  return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? "0");
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
