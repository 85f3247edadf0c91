/** A list as it will look: its columns over a few real rows, its order and its condition. */

import { useState, type DragEvent, type JSX, type KeyboardEvent } from "react";
import { insertItem } from "../model/commands/insert_item";
import { moveItem } from "../model/commands/move_item";
import { removeItem } from "../model/commands/remove_item";
import type { Doc } from "../model/documents";
import { isList, textOf } from "../model/json";
import { followed, pathLabel } from "../model/screens/fields";
import { shownValue, valueAt } from "../model/screens/values";
import { findingsAt, useRun, useView, useWorkbench } from "../ui/desk";
import { Icon } from "../ui/icon";
import { Sideways } from "../ui/sideways";
import { w } from "../ui/words";
import { sampleOf } from "./form/faint";
import { FIELD_PATH, FieldTree } from "./parts/field_tree";
import { useFollowing } from "./parts/following";
import { OneOption } from "./parts/one_option";
import { Order } from "./view/order";
import { useSamples, type Samples } from "./view/samples";

const COLUMNS = ["columns"] as const;
const COLUMN = "application/x-headrace-column";

export function ViewEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const run = useRun();
  const object = textOf(doc.content.object);
  const columns = isList(doc.content.columns) ? doc.content.columns.map(textOf) : [];
  const sort = isList(doc.content.sort) ? doc.content.sort.map(textOf) : [];
  const samples = useSamples(object, columns, sort);
  const add = (path: string, position: number): void => {
    if (!columns.includes(path)) run(insertItem(doc.id, COLUMNS, position, path));
  };
  return (
    <div className="screen-editor">
      <div className="view-drawing">
        <p className="quiet">{w("list_keys")}</p>
        <Sideways className="sample-frame" name={w("columns")}>
          <table className="sample-table">
            <Head {...{ doc, columns }} missing={samples.missing} onAdd={add} />
            <Body {...{ doc, columns, samples }} />
          </table>
        </Sideways>
        <p className="quiet">{w(columns.length === 0 ? "no_columns" : samples.rows.length > 0 ? "sample_rows" : "no_sample_rows")}</p>
        <Order doc={doc} columns={columns} />
        <OneOption doc={doc} name="where" />
      </div>
      <FieldTree
        object={object}
        title={w("add_columns")}
        text={w("add_columns_text")}
        shown={new Set(columns)}
        onPick={(path) => add(path, columns.length)}
      />
    </div>
  );
}

function Head(props: {
  readonly doc: Doc;
  readonly columns: readonly string[];
  readonly missing: ReadonlySet<string>;
  readonly onAdd: (path: string, position: number) => void;
}): JSX.Element {
  const { doc, columns } = props;
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const follow = useFollowing();
  const [over, setOver] = useState<number | null>(null);
  const object = textOf(doc.content.object);
  const move = (from: number, to: number): void => run(moveItem(doc.id, COLUMNS, from, to));
  const remove = (position: number): void => run(removeItem(doc.id, [...COLUMNS, position], false));
  const drop = (event: DragEvent, position: number): void => {
    event.preventDefault();
    setOver(null);
    const path = event.dataTransfer.getData(FIELD_PATH);
    const from = event.dataTransfer.getData(COLUMN);
    if (path !== "") props.onAdd(path, position);
    else if (from !== "") move(Number(from), position);
  };
  const press = (event: KeyboardEvent, position: number): void => {
    const to = position + (event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0);
    if (event.key === "Delete") remove(position);
    else if (event.altKey && to !== position && to >= 0 && to < columns.length) {
      follow(columns[position] ?? "");
      move(position, to);
    } else return;
    event.preventDefault();
  };
  return (
    <thead>
      <tr>
        {columns.map((path, position) => {
          const label = pathLabel(view.docs, object, path, language);
          const wrong = findingsAt(view, doc, ["columns", position]).some((one) => one.severity === "error");
          const classes = [over === position ? "over" : "", wrong ? "wrong" : ""];
          return (
            <th
              key={path}
              scope="col"
              className={classes.join(" ").trim()}
              draggable
              onDragStart={(event) => event.dataTransfer.setData(COLUMN, String(position))}
              onDragOver={(event) => {
                event.preventDefault();
                setOver(position);
              }}
              onDragLeave={() => setOver(null)}
              onDrop={(event) => drop(event, position)}
            >
              <span className="grid-label">
                <button
                  type="button"
                  className="plain"
                  data-place={path}
                  title={w("move_keys_across")}
                  onKeyDown={(event) => press(event, position)}
                >
                  {label}
                </button>
                <button
                  type="button"
                  className="plain off"
                  aria-label={`${w("remove")}: ${label}`}
                  onClick={() => remove(position)}
                >
                  <Icon name="cross" />
                </button>
              </span>
              {props.missing.has(path) ? <span className="quiet">{w("not_live_yet")}</span> : null}
            </th>
          );
        })}
        <td
          className="drop-end"
          aria-hidden="true"
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => drop(event, columns.length)}
        />
      </tr>
    </thead>
  );
}

const NUMBERS: ReadonlySet<string> = new Set(["money", "decimal", "integer", "quantity", "percent", "rollup"]);

function Body(props: {
  readonly doc: Doc;
  readonly columns: readonly string[];
  readonly samples: Samples;
}): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const object = textOf(props.doc.content.object);
  const fields = props.columns.map((path) => followed(docs, object, path)?.at(-1));
  const rows = props.samples.rows.length > 0 ? props.samples.rows : [null, null];
  return (
    <tbody>
      {rows.map((row, number) => (
        <tr key={number}>
          {props.columns.map((path, position) => {
            const field = fields[position];
            const type = textOf(field?.type) === "formula" ? textOf(field?.returns) : textOf(field?.type);
            const text = row === null ? sampleOf(field) : shownValue(docs, field, valueAt(row, path), language);
            return (
              <td key={path} className={NUMBERS.has(type) ? "number" : ""}>
                {text}
              </td>
            );
          })}
          <td />
        </tr>
      ))}
    </tbody>
  );
}
