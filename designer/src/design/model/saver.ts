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
import { hindranceOf, type DraftServer, type Held, type Hindrance, type News } from "./server";

/** What the saver reads and changes of the designer's state. */
export interface Desk {
  docs(): Docs;
  /** Take in what came from the server: no step of undo. */
  take(changes: Changes): void;
  /** Take in what the server added to our own document, such as ids: undo takes it for ours. */
  complete(doc: Doc): void;
}

/** A document that is not on the server as it is here, and what it was made from. */
export interface Unsent {
  readonly id: string;
  readonly module: string;
  readonly base: JsonObject | null;
  readonly content: JsonObject | null;
}

/** What others did since it was last asked: who, by document; and the rest of the news. */
export interface Received extends Pick<News, "present" | "ended"> {
  readonly people: ReadonlyMap<string, string>;
}

export class Saver {
  readonly #desk: Desk;
  readonly #known = new Map<string, Held>();
  readonly #refused = new Map<string, { content: JsonObject | null; message: string }>();
  /** What was sent and not answered: it may have arrived. */
  readonly #tried = new Map<string, readonly (JsonObject | null)[]>();
  readonly #flying = new Set<string>();
  #server: DraftServer;
  #number: number;
  #running: Promise<Hindrance | null> | null = null;

  /** `held` is what the draft holds, `number` the number of its last change. */
  constructor(server: DraftServer, desk: Desk, held: readonly Held[], number: number) {
    this.#server = server;
    this.#desk = desk;
    this.#number = number;
    for (const one of held) this.#known.set(one.id, one);
  }

  /** The ids of documents that are not on the server as they are here, and that it has not refused so. */
  get unsaved(): readonly string[] {
    // What was sent without an answer may be there, although it is as it was here by now.
    const unsure = [...this.#tried.keys()].filter((id) => !this.#flying.has(id));
    return [...new Set([...this.#different(), ...unsure])].filter((id) => !this.#isRefused(id));
  }

  /** Everything that the server does not have, with what it refused. */
  get unsent(): readonly Unsent[] {
    return this.#different().map((id) => {
      const doc = this.#desk.docs().get(id);
      const known = this.#known.get(id);
      const module = doc?.module ?? known?.module ?? "";
      return { id, module, base: known?.content ?? null, content: doc?.content ?? null };
    });
  }

  /** What the server would not take as it is now, by document. */
  get refusals(): ReadonlyMap<string, string> {
    const now = [...this.#refused].filter(([id]) => this.#isRefused(id));
    return new Map(now.map(([id, one]) => [id, one.message]));
  }

  /** Send everything that is unsaved; return what hinders that. Several calls share one run. */
  flush(): Promise<Hindrance | null> {
    this.#running ??= this.#sendAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Send everything at once, without waiting for answers: the page is about to go. */
  leave(): void {
    for (const id of this.unsaved)
      if (!this.#flying.has(id)) this.#send(id).catch(() => undefined);
  }

  /** Take in what others changed. */
  async receive(): Promise<Received> {
    const people = new Map<string, string>();
    await this.#running;
    const { changes, number, present, ended } = await this.#server.news(this.#number);
    for (const one of changes) {
      if (one.version <= (this.#known.get(one.id)?.version ?? 0)) continue;
      // Our own that arrived before its answer is nobody else's.
      if (!this.#isTried(one)) people.set(one.id, one.by);
      this.#takeIn(one);
    }
    this.#number = Math.max(this.#number, number);
    return { people, present, ended };
  }

  /** Take in what was kept elsewhere because it could not be sent. */
  restore(kept: readonly Unsent[]): void {
    for (const { id, module, base, content } of kept) {
      const now = this.#desk.docs().get(id);
      this.#show(id, now?.module ?? module, together(base, content, now?.content ?? null));
    }
  }

  /** Go on in another draft, which holds `held`: what is unsent is to be sent there. */
  move(server: DraftServer, held: readonly Held[], number: number): void {
    this.#server = server;
    this.#number = number;
    this.#refused.clear();
    this.#tried.clear();
    const there = new Map(held.map((one) => [one.id, one]));
    for (const [id, known] of this.#known)
      if (!there.has(id)) {
        this.#takeIn({ id, version: 0, module: known.module, content: null });
        this.#known.delete(id);
      }
    for (const one of held) this.#takeIn(one);
  }

  #different(): string[] {
    const docs = this.#desk.docs();
    const ids = new Set([...docs.keys(), ...this.#known.keys()]);
    return [...ids].filter((id) => {
      const [doc, known] = [docs.get(id), this.#known.get(id)];
      const isMoved = doc !== undefined && known !== undefined && doc.module !== known.module;
      return isMoved || !same(doc?.content ?? null, known?.content ?? null);
    });
  }

  #isRefused(id: string): boolean {
    return this.#refused.get(id)?.content === (this.#desk.docs().get(id)?.content ?? null);
  }

  #isTried(held: Held): boolean {
    return (this.#tried.get(held.id) ?? []).some((one) => same(one, held.content));
  }

  async #sendAll(): Promise<Hindrance | null> {
    // A merge may leave something to send again; two people who type at once need no more than a few turns.
    for (let turn = 0; turn < 20; turn++) {
      const ids = this.unsaved;
      if (ids.length === 0) return null;
      try {
        for (const id of ids) await this.#send(id);
      } catch (error) {
        return hindranceOf(error);
      }
    }
    return null;
  }

  async #send(id: string): Promise<void> {
    const doc = this.#desk.docs().get(id);
    const known = this.#known.get(id);
    const content = doc?.content ?? null;
    if (known === undefined && doc === undefined && !this.#tried.has(id)) return;
    const isNew = known === undefined || (known.content === null && known.version === 0);
    const module = doc?.module ?? known?.module ?? "";
    this.#tried.set(id, [...(this.#tried.get(id) ?? []).slice(-20), content]);
    this.#flying.add(id);
    const asked =
      isNew && content !== null
        ? this.#server.add(module, content)
        : this.#server.put(id, module, content, known?.version ?? 0);
    const sent = await asked.finally(() => this.#flying.delete(id));
    if (sent.kind === "refused") this.#refused.set(id, { content, message: sent.message });
    else this.#refused.delete(id);
    if (sent.kind === "kept") this.#keep(content, sent.held);
    if (sent.kind === "stale") this.#takeIn(sent.held);
    this.#tried.delete(id);
  }

  /** What was sent is kept; the server may have added ids, while somebody may have gone on typing. */
  #keep(sent: JsonObject | null, held: Held): void {
    // News of a later change may have come before this answer.
    if (held.version < (this.#known.get(held.id)?.version ?? 0)) return;
    const now = this.#desk.docs().get(held.id);
    if (now === undefined || held.content === null) this.#known.set(held.id, held);
    else if (same(now.content, held.content)) this.#known.set(held.id, { ...held, content: now.content });
    else {
      this.#known.set(held.id, held);
      const content = merged(sent ?? {}, now.content, held.content) as JsonObject;
      if (!same(content, now.content)) this.#desk.complete({ ...now, content });
    }
  }

  #takeIn(held: Held): void {
    const known = this.#known.get(held.id)?.content ?? null;
    const base = this.#isTried(held) ? held.content : known;
    const now = this.#desk.docs().get(held.id);
    // Whose module was renamed here and not there is on its way to the server.
    const before = this.#known.get(held.id)?.module ?? held.module;
    const module = now !== undefined && now.module !== before ? now.module : held.module;
    this.#known.set(held.id, held);
    this.#show(held.id, module, together(base, now?.content ?? null, held.content));
  }

  #show(id: string, module: string, content: JsonObject | null): void {
    const now = this.#desk.docs().get(id);
    if (same(content, now?.content ?? null) && (now === undefined || now.module === module)) return;
    this.#desk.take(new Map([[id, content === null ? null : { id, module, content }]]));
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
