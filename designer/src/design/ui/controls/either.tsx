/** A value that is said in one word, or set up in parts where one word does not say it. */

import type { JSX } from "react";
import { isList, isObject, textOf, type Json } from "../../model/json";
import { w } from "../words";
import { ChoiceControl } from "./choice";
import type { ControlProps } from "./control";
import { PartControl } from "./part";
import { PathControl } from "./path";
import { ReferenceControl } from "./reference";
import { isOffered } from "./references";
import { TextControl } from "./text";

export function EitherControl(props: ControlProps): JSX.Element {
  const { value, set, schema } = props;
  const key = textOf(schema["x-short"]);
  const short = { ...schema, ...meant(schema, key) };
  const isWhole = isObject(value);
  const Short = kindOf(short);
  return (
    <div className="either">
      {isWhole ? <PartControl {...props} /> : <Short {...props} schema={short} />}
      {isWhole ? null : (
        <button
          type="button"
          className="button quiet"
          onClick={() => set(key !== "" && textOf(value) !== "" ? { [key]: textOf(value) } : {})}
        >
          {w("in_parts")}
        </button>
      )}
    </div>
  );
}

/** Return what the one word is: said by the schema itself, or the part that it stands for. */
function meant(schema: ControlProps["schema"], key: string): Readonly<Record<string, Json>> {
  if (isObject(schema.then)) return schema.then;
  const part = isObject(schema.properties) ? schema.properties[key] : undefined;
  if (!isObject(part)) return {};
  const refersTo = textOf(part["x-refers-to"]);
  return { format: textOf(part.format), ...(refersTo === "" ? {} : { "x-refers-to": refersTo }) };
}

function kindOf(short: ControlProps["schema"]): (props: ControlProps) => JSX.Element {
  if (isList(short.enum)) return ChoiceControl;
  if (short.format === "path") return PathControl;
  return isOffered(textOf(short["x-refers-to"])) ? ReferenceControl : TextControl;
}
