/** How fields behave under field rules, with the server's results (`records/field_rules.py`). */

import { type Environment, OverflowError, evaluate } from "../formula/evaluate";
import type { LiveFieldRule, LiveObject, Met, Words } from "./model";

export interface Behaviour {
  readonly hidden: boolean;
  readonly required: boolean;
  readonly locked: boolean;
  /** What can be chosen; null where everything can. */
  readonly allowed: readonly string[] | null;
  readonly why: Words;
}

export type Behaviours = ReadonlyMap<string, Behaviour>;

export const FREE: Behaviour = {
  hidden: false,
  required: false,
  locked: false,
  allowed: null,
  why: {},
};

/** Return what field rules say, by field. What is hidden is neither required, locked nor limited. */
export function behaviours(object: LiveObject, env: Environment, met: Met): Behaviours {
  const found = new Map<string, Behaviour>();
  for (const rule of object.field_rules) {
    const holds = rule.when === null ? met[String(rule.at)] === true : isMet(rule, env);
    for (const name of rule.fields) {
      found.set(name, added(found.get(name) ?? FREE, rule, holds));
    }
  }
  for (const [name, one] of found) if (one.hidden) found.set(name, { ...FREE, hidden: true });
  return found;
}

/** A condition that outgrows its digits does not hold. */
function isMet(rule: LiveFieldRule, env: Environment): boolean {
  try {
    return rule.when !== null && evaluate(rule.when, env) === true;
  } catch (error) {
    if (error instanceof OverflowError) return false;
    throw error;
  }
}

function added(known: Behaviour, rule: LiveFieldRule, holds: boolean): Behaviour {
  if (rule.effect === "show") return holds ? known : { ...known, hidden: true };
  if (!holds) return known;
  switch (rule.effect) {
    case "require":
      return { ...known, required: true };
    case "lock":
      return known.locked ? known : { ...known, locked: true, why: rule.message };
    case "limit":
      return { ...known, allowed: common(known.allowed, rule.allowed) };
  }
}

function common(first: readonly string[] | null, second: readonly string[]): readonly string[] {
  return first === null ? second : first.filter((value) => second.includes(value));
}
