/** Yes or no; no is the key's absence. */

import type { JSX } from "react";
import type { ControlProps } from "./control";

export function SwitchControl({ id, value, set, schema }: ControlProps): JSX.Element {
  // Where yes is the usual, only a no has to be said.
  const usual = schema.default === true;
  const on = value === undefined ? usual : value === true;
  return (
    <input
      id={id}
      type="checkbox"
      className="switch-box"
      aria-describedby={`${id}-help`}
      checked={on}
      onChange={(event) => set(event.target.checked === usual ? undefined : event.target.checked)}
    />
  );
}
