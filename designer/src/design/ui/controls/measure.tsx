/** Which number of its report a tile shows: chosen by what people call it. */

import type { JSX } from "react";
import { measureTitle } from "../../editors/parts/titles";
import { find, kindOf, labelOf, type Doc } from "../../model/documents";
import { at, isObject, textOf, type Path } from "../../model/json";
import { measureName, onShelf } from "../../model/screens/report_shape";
import { useView, useWorkbench } from "../desk";
import { w } from "../words";
import type { ControlProps } from "./control";

/** Say whether a key holds the name of a measure. */
export function isMeasure(doc: Doc, path: Path): boolean {
  return kindOf(doc) === "dashboard" && path[0] === "tiles" && path[2] === "measure";
}

export function MeasureControl({ id, doc, path, value, set }: ControlProps): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const report = find(docs, "report", textOf(at(doc.content, [...path.slice(0, -1), "report"])));
  const options = (report === undefined ? [] : onShelf(report.content, "measures")).map((one) => ({
    value: measureName(one),
    label:
      (isObject(one) ? labelOf(one, language) : "") ||
      measureTitle(docs, textOf(report?.content.object), one, language),
  }));
  const chosen = textOf(value);
  const first = options[0]?.label;
  return (
    <select
      id={id}
      className="input"
      aria-describedby={`${id}-help`}
      value={chosen}
      onChange={(event) => set(event.target.value === "" ? undefined : event.target.value)}
    >
      <option value="">{first === undefined ? w("nothing") : w("nothing_means", { value: first })}</option>
      {chosen === "" || options.some((one) => one.value === chosen) ? null : <option value={chosen}>{chosen}</option>}
      {options.map((one) => (
        <option key={one.value} value={one.value}>
          {one.label}
        </option>
      ))}
    </select>
  );
}
