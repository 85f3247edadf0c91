/** The numbers of a report as its page shows them: a chart, a table with totals; its empty shape without. */

import { useEffect, useRef, type JSX } from "react";
import type { KeyJson, ReportJson } from "../../api_types";
import { labelOf, type Doc } from "../../model/documents";
import { isList, isObject, textOf, type Json, type JsonObject } from "../../model/json";
import { pathIn, pathLabel } from "../../model/screens/fields";
import { onShelf } from "../../model/screens/report_shape";
import { grouped } from "../../model/screens/values";
import { useView, useWorkbench } from "../../ui/desk";
import { Icon } from "../../ui/icon";
import { Sideways } from "../../ui/sideways";
import { w } from "../../ui/words";
import type { Ran } from "./running";

export function Result({ doc, ran }: { readonly doc: Doc; readonly ran: Ran }): JSX.Element {
  const { result } = ran;
  return (
    <div className={ran.running ? "report-result waiting" : "report-result"} aria-busy={ran.running}>
      {ran.problem === "" ? null : (
        <p className="message warn" role="status">
          <Icon name="alert" />
          <span>{ran.problem}</span>
        </p>
      )}
      {result === null ? (
        <EmptyShape doc={doc} />
      ) : (
        <>
          {result.chart === null ? null : <Chart spec={result.chart} title={result.title} />}
          <Table result={result} />
          <p className="quiet" role="status">
            {w("report_live", { count: result.record_count })}
          </p>
        </>
      )}
    </div>
  );
}

/** A chart by the script of charts, which is loaded where there is one. */
export function Chart({ spec, title }: { readonly spec: JsonObject; readonly title: string }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const text = JSON.stringify(spec);
  useEffect(() => {
    let away = false;
    let leave: (() => void) | undefined;
    const draw = async (): Promise<void> => {
      const { drawChart } = await import("../../../page/charts");
      if (away || place.current === null) return;
      place.current.replaceChildren();
      leave = await drawChart(place.current, JSON.parse(text) as object);
    };
    void draw();
    return () => {
      away = true;
      leave?.();
    };
  }, [text]);
  return <div ref={place} className="report-chart" role="img" aria-label={w("chart_of", { name: title })} />;
}

const MOST_ROWS = 50;

export function Table({ result, most = MOST_ROWS }: { readonly result: ReportJson; readonly most?: number }): JSX.Element {
  const { row_groups: groups, measures } = result;
  const heads = result.columns.flatMap((keys) =>
    measures.map((one) => (measures.length > 1 ? `${keysText(keys)} · ${one.label}` : keysText(keys))),
  );
  return (
    <Sideways className="sample-frame" name={result.title || w("kind_report")}>
      <table className="sample-table report-table">
        <thead>
          <tr>
            {groups.map((one, place) => (
              <th key={place} scope="col">
                {one.label}
              </th>
            ))}
            {[...heads, ...measures.map((one) => one.label)].map((head, place) => (
              <th key={place} scope="col" className="number">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {result.rows.slice(0, most).map((row, number) => (
            <tr key={number}>
              {row.keys.map((key, place) => (
                <td key={place}>{keysText([key])}</td>
              ))}
              {numbers([...cellsOf(row.cells, measures.length), row.total])}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            {groups.length > 0 ? (
              <th scope="row" colSpan={groups.length}>
                {w("report_total")}
              </th>
            ) : null}
            {numbers([...cellsOf(result.column_totals, measures.length), result.total])}
          </tr>
        </tfoot>
      </table>
    </Sideways>
  );
}

type Cell = readonly Json[] | null;

/** Return the cells of a line; one that no record falls into has nothing for each measure. */
function cellsOf(cells: readonly Cell[], width: number): readonly (readonly Json[])[] {
  return cells.map((one) => one ?? Array.from({ length: width }, () => null));
}

function numbers(cells: readonly (readonly Json[])[]): JSX.Element[] {
  return cells.flat().map((value, place) => (
    <td key={`n${place}`} className="number">
      {amount(value)}
    </td>
  ));
}

/** Return a number of a report; amounts in several currencies each with theirs. */
export function amount(value: Json | undefined): string {
  if (isList(value))
    return value.map((one) => (isObject(one) ? `${textOf(one.currency)} ${amount(one.amount)}`.trim() : "")).join("; ");
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? "" : grouped(String(value));
}

function keysText(keys: readonly KeyJson[]): string {
  return keys.map((key) => key.text || "–").join(" · ");
}

function EmptyShape({ doc }: { readonly doc: Doc }): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const object = textOf(doc.content.object);
  const groups = onShelf(doc.content, "group_rows").map((one) => pathLabel(docs, object, pathIn(one), language));
  const measures = onShelf(doc.content, "measures").map((one) => {
    const field = isObject(one) ? textOf(one.field) : "";
    return labelOf(one, language) || (field === "" ? w("op_count") : pathLabel(docs, object, field, language));
  });
  return (
    <div className="sample-frame">
      <table className="sample-table">
        <thead>
          <tr>
            {[...groups, ...measures].map((one, place) => (
              <th key={place} scope="col">
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            {[...groups, ...measures].map((_, place) => (
              <td key={place}>···</td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
  );
}
