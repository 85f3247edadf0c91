/** The order of a list: keys with their direction, the first the most. */

import type { JSX, KeyboardEvent } from "react";
import { insertItem } from "../../model/commands/insert_item";
import { moveItem } from "../../model/commands/move_item";
import { removeItem } from "../../model/commands/remove_item";
import { setValue } from "../../model/commands/set_value";
import type { Doc } from "../../model/documents";
import { textOf } from "../../model/json";
import { pathLabel } from "../../model/screens/fields";
import { sortKeys, sortText } from "../../model/screens/sorting";
import { useRun, useView, useWorkbench } from "../../ui/desk";
import { Icon } from "../../ui/icon";
import { w } from "../../ui/words";

export function Order({ doc, columns }: { readonly doc: Doc; readonly columns: readonly string[] }): JSX.Element {
  const { docs } = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const object = textOf(doc.content.object);
  const keys = sortKeys(doc.content.sort);
  const free = columns.filter((one) => !keys.some((key) => key.path === one));
  const press = (event: KeyboardEvent, position: number): void => {
    const to = position + (event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0);
    if (!event.altKey || to === position || to < 0 || to >= keys.length) return;
    event.preventDefault();
    run(moveItem(doc.id, ["sort"], position, to));
  };
  return (
    <div className="order" role="group" aria-label={w("order_by")}>
      <span className="quiet">{w("order_by")}</span>
      {keys.map((key, position) => {
        const label = pathLabel(docs, object, key.path, language);
        return (
          <span key={key.path} className="chip">
            <button
              type="button"
              className="plain"
              title={w("turn_order")}
              onKeyDown={(event) => press(event, position)}
              onClick={() => run(setValue(doc.id, ["sort", position], sortText({ ...key, falling: !key.falling })))}
            >
              {label} <Icon name={key.falling ? "down" : "up"} />
              <span className="visually-hidden">{w(key.falling ? "falling" : "rising")}</span>
            </button>
            <button
              type="button"
              className="plain off"
              aria-label={`${w("remove")}: ${label}`}
              onClick={() => run(removeItem(doc.id, ["sort", position]))}
            >
              <Icon name="cross" />
            </button>
          </span>
        );
      })}
      <select
        className="input"
        aria-label={w("add_order")}
        value=""
        onChange={(event) => {
          if (event.target.value !== "") run(insertItem(doc.id, ["sort"], keys.length, event.target.value));
        }}
      >
        <option value="">{w("add_order")}</option>
        {free.map((one) => (
          <option key={one} value={one}>
            {pathLabel(docs, object, one, language)}
          </option>
        ))}
      </select>
    </div>
  );
}
