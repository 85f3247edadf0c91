/** Values that choice fields share, as a table: typed, pasted from a spreadsheet, ordered. */

import { useId, useRef, useState, type ClipboardEvent, type JSX, type KeyboardEvent } from "react";
import { insertItem } from "../model/commands/insert_item";
import { moveItem } from "../model/commands/move_item";
import { removeItem } from "../model/commands/remove_item";
import { setValue } from "../model/commands/set_value";
import { several } from "../model/commands/several";
import { choicesOf, COLOURS, isRows } from "../model/choices";
import { freeName, kindOf, labelOf, nameOf, named, titleOf, type Doc } from "../model/documents";
import { at, isList, isObject, textOf, type JsonObject } from "../model/json";
import { schemaAt } from "../model/schema";
import { NameInput } from "../ui/controls/name";
import { findingsAt, schemaOf, useChoose, useRun, useView, useWorkbench } from "../ui/desk";
import { Icon, IconButton } from "../ui/icon";
import { Sideways } from "../ui/sideways";
import { w } from "../ui/words";
import { useFollowing } from "./parts/following";

const CHOICES = ["choices"] as const;
const ROW = "application/x-headrace-choice";

export function ChoiceSetEditor({ doc }: { readonly doc: Doc }): JSX.Element {
  const run = useRun();
  const follow = useFollowing();
  const [over, setOver] = useState<number | null>(null);
  const found = at(doc.content, CHOICES);
  const choices = isList(found) ? found.map((one) => (isObject(one) ? one : {})) : [];
  const move = (from: number, to: number): void => {
    if (to < 0 || to >= choices.length) return;
    run(moveItem(doc.id, CHOICES, from, to));
    follow(`choices/${to}`);
  };
  const paste = (text: string, position: number): void => {
    const rows = choicesOf(text, choices);
    run(several("design.did_add", rows.map((one, place) => insertItem(doc.id, CHOICES, position + place, one))));
  };
  return (
    <div className="choices-editor">
      <p className="quiet">{w("choices_help")}</p>
      <Sideways className="matrix-scroll" name={w("kind_choice_set")}>
        <table className="matrix choice-table">
          <thead>
            <tr>
              <th aria-label={w("choices_order")} />
              <th scope="col">{w("choices_value")}</th>
              <th scope="col">中文</th>
              <th scope="col">English</th>
              <th scope="col">{w("choices_colour")}</th>
              <th scope="col" className="matrix-tick">
                {w("choices_active")}
              </th>
              <th aria-label={w("remove")} />
            </tr>
          </thead>
          <tbody
            onDragOver={(event) => event.preventDefault()}
            onDrop={(event) => {
              const from = event.dataTransfer.getData(ROW);
              setOver(null);
              if (from === "" || over === null) return;
              event.preventDefault();
              move(Number(from), Number(from) < over ? over - 1 : over);
            }}
          >
            {choices.map((choice, position) => (
              <ChoiceRow
                key={position}
                {...{ doc, choice, position }}
                isLast={position === choices.length - 1}
                isOver={over === position}
                onOver={() => setOver(position)}
                onMove={(by) => move(position, position + by)}
                onPaste={(text) => paste(text, position + 1)}
              />
            ))}
            <NewRow doc={doc} choices={choices} onPaste={(text) => paste(text, choices.length)} />
          </tbody>
        </table>
      </Sideways>
      {kindOf(doc) === "choice_set" ? <UsedBy doc={doc} /> : null}
    </div>
  );
}

function ChoiceRow(props: {
  readonly doc: Doc;
  readonly choice: JsonObject;
  readonly position: number;
  readonly isLast: boolean;
  readonly isOver: boolean;
  readonly onOver: () => void;
  readonly onMove: (by: number) => void;
  readonly onPaste: (text: string) => void;
}): JSX.Element {
  const { doc, choice, position } = props;
  const view = useView();
  const run = useRun();
  const choose = useChoose();
  const { language } = useWorkbench();
  const id = useId();
  const path = ["choices", position];
  const name = labelOf(choice, language) || textOf(choice.value);
  const found = findingsAt(view, doc, path);
  const isChosen = view.chosen?.path[0] === "choices" && view.chosen.path[1] === position;
  const press = (event: KeyboardEvent): void => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    props.onMove(event.key === "ArrowUp" ? -1 : 1);
  };
  const input = (label: string, value: string, set: (text: string) => void, lang?: string): JSX.Element => (
    <input
      className="input"
      aria-label={`${label}: ${name}`}
      lang={lang}
      value={value}
      title={w("move_keys")}
      onFocus={() => choose(doc.id, path)}
      onChange={(event) => set(event.target.value)}
      onPaste={(event) => pasted(event, props.onPaste)}
    />
  );
  const label = isObject(choice.label) ? choice.label : {};
  const setLabel = (one: "zh" | "en") => (text: string) =>
    run(setValue(doc.id, [...path, "label", one], text === "" ? undefined : text));
  return (
    <tr
      className={[isChosen ? "chosen" : "", props.isOver ? "over" : ""].join(" ").trim()}
      onKeyDown={press}
      onDragOver={(event) => {
        event.preventDefault();
        props.onOver();
      }}
    >
      <td draggable onDragStart={(event) => event.dataTransfer.setData(ROW, String(position))}>
        <span className="choice-order">
          <Icon name="grip" />
          <IconButton icon="up" name={`${w("move_up")}: ${name}`} disabled={position === 0} onPress={() => props.onMove(-1)} />
          <IconButton icon="down" name={`${w("move_down")}: ${name}`} disabled={props.isLast} onPress={() => props.onMove(1)} />
        </span>
      </td>
      <td>
        <NameInput
          id={id}
          {...{ doc, path: [...path, "value"], schema: {}, value: choice.value }}
          set={(value) => run(setValue(doc.id, [...path, "value"], value ?? ""))}
          attributes={{
            "aria-label": `${w("choices_value")}: ${name}`,
            "data-place": path.join("/"),
            title: w("move_keys"),
            onFocus: () => choose(doc.id, path),
            onPaste: (event) => pasted(event, props.onPaste),
          }}
        />
        {found.map((one, place) => (
          <p key={place} className={one.severity === "error" ? "error" : "warning"}>
            {one.message}
          </p>
        ))}
      </td>
      <td>{input("中文", textOf(label.zh), setLabel("zh"), "zh-CN")}</td>
      <td>{input("English", textOf(label.en), setLabel("en"), "en")}</td>
      <td>
        <Colour doc={doc} position={position} choice={choice} name={name} />
      </td>
      <td className="matrix-tick">
        <input
          type="checkbox"
          className="switch-box"
          aria-label={`${w("choices_active")}: ${name}`}
          checked={choice.active !== false}
          onChange={(event) => run(setValue(doc.id, [...path, "active"], event.target.checked ? undefined : false))}
        />
      </td>
      <td>
        <IconButton icon="trash" name={`${w("remove")}: ${name}`} onPress={() => run(removeItem(doc.id, path, false))} />
      </td>
    </tr>
  );
}

function Colour(props: {
  readonly doc: Doc;
  readonly choice: JsonObject;
  readonly position: number;
  readonly name: string;
}): JSX.Element {
  const { doc, choice, position } = props;
  const { vocabulary } = useWorkbench();
  const run = useRun();
  const schema = schemaAt(schemaOf(vocabulary, doc), doc.content, ["choices", position, "colour"]);
  const labels = schema !== undefined && isObject(schema["x-labels"]) ? schema["x-labels"] : {};
  const colour = textOf(choice.colour) || "grey";
  return (
    <span className="choice-colour">
      <span className={`badge ${colour}`} aria-hidden="true" />
      <select
        className="input"
        aria-label={`${w("choices_colour")}: ${props.name}`}
        value={colour}
        onChange={(event) =>
          run(
            setValue(
              doc.id,
              ["choices", position, "colour"],
              event.target.value === "grey" ? undefined : event.target.value,
            ),
          )
        }
      >
        {COLOURS.map((one) => (
          <option key={one} value={one}>
            {textOf(labels[one]) || one}
          </option>
        ))}
      </select>
    </span>
  );
}

/** Adds a value by its label: Enter takes it, and the next one can be typed. */
function NewRow(props: {
  readonly doc: Doc;
  readonly choices: readonly JsonObject[];
  readonly onPaste: (text: string) => void;
}): JSX.Element {
  const { doc, choices } = props;
  const { language } = useWorkbench();
  const run = useRun();
  const [typed, setTyped] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const add = (): void => {
    const text = typed.trim();
    if (text === "") return;
    const value = freeName(named(text) || "value", choices.map((one) => textOf(one.value)));
    run(insertItem(doc.id, CHOICES, choices.length, { value, label: { [language]: text } }));
    setTyped("");
    input.current?.focus();
  };
  return (
    <tr>
      <td />
      <td colSpan={3}>
        <input
          ref={input}
          className="input"
          aria-label={w("choices_add")}
          placeholder={w("choices_add")}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onPaste={(event) => pasted(event, props.onPaste)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            add();
          }}
        />
      </td>
      <td colSpan={3}>
        <button type="button" className="button" disabled={typed.trim() === ""} onClick={add}>
          <Icon name="plus" />
          {w("add")}
        </button>
      </td>
    </tr>
  );
}

function pasted(event: ClipboardEvent, take: (text: string) => void): void {
  const text = event.clipboardData.getData("text/plain");
  if (!isRows(text)) return;
  event.preventDefault();
  take(text);
}

/** The fields that offer these values, and which of their values hang on another field. */
function UsedBy({ doc }: { readonly doc: Doc }): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const choose = useChoose();
  const used = [...view.docs.values()].flatMap((one) => {
    const fields = isList(one.content.fields) ? one.content.fields : [];
    return fields.flatMap((field, position) =>
      isObject(field) && field.choice_set === nameOf(doc) ? [{ holder: one, field, position }] : [],
    );
  });
  return (
    <section aria-label={w("choices_used")}>
      <h3>{w("choices_used")}</h3>
      {used.length === 0 ? <p className="quiet">{w("choices_unused")}</p> : null}
      <ul className="choice-uses">
        {used.map(({ holder, field, position }) => (
          <li key={`${holder.id} ${position}`}>
            <button type="button" className="plain" onClick={() => choose(holder.id, ["fields", position])}>
              {titleOf(view.docs, holder, language)} › {labelOf(field, language)}
            </button>
            {textOf(field.depends_on) === "" ? null : (
              <span className="quiet"> {w("choices_depend", { field: textOf(field.depends_on) })}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
