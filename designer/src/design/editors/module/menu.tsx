/** The menu of a module: entries in order, each opens a list, a report or a dashboard. */

import type { JSX, KeyboardEvent } from "react";
import { insertItem } from "../../model/commands/insert_item";
import { moveItem } from "../../model/commands/move_item";
import { removeItem } from "../../model/commands/remove_item";
import { setValue } from "../../model/commands/set_value";
import { kindOf, labelOf, nameOf, ofKind, ownText, type Doc } from "../../model/documents";
import { isList, isObject, textOf, type JsonObject } from "../../model/json";
import { useChoose, useRun, useView, useWorkbench } from "../../ui/desk";
import { IconButton } from "../../ui/icon";
import { w } from "../../ui/words";
import { useFollowing } from "../parts/following";

const MENU = ["menu"] as const;
/** Kinds that an entry can open; the entry's key is the kind. */
const OPENS = ["object", "report", "dashboard"] as const;

export function Menu({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const entries = isList(doc.content.menu) ? doc.content.menu.filter(isObject) : [];
  const free = OPENS.flatMap((kind) => ofKind(view.docs, kind))
    .filter((one) => one.module === doc.module)
    .filter((one) => !entries.some((entry) => entry[kindOf(one)] === nameOf(one)));
  return (
    <>
      <ol className="field-list" aria-label={w("module_menu")}>
        {entries.map((entry, position) => (
          <Entry
            key={position}
            {...{ doc, entry, position }}
            last={position === entries.length - 1}
            isChosen={view.chosen?.path[0] === "menu" && view.chosen.path[1] === position}
          />
        ))}
        {entries.length === 0 ? <li className="quiet">{w("no_menu")}</li> : null}
      </ol>
      <label className="menu-add">
        <span>{w("menu_add")}</span>
        <select
          value=""
          onChange={(event) => {
            const one = view.docs.get(event.target.value);
            if (one === undefined) return;
            run(insertItem(doc.id, MENU, entries.length, entryFor(view.docs, one)));
            choose(doc.id, ["menu", entries.length]);
          }}
        >
          <option value="">{w("add_another")}</option>
          {free.map((one) => (
            <option key={one.id} value={one.id}>
              {`${w(`kind_${kindOf(one)}`)}: ${labelOf(one.content, language)}`}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** Return the entry that opens a definition: of an object with all its lists. */
function entryFor(docs: ReadonlyMap<string, Doc>, doc: Doc): JsonObject {
  const { plural, label } = doc.content;
  const views = ofKind(docs, "view").filter((one) => one.content.object === nameOf(doc));
  return {
    label: plural ?? label ?? { en: nameOf(doc) },
    [kindOf(doc)]: nameOf(doc),
    ...(kindOf(doc) === "object" && views.length > 0 ? { views: views.map(nameOf) } : {}),
  };
}

function Entry(props: {
  readonly doc: Doc;
  readonly entry: JsonObject;
  readonly position: number;
  readonly last: boolean;
  readonly isChosen: boolean;
}): JSX.Element {
  const { doc, entry, position } = props;
  const { language } = useWorkbench();
  const run = useRun();
  const choose = useChoose();
  const follow = useFollowing();
  const move = (to: number): void => {
    follow(`menu.${to}`);
    run(moveItem(doc.id, MENU, position, to));
    choose(doc.id, ["menu", to]);
  };
  const press = (event: KeyboardEvent): void => {
    if (!event.altKey) return;
    if (event.key === "ArrowUp" && position > 0) move(position - 1);
    else if (event.key === "ArrowDown" && !props.last) move(position + 1);
    else return;
    event.preventDefault();
  };
  const opens = OPENS.find((kind) => entry[kind] !== undefined) ?? "object";
  return (
    <li
      className={props.isChosen ? "field-row menu-row chosen" : "field-row menu-row"}
      onKeyDown={press}
      onClick={() => choose(doc.id, ["menu", position])}
    >
      <input
        className="inline"
        data-place={`menu.${position}`}
        aria-label={w("menu_label", { number: position + 1 })}
        value={ownText(entry, language)}
        placeholder={labelOf(entry, language)}
        onChange={(event) => run(setValue(doc.id, ["menu", position, "label", language], event.target.value || undefined))}
      />
      <span className="field-type">
        {w(`kind_${opens}`)} <code>{textOf(entry[opens])}</code>
      </span>
      <IconButton icon="up" name={w("move_up")} disabled={position === 0} onPress={() => move(position - 1)} />
      <IconButton icon="down" name={w("move_down")} disabled={props.last} onPress={() => move(position + 1)} />
      <IconButton
        icon="trash"
        name={`${w("remove")}: ${labelOf(entry, language)}`}
        onPress={() => run(removeItem(doc.id, ["menu", position], false))}
      />
    </li>
  );
}
