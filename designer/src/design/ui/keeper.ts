/** Saves while somebody works, brings what others did, lets the server check: all by the clock of the page. */

import { Backup } from "../model/backup";
import type { Saver } from "../model/saver";
import type { PresentJson } from "../api_types";
import type { Ended, Hindrance } from "../model/server";
import type { Finding, Store } from "../model/store";
import { outlivesThePage } from "./http";
import { HttpDraft } from "./http_draft";
import { page } from "./words";

export type Saving = "saved" | "waiting" | "refused" | Hindrance;

/** What the top bar shows beside the draft's name. */
export interface Kept {
  readonly saving: Saving;
  /** Whether the server is asked what a new name changes. */
  readonly isRenaming: boolean;
  readonly refusals: ReadonlyMap<string, string>;
  /** Who changed a document a moment ago. */
  readonly others: ReadonlyMap<string, string>;
  /** Who else has the draft open. */
  readonly present: readonly PresentJson[];
  readonly ended: Ended | null;
}

/** The most that a browser that dies takes with it, in milliseconds. */
const SAVE_WITHIN = 400;
const CHECK_AFTER = 400;
const LOOK_EVERY = 2500;
const ATTEND_EVERY = 10_000;
const TRY_AGAIN = 3000;

export class Keeper {
  readonly #store: Store;
  readonly #saver: Saver;
  readonly #draft: HttpDraft;
  readonly #backup: Backup;
  readonly #listeners = new Set<() => void>();
  #kept: Kept = {
    saving: "saved",
    isRenaming: false,
    refusals: new Map(),
    others: new Map(),
    present: [],
    ended: null,
  };
  #saveTimer = 0;
  #checkTimer = 0;
  #docs: unknown;
  #attended: { readonly document: string | null; readonly at: number } = { document: null, at: 0 };
  #isSafe = true;

  constructor(store: Store, saver: Saver, draft: HttpDraft) {
    this.#store = store;
    this.#saver = saver;
    this.#draft = draft;
    this.#docs = store.view.docs;
    const { me, draft: name } = page();
    this.#backup = new Backup(() => window.localStorage, me, name, crypto.randomUUID());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  snapshot = (): Kept => this.#kept;

  start(): void {
    this.#store.subscribe(() => {
      if (this.#store.view.docs === this.#docs) return;
      this.#docs = this.#store.view.docs;
      this.#later(SAVE_WITHIN);
    });
    this.#saver.restore(this.#backup.take());
    window.setInterval(() => void this.#look(), LOOK_EVERY);
    window.addEventListener("pagehide", () => {
      this.#backUp();
      this.#saver.leave();
    });
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) void this.save();
    });
    window.addEventListener("beforeunload", (event) => {
      this.#backUp();
      const unsent = this.#saver.unsent;
      const willArrive = outlivesThePage(unsent.map(({ module, content }) => ({ module, content })));
      if (this.#isSafe && willArrive) return;
      // While the browser asks whether to leave, what is sent now gets its time.
      this.#saver.leave();
      event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) void this.save();
      else void this.#look();
    });
    void this.#look();
    void this.check();
  }

  /** Send what is unsaved now; true when the server has everything. */
  async save(): Promise<boolean> {
    this.#stopWaiting();
    const hindrance = await this.#saver.flush();
    const { refusals, unsaved } = this.#saver;
    const left = refusals.size > 0 ? "refused" : unsaved.length > 0 ? "waiting" : "saved";
    const saving = hindrance ?? left;
    this.#backUp();
    this.#tell({ saving, refusals });
    if (hindrance === "closed") void this.#look();
    else if (hindrance !== null) this.#later(TRY_AGAIN);
    else {
      if (unsaved.length > 0) this.#later(SAVE_WITHIN);
      window.clearTimeout(this.#checkTimer);
      this.#checkTimer = window.setTimeout(() => void this.check(), CHECK_AFTER);
    }
    return saving === "saved";
  }

  /** Ask the server what is wrong; keeps the former findings where it is away. */
  async check(): Promise<readonly Finding[]> {
    const findings = await this.#draft.check().catch(() => null);
    if (findings !== null) this.#store.tell(findings);
    return findings ?? this.#store.view.findings;
  }

  /** Wait for what is asked about a new name; until then it is kept nowhere, and nothing says "saved". */
  async renaming<T>(asked: Promise<T>): Promise<T> {
    this.#tell({ isRenaming: true });
    return asked.finally(() => this.#tell({ isRenaming: false }));
  }

  /** Say whether something is here that the server does not have. */
  hasUnsent(): boolean {
    return this.#saver.unsent.length > 0;
  }

  /** Take what this draft could not take any more into another one; return its id. */
  async moveOn(): Promise<string> {
    const id = await this.#draft.another(page().name);
    const next = new HttpDraft(id);
    const { held, number } = await next.open();
    this.#saver.move(next, held, number);
    await this.save();
    return id;
  }

  /** Save soon: typing on does not put it off. */
  #later(delay: number): void {
    if (this.#kept.saving === "saved" || this.#kept.saving === "refused") this.#tell({ saving: "waiting" });
    if (this.#kept.saving === "closed") this.#backUp();
    else if (this.#saveTimer === 0) this.#saveTimer = window.setTimeout(() => void this.save(), delay);
  }

  #stopWaiting(): void {
    window.clearTimeout(this.#saveTimer);
    this.#saveTimer = 0;
  }

  #backUp(): void {
    this.#isSafe = this.#backup.keep(this.#saver.unsent);
  }

  async #look(): Promise<void> {
    if (document.hidden || this.#kept.ended !== null) return;
    const found = await this.#saver.receive().catch(() => null);
    if (found === null) return;
    const { people: others, present, ended } = found;
    if (ended !== null) {
      this.#stopWaiting();
      this.#tell({ saving: "closed", ended, others, present: [] });
    } else {
      if (others.size > 0 || this.#kept.others.size > 0) this.#tell({ others });
      if (JSON.stringify(present) !== JSON.stringify(this.#kept.present)) this.#tell({ present });
      await this.#attend();
    }
  }

  /** Say now and then, and where another document is opened, that somebody is here. */
  async #attend(): Promise<void> {
    const document = this.#store.view.chosen?.id ?? null;
    const last = this.#attended;
    if (document === last.document && Date.now() - last.at < ATTEND_EVERY) return;
    this.#attended = { document, at: Date.now() };
    await this.#draft.attend(document).catch(() => undefined);
  }

  #tell(part: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...part };
    for (const listener of this.#listeners) listener();
  }
}
