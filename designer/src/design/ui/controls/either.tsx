/** A value that is said in one word, or set up in parts where one word does not say it. */

import type { JSX } from "react";
import { isList, isObject, textOf } from "../../model/json";
import { w } from "../words";
import { ChoiceControl } from "./choice";
import type { ControlProps } from "./control";
import { PartControl } from "./part";
import { ReferenceControl } from "./reference";
import { TextControl } from "./text";

export function EitherControl(props: ControlProps): JSX.Element {
  const { value, set, schema } = props;
  const then = isObject(schema.then) ? schema.then : {};
  const short = { ...schema, ...then };
  const Short = isList(short.enum)
    ? ChoiceControl
    : textOf(short["x-refers-to"]) === ""
      ? TextControl
      : ReferenceControl;
  const isWhole = isObject(value);
  return (
    <div className="either">
      {isWhole ? <PartControl {...props} /> : <Short {...props} schema={short} />}
      {isWhole ? null : (
        <button type="button" className="button quiet" onClick={() => set({})}>
          {w("in_parts")}
        </button>
      )}
    </div>
  );
}
