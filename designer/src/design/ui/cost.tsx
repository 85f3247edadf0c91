/** One line under the heading: what the object costs on the real rows; opened, it says all of it. */

import { useCallback, useEffect, useRef, useState, type JSX, type ReactNode } from "react";
import type { CostJson, SaveStepJson, TimesJson } from "../api_types";
import { costLine, hasCost, listOf, placeOf, speaksOf } from "../model/costs";
import type { Doc } from "../model/documents";
import { ask as askServer } from "./api";
import { useChoose, useView, useWorkbench } from "./desk";
import { refusal } from "./http";
import { page, w } from "./words";

/** Who only passes by asks nothing, and nobody asks at each letter. */
const WAIT = 1_200;
/** How long a document is looked at before lists are run for it the first time. */
const REST = 4_000;

/** The times that were measured since the page was opened, by document, with the document as it was then. */
const measured = new Map<string, { readonly times: TimesJson; readonly of: Doc }>();

type Answer = { readonly cost: CostJson } | { readonly refused: string };

export function CostLine({ doc }: { readonly doc: Doc }): JSX.Element | null {
  return hasCost(doc) ? <Line doc={doc} /> : null;
}

function Line({ doc }: { readonly doc: Doc }): JSX.Element {
  const { answer, busy, ask } = useCost(doc);
  const kept = measured.get(doc.id);
  const line =
    answer === null
      ? w("cost_asking")
      : "refused" in answer
        ? w("cost_untold", { why: answer.refused })
        : costLine(answer.cost, kept?.times ?? null);
  return (
    <details className="cost">
      <summary>
        <span className="cost-name">{w("cost")}</span> <span className="cost-line">{line}</span>
      </summary>
      {answer !== null && "cost" in answer ? (
        <Whole {...{ doc, busy }} cost={answer.cost} times={kept?.times ?? null} old={kept?.of !== doc} onMeasure={() => ask(true)} />
      ) : null}
    </details>
  );
}

/** Ask once the document has come to rest; the times only the first time, and when that is pressed. */
function useCost(doc: Doc): { answer: Answer | null; busy: boolean; ask: (time: boolean) => void } {
  const { save } = useWorkbench();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [busy, setBusy] = useState(false);
  const last = useRef(0);
  const ask = useCallback(
    (time: boolean): void => {
      const number = (last.current += 1);
      const isLast = (): boolean => number === last.current;
      setBusy(time);
      void save()
        .then((saved) => (saved && isLast() ? costOf(doc, time) : { refused: w("cost_unsaved") }))
        .catch((error: unknown): Answer => ({ refused: error instanceof Error ? error.message : String(error) }))
        .then((found) => {
          if ("cost" in found && found.cost.time !== null) measured.set(doc.id, { times: found.cost.time, of: doc });
          if (!isLast()) return;
          setAnswer(found);
          setBusy(false);
        });
    },
    [doc, save],
  );
  useEffect(() => {
    const facts = window.setTimeout(() => ask(false), WAIT);
    const times = window.setTimeout(() => {
      if (!measured.has(doc.id)) ask(true);
    }, REST);
    return () => {
      window.clearTimeout(facts);
      window.clearTimeout(times);
    };
  }, [ask, doc.id]);
  useEffect(
    () => () => {
      last.current += 1;
    },
    [],
  );
  return { answer, busy, ask };
}

async function costOf(doc: Doc, time: boolean): Promise<Answer> {
  const told = await askServer("POST /metadata/drafts/{draft}/cost", {
    places: { draft: page().draft },
    body: { document: doc.id, time },
  });
  if (!told.ok) return { refused: refusal(told) };
  return "untold" in told.body ? { refused: told.body.untold } : { cost: told.body };
}

function Whole(props: {
  readonly doc: Doc;
  readonly cost: CostJson;
  readonly times: TimesJson | null;
  /** Whether the document was changed since the times were measured. */
  readonly old: boolean;
  readonly busy: boolean;
  readonly onMeasure: () => void;
}): JSX.Element {
  const { doc, cost } = props;
  const view = useView();
  const choose = useChoose();
  return (
    <div className="cost-whole">
      {cost.notes.map((one) => (
        <p key={one} className="message info">
          {one}
        </p>
      ))}
      {cost.rows === null ? null : (
        <Part title={w("cost_rows")}>
          <p>{cost.rows.text}</p>
          {cost.children.map((one) => (
            <p key={one.text}>{one.text}</p>
          ))}
        </Part>
      )}
      {cost.rows === null ? null : <Measured {...props} />}
      <Part title={w("cost_save")}>
        <p>{cost.save.text}</p>
        <ul>
          {cost.save.steps.map((step) => (
            <li key={step.text} aria-current={speaksOf(step, doc, view.chosen?.path ?? []) ? "true" : undefined}>
              <To step={step} />
            </li>
          ))}
        </ul>
      </Part>
      <Part title={w("cost_lists")}>
        {cost.lists.length === 0 ? <p>{w("cost_lists_none")}</p> : null}
        <ul>
          {cost.lists.map((one) => {
            const list = listOf(view.docs, one);
            return (
              <li key={one.view}>
                {list === undefined || list.id === doc.id ? (
                  <strong>{one.label}</strong>
                ) : (
                  <button type="button" className="plain link" onClick={() => choose(list.id)}>
                    {one.label}
                  </button>
                )}
                : {one.text}
              </li>
            );
          })}
        </ul>
      </Part>
      <Part title={w("cost_indexes")}>
        <p className="quiet">{w("cost_indexes_text")}</p>
        <ul>
          {cost.indexes.map((one) => (
            <li key={one.name + one.state}>
              <strong>{one.label}</strong>: {one.text}{" "}
              {one.state === "there" ? null : (
                <span className={`badge ${one.state === "added" ? "green" : "amber"}`}>{w(`cost_index_${one.state}`)}</span>
              )}
            </li>
          ))}
        </ul>
      </Part>
      <p className="quiet">{cost.asking.text}</p>
    </div>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }): JSX.Element {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** What a save does; it leads to where the draft says so. */
function To({ step }: { readonly step: SaveStepJson }): JSX.Element {
  const { docs } = useView();
  const choose = useChoose();
  const place = placeOf(docs, step);
  if (place === null) return <>{step.text}</>;
  return (
    <button type="button" className="plain" onClick={() => choose(place.id, place.path)}>
      {step.text}
    </button>
  );
}

/** The time of the list, or of the report, for each role; measured anew only when that is pressed. */
function Measured(props: {
  readonly times: TimesJson | null;
  readonly old: boolean;
  readonly busy: boolean;
  readonly onMeasure: () => void;
}): JSX.Element {
  const { times } = props;
  const { language } = useWorkbench();
  return (
    <Part title={w("cost_time")}>
      <p role="status">{props.busy ? w("cost_measuring") : (times?.text ?? w("cost_not_measured"))}</p>
      {times === null ? null : (
        <>
          <dl>
            {times.roles.map((one) => (
              <div key={one.role}>
                <dt>{one.people > 0 ? w("cost_people", { role: one.label, count: one.people }) : one.label}</dt>
                <dd>{one.text}</dd>
              </div>
            ))}
          </dl>
          <p className="quiet">
            {w("cost_as_of", { time: new Date(times.as_of).toLocaleTimeString(language) })}
            {props.old ? ` ${w("cost_old")}` : ""}
          </p>
        </>
      )}
      <button
        type="button"
        className="button"
        aria-disabled={props.busy}
        onClick={() => {
          if (!props.busy) props.onMeasure();
        }}
      >
        {times === null ? w("cost_measure") : w("cost_measure_again")}
      </button>
    </Part>
  );
}
