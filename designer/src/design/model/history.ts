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
    const follows = [...before].every(([id, doc]) => last?.after.get(id) === doc);
    // What came from others in between belongs to no step of ours.
    if (last !== undefined && joins !== "" && last.joins === joins && follows && at - last.at < JOINED_MS)
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

  /** Take what the server added to `part`, which made it `whole`, into every step. */
  complete(part: Doc, whole: Doc): void {
    const made = new Map<Doc, Doc>([[part, whole]]);
    const completed = (changes: Changes): Changes => {
      const doc = changes.get(part.id) ?? null;
      if (doc === null) return changes;
      const content = merged(part.content, doc.content, whole.content) as JsonObject;
      const found = made.get(doc) ?? { ...doc, content };
      made.set(doc, found);
      return new Map([...changes, [part.id, found]]);
    };
    const within = (step: Step): Step =>
      step.after.has(part.id)
        ? { ...step, before: completed(step.before), after: completed(step.after) }
        : step;
    this.#done = this.#done.map(within);
    this.#undone = this.#undone.map(within);
  }
}

/** Lead documents from one state to another; what others changed meanwhile stays as they left it. */
function led(docs: Docs, from: Changes, to: Changes): Docs {
  const changes = new Map<string, Doc | null>();
  for (const [id, wanted] of to) {
    const now = docs.get(id) ?? null;
    const known = from.get(id) ?? null;
    if (now === known) changes.set(id, wanted);
    // Somebody else removed it, brought it back, or changed what this would remove: that stays.
    else if (now === null || wanted === null || known === null) continue;
    else {
      const content = merged(known.content, now.content, wanted.content) as JsonObject;
      changes.set(id, { ...wanted, content });
    }
  }
  return applied(docs, changes);
}
