/** What the designer asks of the server; the page and the tests bring their own way there. */

import type { JsonObject } from "./json";

/** A document as a draft holds it; `content` is null where it was deleted. */
export interface Held {
  readonly id: string;
  /** Number of the last change of the document in the draft; 0 where the draft did not touch it. */
  readonly version: number;
  readonly module: string;
  readonly content: JsonObject | null;
}

/** A change that was made in a draft, by whomever. */
export interface DraftChange extends Held {
  readonly by: string;
}

/** What became of a document that was sent. */
export type Sent =
  | { readonly kind: "kept"; readonly held: Held }
  | { readonly kind: "stale"; readonly held: Held }
  | { readonly kind: "refused"; readonly message: string };

/** A draft on the server. Every call fails with an error where the server cannot be reached. */
export interface DraftServer {
  /** Take in a new document. */
  add(module: string, content: JsonObject): Promise<Sent>;
  /** Replace a document, or delete it where `content` is null, that was at `version`. */
  put(id: string, module: string, content: JsonObject | null, version: number): Promise<Sent>;
  /** The changes with a number above `after`, the oldest first. */
  changes(after: number): Promise<readonly DraftChange[]>;
}
