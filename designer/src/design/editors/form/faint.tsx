/** What a field looks like on a form, drawn faintly: nobody types here. */

import type { JSX } from "react";
import { labelOf } from "../../model/documents";
import { isList, textOf, type JsonObject } from "../../model/json";
import { useWorkbench } from "../../ui/desk";
import { w } from "../../ui/words";

const LOOKS: Readonly<Record<string, string>> = {
  long_text: "area",
  rich_text: "area",
  json: "area",
  choice: "pick",
  multi_choice: "pick",
  state: "state",
  boolean: "tick",
  date: "day",
  datetime: "day",
  period: "day",
  month: "day",
  time: "day",
  money: "number",
  decimal: "number",
  integer: "number",
  quantity: "number",
  percent: "number",
  lookup: "seek",
  tree: "seek",
  master_detail: "seek",
  multi_lookup: "seek",
  polymorphic_lookup: "seek",
  user: "seek",
  users: "seek",
  file: "drop",
  files: "drop",
  image: "drop",
  images: "drop",
  signature: "drop",
  formula: "read",
  rollup: "read",
  auto_number: "read",
};

const SAMPLES: Readonly<Record<string, string>> = {
  date: "2025-06-10",
  datetime: "2025-06-10 14:30",
  period: "2025-06-01 – 2025-06-30",
  month: "2025-06",
  time: "14:30",
  money: "1,280.00",
  decimal: "12.50",
  integer: "12",
  quantity: "12",
  percent: "15 %",
  auto_number: "0001",
  rollup: "12",
};

const WIDE: ReadonlySet<string> = new Set(["long_text", "rich_text", "json"]);

export function isWide(field: JsonObject | undefined): boolean {
  return WIDE.has(textOf(field?.type));
}

export function FaintControl({ field }: { readonly field: JsonObject }): JSX.Element {
  const { language } = useWorkbench();
  const type = textOf(field.type);
  const look = LOOKS[type] ?? "text";
  const choices = isList(field.choices) ? field.choices : [];
  const sample = look === "pick" ? labelOf(choices[0], language) : sampleOf(field);
  return (
    <span className={`faint faint-${look}`} aria-hidden="true">
      {look === "tick" || look === "drop" ? (look === "drop" ? w("faint_drop") : "") : sample}
    </span>
  );
}

/** Return what a value of a field looks like. */
export function sampleOf(field: JsonObject | undefined): string {
  const type = textOf(field?.type);
  return SAMPLES[type === "formula" ? textOf(field?.returns) : type] ?? "";
}
