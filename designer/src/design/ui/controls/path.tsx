/** A field, or one along lookups such as `partner.territory`: typed, with the fields of each object offered. */

import type { JSX } from "react";
import { find, type Docs } from "../../model/documents";
import { isList, isObject, textOf } from "../../model/json";
import { useView, useWorkbench } from "../desk";
import { objectOf } from "../../model/relations";
import type { ControlProps } from "./control";
import { fieldsOf, type Option } from "./references";

export function PathControl({ id, doc, value, set }: ControlProps): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const typed = textOf(value);
  const offers = offersFor(view.docs, textOf(objectOf(view.docs, doc)?.content.name), typed, language);
  return (
    <>
      <input
        id={id}
        className="input"
        list={`${id}-fields`}
        spellCheck={false}
        aria-describedby={`${id}-help`}
        value={typed}
        onChange={(event) => set(event.target.value === "" ? undefined : event.target.value)}
      />
      <datalist id={`${id}-fields`}>
        {offers.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </datalist>
    </>
  );
}

/** Return the fields that can stand behind what is typed up to its last dot. */
function offersFor(docs: Docs, start: string, typed: string, language: "zh" | "en"): Option[] {
  const steps = typed.split(".").slice(0, -1);
  let object = find(docs, "object", start);
  for (const step of steps) {
    const fields = isList(object?.content.fields) ? object.content.fields.filter(isObject) : [];
    const field = fields.find((one) => one.name === step);
    object = field === undefined ? undefined : find(docs, "object", textOf(field.to));
  }
  const before = steps.map((one) => `${one}.`).join("");
  return fieldsOf(docs, object, language).map((one) => ({ ...one, value: before + one.value }));
}
