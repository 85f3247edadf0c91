/** `node standing_cli.js < lines`: how the fields of forms stand, one JSON question and answer a line. */

import { readFileSync } from "node:fs";
import type { Behaviours } from "../../src/form/behaviour";
import { compute, standing } from "../../src/form/compute";
import type { LiveForm, Met, Values } from "../../src/form/model";
import type { Json } from "../../src/formula/evaluate";

interface Question {
  readonly form: LiveForm;
  readonly record: Readonly<Record<string, Json>>;
  readonly rows: Readonly<Record<string, readonly Readonly<Record<string, Json>>[]>>;
  readonly met: Met;
  readonly rows_met: Readonly<Record<string, readonly Met[]>>;
}

function valuesOf(row: Readonly<Record<string, Json>>): Values {
  return new Map(Object.entries(row));
}

function told(behaviours: Behaviours): Record<string, Json> {
  return Object.fromEntries(
    [...behaviours].map(([name, { hidden, required, locked, allowed }]) => [
      name,
      { hidden, required, locked, allowed: allowed === null ? null : [...allowed].sort() },
    ]),
  );
}

function answer(line: string): string {
  const asked = JSON.parse(line) as Question;
  const rows = Object.entries(asked.rows).map(([name, all]) => [name, all.map(valuesOf)]);
  const filled = {
    record: valuesOf(asked.record),
    rows: Object.fromEntries(rows) as Record<string, Values[]>,
  };
  const problems = compute(asked.form, filled);
  const found = standing(asked.form, filled, { record: asked.met, rows: asked.rows_met });
  const below = Object.entries(found.rows).map(([name, all]) => [name, all.map(told)]);
  return JSON.stringify({
    record: told(found.record),
    rows: Object.fromEntries(below) as Json,
    broken: problems.map(({ child, row, field, severity }) => [child, row, field, severity]),
  });
}

const lines = readFileSync(0, "utf8").split("\n");
process.stdout.write(lines.filter((line) => line !== "").map(answer).join("\n"));
