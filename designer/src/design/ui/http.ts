/** The designer's way to the server: the API, for who is signed in on this page. */

import { csrfToken } from "../../page/dom";
import { isObject, pathOf, textOf, type Json, type JsonObject } from "../model/json";
import type { Schema } from "../model/schema";
import type { DraftChange, DraftServer, Held, Sent } from "../model/server";
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
}

const API = "/api/v1/metadata";

/** Ask the API; fails where the server cannot be reached or says that it is away. */
export async function call(
  method: string,
  address: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(address, {
    method,
    headers: {
      "Accept-Language": page().language,
      "X-CSRF-Token": csrfToken(),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    credentials: "same-origin",
    // What is sent while the page closes still arrives; browsers take no more than 64 KB so.
    keepalive: body !== undefined && JSON.stringify(body).length < 60_000,
  });
  if (response.status >= 502) throw new Error(String(response.status));
  return { status: response.status, body: (await response.json().catch(() => null)) as Json };
}

/** Return the sentences of a refusal. */
export function refusal(answer: Answer): string {
  const body = isObject(answer.body) ? answer.body : {};
  const problems = Array.isArray(body.errors) ? (body.errors as JsonObject[]) : [];
  const texts = problems.map((one) => textOf(one.message));
  return texts.join(" ") || textOf(body.detail);
}

/** The draft of this page, through the API. */
export class HttpDraft implements DraftServer {
  readonly address: string;

  constructor(draft: string) {
    this.address = `${API}/drafts/${draft}`;
  }

  async add(module: string, content: JsonObject): Promise<Sent> {
    const key = { "Idempotency-Key": `design-${textOf(content.id)}` };
    const answer = await call("POST", `${this.address}/documents`, { module, content }, key);
    return sentOf(answer);
  }

  async put(
    id: string,
    module: string,
    content: JsonObject | null,
    version: number,
  ): Promise<Sent> {
    const address = `${this.address}/documents/${id}`;
    const match = { "If-Match": `"${version}"` };
    const answer =
      content === null
        ? await call("DELETE", address, undefined, match)
        : await call("PUT", address, { module, content }, match);
    if (answer.status !== 409 && answer.status !== 412) return sentOf(answer);
    const held = await call("GET", address);
    if (held.status !== 200) return { kind: "refused", message: refusal(answer) };
    return { kind: "stale", held: heldOf(held.body as JsonObject) };
  }

  async changes(after: number): Promise<readonly DraftChange[]> {
    const answer = await call("GET", `${this.address}/changes?after=${after}`);
    if (answer.status !== 200) throw new Error(refusal(answer));
    const items = (answer.body as { items: JsonObject[] }).items;
    return items.filter((one) => typeof one.id === "string").map(changeOf);
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
    const found = body.problems ?? body.errors;
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

function changeOf(body: JsonObject): DraftChange {
  const after = isObject(body.after) ? body.after : null;
  const before = isObject(body.before) ? body.before : null;
  const by = isObject(body.by) ? textOf(body.by.title) : "";
  return {
    id: textOf(body.id),
    version: Number(body.number),
    module: textOf((after ?? before)?.module),
    content: after === null ? null : (after.content as JsonObject),
    by,
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

