/** Undo and redo over all documents of a draft. */

import type { Changes, Command } from "./command";
import { applied } from "./command";
import type { Doc, Docs } from "./documents";
import type { JsonObject } from "./json";
import { merged } from "./merge";

/** What a step did, by document: as it was, as it became; null where it was not there. */
interface Step {
  readonly name: string;
  readonly joins: string;
  readonly at: number;
  readonly before: Changes;
  readonly after: Changes;
}

const JOINED_MS = 1500;
const MOST_STEPS = 500;

export class History {
  #done: Step[] = [];
  #undone: Step[] = [];

  /** Key of the sentence for what undo would take back; null where there is nothing. */
  get undoes(): string | null {
    return this.#done.at(-1)?.name ?? null;
  }

  get redoes(): string | null {
    return this.#undone.at(-1)?.name ?? null;
  }

  /** Execute a command; `at` is the time in milliseconds. */
  run(docs: Docs, command: Command, at: number): Docs {
    const after = new Map<string, Doc | null>();
    for (const [id, doc] of command.execute(docs))
      if ((docs.get(id) ?? null) !== doc) after.set(id, doc);
    if (after.size === 0) return docs;
    const before = new Map([...after.keys()].map((id) => [id, docs.get(id) ?? null]));
    const last = this.#done.at(-1);
    const joins = command.joins ?? "";
    this.#undone = [];
    if (last !== undefined && joins !== "" && last.joins === joins && at - last.at < JOINED_MS)
      this.#done[this.#done.length - 1] = { ...last, at, after };
    else this.#done.push({ name: command.name, joins, at, before, after });
    if (this.#done.length > MOST_STEPS) this.#done.shift();
    return applied(docs, after);
  }

  undo(docs: Docs): Docs {
    const step = this.#done.pop();
    if (step === undefined) return docs;
    this.#undone.push(step);
    return led(docs, step.after, step.before);
  }

  redo(docs: Docs): Docs {
    const step = this.#undone.pop();
    if (step === undefined) return docs;
    this.#done.push({ ...step, joins: "" });
    return led(docs, step.before, step.after);
  }
}

/** Lead documents from one state to another; what others changed meanwhile stays as they left it. */
function led(docs: Docs, from: Changes, to: Changes): Docs {
  const changes = new Map<string, Doc | null>();
  for (const [id, wanted] of to) {
    const now = docs.get(id) ?? null;
    const known = from.get(id) ?? null;
    if (now === known || now === null || wanted === null || known === null) changes.set(id, wanted);
    else
      changes.set(id, {
        ...wanted,
        content: merged(known.content, wanted.content, now.content) as JsonObject,
      });
  }
  return applied(docs, changes);
}
