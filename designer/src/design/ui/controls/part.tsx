/** An object inside a document: its own keys, folded where it is not there yet. */

import type { JSX } from "react";
import { isObject } from "../../model/json";
import { properties } from "../../model/schema";
import { PropertyList } from "../options";
import { w } from "../words";
import type { ControlProps } from "./control";

export function PartControl({ id, doc, path, value, set, schema }: ControlProps): JSX.Element {
  if (!isObject(value))
    return (
      <button id={id} type="button" className="button" onClick={() => set({})}>
        {w("set_up")}
      </button>
    );
  return (
    <div className="part">
      <PropertyList doc={doc} path={path} found={properties(schema, value)} />
      <button id={id} type="button" className="button quiet" onClick={() => set(undefined)}>
        {w("take_away")}
      </button>
    </div>
  );
}
