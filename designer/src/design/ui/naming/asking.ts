/** What the server says of names: what another one changes in the draft, and which one to propose. */

import type { Doc } from "../../model/documents";
import type { NameAnswer, RenameAnswer, RenameAsked } from "../../api_types";
import { isObject, pointerOf, type Path } from "../../model/json";
import { call, refusal } from "../http";
import { page } from "../words";

const API = "/api/v1/metadata";

export interface Renaming {
  /** How many places name what is renamed, and what some of them are. */
  readonly count: number;
  readonly places: readonly string[];
  /** Names of what has to be called the same, because a place names both by one word. */
  readonly along: readonly string[];
  readonly documents: readonly Doc[];
  /** Whether the draft can be read as it stands; where it cannot, nobody knows the places. */
  readonly known: boolean;
}

/** Ask what it takes to call what stands at `path` of a document otherwise; a refusal is an error. */
export async function askRenaming(doc: Doc, path: Path, name: string): Promise<Renaming> {
  const about: RenameAsked = { document: doc.id, path: pointerOf(path), name };
  const answer = await call("POST", `${API}/drafts/${page().draft}/rename`, about);
  if (answer.status !== 200 || !isObject(answer.body)) throw new Error(refusal(answer));
  const { count, places, along, documents, problems } = answer.body as unknown as RenameAnswer;
  return {
    ...{ known: problems.length === 0, count, places, along },
    documents: documents.map((one) => ({ id: one.id, ...one.document })),
  };
}

/** Return a technical name for a label: its English words, or its pinyin; `otherwise` where there is none. */
export async function askName(label: string, otherwise: string): Promise<string> {
  const asked = new URLSearchParams({ label, otherwise });
  const answer = await call("GET", `${API}/names?${asked.toString()}`);
  if (answer.status !== 200 || !isObject(answer.body)) return otherwise;
  return (answer.body as unknown as NameAnswer).name || otherwise;
}
