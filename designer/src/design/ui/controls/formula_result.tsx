/** Under a formula: what it gives for a record, the values it was computed from, what is wrong and where. */

import { useEffect, useState, type JSX } from "react";
import type { FormulaJson, MistakeJson, SampleJson } from "../../api_types";
import { RecordPicker } from "../../editors/flow/record_picker";
import { find, type Doc } from "../../model/documents";
import type { FormulaScope } from "../../model/formula_scope";
import { sharedBy, writtenFor, type Written } from "../../model/givens";
import { isList, pointerOf, textOf, type Json, type Path } from "../../model/json";
import { findingsAt, useView, useWorkbench } from "../desk";
import { Icon } from "../icon";
import { page, w } from "../words";
import { FormulaSamples } from "./formula_samples";
import { useSample, useWritten } from "./sample";
import { tryFormula } from "./trying_formulas";

const WAIT = 450;

export function FormulaResult(props: {
  readonly doc: Doc;
  readonly path: Path;
  readonly scope: FormulaScope;
  readonly formula: string;
  readonly onReplace: (formula: string) => void;
}): JSX.Element {
  const { doc, path, scope, formula } = props;
  const view = useView();
  const [sample, choose] = useSample(scope.object);
  const [written, write] = useWritten(sharedBy(doc, path, scope));
  const { told, error, samples } = useTried(props, sample?.id ?? null, writtenFor(scope, written));
  const object = find(view.docs, "object", scope.object);
  const known = new Set(findingsAt(view, doc, path).map((one) => one.message));
  const record = told?.record;
  const newest = record?.id ? { id: record.id, title: record.title ?? "" } : null;
  return (
    <div className="formula-result">
      <div role="status">
        {error === "" ? null : <p className="quiet">{error}</p>}
        {told === null && error === "" && formula.trim() !== "" ? <p className="quiet">{w("formula_busy")}</p> : null}
        {told?.state === "value" ? <Value told={told} isCondition={scope.isCondition} /> : null}
        {told?.state === "unknown" ? <p className="quiet">{told.reason}</p> : null}
        {(told?.problems ?? []).map((one, position) => (
          <Wrong
            key={position}
            mistake={one}
            formula={formula}
            isKnown={known.has(one.message)}
            onReplace={props.onReplace}
          />
        ))}
      </div>
      {(told?.parts.length ?? 0) > 0 ? (
        <dl className="formula-parts" aria-label={w("formula_from")}>
          {told?.parts.map((one) => (
            <div key={one.text}>
              <dt title={one.label}>
                <code>{one.text}</code>
              </dt>
              <dd>{valueText(one.value)}</dd>
            </div>
          ))}
        </dl>
      ) : null}
      <FormulaSamples samples={samples} written={written} onWrite={write} />
      {page().live.includes(scope.object) ? (
        <RecordPicker
          object={scope.object}
          title={textOf(object?.content.title) || "id"}
          label={w("formula_with")}
          chosen={sample ?? newest}
          onChoose={choose}
        />
      ) : null}
    </div>
  );
}

/** What the server told last of the formula as it is written now; nothing while it is empty. */
function useTried(
  asked: {
    readonly doc: Doc;
    readonly path: Path;
    readonly scope: FormulaScope;
    readonly formula: string;
  },
  record: string | null,
  given: Written,
): { told: FormulaJson | null; error: string; samples: readonly SampleJson[] } {
  const { save } = useWorkbench();
  const { doc, path, scope, formula } = asked;
  const [found, setFound] = useState<{ told: FormulaJson | null; error: string }>({ told: null, error: "" });
  // Samples stay to be written while a result is awaited, or while there is none.
  const [samples, setSamples] = useState<readonly SampleJson[]>([]);
  const place = pointerOf(path);
  const handed = JSON.stringify(given);
  const { object, outer, isCondition } = scope;
  useEffect(() => {
    if (formula.trim() === "") {
      setFound({ told: null, error: "" });
      return;
    }
    let current = true;
    const timer = window.setTimeout(() => {
      save()
        .then(() => tryFormula({ object, outer, isCondition }, formula, record, { document: doc.id, path }, given))
        .then((told) => {
          if (!current) return;
          setFound({ told, error: "" });
          setSamples(told.samples);
        })
        .catch((reason: unknown) => {
          const error = reason instanceof Error ? reason.message : String(reason);
          if (current) setFound({ told: null, error });
        });
    }, WAIT);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
    // The rest of the document may change without another result being asked for.
  }, [formula, record, doc.id, place, object, outer, isCondition, handed]);
  return { ...found, samples };
}

function Value({ told, isCondition }: { told: FormulaJson; isCondition: boolean }): JSX.Element {
  if (isCondition)
    return (
      <p className={`formula-value ${told.value === true ? "ok" : "not"}`}>
        <Icon name={told.value === true ? "check" : "cross"} />
        {w(told.value === true ? "formula_holds" : told.value === null ? "formula_holds_empty" : "formula_holds_not")}
      </p>
    );
  return (
    <p className="formula-value">
      <span aria-hidden="true">=</span> <output>{valueText(told.value)}</output>
    </p>
  );
}

function Wrong(props: {
  readonly mistake: MistakeJson;
  readonly formula: string;
  /** Whether the check tells it already, above. */
  readonly isKnown: boolean;
  readonly onReplace: (formula: string) => void;
}): JSX.Element {
  const { mistake, formula } = props;
  const { span, instead } = mistake;
  const characters = Array.from(formula);
  const part = (from: number, to: number): string => characters.slice(from, to).join("");
  return (
    <div className="formula-wrong">
      {span === null ? null : (
        <code>
          {part(Math.max(0, span[0] - 24), span[0])}
          <mark>{part(span[0], span[1]) || "␣"}</mark>
          {part(span[1], span[1] + 24)}
        </code>
      )}
      {props.isKnown ? null : <p className="error">{mistake.message}</p>}
      {span === null || instead === null ? (
        <p className="quiet">{mistake.hint}</p>
      ) : (
        <button
          type="button"
          className="button"
          onClick={() => props.onReplace(part(0, span[0]) + instead + part(span[1], characters.length))}
        >
          {w("formula_instead", { text: instead })}
        </button>
      )}
    </div>
  );
}

/** Return a value in words. */
export function valueText(value: Json): string {
  if (value === null || value === "") return w("formula_empty");
  if (typeof value === "boolean") return w(value ? "try_truth_yes" : "try_truth_no");
  if (isList(value)) return value.length === 0 ? w("formula_none") : value.map(valueText).join(w("comma"));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
