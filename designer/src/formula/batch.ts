/** Many formulas over many rows, as lines of JSON: how the tests compare this evaluator with the server's. */

import { compile } from "./evaluate";
import { OverflowError } from "./decimals";
import type { Environment } from "./environment";
import { FUNCTIONS, type FunctionTable } from "./functions";
import type { Json, TreeNode } from "./tree";
import { outgoing } from "./values";

interface Surroundings {
  readonly today: string;
  readonly now: string;
  readonly zone: string;
  readonly user: string | null;
  readonly organisation: string | null;
  readonly roles: readonly string[];
  readonly constants: Readonly<Record<string, Json>>;
}

type Row = Readonly<Record<string, Json>>;

function environmentOf(surroundings: Surroundings, row: Row): Environment {
  return {
    ...surroundings,
    value: (path) => row[path.at(-1) ?? ""],
    old: () => null,
    constant: (name) => surroundings.constants[name],
    hasRole: (name) => surroundings.roles.includes(name),
    inSubtree: (node, root) => node === root,
  };
}

function resultOf(tree: TreeNode, environments: readonly Environment[], functions: FunctionTable) {
  const formula = compile(tree, functions);
  return environments.map((environment) => {
    try {
      return outgoing(formula(environment), tree);
    } catch (error) {
      if (error instanceof OverflowError) return "overflow";
      throw error;
    }
  });
}

/** Line 1: surroundings; line 2: rows by field id; then one tree a line. One line of results a tree. */
export function runBatch(input: string, functions: FunctionTable = FUNCTIONS): string {
  const [first = "{}", second = "[]", ...trees] = input.split("\n").filter((line) => line !== "");
  const surroundings = JSON.parse(first) as Surroundings;
  const rows = JSON.parse(second) as Row[];
  const environments = rows.map((row) => environmentOf(surroundings, row));
  return trees
    .map((line) => JSON.stringify(resultOf(JSON.parse(line) as TreeNode, environments, functions)))
    .join("\n");
}
