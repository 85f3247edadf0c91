/** A shelf of a report: groups down or across the page, or numbers; each item with what it takes. */

import type { DragEvent, JSX, KeyboardEvent } from "react";
import { moveBetween } from "../../model/commands/move_between";
import { removeItem } from "../../model/commands/remove_item";
import { setValue } from "../../model/commands/set_value";
import { labelOf, type Doc } from "../../model/documents";
import { isObject, textOf, type Json } from "../../model/json";
import { pathIn, pathLabel, pathType } from "../../model/screens/fields";
import {
  BUCKETS,
  fits,
  isDate,
  onShelf,
  OPS,
  SHELVES,
  withBucket,
  withOp,
  type Shelf as Name,
} from "../../model/screens/report_shape";
import { findingsAt, useChoose, useRun, useView, useWorkbench } from "../../ui/desk";
import { Icon } from "../../ui/icon";
import { w } from "../../ui/words";
import { FIELD_PATH } from "../parts/field_tree";
import { useFollowing } from "../parts/following";

const CHIP = "application/x-headrace-report-item";

export function Shelf(props: {
  readonly doc: Doc;
  readonly shelf: Name;
  readonly onAdd: (shelf: Name, path: string, position: number) => void;
}): JSX.Element {
  const { doc, shelf } = props;
  const run = useRun();
  const follow = useFollowing();
  const items = onShelf(doc.content, shelf);
  const drop = (event: DragEvent, position: number): void => {
    event.preventDefault();
    event.stopPropagation();
    const path = event.dataTransfer.getData(FIELD_PATH);
    const chip = event.dataTransfer.getData(CHIP);
    if (path !== "") props.onAdd(shelf, path, position);
    if (chip === "") return;
    const [from, place] = JSON.parse(chip) as [Name, number];
    if (fits(from, shelf)) run(moveBetween(doc.id, [from, place], [shelf], position));
  };
  const press = (event: KeyboardEvent, position: number): void => {
    if (event.key === "Delete") run(removeItem(doc.id, [shelf, position]));
    else if (!event.altKey) return;
    else {
      const aside = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
      const to = aside === 0 ? other(shelf, event.key) : shelf;
      const place = aside === 0 ? (to === undefined ? -1 : onShelf(doc.content, to).length) : position + aside;
      if (to === undefined || place < 0 || (aside !== 0 && place >= items.length)) return;
      follow(`${to}.${place}`);
      run(moveBetween(doc.id, [shelf, position], [to], place));
    }
    event.preventDefault();
  };
  return (
    <div
      className="shelf"
      role="group"
      aria-label={w(`shelf_${shelf}`)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => drop(event, items.length)}
    >
      <span className="shelf-name">{w(`shelf_${shelf}`)}</span>
      {items.map((item, position) => (
        <span
          key={position}
          className="chip"
          draggable
          onDragStart={(event) => event.dataTransfer.setData(CHIP, JSON.stringify([shelf, position]))}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => drop(event, position)}
        >
          <Item {...{ doc, shelf, item, position }} onPress={press} />
        </span>
      ))}
      {items.length === 0 ? <span className="quiet">{w("shelf_empty")}</span> : null}
    </div>
  );
}

/** Return the shelf above or below that takes the same. */
function other(shelf: Name, key: string): Name | undefined {
  const step = key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : 0;
  const found = SHELVES[SHELVES.indexOf(shelf) + step];
  return step !== 0 && found !== undefined && fits(shelf, found) ? found : undefined;
}

function Item(props: {
  readonly doc: Doc;
  readonly shelf: Name;
  readonly item: Json;
  readonly position: number;
  readonly onPress: (event: KeyboardEvent, position: number) => void;
}): JSX.Element {
  const { doc, shelf, item, position } = props;
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const object = textOf(doc.content.object);
  const path = pathIn(item);
  const field = path === "" ? w("records") : pathLabel(view.docs, object, path, language);
  const label = (isObject(item) && isObject(item.label) ? labelOf(item, language) : "") || field;
  const set = (wanted: Json): void => run(setValue(doc.id, [shelf, position], wanted));
  const wrong = findingsAt(view, doc, [shelf, position]).find((one) => one.severity === "error");
  return (
    <>
      {shelf === "measures" ? (
        <select
          aria-label={w("op_of", { name: label })}
          value={isObject(item) ? textOf(item.op) : "count"}
          onChange={(event) => set(withOp(item, event.target.value, ""))}
        >
          {OPS.filter((one) => one === "count" || path !== "").map((one) => (
            <option key={one} value={one}>
              {w(`op_${one}`)}
            </option>
          ))}
        </select>
      ) : null}
      <button
        type="button"
        className="plain"
        data-place={`${shelf}.${position}`}
        title={wrong?.message ?? w("move_keys_shelf")}
        onClick={() => choose(doc.id, [shelf, position])}
        onKeyDown={(event) => props.onPress(event, position)}
      >
        {label}
        {wrong === undefined ? null : <span className="dot" aria-label={w("has_problems")} />}
      </button>
      {shelf !== "measures" && isDate(pathType(view.docs, object, path)) ? (
        <select
          aria-label={w("bucket_of", { name: label })}
          value={isObject(item) ? textOf(item.bucket) : ""}
          onChange={(event) => set(withBucket(item, event.target.value))}
        >
          <option value="">{w("bucket_none")}</option>
          {BUCKETS.map((one) => (
            <option key={one} value={one}>
              {w(`bucket_${one}`)}
            </option>
          ))}
        </select>
      ) : null}
      <button
        type="button"
        className="plain off"
        aria-label={`${w("remove")}: ${label}`}
        onClick={() => run(removeItem(doc.id, [shelf, position]))}
      >
        <Icon name="cross" />
      </button>
    </>
  );
}
