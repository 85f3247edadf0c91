/** The control for one key: which one follows from the schema. */

import { useId, type JSX } from "react";
import { setValue } from "../../model/commands/set_value";
import type { Doc } from "../../model/documents";
import { at, isList, isObject, textOf, type Json, type Path } from "../../model/json";
import { helpOf, titleOf, typesOf, type Property, type Schema } from "../../model/schema";
import type { Finding } from "../../model/store";
import { findingsAt, useRun, useView } from "../desk";
import { Prose } from "../prose";
import { w } from "../words";
import { ChoiceControl } from "./choice";
import { EitherControl } from "./either";
import { FormulaControl } from "./formula";
import { ItemsControl } from "./items";
import { JsonControl } from "./json_value";
import { LabelControl } from "./label";
import { MapControl } from "./map";
import { isMeasure, MeasureControl } from "./measure";
import { isName, NameControl } from "./name";
import { PartControl } from "./part";
import { NumberControl, TextControl } from "./text";
import { PathControl } from "./path";
import { ReferenceControl } from "./reference";
import { isOffered } from "./references";
import { SwitchControl } from "./switch";
import { TextsControl } from "./texts";

/** What every control is given. */
export interface ControlProps {
  readonly id: string;
  readonly doc: Doc;
  readonly path: Path;
  readonly schema: Schema;
  readonly value: Json | undefined;
  /** Set the value; undefined takes the key away. */
  readonly set: (value: Json | undefined) => void;
}

type Kind = (props: ControlProps) => JSX.Element;

export function Control(props: {
  readonly doc: Doc;
  readonly path: Path;
  readonly property: Property;
}): JSX.Element {
  const { doc, path, property } = props;
  const view = useView();
  const run = useRun();
  const id = useId();
  const value = at(doc.content, path);
  const Kind = isName(doc, path)
    ? NameControl
    : isMeasure(doc, path)
      ? MeasureControl
      : kindOf(property.schema, value);
  const found = findingsAt(view, doc, path).filter((one) => one.path.length === path.length);
  const set = (wanted: Json | undefined): void => run(setValue(doc.id, path, wanted));
  const help = helpOf(property.schema);
  return (
    <div className={found.some(isError) ? "option wrong" : "option"} data-key={property.key}>
      <div className="option-label">
        <label htmlFor={id}>{titleOf(property.schema, property.key)}</label>
        {property.required ? <span className="needed">{w("needed")}</span> : null}
      </div>
      <Kind {...{ id, doc, path, value, set }} schema={property.schema} />
      {help === "" ? null : (
        <p className="option-help" id={`${id}-help`}>
          <Prose text={help} />
        </p>
      )}
      {found.map((one, position) => (
        <p key={position} className={isError(one) ? "error" : "warning"}>
          {one.message} <span className="quiet">{one.hint}</span>
        </p>
      ))}
    </div>
  );
}

function isError(finding: Finding): boolean {
  return finding.severity === "error";
}

function kindOf(schema: Schema, value: Json | undefined): Kind {
  if (schema.format === "label") return LabelControl;
  if (isList(schema.enum)) return ChoiceControl;
  const types = typesOf(schema);
  if (types.includes("boolean") && types.length === 1) return SwitchControl;
  if (types.includes("integer") || types.includes("number")) return NumberControl;
  if (types.includes("array")) return isList(value) || value === undefined ? listKind(schema) : JsonControl;
  if (types.includes("string") && types.includes("object")) return EitherControl;
  if (types.length > 1) return typeof value === "string" || value === undefined ? TextControl : JsonControl;
  if (types.includes("object")) {
    if (isObject(schema.properties)) return PartControl;
    return MapControl;
  }
  if (schema.format === "formula") return FormulaControl;
  if (schema.format === "path") return PathControl;
  if (isOffered(textOf(schema["x-refers-to"]))) return ReferenceControl;
  return TextControl;
}

function listKind(schema: Schema): Kind {
  const items = isObject(schema.items) ? schema.items : {};
  const types = typesOf(items);
  if (types.length === 1 && types[0] === "string") return TextsControl;
  return types.includes("object") || isList(items.allOf) ? ItemsControl : JsonControl;
}
