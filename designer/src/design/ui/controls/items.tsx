/** A list of parts: each opens in place; added, removed and moved here. */

import { useState, type JSX } from "react";
import { insertItem } from "../../model/commands/insert_item";
import { moveItem } from "../../model/commands/move_item";
import { removeItem } from "../../model/commands/remove_item";
import { labelOf, newId } from "../../model/documents";
import { isList, isObject, textOf, type Json } from "../../model/json";
import { newItem, properties, schemaAt } from "../../model/schema";
import { schemaOf, useRun, useWorkbench } from "../desk";
import { Icon, IconButton } from "../icon";
import { PropertyList } from "../options";
import { w } from "../words";
import type { ControlProps } from "./control";

export function ItemsControl({ id, doc, path, value, schema }: ControlProps): JSX.Element {
  const run = useRun();
  const { language } = useWorkbench();
  const [open, setOpen] = useState<string | null>(null);
  const items = isList(value) ? value : [];
  const itemSchema = isObject(schema.items) ? schema.items : {};
  return (
    <div className="items">
      <ol>
        {items.map((item, position) => (
          <li key={keyOf(item, position)}>
            <div className="item-head">
              <button
                type="button"
                className="plain"
                aria-expanded={open === keyOf(item, position)}
                onClick={() => setOpen(open === keyOf(item, position) ? null : keyOf(item, position))}
              >
                {summaryOf(item, language) || `${position + 1}`}
              </button>
              <IconButton
                icon="up"
                name={w("move_up")}
                disabled={position === 0}
                onPress={() => {
                  run(moveItem(doc.id, path, position, position - 1));
                  setOpen(null);
                }}
              />
              <IconButton
                icon="down"
                name={w("move_down")}
                disabled={position === items.length - 1}
                onPress={() => {
                  run(moveItem(doc.id, path, position, position + 1));
                  setOpen(null);
                }}
              />
              <IconButton
                icon="trash"
                name={w("remove")}
                onPress={() => {
                  run(removeItem(doc.id, [...path, position]));
                  setOpen(null);
                }}
              />
            </div>
            {open === keyOf(item, position) ? <Item {...{ doc, path: [...path, position], item }} /> : null}
          </li>
        ))}
      </ol>
      <button
        id={id}
        type="button"
        className="button"
        onClick={() => {
          const item = newItem(itemSchema, newId);
          run(insertItem(doc.id, path, items.length, item));
          setOpen(keyOf(item, items.length));
        }}
      >
        <Icon name="plus" />
        {w("add")}
      </button>
    </div>
  );
}

function Item(props: {
  readonly doc: ControlProps["doc"];
  readonly path: ControlProps["path"];
  readonly item: Json;
}): JSX.Element | null {
  const { vocabulary } = useWorkbench();
  const schema = schemaAt(schemaOf(vocabulary, props.doc), props.doc.content, props.path);
  if (schema === undefined || !isObject(props.item)) return null;
  return (
    <div className="part">
      <PropertyList doc={props.doc} path={props.path} found={properties(schema, props.item)} />
    </div>
  );
}

/** What stays the same while somebody types in the item: its name does not. */
function keyOf(item: Json, position: number): string {
  return (isObject(item) ? textOf(item.id) : "") || String(position);
}

/** Return what an item is told apart by: its label, or its first texts. */
export function summaryOf(item: Json, language: "zh" | "en"): string {
  if (!isObject(item)) return typeof item === "string" ? item : JSON.stringify(item);
  const label = labelOf(item, language);
  if (label !== "") return label;
  const texts = Object.entries(item).flatMap(([key, one]) =>
    key === "id" || typeof one === "object" ? [] : [String(one)],
  );
  return texts.slice(0, 3).join(" · ");
}
