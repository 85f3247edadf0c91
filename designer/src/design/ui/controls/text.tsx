/** A line of text, and a number. */

import type { JSX } from "react";
import type { ControlProps } from "./control";

export function TextControl({ id, value, set, schema }: ControlProps): JSX.Element {
  return (
    <input
      id={id}
      className="input"
      aria-describedby={`${id}-help`}
      value={typeof value === "string" || typeof value === "number" ? String(value) : ""}
      maxLength={typeof schema.maxLength === "number" ? schema.maxLength : 4000}
      onChange={(event) => set(event.target.value === "" ? undefined : event.target.value)}
    />
  );
}

export function NumberControl({ id, value, set, schema }: ControlProps): JSX.Element {
  return (
    <input
      id={id}
      className="input number"
      type="number"
      aria-describedby={`${id}-help`}
      value={typeof value === "number" ? value : ""}
      min={typeof schema.minimum === "number" ? schema.minimum : undefined}
      max={typeof schema.maximum === "number" ? schema.maximum : undefined}
      onChange={(event) => {
        const typed = event.target.value;
        const number = Number(typed);
        if (typed === "") set(undefined);
        else if (Number.isFinite(number)) set(number);
      }}
    />
  );
}
