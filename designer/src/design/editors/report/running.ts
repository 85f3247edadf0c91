/** The numbers of a drafted report over live records: asked again a moment after each change. */

import { useEffect, useState } from "react";
import type { ReportJson } from "../../api_types";
import type { JsonObject } from "../../model/json";
import { ask, type Told } from "../../ui/api";
import { useWorkbench } from "../../ui/desk";
import { refusal } from "../../ui/http";

const WAIT = 700;

/** What the server answered last; `problem` says why there are no numbers. */
export interface Ran {
  readonly result: ReportJson | null;
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
    const run = async (): Promise<void> => {
      setRan((former) => ({ ...former, running: true }));
      await save();
      const told = await ask("POST /metadata/drafts/{draft}/reports/{name}/run", {
        places: { draft: draft.id, name },
        body: {},
      }).catch(() => ({ ok: false as const, status: 503, body: null }));
      if (!away) setRan(ranOf(told));
    };
    const timer = window.setTimeout(() => void run(), WAIT);
    return () => {
      away = true;
      window.clearTimeout(timer);
    };
  }, [asked, name, draft, save]);
  return ran;
}

function ranOf(told: Told<"POST /metadata/drafts/{draft}/reports/{name}/run">): Ran {
  return told.ok
    ? { result: told.body, problem: "", running: false }
    : { result: null, problem: refusal(told), running: false };
}
