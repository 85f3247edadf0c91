/** What the server says of names: what another one changes in the draft, and which one to propose. */

import type { Doc } from "../../model/documents";
import { pointerOf, type Path } from "../../model/json";
import { answerOf, ask } from "../api";
import { page } from "../words";

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
  const { count, places, along, documents, problems } = await answerOf("POST /metadata/drafts/{draft}/rename", {
    places: { draft: page().draft },
    body: { document: doc.id, path: pointerOf(path), name },
  });
  return {
    ...{ known: problems.length === 0, count, places, along },
    documents: documents.map((one) => ({ id: one.id, ...one.document })),
  };
}

/** Return a technical name for a label: its English words, or its pinyin; `otherwise` where there is none. */
export async function askName(label: string, otherwise: string): Promise<string> {
  const told = await ask("GET /metadata/names", { query: { label, otherwise } });
  return (told.ok && told.body.name) || otherwise;
}
