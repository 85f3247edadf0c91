/** Values by name: a row for each, such as the fields that an action sets. */

import { useState, type JSX } from "react";
import { isObject, textOf, withAt, type Json } from "../../model/json";
import { typesOf } from "../../model/schema";
import { useView, useWorkbench } from "../desk";
import { IconButton } from "../icon";
import { w } from "../words";
import { filledAt } from "../../model/relations";
import type { ControlProps } from "./control";
import { FormulaControl } from "./formula";
import { JsonControl } from "./json_value";
import { TextControl } from "./text";
import { fieldsOf } from "./references";

export function MapControl(props: ControlProps): JSX.Element {
  const { id, doc, path, value, set, schema } = props;
  const view = useView();
  const { language } = useWorkbench();
  const [name, setName] = useState("");
  const known = isObject(value) ? value : {};
  const inner = isObject(schema.additionalProperties) ? schema.additionalProperties : {};
  const kindOf = (one: Json): typeof FormulaControl => {
    if (inner.format === "formula") return FormulaControl;
    return typeof one === "string" && typesOf(inner).includes("string") ? TextControl : JsonControl;
  };
  const over = schema["x-formula-context"];
  const put = (key: string, wanted: Json | undefined): void => {
    const made = withAt(known, [key], wanted);
    set(isObject(made) && Object.keys(made).length === 0 ? undefined : made);
  };
  const fields = fieldsOf(view.docs, filledAt(view.docs, doc, path), language);
  return (
    <div className="map">
      {Object.entries(known).map(([key, one]) => {
        const Kind = kindOf(one);
        return (
        <div key={key} className="map-row">
          <label htmlFor={`${id}-${key}`}>{fields.find((field) => field.value === key)?.label ?? key}</label>
          <Kind
            id={`${id}-${key}`}
            doc={doc}
            path={[...path, key]}
            schema={over === undefined ? inner : { ...inner, "x-formula-context": over }}
            value={one}
            set={(wanted) => put(key, wanted ?? "")}
          />
          <IconButton icon="trash" name={`${w("remove")}: ${key}`} onPress={() => put(key, undefined)} />
        </div>
        );
      })}
      <div className="map-row">
        <input
          id={id}
          className="input"
          list={`${id}-names`}
          data-typed
          placeholder={w("add_another")}
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || textOf(name) === "") return;
            event.preventDefault();
            put(name, typesOf(inner).includes("array") ? [] : "");
            setName("");
          }}
        />
        <datalist id={`${id}-names`}>
          {fields.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </datalist>
      </div>
    </div>
  );
}
