/** The designer's way to the server, for who is signed in on this page. */

import { csrfToken, one } from "../../page/dom";
import { isList, isObject, textOf, type Json } from "../model/json";
import { HinderedError } from "../model/server";
import { page } from "./words";

/** An answer of the server with its status; a body that is no JSON is null. */
export interface Answer {
  readonly status: number;
  readonly body: Json;
}

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

/** Return the code of a refusal. */
export function codeOf(answer: Answer): string {
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
