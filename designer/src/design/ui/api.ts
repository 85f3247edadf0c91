/** Calls as the server describes them: which places an address has, what is sent, what comes back. */

import type { Calls } from "../api_types";
import { isObject, type Json } from "../model/json";
import { call, refusal, type Answer } from "./http";

const API = "/api/v1";

type Key = keyof Calls;
type Names<K> = K extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** What a call is made with: a value for each place in its address, and its body where it has one. */
export type Given<K extends Key> = {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
} & ([Names<K>] extends [never] ? unknown : { readonly places: Readonly<Record<Names<K>, string>> }) &
  (Calls[K]["asked"] extends null ? unknown : { readonly body: Calls[K]["asked"] });

/** What came back: the body that is described, or a refusal. */
export type Told<K extends Key> =
  | { readonly ok: true; readonly status: number; readonly body: Calls[K]["answer"] }
  | { readonly ok: false; readonly status: number; readonly body: Json };

/** Make a call; fails like `call`. */
export async function ask<K extends Key>(key: K, given: Given<K>): Promise<Told<K>> {
  const { places, query, headers, body } = given as {
    readonly places?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  const [method = "", path = ""] = key.split(" ");
  const place = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(places?.[name] ?? ""));
  const behind = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  const answer = await call(method, API + place + behind, body, headers);
  return { ...answer, ok: answer.status < 300 && isObject(answer.body) } as Told<K>;
}

/** Return what a call answers; a refusal is an error with the server's sentences. */
export async function answerOf<K extends Key>(
  key: K,
  given: Given<K>,
  sentences: (answer: Answer) => string = refusal,
): Promise<Calls[K]["answer"]> {
  const told = await ask(key, given);
  if (!told.ok) throw new Error(sentences(told));
  return told.body;
}
