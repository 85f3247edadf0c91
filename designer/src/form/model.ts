/** What the server sends with a form (`forms/live.py`) so that the page can compute it. */

import type { Json, Rollup, TreeNode } from "../formula/evaluate";

export type Severity = "error" | "warning";

export interface Words {
  readonly en?: string;
  readonly zh?: string;
}

/** Which field rules hold that only the server can judge, by their place. */
export type Met = Readonly<Record<string, boolean>>;

export interface LiveRule {
  readonly unless: TreeNode;
  readonly when: TreeNode | null;
  readonly field: string | null;
  readonly message: Words;
  readonly severity: Severity;
}

/** How fields behave while `when` holds; without `when` the server says whether it does, by `at`. */
export interface LiveFieldRule {
  readonly at: number;
  readonly effect: "show" | "require" | "lock" | "limit";
  readonly fields: readonly string[];
  readonly when: TreeNode | null;
  readonly allowed: readonly string[];
  readonly message: Words;
}

export interface LiveFormula {
  readonly field: string;
  readonly tree: TreeNode;
}

/** One object on the form: the record, or the rows of a child relation. */
export interface LiveObject {
  readonly fields: Readonly<Record<string, { readonly id: string; readonly type: string }>>;
  readonly formulas: readonly LiveFormula[];
  readonly rules: readonly LiveRule[];
  readonly field_rules: readonly LiveFieldRule[];
  /** Fields whose change makes the server compute defaults anew; `.x` is a field of the master. */
  readonly asks: readonly string[];
}

export interface LiveChild extends LiveObject {
  /** Id of the field that points to the master. */
  readonly by: string;
}

export interface LiveRollup extends Rollup {
  readonly field: string;
  readonly child: string;
}

export interface Session {
  readonly today: string;
  readonly now: string;
  readonly zone: string;
  readonly user: string | null;
  readonly organisation: string | null;
  readonly roles: readonly string[];
  readonly constants: Readonly<Record<string, Json>>;
}

export interface LiveForm extends LiveObject {
  readonly children: Readonly<Record<string, LiveChild>>;
  readonly rollups: readonly LiveRollup[];
  readonly session: Session;
  readonly values: Readonly<Record<string, Json>>;
  readonly met: Met;
}

/** Values by field name, in the form of the API. */
export type Values = Map<string, Json>;

export interface Problem {
  readonly child: string | null;
  readonly row: number;
  readonly field: string | null;
  readonly message: Words;
  readonly severity: Severity;
}
