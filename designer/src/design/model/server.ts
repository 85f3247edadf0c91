/** What the designer asks of the server; the page and the tests bring their own way there. */

import type { PresentJson } from "../api_types";
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

/** What happened in a draft since a number. */
export interface News {
  readonly changes: readonly DraftChange[];
  /** Number of the last change that is told of here, of whatever kind. */
  readonly number: number;
  readonly present: readonly PresentJson[];
  /** What ended the draft, where something did. */
  readonly ended: Ended | null;
}

export interface Ended {
  readonly how: "published" | "discarded";
  readonly by: string;
}

/** What became of a document that was sent. */
export type Sent =
  | { readonly kind: "kept"; readonly held: Held }
  | { readonly kind: "stale"; readonly held: Held }
  | { readonly kind: "refused"; readonly message: string };

/** Why nothing can be sent just now, whatever the document is like. */
export type Hindrance = "away" | "signed_out" | "forbidden" | "closed";

export class HinderedError extends Error {
  readonly hindrance: Hindrance;

  constructor(hindrance: Hindrance) {
    super(hindrance);
    this.hindrance = hindrance;
  }
}

/** A draft on the server. Calls fail with a HinderedError; any other error means that it cannot be reached. */
export interface DraftServer {
  /** Take in a new document. */
  add(module: string, content: JsonObject): Promise<Sent>;
  /** Replace a document, or delete it where `content` is null, that was at `version`. */
  put(id: string, module: string, content: JsonObject | null, version: number): Promise<Sent>;
  /** What happened with a number above `after`, the oldest first. */
  news(after: number): Promise<News>;
}

/** Return why a call failed. */
export function hindranceOf(error: unknown): Hindrance {
  return error instanceof HinderedError ? error.hindrance : "away";
}
