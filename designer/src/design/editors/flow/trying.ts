/** Asks the server whom an approval of the draft would ask, and what would have become of past runs. */

import type { ReplaySummaryJson, SimulateAsked, SimulationJson } from "../../api_types";
import { isObject, textOf, type JsonObject } from "../../model/json";
import { answerOf } from "../../ui/api";
import { call, refusal } from "../../ui/http";
import { page } from "../../ui/words";

/** Return what a transition of the draft would ask, of no record where `record` is empty; fails with the server's sentence. */
export async function simulate(asked: Omit<Required<SimulateAsked>, "draft" | "version">): Promise<SimulationJson> {
  const { record, submitter, ...about } = asked;
  const body = {
    ...about,
    draft: page().draft,
    ...(record === "" ? {} : { record }),
    ...(submitter === "" ? {} : { submitter }),
  };
  return answerOf("POST /metadata/simulate", { body });
}

/** Return what would have become of the last runs of a workflow under the draft. */
export async function replay(workflow: string, last: number): Promise<ReplaySummaryJson> {
  const body = { workflow, last, draft: page().draft };
  return (await answerOf("POST /metadata/replay", { body })).summary;
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
  const answer = await call("GET", `/api/v1/records/${object}?${query.toString()}`);
  const items = isObject(answer.body) ? answer.body.items : null;
  if (answer.status !== 200 || !Array.isArray(items)) throw new Error(refusal(answer));
  return (items as JsonObject[]).map((one) => {
    const id = textOf(one.id);
    return { id, title: textOf(one[title]) || id };
  });
}
