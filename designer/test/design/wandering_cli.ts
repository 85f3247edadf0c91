/** Drives the headless model at random and tells what comes of it: one line of JSON every few edits. */

import { readFileSync } from "node:fs";
import type { Command } from "../../src/design/model/command";
import { addDocument } from "../../src/design/model/commands/add_document";
import { insertItem } from "../../src/design/model/commands/insert_item";
import { moveBetween } from "../../src/design/model/commands/move_between";
import { moveItem } from "../../src/design/model/commands/move_item";
import { removeDocument } from "../../src/design/model/commands/remove_document";
import { removeField } from "../../src/design/model/commands/remove_field";
import { removeItem } from "../../src/design/model/commands/remove_item";
import { setValue } from "../../src/design/model/commands/set_value";
import { newId, type Doc, type Docs } from "../../src/design/model/documents";
import { at, isList, isObject, type Json, type Path } from "../../src/design/model/json";
import { Store } from "../../src/design/model/store";
import { random } from "./random";

interface Asked {
  readonly seed: number;
  readonly edits: number;
  readonly every: number;
  readonly documents: readonly Doc[];
}

const ODD: readonly Json[] = [
  ...[null, true, false, 0, -1, 3, 1.5, 1e300, "", " ", "nothing", "id", "x".repeat(300), "中文", "a.b.c", "'"],
  ...["1 +", "COUNT(nothing WHERE", "this.id = 'x'", "SUM(claim.fee)", [], {}, ["nothing"], [{}], [[]]],
  ...[{ en: "One", zh: "一" }, { en: 1 }, { name: "new_one", type: "text" }, { value: "v" }],
];

const asked = JSON.parse(readFileSync(0, "utf8")) as Asked;
const number = random(asked.seed);
let now = 0;
// So far apart that no two edits are one step.
const store = new Store(new Map(asked.documents.map((one) => [one.id, one])), () => (now += 60_000));
let told = store.view.docs;
for (let edit = 1; edit <= asked.edits; edit++) {
  const choice = number(12);
  if (choice === 0) store.undo();
  else if (choice === 1) store.redo();
  else store.run(anyCommand(store.view.docs));
  if (edit % asked.every === 0) tell();
  // What is wrong for good says nothing new: begin again from what is sound.
  if (edit % (asked.every * 4) === 0) for (let step = 0; step < asked.every * 4; step++) store.undo();
}

function tell(): void {
  const docs = store.view.docs;
  const changed = [...docs.values()].filter((one) => told.get(one.id) !== one);
  const gone = [...told.keys()].filter((id) => !docs.has(id));
  told = docs;
  process.stdout.write(`${JSON.stringify({ changed, gone })}\n`);
}

function anyCommand(docs: Docs): Command {
  const doc = pick([...docs.values()]);
  const places = placesIn(doc.content, []);
  const path = pick(places);
  const lists = places.filter((one) => isList(at(doc.content, one)));
  const list = lists.length > 0 ? pick(lists) : ["fields"];
  const found = at(doc.content, list);
  const length = isList(found) ? found.length : 0;
  switch (number(10)) {
    case 0: {
      const id = newId();
      const like = pick([...docs.values()]);
      return addDocument({ ...like, id, content: { ...like.content, id, name: `new_${number(1000)}` } });
    }
    case 1:
      return docs.size > 8 && number(2) === 0 ? removeDocument(doc.id) : setValue(doc.id, path, undefined);
    case 2:
      return insertItem(doc.id, list, number(length + 1), likely(docs, [...list, 0]));
    case 3:
      if (list.length === 1 && list[0] === "fields" && length > 0) return removeField(doc.id, number(length));
      return length > 0 ? removeItem(doc.id, [...list, number(length)], number(2) === 0) : setValue(doc.id, path, []);
    case 4:
      return moveItem(doc.id, list, number(length + 1), number(length + 1));
    case 5:
      return moveBetween(doc.id, [...list, number(length + 1)], pick(lists.length > 0 ? lists : [list]), number(3));
    case 6:
      return setValue(doc.id, path, number(3) === 0 ? undefined : likely(docs, path));
    default:
      return setValue(doc.id, path, likely(docs, path));
  }
}

/** A value that stands under the same key elsewhere: of the right form, and mostly of the wrong meaning. */
function likely(docs: Docs, path: Path): Json {
  if (number(12) === 0) return anyValue(docs);
  const key = keyOf(path);
  const alike = [...docs.values()].flatMap((doc) =>
    placesIn(doc.content, [])
      .filter((one) => keyOf(one) === key)
      .map((one) => at(doc.content, one) ?? null),
  );
  return alike.length > 0 ? pick(alike) : anyValue(docs);
}

/** The key that a place stands under, or that of the list in which it is. */
function keyOf(path: Path): string {
  const last = path[path.length - 1];
  return typeof last === "number" ? `${String(path[path.length - 2])}[]` : String(last);
}

/** A value from anywhere in the draft, or an odd one. */
function anyValue(docs: Docs): Json {
  if (number(3) === 0) return pick(ODD);
  const doc = pick([...docs.values()]);
  return at(doc.content, pick(placesIn(doc.content, []))) ?? null;
}

function placesIn(value: Json, path: Path): Path[] {
  const below = isList(value)
    ? value.map((one, position): [Json, Path] => [one, [...path, position]])
    : isObject(value)
      ? Object.entries(value).map(([key, one]): [Json, Path] => [one, [...path, key]])
      : [];
  // What a document is stays: the server takes no other id or kind in its place.
  const free = below.filter(([, at]) => at.length > 1 || (at[0] !== "id" && at[0] !== "kind" && at[0] !== "of"));
  return free.flatMap(([one, at]) => [at, ...placesIn(one, at)]);
}

function pick<T>(items: readonly T[]): T {
  return items[number(items.length)] as T;
}
