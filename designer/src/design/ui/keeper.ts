/** Saves while somebody works, brings what others did, lets the server check: all by the clock of the page. */

import type { Finding, Store } from "../model/store";
import type { Saver } from "../model/saver";
import type { HttpDraft } from "./http";

export type Saving = "saved" | "waiting" | "away";

/** What the top bar shows beside the draft's name. */
export interface Kept {
  readonly saving: Saving;
  readonly refusals: ReadonlyMap<string, string>;
  /** Who changed a document a moment ago. */
  readonly others: ReadonlyMap<string, string>;
}

const SAVE_AFTER = 500;
const CHECK_AFTER = 400;
const LOOK_EVERY = 2500;
const TRY_AGAIN = 3000;

export class Keeper {
  readonly #store: Store;
  readonly #saver: Saver;
  readonly #draft: HttpDraft;
  readonly #listeners = new Set<() => void>();
  #kept: Kept = { saving: "saved", refusals: new Map(), others: new Map() };
  #saveTimer = 0;
  #checkTimer = 0;
  #docs: unknown;

  constructor(store: Store, saver: Saver, draft: HttpDraft) {
    this.#store = store;
    this.#saver = saver;
    this.#draft = draft;
    this.#docs = store.view.docs;
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
      this.#later(SAVE_AFTER);
    });
    window.setInterval(() => void this.#look(), LOOK_EVERY);
    window.addEventListener("pagehide", () => void this.#saver.flush());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) void this.#saver.flush();
    });
    void this.check();
  }

  /** Send what is unsaved now; true when the server has everything. */
  async save(): Promise<boolean> {
    window.clearTimeout(this.#saveTimer);
    const reached = await this.#saver.flush();
    const saving = !reached ? "away" : this.#saver.unsaved.length === 0 ? "saved" : "waiting";
    this.#tell({ saving, refusals: this.#saver.refusals });
    if (!reached) this.#later(TRY_AGAIN, "away");
    else {
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

  #later(delay: number, saving: Saving = "waiting"): void {
    this.#tell({ saving });
    window.clearTimeout(this.#saveTimer);
    this.#saveTimer = window.setTimeout(() => void this.save(), delay);
  }

  async #look(): Promise<void> {
    if (document.hidden) return;
    const others = await this.#saver.receive().catch(() => null);
    if (others !== null && (others.size > 0 || this.#kept.others.size > 0)) this.#tell({ others });
  }

  #tell(part: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...part };
    for (const listener of this.#listeners) listener();
  }
}
