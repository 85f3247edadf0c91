/** An object: its fields in order, a palette of types beside them. */

import { memo, useMemo, useState, type DragEvent, type JSX, type KeyboardEvent } from "react";
import { addChildTable } from "../model/commands/add_child_table";
import { insertItem } from "../model/commands/insert_item";
import { moveItem } from "../model/commands/move_item";
import { removeField } from "../model/commands/remove_field";
import { setValue } from "../model/commands/set_value";
import { freeName, kindOf, labelOf, newId, ownText, type Doc } from "../model/documents";
import { isList, isObject, textOf, type JsonObject } from "../model/json";
import { newItem, resolved } from "../model/schema";
import { useLatest } from "../ui/latest";
import { findingsAt, schemaOf, useChoose, useRun, useView, useWorkbench, type Workbench } from "../ui/desk";
import { Icon, IconButton } from "../ui/icon";
import { enterLabel } from "../ui/regions";
import { typeTitle } from "./parts/titles";
import { w } from "../ui/words";
import { Rules } from "./object/rules";

const FIELDS = ["fields"] as const;
const TYPE = "application/x-headrace-type";
const ROW = "application/x-headrace-row";

export function ObjectEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const workbench = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const [over, setOver] = useState<number | null>(null);
  const fields = isList(doc.content.fields) ? doc.content.fields.filter(isObject) : [];
  const found = findingsAt(view, doc, FIELDS).filter((one) => one.severity === "error");
  const wrong = new Set(found.map((one) => one.path[1]));
  const add = (type: string, position: number): void => {
    const field = newField(workbench, doc, type, fields.map((one) => textOf(one.name)));
    run(insertItem(doc.id, FIELDS, position, field));
    choose(doc.id, ["fields", position]);
    enterLabel();
  };
  const drop = (event: DragEvent, position: number): void => {
    event.preventDefault();
    setOver(null);
    const type = event.dataTransfer.getData(TYPE);
    const row = event.dataTransfer.getData(ROW);
    if (type !== "") add(type, position);
    else if (row !== "") {
      const from = Number(row);
      run(moveItem(doc.id, FIELDS, from, from < position ? position - 1 : position));
    }
  };
  const append = useLatest((type: string) => add(type, fields.length));
  const isObjectKind = kindOf(doc) === "object";
  const palette = useMemo(() => <Palette id={doc.id} tables={isObjectKind} onAdd={append} />, [doc.id, isObjectKind, append]);
  return (
    <>
    <div className="object-editor">
      <ol
        className="field-list"
        aria-label={w("fields")}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => drop(event, over ?? fields.length)}
        onDragLeave={() => setOver(null)}
      >
        {fields.map((field, position) => (
          <FieldRow
            key={textOf(field.id) || textOf(field.name)}
            {...{ field, position }}
            id={doc.id}
            last={position === fields.length - 1}
            isOver={over === position}
            isWrong={wrong.has(position)}
            isChosen={view.chosen?.path[0] === "fields" && view.chosen.path[1] === position}
            onOver={setOver}
          />
        ))}
        {fields.length === 0 ? <li className="quiet">{w("no_fields")}</li> : null}
      </ol>
      {palette}
    </div>
    <Rules doc={doc} />
    </>
  );
}

/** Drawn anew only where something of the field changed: an object may have hundreds. */
const FieldRow = memo(function FieldRow(props: {
  readonly id: string;
  readonly field: JsonObject;
  readonly position: number;
  readonly last: boolean;
  readonly isOver: boolean;
  readonly isWrong: boolean;
  readonly isChosen: boolean;
  readonly onOver: (position: number) => void;
}): JSX.Element {
  const { id, field, position } = props;
  const { language, vocabulary } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const move = (to: number): void => {
    run(moveItem(id, FIELDS, position, to));
    choose(id, ["fields", to]);
  };
  const press = (event: KeyboardEvent): void => {
    if (!event.altKey) return;
    if (event.key === "ArrowUp" && position > 0) move(position - 1);
    else if (event.key === "ArrowDown" && !props.last) move(position + 1);
    else return;
    event.preventDefault();
  };
  const type = textOf(field.type);
  const classes = ["field-row", props.isOver ? "over" : "", props.isChosen ? "chosen" : ""];
  return (
    <li
      className={classes.join(" ").trim()}
      draggable
      onDragStart={(event) => event.dataTransfer.setData(ROW, String(position))}
      onDragOver={(event) => {
        event.preventDefault();
        event.stopPropagation();
        props.onOver(position);
      }}
      onKeyDown={press}
      onClick={() => choose(id, ["fields", position])}
    >
      <Icon name="grip" />
      <input
        className="inline"
        aria-label={w("field_label", { name: textOf(field.name) })}
        value={ownText(field, language)}
        placeholder={labelOf(field, language)}
        onFocus={() => choose(id, ["fields", position])}
        onChange={(event) =>
          run(setValue(id, ["fields", position, "label", language], event.target.value || undefined))
        }
      />
      <span className="field-type">{typeTitle(vocabulary, type)}</span>
      <span className="field-marks">
        {field.required === true ? <span className="needed">{w("needed")}</span> : null}
        {props.isWrong ? <span className="dot" aria-label={w("has_problems")} /> : null}
        <code>{textOf(field.name)}</code>
      </span>
      {/* What can be done with a row comes with choosing it: three buttons in hundreds of rows are dear, and loud. */}
      {props.isChosen ? (
        <>
          <IconButton icon="up" name={w("move_up")} disabled={position === 0} onPress={() => move(position - 1)} />
          <IconButton icon="down" name={w("move_down")} disabled={props.last} onPress={() => move(position + 1)} />
          <IconButton
            icon="trash"
            name={`${w("remove")}: ${labelOf(field, language)}`}
            onPress={() => run(removeField(id, position))}
          />
        </>
      ) : null}
    </li>
  );
});

function Palette(props: {
  readonly id: string;
  /** Whether tables of lines can be added; extensions have none. */
  readonly tables: boolean;
  readonly onAdd: (type: string) => void;
}): JSX.Element {
  const { onAdd } = props;
  const { vocabulary, store } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const addTable = (): void => {
    const doc = store.view.docs.get(props.id);
    if (doc === undefined) return;
    const id = newId();
    const label = { en: "Lines", zh: "明细" };
    run(addChildTable(doc, id, label, `${textOf(doc.content.name).slice(0, 34)}_line`));
    choose(id);
  };
  return (
    <div className="palette" aria-label={w("palette")} role="group">
      <h3>{w("palette")}</h3>
      <p className="quiet">{w("palette_text")}</p>
      {props.tables ? (
        <button type="button" className="palette-type child-table" onClick={addTable}>
          <Icon name="plus" /> {w("child_table")}
        </button>
      ) : null}
      {vocabulary.palette.map((group) => (
        <div key={group.title}>
          <h4>{group.title}</h4>
          <ul>
            {group.types.map((one) => (
              <li key={one.key}>
                <button
                  type="button"
                  className="palette-type"
                  title={one.help}
                  draggable
                  onDragStart={(event) => event.dataTransfer.setData(TYPE, one.key)}
                  onClick={() => onAdd(one.key)}
                >
                  {one.title}
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

/**
 * Return a field of a type as it begins: what its type needs has a first value.
 *
 * What a reference leads to is left open and asked for: a first object would be published unseen.
 */
function newField(
  { vocabulary, language }: Workbench,
  doc: Doc,
  type: string,
  taken: readonly string[],
): JsonObject {
  const known = resolved(schemaOf(vocabulary, doc), doc.content).properties;
  const fields = isObject(known) ? known.fields : undefined;
  const items = isObject(fields) && isObject(fields.items) ? fields.items : {};
  const started = newItem(resolved(items, { type }), newId);
  const name = freeName(type === "formula" || type === "rollup" ? "value" : type, taken);
  const title = typeTitle(vocabulary, type);
  // In the reader's language only: a word that is changed in one would stay as it began in the other.
  const choices = { choices: [{ value: "one", label: { [language]: w("first_choice") } }] };
  const needed: Record<string, JsonObject> = { choice: choices, multi_choice: choices };
  return {
    ...(isObject(started) ? started : {}),
    ...(needed[type] ?? {}),
    id: newId(),
    name,
    type,
    label: { [language]: title },
  };
}
