/** Asks the server what a formula gives for a record and for samples, with the draft's definitions. */

import type { FormulaScope } from "../../model/formula_scope";
import type { FormulaAnswer, FormulaAsked } from "../../api_types";
import type { Written } from "../../model/givens";
import { isObject, type Path } from "../../model/json";
import { call, refusal } from "../http";
import { page } from "../words";

/** What came out; a mistake says from which character to which it stands, and what may have been meant. */
export type TriedFormula = FormulaAnswer;
export type Mistake = FormulaAnswer["problems"][number];

/** Where a formula stands: the definition and the place in it. */
export interface Place {
  readonly document: string;
  readonly path: Path;
}

/** Return what a formula gives; fails with the server's sentence. */
export async function tryFormula(
  scope: Pick<FormulaScope, "object" | "outer" | "isCondition">,
  formula: string,
  record: string | null,
  place: Place,
  given: Written = {},
): Promise<TriedFormula> {
  const asked: FormulaAsked = {
    formula,
    condition: scope.isCondition,
    document: place.document,
    path: place.path,
    given,
    ...(scope.object === "" ? {} : { object: scope.object }),
    ...(scope.outer === null ? {} : { this: scope.outer }),
    ...(record === null ? {} : { record }),
  };
  const answer = await call("POST", `/api/v1/metadata/drafts/${page().draft}/formula`, asked);
  if (answer.status !== 200 || !isObject(answer.body)) throw new Error(refusal(answer));
  return answer.body as unknown as TriedFormula;
}
