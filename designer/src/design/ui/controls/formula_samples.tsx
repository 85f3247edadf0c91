/** The values that a formula is tried with: each can be written, and has a sample until it is. */

import { useId, useState, type JSX } from "react";
import type { SampleJson } from "../../api_types";
import { RecordPicker } from "../../editors/flow/record_picker";
import type { Found } from "../../editors/flow/trying";
import { find } from "../../model/documents";
import { widgetOf, writtenWith, type Written } from "../../model/givens";
import { textOf } from "../../model/json";
import { useView } from "../desk";
import { page, w } from "../words";

export function FormulaSamples(props: {
  readonly samples: readonly SampleJson[];
  readonly written: Written;
  readonly onWrite: (written: Written) => void;
}): JSX.Element | null {
  const { written, onWrite } = props;
  const samples = props.samples.filter((one) => widgetOf(one) !== "none");
  if (samples.length === 0) return null;
  return (
    <fieldset className="formula-samples">
      <legend>{w("formula_samples")}</legend>
      {samples.map((one) => (
        <SampleField
          key={`${one.name} ${one.kind} ${one.object ?? ""}`}
          sample={one}
          text={written[one.name] ?? one.value}
          onWrite={(text) => onWrite(writtenWith(written, one.name, text))}
        />
      ))}
      {samples.some((one) => one.name in written) ? (
        <button
          type="button"
          className="plain"
          onClick={() => onWrite(samples.reduce((all, one) => writtenWith(all, one.name, undefined), written))}
        >
          {w("formula_samples_back")}
        </button>
      ) : null}
    </fieldset>
  );
}

function SampleField(props: {
  readonly sample: SampleJson;
  readonly text: string;
  readonly onWrite: (text: string) => void;
}): JSX.Element {
  const { sample } = props;
  const id = useId();
  const widget = widgetOf(sample);
  return (
    <div className="formula-sample">
      {widget === "record" ? (
        <RecordField {...props} />
      ) : (
        <>
          <label htmlFor={id}>{sample.label}</label>
          <Entry {...props} id={id} widget={widget} />
        </>
      )}
      {sample.problem === null ? null : (
        <p id={`${id}-problem`} className="error">
          {sample.problem}
        </p>
      )}
    </div>
  );
}

function Entry(props: {
  readonly id: string;
  readonly widget: string;
  readonly sample: SampleJson;
  readonly text: string;
  readonly onWrite: (text: string) => void;
}): JSX.Element {
  const { id, widget, sample, text, onWrite } = props;
  const told = sample.problem === null ? undefined : `${id}-problem`;
  if (widget === "choice" || widget === "truth") {
    const choices =
      widget === "choice"
        ? sample.choices
        : [
            { value: "true", label: w("try_truth_yes") },
            { value: "false", label: w("try_truth_no") },
          ];
    return (
      <select id={id} className="input" aria-describedby={told} value={text} onChange={(event) => onWrite(event.target.value)}>
        {choices.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
        <option value="">{w("formula_empty")}</option>
      </select>
    );
  }
  const isNumber = widget === "number";
  return (
    <input
      id={id}
      className="input"
      type={isNumber ? "text" : widget}
      inputMode={isNumber ? (sample.whole ? "numeric" : "decimal") : undefined}
      aria-describedby={told}
      aria-invalid={told === undefined ? undefined : true}
      value={text}
      onChange={(event) => onWrite(event.target.value)}
    />
  );
}

/** A record of the object that a parameter refers to; where there are none yet, what it is called alone. */
function RecordField(props: {
  readonly sample: SampleJson;
  readonly text: string;
  readonly onWrite: (text: string) => void;
}): JSX.Element {
  const { sample, text } = props;
  const view = useView();
  const [picked, setPicked] = useState<Found | null>(null);
  const object = sample.object ?? "";
  const told = sample.title === null ? null : { id: text, title: sample.title };
  if (!page().live.includes(object))
    return (
      <p className="quiet">
        {sample.label}: {sample.title ?? w("formula_empty")}
      </p>
    );
  return (
    <RecordPicker
      object={object}
      title={textOf(find(view.docs, "object", object)?.content.title) || "id"}
      label={sample.label}
      chosen={picked?.id === text ? picked : told}
      onChoose={(found) => {
        setPicked(found);
        props.onWrite(found?.id ?? "");
      }}
    />
  );
}
