/** A few real rows for a list, as the designer may read them; columns that are not live yet stay empty. */

import { useEffect, useState } from "react";
import { isList, isObject, type JsonObject } from "../../model/json";
import { call, type Answer } from "../../ui/http";
import { page as island } from "../../ui/words";

const ROWS = 4;
const WAIT = 250;

export interface Samples {
  readonly rows: readonly JsonObject[];
  /** Columns that the live version does not have, or that the designer may not read. */
  readonly missing: ReadonlySet<string>;
}

const NOTHING: Samples = { rows: [], missing: new Set() };

export function useSamples(object: string, columns: readonly string[], sort: readonly string[]): Samples {
  const [samples, setSamples] = useState<Samples>(NOTHING);
  const asked = JSON.stringify([object, columns, sort]);
  useEffect(() => {
    const [of, fields, order] = JSON.parse(asked) as [string, string[], string[]];
    let away = false;
    const timer = window.setTimeout(() => {
      void read(of, fields, order).then((found) => {
        if (!away) setSamples(found);
      });
    }, WAIT);
    return () => {
      away = true;
      window.clearTimeout(timer);
    };
  }, [asked]);
  return samples;
}

async function read(object: string, columns: string[], sort: string[]): Promise<Samples> {
  if (columns.length === 0) return NOTHING;
  if (!island().live.includes(object)) return { rows: [], missing: new Set(columns) };
  const whole = await page(object, columns, sort);
  if (whole !== undefined) return { rows: whole, missing: new Set() };
  const alone = await Promise.all(columns.map(async (one) => ((await page(object, [one], [])) === undefined ? one : "")));
  const missing = new Set(alone.filter((one) => one !== ""));
  const known = columns.filter((one) => !missing.has(one));
  const rows = known.length === 0 ? undefined : ((await page(object, known, sort)) ?? (await page(object, known, [])));
  return { rows: rows ?? [], missing };
}

async function page(object: string, fields: readonly string[], sort: readonly string[]): Promise<JsonObject[] | undefined> {
  const asked = new URLSearchParams({ fields: fields.join(","), limit: String(ROWS) });
  if (sort.length > 0) asked.set("sort", sort.join(","));
  const answer = await call("GET", `/api/v1/records/${object}?${asked.toString()}`).catch((): Answer => ({ status: 503, body: null }));
  const items = isObject(answer.body) ? answer.body.items : undefined;
  return answer.status === 200 && isList(items) ? items.filter(isObject) : undefined;
}
