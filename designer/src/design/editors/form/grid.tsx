/** A child grid on a form: the head of its table, whose columns are moved, added and taken away. */

import type { JSX, KeyboardEvent } from "react";
import { insertItem } from "../../model/commands/insert_item";
import { moveItem } from "../../model/commands/move_item";
import { removeItem } from "../../model/commands/remove_item";
import { labelOf, type Doc } from "../../model/documents";
import { isList, textOf, type JsonObject, type Path } from "../../model/json";
import { fieldOf, partsOf } from "../../model/screens/fields";
import { useRun, useView, useWorkbench } from "../../ui/desk";
import { Icon } from "../../ui/icon";
import { w } from "../../ui/words";
import { useFollowing } from "../parts/following";
import { sampleOf } from "./faint";

const COLUMN = "application/x-headrace-grid-column";

export function ChildGrid(props: {
  readonly doc: Doc;
  readonly path: Path;
  readonly item: JsonObject;
  readonly relation: JsonObject | undefined;
}): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const follow = useFollowing();
  const { doc, item } = props;
  const list = [...props.path, "columns"];
  const of = textOf(props.relation?.object);
  const columns = isList(item.columns) ? item.columns.map(textOf) : [];
  const others = partsOf(docs, of, "fields").filter((one) => !columns.includes(textOf(one.name)));
  const place = (name: string): string => `${list.join(".")} ${name}`;
  const press = (event: KeyboardEvent, position: number): void => {
    const to = position + (event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0);
    if (event.key === "Delete") run(removeItem(doc.id, [...list, position], false));
    else if (event.altKey && to !== position && to >= 0 && to < columns.length) {
      follow(place(columns[position] ?? ""));
      run(moveItem(doc.id, list, position, to));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="grid-head">
      <ol aria-label={w("columns")}>
        {columns.map((name, position) => {
          const field = fieldOf(docs, of, name);
          const label = field === undefined ? name : labelOf(field, language);
          return (
            <li
              key={name}
              className={field === undefined ? "grid-column unknown" : "grid-column"}
              draggable
              onDragStart={(event) => {
                event.stopPropagation();
                event.dataTransfer.setData(COLUMN, String(position));
              }}
              onDragOver={(event) => event.preventDefault()}
              onDrop={(event) => {
                const from = event.dataTransfer.getData(COLUMN);
                if (from === "") return;
                event.preventDefault();
                event.stopPropagation();
                run(moveItem(doc.id, list, Number(from), position));
              }}
            >
              <span className="grid-label">
                <button
                  type="button"
                  className="plain"
                  data-place={place(name)}
                  title={w("move_keys_across")}
                  onKeyDown={(event) => press(event, position)}
                >
                  {label}
                </button>
                <button
                  type="button"
                  className="plain off"
                  aria-label={`${w("remove")}: ${label}`}
                  onClick={() => run(removeItem(doc.id, [...list, position], false))}
                >
                  <Icon name="cross" />
                </button>
              </span>
              <span className="grid-sample" aria-hidden="true">
                {sampleOf(field) || "···"}
              </span>
            </li>
          );
        })}
      </ol>
      {columns.length === 0 ? <p className="quiet">{w("grid_shows_all")}</p> : null}
      <select
        className="input"
        aria-label={w("add_column")}
        value=""
        onClick={(event) => event.stopPropagation()}
        onChange={(event) => {
          if (event.target.value !== "") run(insertItem(doc.id, list, columns.length, event.target.value));
        }}
      >
        <option value="">{w("add_column")}</option>
        {others.map((one) => (
          <option key={textOf(one.name)} value={textOf(one.name)}>
            {labelOf(one, language)}
          </option>
        ))}
      </select>
    </div>
  );
}
