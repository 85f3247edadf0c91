/** The numbers of a drafted report over live records: asked again a moment after each change. */

import { useEffect, useState } from "react";
import { isObject, textOf, type JsonObject } from "../../model/json";
import { useWorkbench } from "../../ui/desk";
import { call, type Answer } from "../../ui/http";

const WAIT = 700;

/** What the server answered last; `problem` says why there are no numbers. */
export interface Ran {
  readonly result: JsonObject | null;
  readonly problem: string;
  readonly running: boolean;
}

/** Run the report called `name` again whenever `content` is another one. */
export function useRunning(name: string, content: JsonObject | undefined): Ran {
  const { draft, save } = useWorkbench();
  const [ran, setRan] = useState<Ran>({ result: null, problem: "", running: true });
  const asked = JSON.stringify(content ?? null);
  useEffect(() => {
    if (asked === "null") return;
    let away = false;
    const ask = async (): Promise<void> => {
      setRan((former) => ({ ...former, running: true }));
      await save();
      const address = `${draft.address}/reports/${name}/run`;
      const answer = await call("POST", address, {}).catch((): Answer => ({ status: 503, body: null }));
      if (!away) setRan(ranOf(answer));
    };
    const timer = window.setTimeout(() => void ask(), WAIT);
    return () => {
      away = true;
      window.clearTimeout(timer);
    };
  }, [asked, name, draft, save]);
  return ran;
}

function ranOf(answer: Answer): Ran {
  const body = isObject(answer.body) ? answer.body : {};
  if (answer.status === 200) return { result: body, problem: "", running: false };
  const problems = Array.isArray(body.problems) ? (body.problems as JsonObject[]) : [];
  const told = problems.map((one) => textOf(one.message)).join(" ");
  return { result: null, problem: told || textOf(body.detail) || String(answer.status), running: false };
}
