/** The documents of a draft as the designer holds them. */

import { isObject, textOf, type Json, type JsonObject } from "./json";

/** A definition: its id, the module that it belongs to, its content. */
export interface Doc {
  readonly id: string;
  readonly module: string;
  readonly content: JsonObject;
}

/** All documents by id, in the order of their files. */
export type Docs = ReadonlyMap<string, Doc>;

export function kindOf(doc: Doc): string {
  return textOf(doc.content.kind);
}

export function nameOf(doc: Doc): string {
  return textOf(doc.content.name);
}

/** Return the text of a label in `language`, in the other one where it is missing, or the name. */
export function labelOf(content: Json | undefined, language: "zh" | "en"): string {
  if (!isObject(content)) return "";
  const label = content.label;
  const name = textOf(content.name) || textOf(content.value);
  if (!isObject(label)) return name;
  const other = language === "zh" ? "en" : "zh";
  return textOf(label[language]) || textOf(label[other]) || name;
}

/** Return the text of a label in `language` alone, as it is typed: erased, it stays empty. */
export function ownText(content: JsonObject, language: "zh" | "en"): string {
  return isObject(content.label) ? textOf(content.label[language]) : "";
}

/** Return what people call a document: its label; what has none is called after what it is about. */
export function titleOf(docs: Docs, doc: Doc, language: "zh" | "en"): string {
  const kind = kindOf(doc);
  const about =
    kind === "permission"
      ? find(docs, "object", textOf(doc.content.object))
      : kind === "extends"
        ? find(docs, textOf(doc.content.of), nameOf(doc))
        : undefined;
  return labelOf((about ?? doc).content, language);
}

/** Return the document of a kind with a name. */
export function find(docs: Docs, kind: string, name: string): Doc | undefined {
  return byKind(docs)
    .get(kind)
    ?.find((doc) => nameOf(doc) === name);
}

export function ofKind(docs: Docs, kind: string): Doc[] {
  return [...(byKind(docs).get(kind) ?? [])];
}

const KINDS_OF = new WeakMap<Docs, ReadonlyMap<string, readonly Doc[]>>();

/** Return the documents by kind; they are sorted once for each state of the draft. */
function byKind(docs: Docs): ReadonlyMap<string, readonly Doc[]> {
  const known = KINDS_OF.get(docs);
  if (known !== undefined) return known;
  const found = new Map<string, Doc[]>();
  for (const doc of docs.values()) {
    const kind = kindOf(doc);
    const there = found.get(kind);
    if (there === undefined) found.set(kind, [doc]);
    else there.push(doc);
  }
  KINDS_OF.set(docs, found);
  return found;
}

/** Return a new id for a definition or a part of one: 26 hexadecimal digits, as the server makes them. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(13));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return `wanted`, or it with a number behind that no name of `taken` has. */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const names = new Set(taken);
  let name = wanted;
  for (let number = 2; names.has(name); number++) name = `${wanted.slice(0, 36)}_${number}`;
  return name;
}

/** Return a text as a name: small letters, digits and lines; empty where nothing of it can stand. */
export function named(text: string): string {
  const letters = text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "_");
  return letters.replace(/^[^a-z]+|_+$/g, "").slice(0, 40);
}
