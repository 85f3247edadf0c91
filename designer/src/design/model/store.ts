/** The state of the designer: documents, undo, what is chosen, what the server said. */

import type { Changes, Command } from "./command";
import { applied } from "./command";
import type { Doc, Docs } from "./documents";
import { followed } from "./following";
import { History } from "./history";
import type { Path } from "./json";

/** What the options beside the canvas speak of: a document, and a part of it. */
export interface Chosen {
  readonly id: string;
  readonly path: Path;
}

/** A finding of the server's check, at its document. */
export interface Finding {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Path of the file, then the place in it. */
  readonly file: string;
  readonly path: Path;
}

export interface View {
  readonly docs: Docs;
  readonly chosen: Chosen | null;
  readonly undoes: string | null;
  readonly redoes: string | null;
  readonly findings: readonly Finding[];
}

export class Store {
  readonly #history = new History();
  readonly #listeners = new Set<() => void>();
  readonly #clock: () => number;
  #view: View;

  constructor(docs: Docs, clock: () => number = Date.now) {
    this.#clock = clock;
    this.#view = { docs, chosen: null, undoes: null, redoes: null, findings: [] };
  }

  get view(): View {
    return this.#view;
  }

  /** Call `listener` after each change; return what ends that. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  snapshot = (): View => this.#view;

  run(command: Command): void {
    this.#change(this.#history.run(this.#view.docs, command, this.#clock()));
  }

  undo = (): void => {
    this.#change(this.#history.undo(this.#view.docs));
  };

  redo = (): void => {
    this.#change(this.#history.redo(this.#view.docs));
  };

  /** Take in what came from the server: no step of undo. */
  take(changes: Changes): void {
    this.#change(applied(this.#view.docs, changes));
  }

  /** Take in what the server added to a document of ours: undo takes it for ours. */
  complete(doc: Doc): void {
    const known = this.#view.docs.get(doc.id);
    if (known !== undefined) this.#history.complete(known, doc);
    this.take(new Map([[doc.id, doc]]));
  }

  choose(chosen: Chosen | null): void {
    const known = this.#view.chosen;
    // A press that focuses an input chooses twice.
    const isKnown = chosen?.id === known?.id && String(chosen?.path) === String(known?.path);
    if (!isKnown) this.#set({ chosen });
  }

  tell(findings: readonly Finding[]): void {
    // A check that finds the same draws nothing anew.
    if (JSON.stringify(findings) !== JSON.stringify(this.#view.findings)) this.#set({ findings });
  }

  #change(docs: Docs): void {
    const { undoes, redoes } = this.#history;
    const chosen = chosenIn(this.#view.docs, docs, this.#view.chosen);
    this.#set({ docs, undoes, redoes, chosen });
  }

  #set(part: Partial<View>): void {
    this.#view = { ...this.#view, ...part };
    for (const listener of this.#listeners) listener();
  }
}

/** What is chosen stays the same element, wherever it went; where it is gone, what it stood in. */
function chosenIn(before: Docs, after: Docs, chosen: Chosen | null): Chosen | null {
  if (chosen === null) return null;
  const [known, now] = [before.get(chosen.id), after.get(chosen.id)];
  if (now === undefined) return null;
  if (known === undefined || known === now) return chosen;
  const path = followed(known.content, now.content, chosen.path);
  return path === chosen.path ? chosen : { id: chosen.id, path };
}
