/** What stands at one place of a form: a field with its faint control, or a child grid. */

import type { JSX } from "react";
import { labelOf, type Doc } from "../../model/documents";
import { isObject, textOf, type Json } from "../../model/json";
import { fieldOf, partsOf } from "../../model/screens/fields";
import { childrenIn, fieldIn, itemPath, type Place } from "../../model/screens/form_layout";
import { useChoose, useView, useWorkbench } from "../../ui/desk";
import { Icon } from "../../ui/icon";
import { w } from "../../ui/words";
import { typeTitle } from "../parts/titles";
import { FaintControl, isWide } from "./faint";
import { ChildGrid } from "./grid";
import type { Handling } from "./section";

/** What is dragged within the form: its place. */
export const PLACE = "application/x-headrace-form-place";

export function FormItem(props: {
  readonly doc: Doc;
  readonly item: Json;
  readonly place: Place;
  readonly isChosen: boolean;
  readonly handling: Handling;
}): JSX.Element {
  const { doc, item, place, handling } = props;
  const { docs } = useView();
  const { language, vocabulary } = useWorkbench();
  const choose = useChoose();
  const object = textOf(doc.content.object);
  const children = childrenIn(item);
  const field = children === "" ? fieldOf(docs, object, fieldIn(item)) : undefined;
  const relation = partsOf(docs, object, "children").find((one) => one.name === children);
  const known = field ?? relation;
  const label = known === undefined ? fieldIn(item) || children : labelOf(known, language);
  const title = children === "" ? typeTitle(vocabulary, textOf(field?.type)) : w("child_grid");
  const isOver = handling.over?.section === place.section && handling.over.item === place.item;
  const wide = children !== "" || isWide(field);
  const classes = ["form-item", wide ? "wide" : "", isOver ? "over" : "", props.isChosen ? "chosen" : ""];
  return (
    <li
      className={classes.filter((one) => one !== "").join(" ")}
      draggable
      onDragStart={(event) => {
        event.stopPropagation();
        event.dataTransfer.setData(PLACE, JSON.stringify(place));
      }}
      onDragOver={(event) => {
        event.preventDefault();
        event.stopPropagation();
        handling.setOver(place);
      }}
      onDrop={(event) => {
        event.stopPropagation();
        handling.drop(event, place);
      }}
      onClick={(event) => {
        event.stopPropagation();
        choose(doc.id, itemPath(place));
      }}
    >
      <span className="item-label">
        <button
          type="button"
          className="plain"
          data-place={`${place.section}.${place.item}`}
          aria-pressed={props.isChosen}
          aria-describedby="form-keys"
          onKeyDown={(event) => handling.press(event, place)}
        >
          {label}
          {field?.required === true ? <span className="star"> *</span> : null}
          <span className="visually-hidden"> {title}</span>
        </button>
        {known === undefined ? <span className="error">{w("field_gone")}</span> : null}
        <button
          type="button"
          className="plain off"
          aria-label={`${w("remove")}: ${label}`}
          onClick={(event) => {
            event.stopPropagation();
            handling.remove(place);
          }}
        >
          <Icon name="cross" />
        </button>
      </span>
      {children !== "" && isObject(item) ? (
        <ChildGrid doc={doc} path={itemPath(place)} item={item} relation={relation} />
      ) : (
        <FaintControl field={field ?? {}} />
      )}
    </li>
  );
}
