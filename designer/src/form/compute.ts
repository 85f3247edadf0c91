/**
 * Formulas, roll-ups over unsaved rows and rules of a form, with the server's results. No page here:
 * values in, values out.
 */

import {
  type Environment,
  type Json,
  type TreeNode,
  OverflowError,
  evaluate,
  rollup,
} from "../formula/evaluate";
import { type Behaviours, behaviours } from "./behaviour";
import type {
  LiveChild,
  LiveForm,
  LiveObject,
  LiveRule,
  Met,
  Problem,
  Session,
  Values,
} from "./model";

/** Rounds of computing: rows, sums, the record, and rows again where they look at the record. */
const MOST_ROUNDS = 4;

export interface Filled {
  readonly record: Values;
  readonly rows: Readonly<Record<string, readonly Values[]>>;
}

/** Which rules hold that only the server can judge: of the record and of each row. */
export interface Judged {
  readonly record: Met;
  readonly rows: Readonly<Record<string, readonly Met[]>>;
}

/** Say how the fields stand, of the record and of each row, over values that are computed. */
export function standing(form: LiveForm, filled: Filled, judged: Judged): Standing {
  const record = environment(form, form.session, filled.record, null);
  const rows = Object.entries(form.children).map(([name, child]) => [
    name,
    (filled.rows[name] ?? []).map((row, position) =>
      behaviours(
        child,
        rowEnvironment(form, child, filled.record, row),
        judged.rows[name]?.[position] ?? {},
      ),
    ),
  ]);
  return {
    record: behaviours(form, record, judged.record),
    rows: Object.fromEntries(rows) as Record<string, readonly Behaviours[]>,
  };
}

export interface Standing {
  readonly record: Behaviours;
  readonly rows: Readonly<Record<string, readonly Behaviours[]>>;
}

/** Compute everything computed, in place; say which rules are broken. */
export function compute(form: LiveForm, filled: Filled): Problem[] {
  const record = environment(form, form.session, filled.record, null);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const rowsChanged = computeRows(form, filled);
    const sumsChanged = computeRollups(form, filled);
    const recordChanged = fill(form, filled.record, record);
    if (!rowsChanged && !sumsChanged && !recordChanged) break;
  }
  return problems(form, filled, record);
}

function computeRows(form: LiveForm, filled: Filled): boolean {
  let changed = false;
  for (const [name, child] of Object.entries(form.children)) {
    for (const row of filled.rows[name] ?? []) {
      changed = fill(child, row, rowEnvironment(form, child, filled.record, row)) || changed;
    }
  }
  return changed;
}

function computeRollups(form: LiveForm, filled: Filled): boolean {
  let changed = false;
  for (const spec of form.rollups) {
    const { field, child: name } = spec;
    const child = form.children[name];
    if (child === undefined) continue;
    const rows = (filled.rows[name] ?? []).map((row) =>
      rowEnvironment(form, child, filled.record, row),
    );
    changed = put(filled.record, field, () => rollup(spec, rows)) || changed;
  }
  return changed;
}

function fill(object: LiveObject, values: Values, env: Environment): boolean {
  let changed = false;
  for (const { field, tree } of object.formulas) {
    changed = put(values, field, () => evaluate(tree, env)) || changed;
  }
  return changed;
}

function put(values: Values, field: string, computed: () => Json): boolean {
  const value = orNull(computed);
  if (values.get(field) === value) return false;
  values.set(field, value);
  return true;
}

/** A sum beyond 18 digits has no value here; saving says why. */
function orNull<T extends Json>(computed: () => T): T | null {
  try {
    return computed();
  } catch (error) {
    if (error instanceof OverflowError) return null;
    throw error;
  }
}

function problems(form: LiveForm, filled: Filled, record: Environment): Problem[] {
  const found = broken(form.rules, record).map((rule) => problem(rule, null, 0));
  for (const [name, child] of Object.entries(form.children)) {
    (filled.rows[name] ?? []).forEach((row, position) => {
      const env = rowEnvironment(form, child, filled.record, row);
      found.push(...broken(child.rules, env).map((rule) => problem(rule, name, position)));
    });
  }
  return found;
}

/** A rule is broken only when `unless` is false; it applies only when `when` is true. */
function broken(rules: readonly LiveRule[], env: Environment): LiveRule[] {
  const value = (tree: TreeNode): Json => orNull(() => evaluate(tree, env));
  return rules.filter(
    ({ when, unless }) => (when === null || value(when) === true) && value(unless) === false,
  );
}

function problem(rule: LiveRule, child: string | null, row: number): Problem {
  return { child, row, field: rule.field, message: rule.message, severity: rule.severity };
}

function rowEnvironment(
  form: LiveForm,
  child: LiveChild,
  record: Values,
  row: Values,
): Environment {
  return environment(child, form.session, row, { by: child.by, object: form, values: record });
}

interface Master {
  readonly by: string;
  readonly object: LiveObject;
  readonly values: Values;
}

function environment(
  object: LiveObject,
  session: Session,
  values: Values,
  master: Master | null,
): Environment {
  const names = namesById(object);
  const above = master === null ? null : namesById(master.object);
  return {
    ...session,
    value(path) {
      const [first, second] = path;
      if (first === undefined) return null;
      if (second === undefined) return values.get(names.get(first) ?? "") ?? null;
      if (first !== master?.by) return null;
      return master.values.get(above?.get(second) ?? "") ?? null;
    },
    old: () => null,
    constant: (name) => session.constants[name] ?? null,
    hasRole: (name) => session.roles.includes(name),
    inSubtree: () => false,
  };
}

const NAMES = new WeakMap<LiveObject, Map<string, string>>();

function namesById(object: LiveObject): Map<string, string> {
  let names = NAMES.get(object);
  if (names === undefined) {
    names = new Map(Object.entries(object.fields).map(([name, field]) => [field.id, name]));
    NAMES.set(object, names);
  }
  return names;
}
