/** Tries an approval of the draft beside its chain: with a record, and with the runs that are over. */

import { useState, type JSX } from "react";
import type { JudgedJson, ReplaySummaryJson, SimulationJson } from "../../api_types";
import { find, labelOf, nameOf, ofKind, type Doc, type Docs } from "../../model/documents";
import { fieldAt, pathLabel, type Describing } from "../../model/flow/describing";
import { objects } from "../../model/flow/graph";
import { textOf, type Json } from "../../model/json";
import { formulaText, labelled } from "../../model/sentences/formulas";
import { useChoose, useView, useWorkbench } from "../../ui/desk";
import { Icon, IconButton } from "../../ui/icon";
import { page, w } from "../../ui/words";
import { RecordPicker } from "./record_picker";
import { replay, simulate, type Found } from "./trying";

/** What was tried last, and whether the draft is still as it was then. */
export interface Trial {
  readonly simulation: SimulationJson | null;
  readonly replay: ReplaySummaryJson | null;
}

interface Value {
  readonly field: string;
  readonly text: string;
}

const LAST = 100;

export function TryPanel(props: {
  readonly doc: Doc;
  readonly object: Doc;
  readonly trial: Trial;
  /** Whether the draft was changed since. */
  readonly old: boolean;
  readonly onTried: (trial: Trial) => void;
}): JSX.Element {
  const { doc, object, trial, onTried } = props;
  const { save } = useWorkbench();
  const [record, setRecord] = useState<Found | null>(null);
  const [submitter, setSubmitter] = useState("");
  const [values, setValues] = useState<readonly Value[]>([]);
  const [last, setLast] = useState(LAST);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const ask = (question: () => Promise<Trial>): void => {
    setBusy(true);
    setError("");
    save()
      .then(question)
      .then(onTried)
      .catch((reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)))
      .finally(() => setBusy(false));
  };
  const trySimulation = async (): Promise<Trial> => {
    const given = values.filter((one) => one.field !== "").map((one) => [one.field, valueOf(one.text)]);
    const simulation = await simulate({
      object: nameOf(object),
      record: record?.id ?? "",
      transition: textOf(doc.content.transition),
      values: Object.fromEntries(given) as Record<string, Json>,
      submitter,
    });
    return { ...trial, simulation };
  };
  const tryReplay = async (): Promise<Trial> => ({
    ...trial,
    replay: await replay(textOf(doc.content.workflow), last),
  });
  // Of an object that nobody has used yet there is nothing to try: no record, no run.
  if (!page().live.includes(nameOf(object)))
    return (
      <aside className="try-panel" aria-label={w("try")}>
        <h3>{w("try_with_record")}</h3>
        <p className="quiet">{w("try_not_live")}</p>
      </aside>
    );
  return (
    <aside className="try-panel" aria-label={w("try")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          ask(trySimulation);
        }}
      >
        <h3>{w("try_with_record")}</h3>
        <RecordPicker
          object={nameOf(object)}
          title={textOf(object.content.title) || "id"}
          label={w("try_record")}
          chosen={record}
          onChoose={setRecord}
        />
        <label>
          {w("try_submitter")}
          <input
            className="input"
            placeholder={w("try_submitter_me")}
            value={submitter}
            onChange={(event) => setSubmitter(event.target.value)}
          />
        </label>
        <Values object={object} values={values} onChange={setValues} />
        <button className="button main" disabled={busy}>
          {w("try_simulate")}
        </button>
      </form>
      {error === "" ? null : (
        <p className="message bad" role="alert">
          {error}
        </p>
      )}
      {props.old && trial.simulation !== null ? <p className="quiet">{w("try_old")}</p> : null}
      <div role="status">{trial.simulation === null ? null : <Told doc={doc} object={object} told={trial.simulation} />}</div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          ask(tryReplay);
        }}
      >
        <h3>{w("try_past")}</h3>
        <label>
          {w("try_last")}
          <input
            className="input"
            type="number"
            min={1}
            max={500}
            value={last}
            onChange={(event) => setLast(event.target.valueAsNumber || LAST)}
          />
        </label>
        <button className="button" disabled={busy}>
          {w("try_replay")}
        </button>
      </form>
      <div role="status">{trial.replay === null ? null : <Past told={trial.replay} />}</div>
    </aside>
  );
}

/** Numbers and yes or no are sent as texts are written; JSON stands for lists of rows. */
function valueOf(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  if (!text.startsWith("[") && !text.startsWith("{")) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function Values(props: {
  readonly object: Doc;
  readonly values: readonly Value[];
  readonly onChange: (values: readonly Value[]) => void;
}): JSX.Element {
  const { language } = useWorkbench();
  const { values, onChange } = props;
  const put = (position: number, one: Value): void =>
    onChange(values.map((known, number) => (number === position ? one : known)));
  return (
    <fieldset>
      <legend>{w("try_values")}</legend>
      {values.map((one, position) => (
        <div key={position} className="try-value">
          <select
            className="input"
            aria-label={w("try_field")}
            value={one.field}
            onChange={(event) => put(position, { ...one, field: event.target.value })}
          >
            <option value="" />
            {objects(props.object.content.fields)
              .filter((field) => field.formula === undefined)
              .map((field) => (
                <option key={textOf(field.name)} value={textOf(field.name)}>
                  {labelOf(field, language)}
                </option>
              ))}
          </select>
          <input
            className="input"
            aria-label={w("try_value")}
            value={one.text}
            onChange={(event) => put(position, { ...one, text: event.target.value })}
          />
          <IconButton
            icon="cross"
            name={w("remove")}
            onPress={() => onChange(values.filter((_, number) => number !== position))}
          />
        </div>
      ))}
      <button
        type="button"
        className="button quiet"
        onClick={() => onChange([...values, { field: "", text: "" }])}
      >
        <Icon name="plus" />
        {w("try_add_value")}
      </button>
    </fieldset>
  );
}

/** A condition, what came of it and the values it read; a long one is cut off and told whole on top of it. */
function Condition({ judged, object }: { readonly judged: JudgedJson; readonly object: Doc }): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const about: Describing = { docs, object, language, say: w };
  const condition = formulaText(about, judged.condition);
  const values = Object.entries(judged.values).map(
    ([path, value]) => `${pathLabel(about, path)} = ${shown(about, path, value)}`,
  );
  return (
    <small title={condition}>
      <span className="try-condition">{condition}</span>
      {[w(`try_truth_${judged.truth}`), ...values].join(" · ")}
    </small>
  );
}

function shown(about: Describing, path: string, value: Json): string {
  if (value === null) return w("try_truth_empty");
  if (typeof value === "boolean") return w(value ? "try_truth_yes" : "try_truth_no");
  return typeof value === "object" ? JSON.stringify(value) : labelled(about, fieldAt(about, path), String(value));
}

function Told(props: { readonly doc: Doc; readonly object: Doc; readonly told: SimulationJson }): JSX.Element {
  const { doc, object, told } = props;
  const view = useView();
  const choose = useChoose();
  const own = told.approval === nameOf(doc);
  return (
    <div className="try-told">
      <p className={own ? "try-verdict good" : "try-verdict"}>
        {own
          ? w("try_runs", { who: told.submitter })
          : told.approval === null
            ? w("try_nobody")
            : w("try_other", { name: told.label })}
      </p>
      {told.guard === null || told.guard.truth === "yes" ? null : (
        <p className="try-guard">
          {w("try_guard")} <Condition judged={told.guard} object={object} />
        </p>
      )}
      <ul>
        {told.candidates.map((one) => {
          const other = ofKind(view.docs, "approval").find((known) => nameOf(known) === one.name);
          return (
            <li key={one.name}>
              {other === undefined || other.id === doc.id ? (
                <strong>{one.label}</strong>
              ) : (
                <button type="button" className="plain link" onClick={() => choose(other.id)}>
                  {one.label}
                </button>
              )}{" "}
              <span className="badge">{w(`try_state_${one.state}`)}</span>
              {one.condition === null ? null : <Condition judged={one.condition} object={object} />}
            </li>
          );
        })}
      </ul>
      {own ? <Reasons told={told} doc={doc} object={object} /> : null}
    </div>
  );
}

/** Per step in words: who, why, who is left out. */
function Reasons(props: { readonly told: SimulationJson; readonly doc: Doc; readonly object: Doc }): JSX.Element {
  const { told, doc, object } = props;
  const { language } = useWorkbench();
  const labels = new Map(
    objects(doc.content.steps)
      .flatMap((step) => [step, ...objects(step.branches).flatMap((one) => objects(one.steps))])
      .map((step) => [textOf(step.name), labelOf(step, language)]),
  );
  return (
    <ol className="try-steps">
      {told.steps.map((step) => (
        <li key={step.name}>
          <strong>{labels.get(step.name) ?? step.name}</strong>{" "}
          <span className={`badge ${step.state === "asked" ? "green" : ""}`}>{w(`try_step_${step.state}`)}</span>
          {step.condition === null ? null : <Condition judged={step.condition} object={object} />}
          {step.sources.map((source, number) => (
            <small key={number}>
              {source.people.join(", ") || w("try_no_people")}: {source.reason}
              {source.left_out === undefined
                ? ""
                : ` · ${w("try_left_out", { who: source.left_out.join(", "), reason: source.left_out_reason ?? "" })}`}
            </small>
          ))}
        </li>
      ))}
    </ol>
  );
}

function Past({ told }: { readonly told: ReplaySummaryJson }): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  if (told.runs === 0) return <p className="quiet">{w("try_no_runs")}</p>;
  const { runs, different, unknown } = told;
  return (
    <div className="try-told">
      <p>{w("try_summary", { runs, different, unknown })}</p>
      {told.never.length === 0 ? null : <p>{w("try_never", { names: told.never.map((one) => neverTaken(docs, one, language)).join(w("comma")) })}</p>}
      <ul>
        {told.tasks.slice(0, 8).map((one) => (
          <li key={one.id}>{w("try_tasks", { who: one.name, then: one.recorded, now: one.now })}</li>
        ))}
      </ul>
    </div>
  );
}

/** Return what an approval, or a step of one written `approval/step`, is called. */
function neverTaken(docs: Docs, way: string, language: "zh" | "en"): string {
  const [approval = "", step] = way.split("/");
  const found = find(docs, "approval", approval)?.content;
  const title = labelOf(found, language) || approval;
  const steps = objects(found?.steps).flatMap((one) => [one, ...objects(one.branches).flatMap((branch) => objects(branch.steps))]);
  return step === undefined ? title : `${title} › ${labelOf(steps.find((one) => one.name === step), language) || step}`;
}
