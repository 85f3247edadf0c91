/** Asks the server what comes out of a scenario of the draft, and for one made of a record. */

import type { RecordingAnswer } from "../../api_types";
import { pathOf, type Path } from "../../model/json";
import { answerOf } from "../../ui/api";
import { remedy } from "../../ui/http";
import { page } from "../../ui/words";

/** What came out; `path` is the place of the first difference in the document. */
export interface Ran {
  readonly green: boolean;
  readonly difference: string;
  readonly path: Path | null;
  readonly milliseconds: number;
}

/** Run a scenario with the draft's definitions; fails with the server's sentence and what to do about it. */
export async function runScenario(name: string): Promise<Ran> {
  const body = { draft: page().draft, names: [name] };
  const [found] = (await answerOf("POST /metadata/scenarios/run", { body }, remedy)).items;
  if (found === undefined) throw new Error(name);
  const [, place = ""] = /\.json(\/.*)?$/.exec(found.path ?? "") ?? [];
  const green = found.result === "green";
  return {
    green,
    difference: found.difference ?? "",
    path: green ? null : pathOf(place),
    milliseconds: found.milliseconds,
  };
}

/** Return a scenario of what was done with a live record; fails with the server's sentence and what to do about it. */
export async function recordScenario(object: string, record: string, name: string): Promise<RecordingAnswer> {
  return answerOf("POST /metadata/scenarios/record", { body: { object, record, name } }, remedy);
}
