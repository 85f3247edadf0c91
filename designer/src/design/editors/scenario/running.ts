/** Asks the server what comes out of a scenario of the draft, and for one made of a record. */

import { isList, isObject, pathOf, textOf, type JsonObject, type Path } from "../../model/json";
import { call, remedy } from "../../ui/http";
import { page } from "../../ui/words";

const SCENARIOS = "/api/v1/metadata/scenarios";

/** What came out; `path` is the place of the first difference in the document. */
export interface Ran {
  readonly green: boolean;
  readonly difference: string;
  readonly path: Path | null;
  readonly milliseconds: number;
}

export interface Recorded {
  readonly content: JsonObject;
  readonly leftOut: readonly string[];
}

/** Run a scenario with the draft's definitions; fails with the server's sentence and what to do about it. */
export async function runScenario(name: string): Promise<Ran> {
  const body = await posted("run", { draft: page().draft, names: [name] });
  const [found] = isList(body.items) ? body.items : [];
  if (!isObject(found)) throw new Error(name);
  const [, place = ""] = /\.json(\/.*)?$/.exec(textOf(found.path)) ?? [];
  const green = found.result === "green";
  return {
    green,
    difference: textOf(found.difference),
    path: green ? null : pathOf(place),
    milliseconds: Number(found.milliseconds),
  };
}

/** Return a scenario of what was done with a live record; fails with the server's sentence and what to do about it. */
export async function recordScenario(object: string, record: string, name: string): Promise<Recorded> {
  const body = await posted("record", { object, record, name });
  const left = isList(body.left_out) ? body.left_out.map(textOf) : [];
  return { content: isObject(body.content) ? body.content : {}, leftOut: left };
}

async function posted(what: string, body: unknown): Promise<JsonObject> {
  const answer = await call("POST", `${SCENARIOS}/${what}`, body);
  if (answer.status !== 200 || !isObject(answer.body)) throw new Error(remedy(answer));
  return answer.body;
}
