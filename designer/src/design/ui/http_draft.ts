/** A draft on the server, through the API. */

import type { Calls, DraftChangeJson, DraftDocumentJson, ProblemJson } from "../api_types";
import { pathOf, textOf, type JsonObject } from "../model/json";
import { HinderedError, type DraftChange, type DraftServer, type Held, type News, type Sent } from "../model/server";
import type { Finding } from "../model/store";
import { answerOf, ask, type Told } from "./api";
import { codeOf, refusal, type Answer } from "./http";

/** Who changes a document at one time as somebody else is told what is there now. */
const CONFLICT = 409;
const GONE = 404;

export class HttpDraft implements DraftServer {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  async add(module: string, content: JsonObject): Promise<Sent> {
    const id = textOf(content.id);
    const told = await within(ask("POST /metadata/drafts/{draft}/documents", {
      places: { draft: this.id },
      body: { module, content },
      headers: { "Idempotency-Key": `design-${id}` },
    }));
    if (told.ok) return { kind: "kept", held: heldOf(told.body) };
    // It may be there already: sent before, with an answer that never came.
    const isKnown = told.status === CONFLICT || codeOf(told) === "idempotency.mismatch";
    return isKnown ? this.#stale(id, told) : { kind: "refused", message: refusal(told) };
  }

  async put(id: string, module: string, content: JsonObject | null, version: number): Promise<Sent> {
    const given = { places: { draft: this.id, id }, headers: { "If-Match": `"${version}"` } };
    const told =
      content === null
        ? await within(ask("DELETE /metadata/drafts/{draft}/documents/{id}", given))
        : await within(ask("PUT /metadata/drafts/{draft}/documents/{id}", { ...given, body: { module, content } }));
    if (told.ok) return { kind: "kept", held: heldOf(told.body) };
    // What is to go was never there, or is gone already.
    if (content === null && told.status === GONE) return { kind: "kept", held: { id, module, content, version } };
    return told.status === CONFLICT ? this.#stale(id, told) : { kind: "refused", message: refusal(told) };
  }

  async news(after: number): Promise<News> {
    const told = await within(ask("GET /metadata/drafts/{draft}/changes", {
      places: { draft: this.id },
      query: { after: String(after) },
    }));
    if (!told.ok) throw new Error(refusal(told));
    const { items, present } = told.body;
    const ends = items.find((one) => one.action === "publish" || one.action === "discard");
    return {
      changes: items.flatMap((one) => (one.id === null ? [] : [changeOf(one.id, one)])),
      number: Math.max(after, ...items.map((one) => one.number)),
      present,
      ended:
        ends === undefined ? null : { how: ends.action === "publish" ? "published" : "discarded", by: byOf(ends) },
    };
  }

  /** Say that somebody works here, and on which document. */
  async attend(document: string | null): Promise<void> {
    await within(ask("POST /metadata/drafts/{draft}/presence", { places: { draft: this.id }, body: { document } }));
  }

  /** Begin another draft, on top of what is live. */
  async another(name: string): Promise<string> {
    return (await answerOf("POST /metadata/drafts", { body: { name } })).id;
  }

  /** Return everything that the draft holds, and the number of its last change. */
  async open(): Promise<{ held: Held[]; number: number }> {
    const places = { draft: this.id };
    const { version } = await answerOf("GET /metadata/drafts/{draft}", { places });
    const { items } = await answerOf("GET /metadata/drafts/{draft}/documents", { places, query: { content: "true" } });
    return { held: items.flatMap((one) => ("document" in one ? [heldOf(one)] : [])), number: version };
  }

  /** Return what is wrong with the draft as it stands on the server. */
  async check(): Promise<Finding[]> {
    const told = await ask("POST /metadata/drafts/{draft}/check", { places: { draft: this.id }, body: {} });
    return told.ok ? told.body.problems.map(findingOf) : [];
  }

  /** Return what is there in the place of what was refused. */
  async #stale(id: string, refused: Answer): Promise<Sent> {
    const told = await within(ask("GET /metadata/drafts/{draft}/documents/{id}", { places: { draft: this.id, id } }));
    return told.ok ? { kind: "stale", held: heldOf(told.body) } : { kind: "refused", message: refusal(refused) };
  }
}

/** Return what is told of a draft that is open; a HinderedError where it is no more. */
async function within<K extends keyof Calls>(asked: Promise<Told<K>>): Promise<Told<K>> {
  const told = await asked;
  const code = told.ok ? "" : codeOf(told);
  if (code === "draft.closed" || code === "draft.unknown") throw new HinderedError("closed");
  return told;
}

function heldOf({ id, version, module, document }: DraftDocumentJson): Held {
  return { id, version, module: document?.module ?? module ?? "", content: document?.content ?? null };
}

function byOf({ by }: DraftChangeJson): string {
  return by?.title ?? "";
}

function changeOf(id: string, one: DraftChangeJson): DraftChange {
  const module = (one.after ?? one.before)?.module ?? "";
  return { id, version: one.number, module, content: one.after?.content ?? null, by: byOf(one) };
}

/** A finding names the file of its document first: `/module/folder/name.json/place`. */
function findingOf({ path, ...said }: ProblemJson): Finding {
  const [, file = "", place = ""] = /^\/?(.*?\.json)(\/.*)?$/.exec(path) ?? [];
  return { ...said, file, path: pathOf(place) };
}
