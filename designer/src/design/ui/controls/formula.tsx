/** A formula, with the names of fields and functions offered while typing. */

import { useLayoutEffect, useRef, useState, type JSX } from "react";
import { textOf } from "../../model/json";
import { useView, useWorkbench } from "../desk";
import type { ControlProps } from "./control";
import { fieldsOf, objectOf } from "./references";

interface Offer {
  readonly text: string;
  readonly label: string;
}

const WORD = /[\p{L}_][\p{L}\p{N}_]*$/u;
const MOST_OFFERS = 8;

export function FormulaControl({ id, doc, value, set }: ControlProps): JSX.Element {
  const view = useView();
  const { vocabulary, language } = useWorkbench();
  const input = useRef<HTMLTextAreaElement>(null);
  const caret = useRef<number | null>(null);
  const [word, setWord] = useState("");
  const [at, setAt] = useState(0);
  // A text that is set from outside leaves the caret at its end: it belongs behind what was taken.
  useLayoutEffect(() => {
    if (caret.current !== null) input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  });
  const object = objectOf(view.docs, doc);
  const sought = word.toLowerCase();
  const fields: Offer[] = fieldsOf(view.docs, object, language).map((one) => ({
    text: one.value,
    label: one.label,
  }));
  const functions: Offer[] = vocabulary.functions.map((one) => ({
    text: `${one.name}(`,
    label: one.signature,
  }));
  const offers =
    sought === ""
      ? []
      : [...fields, ...functions]
          .filter((one) => one.text.toLowerCase().startsWith(sought) || one.label.toLowerCase().includes(sought))
          .filter((one) => one.text !== word)
          .slice(0, MOST_OFFERS);
  const look = (): void => {
    const area = input.current;
    if (area === null) return;
    setWord(WORD.exec(area.value.slice(0, area.selectionStart))?.[0] ?? "");
    setAt(0);
  };
  const take = (offer: Offer): void => {
    const area = input.current;
    if (area === null) return;
    const end = area.selectionStart;
    const before = area.value.slice(0, end - word.length) + offer.text;
    set(before + area.value.slice(end));
    setWord("");
    area.focus();
    caret.current = before.length;
  };
  return (
    <div className="formula">
      <textarea
        id={id}
        ref={input}
        rows={2}
        spellCheck={false}
        role="combobox"
        aria-expanded={offers.length > 0}
        aria-controls={`${id}-offers`}
        aria-activedescendant={offers.length > 0 ? `${id}-offer-${at}` : undefined}
        value={textOf(value)}
        onChange={(event) => {
          set(event.target.value === "" ? undefined : event.target.value);
          look();
        }}
        onBlur={() => window.setTimeout(() => setWord(""), 150)}
        onKeyDown={(event) => {
          const offer = offers[at];
          if (offer === undefined) return;
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, offers.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter" || event.key === "Tab") take(offer);
          else if (event.key === "Escape") setWord("");
          else return;
          event.preventDefault();
        }}
      />
      {offers.length > 0 ? (
        <ul id={`${id}-offers`} role="listbox" className="offers">
          {offers.map((one, position) => (
            <li
              key={one.text}
              id={`${id}-offer-${position}`}
              role="option"
              aria-selected={position === at}
              onMouseDown={(event) => {
                event.preventDefault();
                take(one);
              }}
            >
              <code>{one.text}</code> <span>{one.label}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
