/** Asks the server what a formula gives for a record and for samples, with the draft's definitions. */

import type { FormulaScope } from "../../model/formula_scope";
import type { FormulaJson } from "../../api_types";
import type { Written } from "../../model/givens";
import type { Path } from "../../model/json";
import { answerOf } from "../api";
import { page } from "../words";

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
): Promise<FormulaJson> {
  return answerOf("POST /metadata/drafts/{draft}/formula", {
    places: { draft: page().draft },
    body: {
      formula,
      condition: scope.isCondition,
      document: place.document,
      path: place.path,
      given,
      ...(scope.object === "" ? {} : { object: scope.object }),
      ...(scope.outer === null ? {} : { this: scope.outer }),
      ...(record === null ? {} : { record }),
    },
  });
}
