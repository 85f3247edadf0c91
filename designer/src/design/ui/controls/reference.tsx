/** The name of something else: chosen from a list that is searched while typing. */

import type { JSX } from "react";
import { textOf } from "../../model/json";
import { useView, useWorkbench } from "../desk";
import { w } from "../words";
import type { ControlProps } from "./control";
import { optionsFor } from "./references";

export function ReferenceControl({ id, doc, value, set, schema }: ControlProps): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const options = optionsFor(view.docs, doc, textOf(schema["x-refers-to"]), language);
  const chosen = textOf(value);
  const known = options.some((one) => one.value === chosen);
  return (
    <select
      id={id}
      className="input"
      aria-describedby={`${id}-help`}
      value={chosen}
      onChange={(event) => set(event.target.value === "" ? undefined : event.target.value)}
    >
      <option value="">{w("nothing")}</option>
      {known || chosen === "" ? null : <option value={chosen}>{chosen}</option>}
      {options.map((one) => (
        <option key={one.value} value={one.value}>
          {one.label === one.value ? one.label : `${one.label} (${one.value})`}
        </option>
      ))}
    </select>
  );
}
