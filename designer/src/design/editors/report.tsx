/** A report: its question, what it groups and counts, and the numbers of live records below. */

import { useState, type JSX } from "react";
import { insertItem } from "../model/commands/insert_item";
import { setValue } from "../model/commands/set_value";
import { nameOf, type Doc } from "../model/documents";
import { at, textOf } from "../model/json";
import { pathIn, pathType } from "../model/screens/fields";
import { isSameMeasure, itemFor, onShelf, SHELVES, type Shelf as Name } from "../model/screens/report_shape";
import { useChoose, useRun, useView } from "../ui/desk";
import { w } from "../ui/words";
import { FieldTree } from "./parts/field_tree";
import { OneOption } from "./parts/one_option";
import { Question } from "./report/question";
import { Result } from "./report/result";
import { useRunning } from "./report/running";
import { Shelf } from "./report/shelf";

const MARKS = ["bar", "line", "area", "arc"] as const;

export function ReportEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const { docs } = useView();
  const run = useRun();
  const choose = useChoose();
  const [into, setInto] = useState<Name>("group_rows");
  const object = textOf(doc.content.object);
  const ran = useRunning(nameOf(doc), doc.content);
  const add = (shelf: Name, path: string, position: number): void => {
    const item = itemFor(shelf, path, pathType(docs, object, path));
    // Rows are counted once, whatever field asks for it: two equal numbers would be refused.
    const there = shelf === "measures" ? onShelf(doc.content, shelf).findIndex((one) => isSameMeasure(one, item)) : -1;
    if (there >= 0) choose(doc.id, [shelf, there]);
    else run(insertItem(doc.id, [shelf], position, item));
  };
  return (
    <div className="screen-editor">
      <div className="report-drawing">
        <Question doc={doc} />
        {SHELVES.map((shelf) => (
          <Shelf key={shelf} {...{ doc, shelf }} onAdd={add} />
        ))}
        <ChartOptions doc={doc} />
        <OneOption doc={doc} name="where" />
        <Result doc={doc} ran={ran} />
      </div>
      <div>
        <div className="switch into" role="group" aria-label={w("add_to")}>
          {SHELVES.map((shelf) => (
            <button key={shelf} type="button" aria-pressed={into === shelf} onClick={() => setInto(shelf)}>
              {w(`shelf_short_${shelf}`)}
            </button>
          ))}
        </div>
        <FieldTree
          object={object}
          title={w("add_to_report")}
          text={w("add_to_report_text")}
          shown={new Set(onShelf(doc.content, into).map(pathIn))}
          onPick={(path) => add(into, path, onShelf(doc.content, into).length)}
        />
      </div>
    </div>
  );
}

function ChartOptions({ doc }: { readonly doc: Doc }): JSX.Element {
  const run = useRun();
  const mark = textOf(at(doc.content, ["chart", "mark"]));
  const stack = at(doc.content, ["chart", "stack"]) === true;
  const stacks = mark !== "" && mark !== "arc" && onShelf(doc.content, "group_columns").length > 0;
  return (
    <div className="shelf" role="group" aria-label={w("chart")}>
      <span className="shelf-name">{w("chart")}</span>
      <select
        aria-label={w("chart")}
        value={mark}
        onChange={(event) =>
          run(setValue(doc.id, ["chart"], event.target.value === "" ? undefined : { mark: event.target.value }))
        }
      >
        <option value="">{w("chart_none")}</option>
        {MARKS.map((one) => (
          <option key={one} value={one}>
            {w(`chart_${one}`)}
          </option>
        ))}
      </select>
      {stacks ? (
        <label className="stack">
          <input
            type="checkbox"
            checked={stack}
            onChange={(event) => run(setValue(doc.id, ["chart", "stack"], event.target.checked ? true : undefined))}
          />
          {w("chart_stack")}
        </label>
      ) : null}
    </div>
  );
}
