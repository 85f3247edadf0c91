/** Asks the server whom an approval of the draft would ask, and what would have become of past runs. */

import { isObject, textOf, type Json, type JsonObject } from "../../model/json";
import { call, refusal } from "../../ui/http";
import { page } from "../../ui/words";

const API = "/api/v1";

/** A condition as it was judged. */
export interface Judged {
  readonly condition: string;
  readonly truth: string;
  readonly values: Readonly<Record<string, Json>>;
}

export interface TriedStep {
  readonly name: string;
  readonly state: "asked" | "skipped" | "passed" | "nobody" | "unknown";
  readonly people: readonly string[];
  readonly condition: Judged | null;
  readonly sources: readonly {
    readonly reason: string;
    readonly people: readonly string[];
    readonly left_out?: readonly string[];
    readonly left_out_reason?: string;
  }[];
  readonly due_at: string | null;
}

export interface Candidate {
  readonly name: string;
  readonly label: string;
  readonly state: "runs" | "tag" | "no" | "unknown";
  readonly condition: Judged | null;
}

export interface Simulation {
  readonly approval: string | null;
  readonly label: string;
  readonly steps: readonly TriedStep[];
  readonly candidates: readonly Candidate[];
  readonly guard: Judged | null;
  readonly submitter: string;
}

export interface Replay {
  readonly same: number;
  readonly different: number;
  readonly unknown: number;
  readonly runs: number;
  readonly days: number | null;
  readonly never: readonly string[];
  readonly tasks: readonly { readonly name: string; readonly recorded: number; readonly now: number }[];
}

export interface Asked {
  readonly object: string;
  readonly record: string;
  readonly transition: string;
  readonly values: JsonObject;
  readonly submitter: string;
}

/** Return what a transition of the draft would ask; fails with the server's sentence. */
export async function simulate(asked: Asked): Promise<Simulation> {
  const { object, transition, values, record, submitter } = asked;
  const body = {
    object,
    transition,
    values,
    draft: page().draft,
    ...(record === "" ? {} : { record }),
    ...(submitter === "" ? {} : { submitter }),
  };
  return (await posted("simulate", body)) as unknown as Simulation;
}

/** Return what would have become of the last runs of a workflow under the draft. */
export async function replay(workflow: string, last: number): Promise<Replay> {
  const answer = await posted("replay", { workflow, last, draft: page().draft });
  return answer.summary as unknown as Replay;
}

async function posted(what: string, body: unknown): Promise<JsonObject> {
  const answer = await call("POST", `${API}/metadata/${what}`, body);
  if (answer.status !== 200 || !isObject(answer.body)) throw new Error(refusal(answer));
  return answer.body;
}

export interface Found {
  readonly id: string;
  readonly title: string;
}

const MOST_FOUND = 8;

/** Return records of an object that hold a text, the first ones without; `title` names the field shown. */
export async function records(object: string, title: string, text: string): Promise<Found[]> {
  const query = new URLSearchParams({ limit: String(MOST_FOUND) });
  if (text.trim() !== "") query.set("q", text.trim());
  const answer = await call("GET", `${API}/records/${object}?${query.toString()}`);
  const items = isObject(answer.body) ? answer.body.items : null;
  if (answer.status !== 200 || !Array.isArray(items)) throw new Error(refusal(answer));
  return (items as JsonObject[]).map((one) => {
    const id = textOf(one.id);
    return { id, title: textOf(one[title]) || id };
  });
}
