/** A list of parts, each a sentence: chosen to see its options, ordered by dragging or with Alt and arrows. */

import { useState, type DragEvent, type JSX, type ReactNode } from "react";
import { moveItem } from "../../model/commands/move_item";
import { removeItem } from "../../model/commands/remove_item";
import type { Doc } from "../../model/documents";
import { at, isList, isObject, same, textOf, type JsonObject, type Path } from "../../model/json";
import { findingsAt, useChoose, useRun, useView } from "../../ui/desk";
import { Icon, IconButton } from "../../ui/icon";
import { w } from "../../ui/words";
import { useFollowing } from "./following";

const CARD = "application/x-headrace-card";

export function Cards(props: {
  readonly doc: Doc;
  readonly list: Path;
  readonly label: string;
  /** What is said where there are none. */
  readonly empty: string;
  readonly sentence: (item: JsonObject) => string;
  /** What stands within a card, below its sentence. */
  readonly within?: (item: JsonObject, path: Path) => ReactNode;
  /** How a card looks besides: green, red … */
  readonly look?: (path: Path) => string;
}): JSX.Element {
  const { doc, list } = props;
  const run = useRun();
  const choose = useChoose();
  const follow = useFollowing();
  const [over, setOver] = useState<number | null>(null);
  const found = at(doc.content, list);
  const items = isList(found) ? found.map((one) => (isObject(one) ? one : {})) : [];
  const here = list.join("/");
  const move = (from: number, to: number): void => {
    if (to < 0 || to >= items.length || to === from) return;
    run(moveItem(doc.id, list, from, to));
    choose(doc.id, [...list, to]);
    follow(`${here}/${to}`);
  };
  const drop = (event: DragEvent, position: number): void => {
    const held = event.dataTransfer.getData(CARD);
    setOver(null);
    if (!held.startsWith(`${here} `)) return;
    event.preventDefault();
    event.stopPropagation();
    const from = Number(held.slice(here.length + 1));
    move(from, from < position ? position - 1 : position);
  };
  const remove = (position: number): void => {
    run(removeItem(doc.id, [...list, position], false));
    choose(doc.id);
  };
  return (
    <ol
      className="part-list"
      aria-label={props.label}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => drop(event, over ?? items.length)}
      onDragLeave={() => setOver(null)}
    >
      {items.length === 0 ? <li className="quiet">{props.empty}</li> : null}
      {items.map((item, position) => (
        <Card
          key={textOf(item.id) || textOf(item.name) || position}
          doc={doc}
          path={[...list, position]}
          sentence={props.sentence(item)}
          look={`${props.look?.([...list, position]) ?? ""} ${over === position ? "over" : ""}`}
          isFirst={position === 0}
          isLast={position === items.length - 1}
          drag={`${here} ${position}`}
          onOver={() => setOver(position)}
          onMove={(by) => move(position, position + by)}
          onRemove={() => remove(position)}
        >
          {props.within?.(item, [...list, position])}
        </Card>
      ))}
    </ol>
  );
}

function Card(props: {
  readonly doc: Doc;
  readonly path: Path;
  readonly sentence: string;
  readonly look: string;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly drag: string;
  readonly children: ReactNode;
  readonly onOver: () => void;
  readonly onMove: (by: number) => void;
  readonly onRemove: () => void;
}): JSX.Element {
  const { doc, path, sentence, onMove } = props;
  const view = useView();
  const choose = useChoose();
  const isChosen = view.chosen?.id === doc.id && same([...view.chosen.path.slice(0, path.length)], [...path]);
  const found = findingsAt(view, doc, path);
  const isWrong = found.some((one) => one.severity === "error");
  const classes = ["part-row", isChosen ? "chosen" : "", isWrong ? "wrong" : "", props.look];
  return (
    <li
      className={classes.join(" ").replace(/\s+/g, " ").trim()}
      onDragOver={(event) => {
        event.preventDefault();
        event.stopPropagation();
        props.onOver();
      }}
    >
      <div
        className="part-head"
        draggable
        onDragStart={(event) => {
          event.stopPropagation();
          event.dataTransfer.setData(CARD, props.drag);
        }}
      >
        <Icon name="grip" />
        <button
          type="button"
          className="plain part-text"
          data-place={path.join("/")}
          aria-current={isChosen ? "true" : undefined}
          title={w("move_keys")}
          onClick={() => choose(doc.id, path)}
          onKeyDown={(event) => {
            if (event.key === "Delete") props.onRemove();
            else if (event.altKey && event.key === "ArrowUp") onMove(-1);
            else if (event.altKey && event.key === "ArrowDown") onMove(1);
            else return;
            event.preventDefault();
          }}
        >
          {sentence}
        </button>
        <IconButton icon="up" name={`${w("move_up")}: ${sentence}`} disabled={props.isFirst} onPress={() => onMove(-1)} />
        <IconButton icon="down" name={`${w("move_down")}: ${sentence}`} disabled={props.isLast} onPress={() => onMove(1)} />
        <IconButton icon="trash" name={`${w("remove")}: ${sentence}`} onPress={props.onRemove} />
      </div>
      {found.map((one, position) => (
        <p key={position} className={one.severity === "error" ? "error" : "warning"}>
          {one.message}
        </p>
      ))}
      {props.children}
    </li>
  );
}

/** Adds an item of one of several sorts. */
export function Adder(props: {
  readonly label: string;
  readonly sorts: readonly { readonly key: string; readonly title: string; readonly help: string }[];
  readonly onAdd: (key: string) => void;
}): JSX.Element {
  return (
    <div className="adder" role="group" aria-label={props.label}>
      <span className="quiet">{props.label}</span>
      {props.sorts.map((one) => (
        <button
          key={one.key}
          type="button"
          className="button"
          title={one.help.replaceAll("`", "")}
          data-sort={one.key}
          onClick={() => props.onAdd(one.key)}
        >
          <Icon name="plus" />
          {one.title}
        </button>
      ))}
    </div>
  );
}
