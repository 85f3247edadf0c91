/** Asks the server what a formula gives for a record, with the draft's definitions. */

import type { FormulaScope } from "../../model/formula_scope";
import { isObject, type Json, type Path } from "../../model/json";
import { call, refusal } from "../http";
import { page } from "../words";

export interface Mistake {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly span: readonly [number, number] | null;
  /** What can stand in place of what the span holds. */
  readonly instead: string | null;
}

export interface TriedFormula {
  readonly state: "value" | "refused" | "unknown";
  readonly type: string | null;
  readonly value: Json;
  readonly parts: readonly { readonly text: string; readonly label: string; readonly value: Json }[];
  readonly problems: readonly Mistake[];
  readonly reason: string;
  readonly record: { readonly id: string | null; readonly title: string | null } | null;
}

/** Where a formula stands: the definition and the place in it. */
export interface Place {
  readonly document: string;
  readonly path: Path;
}

/** Return what a formula gives; fails with the server's sentence. */
export async function tryFormula(
  scope: FormulaScope,
  formula: string,
  record: string | null,
  place: Place,
): Promise<TriedFormula> {
  const answer = await call("POST", `/api/v1/metadata/drafts/${page().draft}/formula`, {
    object: scope.object,
    formula,
    condition: scope.isCondition,
    document: place.document,
    path: place.path,
    ...(scope.outer === null ? {} : { this: scope.outer }),
    ...(record === null ? {} : { record }),
  });
  if (answer.status !== 200 || !isObject(answer.body)) throw new Error(refusal(answer));
  return answer.body as unknown as TriedFormula;
}
