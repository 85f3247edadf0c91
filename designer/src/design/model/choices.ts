/** Choices from a spreadsheet: rows as they are pasted, with the columns that they can have. */

import { freeName, named } from "./documents";
import { textOf, type JsonObject } from "./json";

const VALUE = /^[A-Za-z0-9_.-]{1,40}$/;
const HAN = /\p{Script=Han}/u;
export const COLOURS = ["grey", "blue", "green", "amber", "red", "purple"] as const;

/** Say whether pasted text is rows, not a word for one place. */
export function isRows(text: string): boolean {
  return /[\t\n]/.test(text.trim());
}

/**
 * Return the choices of pasted rows: of each row the first cell that can be a value is one, a cell with Han
 * is the Chinese label, another text the English one, a colour by its name the colour.
 */
export function choicesOf(text: string, present: readonly JsonObject[]): JsonObject[] {
  const taken = new Set(present.map((one) => textOf(one.value)));
  const rows = text.split(/\r?\n/).map((line) => line.split("\t").map((cell) => cell.trim()));
  return rows
    .filter((cells) => cells.some((cell) => cell !== ""))
    .map((cells) => {
      const choice = choiceOf(cells, taken);
      taken.add(textOf(choice.value));
      return choice;
    });
}

function choiceOf(cells: readonly string[], taken: ReadonlySet<string>): JsonObject {
  const known = cells.filter((cell) => cell !== "");
  const colour = known.slice(1).find((cell) => COLOURS.some((one) => one === cell.toLowerCase()));
  const rest = known.filter((cell) => cell !== colour);
  const zh = rest.find((cell) => HAN.test(cell));
  const plain = rest.filter((cell) => cell !== zh);
  const [first] = plain;
  const isValue = first !== undefined && VALUE.test(first) && (plain.length > 1 || zh !== undefined);
  const en = isValue ? plain[1] : first;
  const wanted = isValue ? first : named(en ?? "") || "value";
  const label = { ...(zh === undefined ? {} : { zh }), ...(en === undefined ? {} : { en }) };
  return {
    value: freeName(wanted, taken),
    label: Object.keys(label).length > 0 ? label : { en: wanted },
    ...(colour === undefined ? {} : { colour: colour.toLowerCase() }),
  };
}
