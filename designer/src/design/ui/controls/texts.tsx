/** Several texts or names: what is chosen as chips, and an input for another one. */

import { useState, type JSX } from "react";
import { isList, isObject, moved, textOf } from "../../model/json";
import { useView, useWorkbench } from "../desk";
import { Icon } from "../icon";
import { w } from "../words";
import type { ControlProps } from "./control";
import { isOffered, optionsFor } from "./references";

export function TextsControl({ id, doc, value, set, schema }: ControlProps): JSX.Element {
  const view = useView();
  const { language } = useWorkbench();
  const [typed, setTyped] = useState("");
  const items = isObject(schema.items) ? schema.items : {};
  const refersTo = textOf(items["x-refers-to"]) || textOf(schema["x-refers-to"]);
  const options = optionsFor(view.docs, doc, refersTo, language);
  const labels = isObject(items["x-labels"]) ? items["x-labels"] : {};
  const fixed = isList(items.enum) ? items.enum.map(textOf) : [];
  const known =
    fixed.length > 0
      ? fixed.map((one) => ({ value: one, label: textOf(labels[one]) || one }))
      : options;
  const chosen = isList(value) ? value.map(textOf) : [];
  const free = known.filter((one) => !chosen.includes(one.value));
  const put = (texts: readonly string[]): void => set(texts.length === 0 ? undefined : texts);
  const add = (text: string): void => {
    if (text !== "" && !chosen.includes(text)) put([...chosen, text]);
    setTyped("");
  };
  return (
    <div className="texts">
      <ul>
        {chosen.map((one, position) => (
          <li key={one}>
            <span
              tabIndex={0}
              title={w("move_keys")}
              onKeyDown={(event) => {
                if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
                event.preventDefault();
                put(moved(chosen, position, position + (event.key === "ArrowUp" ? -1 : 1)).map(textOf));
              }}
            >
              {known.find((option) => option.value === one)?.label ?? one}
            </span>
            <button
              type="button"
              aria-label={`${w("remove")}: ${one}`}
              onClick={() => put(chosen.filter((other) => other !== one))}
            >
              <Icon name="cross" />
            </button>
          </li>
        ))}
      </ul>
      {known.length > 0 && (fixed.length > 0 || isOffered(refersTo)) && items.format !== "path" ? (
        <select id={id} className="input" value="" onChange={(event) => add(event.target.value)}>
          <option value="">{w("add_another")}</option>
          {free.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label === one.value ? one.label : `${one.label} (${one.value})`}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          className="input"
          list={`${id}-offers`}
          data-typed
          placeholder={w("add_another")}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={() => add(typed.trim())}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            add(typed.trim());
          }}
        />
      )}
      <datalist id={`${id}-offers`}>
        {free.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </datalist>
    </div>
  );
}
