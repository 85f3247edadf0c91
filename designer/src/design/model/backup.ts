/** Keeps what the server does not have in the browser itself, so that it outlives the page. */

import type { Unsent } from "./saver";

/** What of the browser's storage is used; it may fail where it is full or not allowed. */
export type Shelf = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

export class Backup {
  readonly #shelf: () => Shelf;
  readonly #prefix: string;
  readonly #key: string;

  /** What is kept belongs to a user, a draft and one tab; `tab` tells it from others. */
  constructor(shelf: () => Shelf, user: string, draft: string, tab: string) {
    this.#shelf = shelf;
    this.#prefix = `headrace-unsent:${user}:${draft}:`;
    this.#key = this.#prefix + tab;
  }

  /** Keep `unsent`, in the place of what this tab kept before; false where the browser cannot. */
  keep(unsent: readonly Unsent[]): boolean {
    try {
      if (unsent.length === 0) this.#shelf().removeItem(this.#key);
      else this.#shelf().setItem(this.#key, JSON.stringify(unsent));
      return true;
    } catch {
      return unsent.length === 0;
    }
  }

  /** Return what earlier tabs kept, and forget it: whoever takes it keeps it from now on. */
  take(): readonly Unsent[] {
    try {
      const shelf = this.#shelf();
      const keys = Array.from({ length: shelf.length }, (_, position) => shelf.key(position) ?? "");
      const mine = keys.filter((key) => key.startsWith(this.#prefix) && key !== this.#key);
      const found = mine.flatMap((key) => JSON.parse(shelf.getItem(key) ?? "[]") as Unsent[]);
      for (const key of mine) shelf.removeItem(key);
      return found;
    } catch {
      return [];
    }
  }
}
