/** The evaluator with a planted bug: ROUND cuts off. The engines' comparison must notice. */

import { readFileSync } from "node:fs";
import { runBatch } from "../../src/formula/batch";
import { power } from "../../src/formula/decimals";
import { FUNCTIONS } from "../../src/formula/functions";
import { scaleOf } from "../../src/formula/tree";

const broken = new Map(FUNCTIONS);
broken.set("ROUND", (call, [operand]) => (environment) => {
  const count = operand?.(environment) ?? null;
  if (typeof count !== "bigint" || call.args[0] === undefined) return null;
  const from = scaleOf(call.args[0]);
  const to = scaleOf(call);
  return to >= from ? count * power(to - from) : count / power(from - to);
});

process.stdout.write(runBatch(readFileSync(0, "utf8"), broken));
