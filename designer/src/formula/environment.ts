/** What a formula is evaluated in, and the compiled form of one. */

import type { Json, Value } from "./tree";

/**
 * The record and its surroundings. Values are those of the API: decimals as text, days `YYYY-MM-DD`,
 * instants RFC 3339, references as ids; null or undefined where there is none.
 */
export interface Environment {
  readonly today: string;
  readonly now: string;
  readonly zone: string;
  readonly user: string | null;
  readonly organisation: string | null;
  value(path: readonly string[]): Json | undefined;
  /** The value before the change; nothing for a new record. */
  old(path: readonly string[]): Json | undefined;
  constant(name: string): Json | undefined;
  hasRole(name: string): boolean;
  inSubtree(node: string, root: string): boolean;
}

export type Formula = (environment: Environment) => Value;
