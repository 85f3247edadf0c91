/** One of a few values that the schema lists. */

import type { JSX } from "react";
import { isList, isObject, textOf } from "../../model/json";
import { w } from "../words";
import type { ControlProps } from "./control";

export function ChoiceControl({ id, value, set, schema }: ControlProps): JSX.Element {
  const known = schema.enum;
  const labels = isObject(schema["x-labels"]) ? schema["x-labels"] : {};
  const values = isList(known) ? known.map(textOf) : [];
  const called = (one: string): string => textOf(labels[one]) || one;
  const standard = textOf(schema.default);
  return (
    <select
      id={id}
      className="input"
      aria-describedby={`${id}-help`}
      value={textOf(value)}
      onChange={(event) => set(event.target.value === "" ? undefined : event.target.value)}
    >
      <option value="">{standard === "" ? w("nothing") : w("nothing_means", { value: called(standard) })}</option>
      {values.map((one) => (
        <option key={one} value={one}>
          {called(one)}
        </option>
      ))}
    </select>
  );
}
