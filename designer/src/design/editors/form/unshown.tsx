/** The fields and child relations that the form does not show yet: dragged, or pressed, into it. */

import { useState, type JSX } from "react";
import { labelOf, type Doc } from "../../model/documents";
import { textOf, type Json, type JsonObject } from "../../model/json";
import { partsOf } from "../../model/screens/fields";
import { shownIn } from "../../model/screens/form_layout";
import { useView, useWorkbench } from "../../ui/desk";
import { w } from "../../ui/words";
import { typeTitle } from "../parts/titles";

/** What is dragged out of the list: an item of the form as JSON. */
export const ITEM = "application/x-headrace-form-item";

const FIRST_COLUMNS = 6;

export function Unshown(props: { readonly doc: Doc; readonly onAdd: (item: Json) => void }): JSX.Element {
  const { docs } = useView();
  const { language, vocabulary } = useWorkbench();
  const [sought, setSought] = useState("");
  const object = textOf(props.doc.content.object);
  const shown = shownIn(props.doc.content);
  const fits = (one: JsonObject): boolean =>
    `${labelOf(one, language)} ${textOf(one.name)}`.toLowerCase().includes(sought.trim().toLowerCase());
  const fields = partsOf(docs, object, "fields").filter((one) => !shown.fields.has(textOf(one.name)) && fits(one));
  const children = partsOf(docs, object, "children").filter(
    (one) => !shown.children.has(textOf(one.name)) && fits(one),
  );
  const gridOf = (relation: JsonObject): Json => ({
    children: textOf(relation.name),
    columns: partsOf(docs, textOf(relation.object), "fields")
      .map((one) => textOf(one.name))
      .filter((name) => name !== relation.by)
      .slice(0, FIRST_COLUMNS),
  });
  const entry = (one: JsonObject, item: Json, title: string): JSX.Element => (
    <li key={`${title} ${textOf(one.name)}`}>
      <button
        type="button"
        className="palette-type"
        draggable
        onDragStart={(event) => event.dataTransfer.setData(ITEM, JSON.stringify(item))}
        onClick={() => props.onAdd(item)}
      >
        {labelOf(one, language)} <small>{title}</small>
      </button>
    </li>
  );
  return (
    <div className="palette unshown" role="group" aria-label={w("not_shown")}>
      <h3>{w("not_shown")}</h3>
      <p className="quiet">{w("not_shown_text")}</p>
      <input
        type="search"
        className="input"
        aria-label={w("seek_field")}
        placeholder={w("seek_field")}
        value={sought}
        onChange={(event) => setSought(event.target.value)}
      />
      <ul>
        {children.map((one) => entry(one, gridOf(one), w("child_grid")))}
        {fields.map((one) => entry(one, textOf(one.name), typeTitle(vocabulary, textOf(one.type))))}
      </ul>
      {fields.length + children.length === 0 ? <p className="quiet">{w("all_shown")}</p> : null}
    </div>
  );
}
