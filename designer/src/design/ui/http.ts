/** The designer's way to the server: the API, for who is signed in on this page. */

import { csrfToken, one } from "../../page/dom";
import { isList, isObject, pathOf, textOf, type Json, type JsonObject } from "../model/json";
import type { Schema } from "../model/schema";
import {
  HinderedError,
  type DraftChange,
  type DraftServer,
  type Ended,
  type Held,
  type News,
  type Present,
  type Sent,
} from "../model/server";
import type { Finding } from "../model/store";
import { page } from "./words";

/** An answer of the server with its status; a body that is no JSON is null. */
export interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** What the server says of all kinds of documents, in the viewer's language. */
export interface Vocabulary {
  readonly kinds: Readonly<Record<string, Schema>>;
  readonly palette: readonly PaletteGroup[];
  readonly functions: readonly FunctionHelp[];
}

export interface Tile {
  readonly key: string;
  readonly title: string;
  readonly help: string;
}

export interface PaletteGroup {
  readonly title: string;
  readonly types: readonly Tile[];
}

export interface FunctionHelp {
  readonly name: string;
  readonly signature: string;
  readonly help: string;
  readonly examples: readonly string[];
}

const API = "/api/v1/metadata";

/** What a browser sends on while the page closes, all requests together, is 64 KB. */
const MOST_ALIVE = 60_000;
let alive = 0;

/** Say whether a browser that closes the page sends all of these on. */
export function outlivesThePage(contents: readonly unknown[]): boolean {
  return contents.reduce<number>((sum, one) => sum + sizeOf(one), 0) < MOST_ALIVE;
}

function sizeOf(body: unknown): number {
  return new Blob([JSON.stringify(body)]).size;
}

/** Ask the API; fails with a HinderedError where nobody may ask, else where the server cannot be reached. */
export async function call(
  method: string,
  address: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const answer = await send(method, address, body, headers);
  if (codeOf(answer) !== "csrf.invalid") return allowed(answer);
  // Who signed in again, in another tab, has another session than this page was made for.
  if (!(await renewed())) throw new HinderedError("signed_out");
  return allowed(await send(method, address, body, headers));
}

async function send(
  method: string,
  address: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const size = text === undefined ? 0 : new Blob([text]).size;
  const keepalive = text !== undefined && alive + size < MOST_ALIVE;
  if (keepalive) alive += size;
  try {
    const response = await fetch(address, {
      method,
      headers: {
        "Accept-Language": page().language,
        "X-CSRF-Token": csrfToken(),
        ...(text === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
      credentials: "same-origin",
      keepalive,
    });
    return { status: response.status, body: (await response.json().catch(() => null)) as Json };
  } finally {
    if (keepalive) alive -= size;
  }
}

/** Return an answer to somebody who may ask. */
function allowed(answer: Answer): Answer {
  const code = codeOf(answer);
  if (answer.status === 401 || code === "csrf.invalid") throw new HinderedError("signed_out");
  if (code === "access.design") throw new HinderedError("forbidden");
  if (answer.status === 429 || answer.status >= 502) throw new HinderedError("away");
  return answer;
}

/** Take the token of the session that there is now; false where nobody, or somebody else, is signed in. */
async function renewed(): Promise<boolean> {
  const response = await fetch(window.location.pathname, { credentials: "same-origin" });
  const found = new DOMParser().parseFromString(await response.text(), "text/html");
  const island = found.getElementById("design")?.textContent ?? "null";
  const token = one(found, 'meta[name="csrf-token"]', HTMLMetaElement)?.content;
  const held = one(document, 'meta[name="csrf-token"]', HTMLMetaElement);
  const told = JSON.parse(island) as { me?: string } | null;
  if (token === undefined || held === null || told?.me !== page().me) return false;
  held.content = token;
  return true;
}

function codeOf(answer: Answer): string {
  return isObject(answer.body) ? textOf(answer.body.code) : "";
}

/** Return the sentences of a refusal. */
export function refusal(answer: Answer): string {
  return said(answer, ["message"]);
}

/** Return the sentences of a refusal, each with what can be done about it. */
export function remedy(answer: Answer): string {
  return said(answer, ["message", "hint"]);
}

function said(answer: Answer, parts: readonly string[]): string {
  const body = isObject(answer.body) ? answer.body : {};
  const problems = isList(body.problems) ? body.problems.filter(isObject) : [];
  const texts = new Set(problems.flatMap((one) => parts.map((part) => textOf(one[part])).filter((text) => text !== "")));
  return [...texts].join(" ") || textOf(body.detail) || textOf(body.title) || String(answer.status);
}

/** The draft of this page, through the API. */
export class HttpDraft implements DraftServer {
  readonly address: string;

  constructor(draft: string) {
    this.address = `${API}/drafts/${draft}`;
  }

  async add(module: string, content: JsonObject): Promise<Sent> {
    const id = textOf(content.id);
    const key = { "Idempotency-Key": `design-${id}` };
    const answer = await this.#ask("POST", "/documents", { module, content }, key);
    // It may be there already: sent before, with an answer that never came.
    const known = answer.status === 409 || codeOf(answer) === "idempotency.mismatch";
    return known ? this.#stale(id, answer) : sentOf(answer);
  }

  async put(
    id: string,
    module: string,
    content: JsonObject | null,
    version: number,
  ): Promise<Sent> {
    const address = `/documents/${id}`;
    const match = { "If-Match": `"${version}"` };
    const answer =
      content === null
        ? await this.#ask("DELETE", address, undefined, match)
        : await this.#ask("PUT", address, { module, content }, match);
    // What is to go was never there, or is gone already.
    if (content === null && answer.status === 404)
      return { kind: "kept", held: { id, module, content, version } };
    return answer.status === 409 ? this.#stale(id, answer) : sentOf(answer);
  }

  async news(after: number): Promise<News> {
    const answer = await this.#ask("GET", `/changes?after=${after}`);
    if (answer.status !== 200) throw new Error(refusal(answer));
    const told = answer.body as { items: JsonObject[]; present: JsonObject[] };
    const ends = told.items.find((one) => one.action === "publish" || one.action === "discard");
    return {
      changes: told.items.filter((one) => typeof one.id === "string").map(changeOf),
      number: Math.max(after, ...told.items.map((one) => Number(one.number))),
      present: told.present.map(presentOf),
      ended: ends === undefined ? null : endedOf(ends),
    };
  }

  /** Say that somebody works here, and on which document. */
  async attend(document: string | null): Promise<void> {
    await this.#ask("POST", "/presence", { document });
  }

  /** Begin another draft, on top of what is live. */
  async another(name: string): Promise<string> {
    const answer = await call("POST", `${API}/drafts`, { name });
    if (answer.status !== 201) throw new Error(refusal(answer));
    return textOf((answer.body as JsonObject).id);
  }

  async #ask(
    method: string,
    place: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await call(method, this.address + place, body, headers);
    const code = codeOf(answer);
    if (code === "draft.closed" || code === "draft.unknown") throw new HinderedError("closed");
    return answer;
  }

  /** Return what is there in the place of what was refused. */
  async #stale(id: string, answer: Answer): Promise<Sent> {
    const held = await this.#ask("GET", `/documents/${id}`);
    if (held.status !== 200) return { kind: "refused", message: refusal(answer) };
    return { kind: "stale", held: heldOf(held.body as JsonObject) };
  }

  /** Return everything that the draft holds, and the number of its last change. */
  async open(): Promise<{ held: Held[]; number: number }> {
    const draft = await call("GET", this.address);
    const found = await call("GET", `${this.address}/documents?content=true`);
    if (draft.status !== 200 || found.status !== 200)
      throw new Error(refusal(draft.status === 200 ? found : draft));
    const items = (found.body as { items: JsonObject[] }).items;
    return { held: items.map(heldOf), number: Number((draft.body as JsonObject).version) };
  }

  /** Return what is wrong with the draft as it stands on the server. */
  async check(): Promise<Finding[]> {
    const answer = await call("POST", `${this.address}/check`, {});
    const body = isObject(answer.body) ? answer.body : {};
    const found = body.problems;
    return Array.isArray(found) ? (found as JsonObject[]).map(findingOf) : [];
  }
}

/** Return the vocabulary of the designer in the viewer's language. */
export async function vocabulary(): Promise<Vocabulary> {
  const [schemas, palette] = await Promise.all([
    call("GET", `${API}/schemas?language=${page().language}`),
    call("GET", `${API}/palette?language=${page().language}`),
  ]);
  for (const answer of [schemas, palette])
    if (answer.status !== 200) throw new Error(refusal(answer));
  const { kinds } = schemas.body as unknown as Pick<Vocabulary, "kinds">;
  const told = palette.body as unknown as Palette;
  const groups = told.groups.map((group) => ({
    title: group.label,
    types: told.field_types
      .filter((one) => one.group === group.name)
      .map((one) => ({ key: one.type, title: one.label, help: one.help })),
  }));
  return { kinds, palette: groups, functions: told.functions };
}

/** The palette as the server tells it. */
interface Palette {
  readonly groups: readonly { readonly name: string; readonly label: string }[];
  readonly field_types: readonly {
    readonly type: string;
    readonly label: string;
    readonly help: string;
    readonly group: string;
  }[];
  readonly functions: readonly FunctionHelp[];
}

function sentOf(answer: Answer): Sent {
  if (answer.status >= 400) return { kind: "refused", message: refusal(answer) };
  return { kind: "kept", held: heldOf(answer.body as JsonObject) };
}

function heldOf(body: JsonObject): Held {
  const document = isObject(body.document) ? body.document : null;
  return {
    id: textOf(body.id),
    version: Number(body.version),
    module: textOf(document?.module) || textOf(body.module),
    content: document === null ? null : (document.content as JsonObject),
  };
}

function byOf(body: JsonObject): string {
  return isObject(body.by) ? textOf(body.by.title) : "";
}

function endedOf(body: JsonObject): Ended {
  return { how: body.action === "publish" ? "published" : "discarded", by: byOf(body) };
}

function presentOf(body: JsonObject): Present {
  return { id: textOf(body.id), name: textOf(body.title), document: textOf(body.document) || null };
}

function changeOf(body: JsonObject): DraftChange {
  const after = isObject(body.after) ? body.after : null;
  const before = isObject(body.before) ? body.before : null;
  return {
    id: textOf(body.id),
    version: Number(body.number),
    module: textOf((after ?? before)?.module),
    content: after === null ? null : (after.content as JsonObject),
    by: byOf(body),
  };
}

/** A finding names the file of its document first: `/module/folder/name.json/place`. */
function findingOf(body: JsonObject): Finding {
  const [, file = "", place = ""] = /^\/?(.*?\.json)(\/.*)?$/.exec(textOf(body.path)) ?? [];
  return {
    severity: body.severity === "warning" ? "warning" : "error",
    code: textOf(body.code),
    message: textOf(body.message),
    hint: textOf(body.hint),
    file,
    path: pathOf(place),
  };
}

