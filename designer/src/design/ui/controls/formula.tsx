/** A formula: fields and functions offered while typing, and its result on a record under it. */

import { useId, useLayoutEffect, useRef, useState, type JSX, type KeyboardEvent } from "react";
import type { FunctionJson } from "../../api_types";
import { labelOf, nameOf, ofKind, type Docs } from "../../model/documents";
import { begun, fieldsBehind, scopeOf, type FormulaScope, type Offer } from "../../model/formula_scope";
import { isList, isObject, textOf } from "../../model/json";
import { useView, useWorkbench } from "../desk";
import { w } from "../words";
import type { ControlProps } from "./control";
import { FormulaResult } from "./formula_result";

const MOST_OFFERS = 8;

export function FormulaControl({ id, doc, path, value, set, schema }: ControlProps): JSX.Element {
  const view = useView();
  const { vocabulary, language } = useWorkbench();
  const input = useRef<HTMLTextAreaElement>(null);
  const caret = useRef<number | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const [asked, setAsked] = useState(false);
  const [at, setAt] = useState(0);
  const [looked, setLooked] = useState(false);
  const helpId = useId();
  // A text that is set from outside leaves the caret at its end: it belongs behind what was taken.
  useLayoutEffect(() => {
    if (caret.current !== null) input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  });
  const scope = scopeOf(view.docs, doc, path, schema);
  const text = textOf(value);
  const { path: before, word } = begun(typed ?? "");
  const isOpen = typed !== null && (asked || word !== "" || before.length > 0);
  const offers = isOpen
    ? offersFor(view.docs, scope, vocabulary.functions, before, language)
        .filter((one) => fits(one, word))
        .sort((one, other) => Number(begins(other, word)) - Number(begins(one, word)))
        .slice(0, MOST_OFFERS)
    : [];
  const offer = offers[at];
  const look = (): void => {
    const area = input.current;
    if (area === null) return;
    setTyped(area.value.slice(0, area.selectionStart));
    setAt(0);
  };
  const close = (): void => {
    setTyped(null);
    setAsked(false);
  };
  const take = (one: Offer): void => {
    const area = input.current;
    if (area === null) return;
    const end = area.selectionStart;
    const start = end - word.length;
    set(area.value.slice(0, start) + one.text + area.value.slice(end));
    close();
    area.focus();
    caret.current = start + one.text.length;
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === " " && event.ctrlKey) {
      setAsked(true);
      look();
    } else if (offer === undefined) return;
    else if (event.key === "ArrowDown") setAt(Math.min(at + 1, offers.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" || event.key === "Tab") take(offer);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  };
  return (
    <div className="formula">
      <div className="formula-field">
      <textarea
        id={id}
        ref={input}
        rows={2}
        spellCheck={false}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={offers.length > 0}
        aria-controls={`${id}-offers`}
        aria-describedby={offer === undefined ? `${id}-help` : helpId}
        aria-activedescendant={offer === undefined ? undefined : `${id}-offer-${at}`}
        title={w("formula_keys")}
        value={text}
        onFocus={() => setLooked(true)}
        onChange={(event) => {
          set(event.target.value === "" ? undefined : event.target.value);
          look();
        }}
        onBlur={() => window.setTimeout(close, 150)}
        onKeyDown={press}
      />
      {offers.length > 0 ? (
        <div className="offers-around">
          <ul id={`${id}-offers`} role="listbox" className="offers" aria-label={w("formula_offers")}>
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
          <p id={helpId} className="offer-help">
            {offer?.help ?? ""}
          </p>
        </div>
      ) : null}
      </div>
      {looked && scope !== null ? (
        <FormulaResult {...{ doc, path, scope }} formula={text} onReplace={set} />
      ) : null}
    </div>
  );
}

function begins(offer: Offer, word: string): boolean {
  const sought = word.toLowerCase();
  return offer.text.toLowerCase().startsWith(sought) || offer.label.toLowerCase().startsWith(sought);
}

function fits(offer: Offer, word: string): boolean {
  const sought = word.toLowerCase();
  if (offer.text === word) return false;
  return offer.text.toLowerCase().startsWith(sought) || offer.label.toLowerCase().includes(sought);
}

/** Return what can be written behind a path: fields there; at a beginning constants and functions too. */
function offersFor(
  docs: Docs,
  scope: FormulaScope | null,
  functions: readonly FunctionJson[],
  before: readonly string[],
  language: "zh" | "en",
): readonly Offer[] {
  const modules = ofKind(docs, "module").map((one) => one.content);
  const constants = modules
    .flatMap((one) => (isList(one.constants) ? one.constants.filter(isObject) : []))
    .map((one) => ({
      text: textOf(one.name),
      label: labelOf(one, language),
      help: w("formula_constant", { value: textOf(one.value) }),
    }));
  if (before[0] === "$C") return constants;
  const fields = fieldsBehind(docs, scope, before).map((one) => ({
    text: textOf(one.name),
    label: labelOf(one, language),
    help: isObject(one.help) ? textOf(one.help[language]) : "",
  }));
  if (before.length > 0) return fields;
  const named = modules
    .flatMap((one) => (isList(one.expressions) ? one.expressions.filter(isObject) : []))
    .map((one) => ({ text: `${textOf(one.name)}(`, label: labelOf(one, language), help: textOf(one.formula) }));
  return [
    ...fields,
    ...functions.map((one) => ({ text: `${one.name}(`, label: one.signature, help: functionHelp(one) })),
    ...constants.map((one) => ({ ...one, text: `$C.${one.text}` })),
    ...named,
    ...ofKind(docs, "object").map((one) => ({
      text: nameOf(one),
      label: labelOf(one.content, language),
      help: w("formula_object"),
    })),
  ];
}

function functionHelp(one: FunctionJson): string {
  const example = one.examples[0];
  return example === undefined ? one.help : `${one.help} ${w("formula_example", { example })}`;
}
