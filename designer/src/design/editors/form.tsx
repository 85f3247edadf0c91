/** A form as it will look: sections with fields in columns, filled by drag or by keyboard. */

import { useState, type DragEvent, type JSX, type KeyboardEvent } from "react";
import { insertItem } from "../model/commands/insert_item";
import { moveBetween } from "../model/commands/move_between";
import { removeItem } from "../model/commands/remove_item";
import type { Doc } from "../model/documents";
import { at, textOf, type Json } from "../model/json";
import {
  isArrow,
  itemPath,
  itemsOf,
  led,
  listPath,
  placeOf,
  sectionsOf,
  type Place,
} from "../model/screens/form_layout";
import { useChoose, useRun, useView, useWorkbench } from "../ui/desk";
import { Icon } from "../ui/icon";
import { enterLabel } from "../ui/regions";
import { w } from "../ui/words";
import { PLACE } from "./form/item";
import { Section, type Handling } from "./form/section";
import { ITEM, Unshown } from "./form/unshown";
import { Variants } from "./form/variants";
import { useFollowing } from "./parts/following";

export function FormEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const follow = useFollowing();
  const [over, setOver] = useState<Place | null>(null);
  const sections = sectionsOf(doc.content);
  const chosen = placeOf(view.chosen?.path ?? []);
  const move = (from: Place, to: Place): void => {
    run(moveBetween(doc.id, itemPath(from), listPath(to.section), to.item));
    choose(doc.id, itemPath(to));
  };
  const insert = (item: Json, place: Place): void => {
    run(insertItem(doc.id, listPath(place.section), place.item, item));
    choose(doc.id, itemPath(place));
  };
  const remove = (place: Place): void => {
    run(removeItem(doc.id, itemPath(place), false));
    choose(doc.id, ["sections", place.section]);
  };
  const drop = (event: DragEvent, place: Place): void => {
    event.preventDefault();
    event.stopPropagation();
    setOver(null);
    const item = event.dataTransfer.getData(ITEM);
    const from = event.dataTransfer.getData(PLACE);
    if (item !== "") insert(JSON.parse(item) as Json, place);
    else if (from !== "") move(JSON.parse(from) as Place, without(JSON.parse(from) as Place, place));
  };
  const press = (event: KeyboardEvent, place: Place): void => {
    if (event.key === "Delete") remove(place);
    else if (event.altKey && isArrow(event.key)) {
      const to = led(doc.content, place, event.key);
      if (to !== undefined) {
        follow(`${to.section}.${to.item}`);
        move(place, to);
      }
    } else return;
    event.preventDefault();
  };
  const add = (item: Json): void => {
    const section = Math.min(chosen?.section ?? sections.length - 1, sections.length - 1);
    if (section < 0) return;
    insert(item, { section, item: itemsOf(sections[section]).length });
  };
  const addSection = (): void => {
    const label = { [language]: w("section_new") };
    run(insertItem(doc.id, ["sections"], sections.length, { label, columns: 2, items: [] }));
    choose(doc.id, ["sections", sections.length]);
    enterLabel();
  };
  const handling: Handling = { over, setOver, drop, press, remove };
  return (
    <>
      <Variants doc={doc} />
      <div className="screen-editor">
        <div className="form-drawing" onDragEnd={() => setOver(null)}>
          <p id="form-keys" className="quiet">
            {w("form_keys")}
          </p>
          {sections.map((section, position) => (
            <Section
              key={textOf(at(section, ["name"])) || position}
              {...{ doc, section, position, handling }}
              last={position === sections.length - 1}
            />
          ))}
          <button type="button" className="button" onClick={addSection}>
            <Icon name="plus" />
            {w("add_section")}
          </button>
        </div>
        <Unshown doc={doc} onAdd={add} />
      </div>
    </>
  );
}

/** Return a place as it is once the item at `from` is taken out. */
function without(from: Place, place: Place): Place {
  const before = from.section === place.section && from.item < place.item;
  return before ? { ...place, item: place.item - 1 } : place;
}
