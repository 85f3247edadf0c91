/** A section of a form as it will look: its heading, its columns, what stands in them. */

import type { DragEvent, JSX, KeyboardEvent } from "react";
import { moveItem } from "../../model/commands/move_item";
import { removeItem } from "../../model/commands/remove_item";
import { setValue } from "../../model/commands/set_value";
import { labelOf, type Doc } from "../../model/documents";
import { at, isObject, textOf, type Json, type JsonObject } from "../../model/json";
import { columnsOf, itemsOf, type Place } from "../../model/screens/form_layout";
import { findingsAt, useChoose, useRun, useView, useWorkbench } from "../../ui/desk";
import { IconButton } from "../../ui/icon";
import { w } from "../../ui/words";
import { FormItem } from "./item";

const MOST_COLUMNS = [1, 2, 3] as const;

/** What the places of a form share: what is dragged over, and what drops and keys do. */
export interface Handling {
  readonly over: Place | null;
  readonly setOver: (place: Place | null) => void;
  readonly drop: (event: DragEvent, place: Place) => void;
  readonly press: (event: KeyboardEvent, place: Place) => void;
  readonly remove: (place: Place) => void;
}

export function Section(props: {
  readonly doc: Doc;
  readonly section: JsonObject;
  readonly position: number;
  readonly last: boolean;
  readonly handling: Handling;
}): JSX.Element {
  const { doc, section, position, handling } = props;
  const view = useView();
  const choose = useChoose();
  const items = itemsOf(section);
  const columns = columnsOf(section);
  const path = view.chosen?.path ?? [];
  const isChosen = path[0] === "sections" && path[1] === position;
  const wrong = findingsAt(view, doc, ["sections", position]).some((one) => one.severity === "error");
  const end = { section: position, item: items.length };
  const isOver = handling.over?.section === position && handling.over.item === items.length;
  return (
    <section
      className={["form-section", isChosen ? "chosen" : "", wrong ? "wrong" : ""].join(" ").trim()}
      onClick={() => choose(doc.id, ["sections", position])}
      onDragOver={(event) => {
        event.preventDefault();
        handling.setOver(end);
      }}
      onDrop={(event) => handling.drop(event, end)}
    >
      <SectionHead {...props} />
      <ol className={`form-places columns-${columns}${isOver ? " over" : ""}`} aria-label={w("section_items")}>
        {items.map((item, place) => (
          <FormItem
            key={keyOf(item, place)}
            {...{ doc, item, handling }}
            place={{ section: position, item: place }}
            isChosen={isChosen && at(path as Json, [3]) === place}
          />
        ))}
        {items.length === 0 ? <li className="form-empty">{w("section_empty")}</li> : null}
      </ol>
    </section>
  );
}

function SectionHead(props: {
  readonly doc: Doc;
  readonly section: JsonObject;
  readonly position: number;
  readonly last: boolean;
}): JSX.Element {
  const { doc, section, position } = props;
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const columns = columnsOf(section);
  const label = labelOf(section, language);
  const move = (to: number): void => {
    run(moveItem(doc.id, ["sections"], position, to));
    choose(doc.id, ["sections", to]);
  };
  const press = (event: KeyboardEvent): void => {
    if (!event.altKey) return;
    if (event.key === "ArrowUp" && position > 0) move(position - 1);
    else if (event.key === "ArrowDown" && !props.last) move(position + 1);
    else return;
    event.preventDefault();
  };
  return (
    <div className="section-head" onClick={(event) => event.stopPropagation()}>
      <input
        className="inline"
        aria-label={w("section_label", { number: position + 1 })}
        placeholder={w("section_unnamed")}
        value={label}
        title={w("move_keys")}
        onFocus={() => choose(doc.id, ["sections", position])}
        onKeyDown={press}
        onChange={(event) => run(setValue(doc.id, ["sections", position, "label", language], event.target.value))}
      />
      <div className="switch small" role="group" aria-label={w("section_columns")}>
        {MOST_COLUMNS.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={columns === one}
            aria-label={w("columns_count", { count: one })}
            onClick={() => run(setValue(doc.id, ["sections", position, "columns"], one))}
          >
            {one}
          </button>
        ))}
      </div>
      <IconButton icon="up" name={w("move_up")} disabled={position === 0} onPress={() => move(position - 1)} />
      <IconButton icon="down" name={w("move_down")} disabled={props.last} onPress={() => move(position + 1)} />
      <IconButton
        icon="trash"
        name={`${w("remove_section")}: ${label}`}
        onPress={() => {
          run(removeItem(doc.id, ["sections", position], false));
          choose(doc.id);
        }}
      />
    </div>
  );
}

function keyOf(item: Json, position: number): string {
  if (!isObject(item)) return textOf(item) || String(position);
  return textOf(item.children) || textOf(item.field) || String(position);
}

