/**
 * Keeps a draft on the server as it is in the browser, one document at a time, and takes in what others do.
 *
 * What the server last told of a document is the base of every merge: an answer that somebody else was first
 * brings their document, ours is merged with it and sent again. Nothing is dropped: what could not be sent
 * stays to be sent.
 */

import type { Changes } from "./command";
import type { Doc, Docs } from "./documents";
import { same, type JsonObject } from "./json";
import { merged } from "./merge";
import type { DraftServer, Held } from "./server";


/** What the saver reads and changes of the designer's state. */
export interface Desk {
  docs(): Docs;
  /** Take in what came from the server: no step of undo. */
  take(changes: Changes): void;
}

export class Saver {
  readonly #server: DraftServer;
  readonly #desk: Desk;
  readonly #known = new Map<string, Held>();
  readonly #refused = new Map<string, { content: JsonObject | null; message: string }>();
  #number: number;
  #running: Promise<boolean> | null = null;

  /** `held` is what the draft holds, `number` the number of its last change. */
  constructor(server: DraftServer, desk: Desk, held: readonly Held[], number: number) {
    this.#server = server;
    this.#desk = desk;
    this.#number = number;
    for (const one of held) this.#known.set(one.id, one);
  }

  /** The ids of documents that are not on the server as they are here. */
  get unsaved(): readonly string[] {
    const docs = this.#desk.docs();
    const ids = new Set([...docs.keys(), ...this.#known.keys()]);
    return [...ids].filter((id) => {
      const content = docs.get(id)?.content ?? null;
      const known = this.#known.get(id)?.content ?? null;
      return !same(content, known) && this.#refused.get(id)?.content !== content;
    });
  }

  /** What the server would not take, by document. */
  get refusals(): ReadonlyMap<string, string> {
    return new Map([...this.#refused].map(([id, one]) => [id, one.message]));
  }

  /** Send everything that is unsaved; false where the server is away. Several calls share one run. */
  flush(): Promise<boolean> {
    this.#running ??= this.#sendAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Take in what others changed; return who did, by document. */
  async receive(): Promise<ReadonlyMap<string, string>> {
    const people = new Map<string, string>();
    await this.#running;
    const found = await this.#server.changes(this.#number);
    for (const one of found) {
      this.#number = Math.max(this.#number, one.version);
      if (one.version <= (this.#known.get(one.id)?.version ?? 0)) continue;
      people.set(one.id, one.by);
      this.#takeIn(one);
    }
    return people;
  }

  async #sendAll(): Promise<boolean> {
    // A merge may leave something to send again; two people who type at once need no more than a few turns.
    for (let turn = 0; turn < 20; turn++) {
      const ids = this.unsaved;
      if (ids.length === 0) return true;
      try {
        for (const id of ids) await this.#send(id);
      } catch {
        return false;
      }
    }
    return true;
  }

  async #send(id: string): Promise<void> {
    const doc = this.#desk.docs().get(id);
    const known = this.#known.get(id);
    const content = doc?.content ?? null;
    if (known === undefined && doc === undefined) return;
    const module = doc?.module ?? known?.module ?? "";
    const sent =
      known === undefined && content !== null
        ? await this.#server.add(module, content)
        : await this.#server.put(id, module, content, known?.version ?? 0);
    if (sent.kind === "refused") {
      this.#refused.set(id, { content, message: sent.message });
      return;
    }
    this.#refused.delete(id);
    if (sent.kind === "stale") this.#takeIn(sent.held);
    else this.#keep(content, sent.held);
  }

  /** What was sent is kept; the server may have added ids, while somebody may have gone on typing. */
  #keep(sent: JsonObject | null, held: Held): void {
    this.#known.set(held.id, held);
    const now = this.#desk.docs().get(held.id);
    if (now === undefined || held.content === null || same(now.content, held.content)) return;
    const content = merged(sent ?? {}, now.content, held.content) as JsonObject;
    if (!same(content, now.content)) this.#desk.take(new Map([[held.id, { ...now, content }]]));
  }

  #takeIn(held: Held): void {
    const base = this.#known.get(held.id)?.content ?? null;
    const now = this.#desk.docs().get(held.id);
    this.#known.set(held.id, held);
    const content = together(base, now?.content ?? null, held.content);
    const doc: Doc | null = content === null ? null : { id: held.id, module: held.module, content };
    if (doc !== null || now !== undefined) this.#desk.take(new Map([[held.id, doc]]));
  }
}

/** Merge documents of which either side may have deleted its own: what was changed is not lost. */
function together(
  base: JsonObject | null,
  ours: JsonObject | null,
  theirs: JsonObject | null,
): JsonObject | null {
  if (ours === null) return base === null || !same(base, theirs ?? {}) ? theirs : null;
  if (theirs === null) return base !== null && same(base, ours) ? null : ours;
  return merged(base ?? {}, ours, theirs) as JsonObject;
}
