/**
 * Typed tree → closures: live totals, conditions and rules in the form, with the server's results.
 * Nothing here touches the page, so it runs under node as well.
 */

import { localDay } from "./days";
import { MAX_SCALE, checked, decimalText, power, rescaled, roundedQuotient } from "./decimals";
import type { Environment, Formula } from "./environment";
import { FUNCTIONS, type FunctionTable } from "./functions";
import { compareText } from "./texts";
import {
  type BinaryNode,
  type CaseNode,
  type ConvertNode,
  type InNode,
  type TreeNode,
  type UnaryNode,
  type Value,
  kindOf,
  scaleOf,
} from "./tree";
import { incoming, outgoing } from "./values";

/** The end of a polymorphic reference is the id of its record. */
const RECORD_LENGTH = 36;

export type { Environment, Formula } from "./environment";
export type { Json, TreeNode, Value } from "./tree";
export { OverflowError } from "./decimals";

/** Evaluate a tree once; numbers come as decimal text. Throws OverflowError beyond 18 digits. */
export function evaluate(
  tree: TreeNode,
  environment: Environment,
  functions: FunctionTable = FUNCTIONS,
): string | boolean | null {
  return outgoing(compile(tree, functions)(environment), tree);
}

/** Say whether a condition holds: only true does, null does not. */
export function holds(tree: TreeNode, environment: Environment): boolean {
  return evaluate(tree, environment) === true;
}

/**
 * Roll up child rows, those not saved yet included, where the condition holds.
 * Nulls are left out; SUM and COUNT of no rows are 0, all else is null.
 */
export function rollup(spec: Rollup, rows: readonly Environment[]): string | boolean | null {
  const test = spec.where === null ? null : compile(spec.where);
  const kept = rows.filter((row) => test === null || test(row) === true);
  if (spec.op === "count") return String(kept.length);
  if (spec.of === null) throw new Error(`${spec.op} needs a value`);
  const value = compile(spec.of);
  if (spec.op === "last") return outgoing(lastValue(spec.order, kept, value), spec.of);
  const values = kept.map(value).filter((one) => one !== null);
  if (spec.op === "min" || spec.op === "max") {
    const sign = spec.op === "min" ? -1 : 1;
    const extreme = values.reduce<Computed>(
      (best, one) => (best === null || compareValues(one, best) * sign > 0 ? one : best),
      null,
    );
    return outgoing(extreme, spec.of);
  }
  let total = 0n;
  for (const one of values) total += one as bigint;
  if (spec.op === "sum") return outgoing(checked(total), spec.of);
  return values.length === 0 ? null : average(total, values.length, spec);
}

/** How child rows are put together; `order` says which of them is last. */
export interface Rollup {
  readonly op: "sum" | "count" | "avg" | "min" | "max" | "last";
  readonly of: TreeNode | null;
  readonly order: TreeNode | null;
  readonly scale: number;
  readonly where: TreeNode | null;
}

type Computed = ReturnType<Formula>;

/** The value in the row with the greatest order; of equal ones in the one further down. */
function lastValue(order: TreeNode | null, rows: readonly Environment[], value: Formula): Computed {
  if (order === null) throw new Error("the last value needs an order");
  const rank = compile(order);
  let best: Computed = null;
  let last: Environment | null = null;
  for (const row of rows) {
    const found = rank(row);
    if (found === null || (best !== null && compareValues(found, best) < 0)) continue;
    best = found;
    last = row;
  }
  return last === null ? null : value(last);
}

/** Numbers by size; dates and instants are texts that sort by time. */
function compareValues(left: Computed, right: Computed): number {
  if (typeof left === "bigint" && typeof right === "bigint") {
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return compareText(String(left), String(right));
}

/** A quotient rounded once, half up. */
function average(total: bigint, count: number, spec: Rollup): string {
  const from = spec.of === null ? 0 : scaleOf(spec.of);
  const up = power(Math.max(spec.scale - from, 0));
  const down = power(Math.max(from - spec.scale, 0));
  const units = checked(roundedQuotient(total * up, BigInt(count) * down));
  return decimalText(units, spec.scale);
}

/** Compile a tree once to evaluate it often. */
export function compile(tree: TreeNode, functions: FunctionTable = FUNCTIONS): Formula {
  return new Compiler(functions).compile(tree);
}

class Compiler {
  constructor(private readonly functions: FunctionTable) {}

  compile(node: TreeNode): Formula {
    switch (node.node) {
      case "literal": {
        const value = incoming(node.value, node);
        return () => value;
      }
      case "field":
        return (environment) => incoming(environment.value(node.path), node);
      case "constant":
        return (environment) => incoming(environment.constant(node.name), node);
      case "convert":
        return this.convert(node);
      case "unary":
        return this.unary(node);
      case "binary":
        return this.binary(node);
      case "call":
        return this.call(node.function, node);
      case "in":
        return this.membership(node);
      case "case":
        return this.choice(node);
      case "query":
        throw new Error(`${node.function} is answered on the server`);
    }
  }

  private call(name: string, node: TreeNode & { node: "call" }): Formula {
    const compiler = this.functions.get(name);
    if (compiler === undefined) throw new Error(`${name} is not computed in the browser`);
    return compiler(
      node,
      node.args.map((argument) => this.compile(argument)),
    );
  }

  private convert(node: ConvertNode): Formula {
    const operand = this.compile(node.operand);
    if (kindOf(node) === "date") {
      return (environment) => {
        const instant = operand(environment);
        return instant === null ? null : localDay(instant as string, environment.zone);
      };
    }
    if (kindOf(node) === "reference") {
      return (environment) => {
        const referred = operand(environment);
        return referred === null ? null : (referred as string).slice(-RECORD_LENGTH);
      };
    }
    const from = scaleOf(node.operand);
    const to = scaleOf(node);
    return (environment) => {
      const count = operand(environment);
      return count === null ? null : rescaled(count as bigint, from, to);
    };
  }

  private unary(node: UnaryNode): Formula {
    const operand = this.compile(node.operand);
    switch (node.operator) {
      case "IS NULL":
        return (environment) => operand(environment) === null;
      case "IS NOT NULL":
        return (environment) => operand(environment) !== null;
      case "NOT":
        return negated(operand);
      case "-":
        return (environment) => {
          const count = operand(environment);
          return count === null ? null : -(count as bigint);
        };
    }
  }

  private binary(node: BinaryNode): Formula {
    const left = this.compile(node.left);
    const right = this.compile(node.right);
    switch (node.operator) {
      case "AND":
        return connected(left, right, false);
      case "OR":
        return connected(left, right, true);
      default: {
        const compute = operation(node);
        return (environment) => {
          const first = left(environment);
          const second = right(environment);
          return first === null || second === null ? null : compute(first, second);
        };
      }
    }
  }

  private membership(node: InNode): Formula {
    const operand = this.compile(node.operand);
    const items = node.items.map((item) => this.compile(item));
    const found: Formula = (environment) => {
      const value = operand(environment);
      const values = items.map((item) => item(environment));
      if (value === null) return null;
      if (values.includes(value)) return true;
      return values.includes(null) ? null : false;
    };
    return node.negated ? negated(found) : found;
  }

  private choice(node: CaseNode): Formula {
    const branches = node.branches.map(({ condition, result }) => ({
      condition: this.compile(condition),
      result: this.compile(result),
    }));
    const otherwise = this.compile(node.otherwise);
    return (environment) => {
      for (const { condition, result } of branches) {
        if (condition(environment) === true) return result(environment);
      }
      return otherwise(environment);
    };
  }
}

function negated(operand: Formula): Formula {
  return (environment) => {
    const value = operand(environment);
    return value === null ? null : value !== true;
  };
}

/** AND and OR: `decisive` on one side settles the result, else null on one side makes it null. */
function connected(left: Formula, right: Formula, decisive: boolean): Formula {
  return (environment) => {
    const first = left(environment);
    if (first === decisive) return decisive;
    const second = right(environment);
    if (second === decisive) return decisive;
    return first === null || second === null ? null : !decisive;
  };
}

type Operation = (left: NonNullable<Value>, right: NonNullable<Value>) => Value;

function operation(node: BinaryNode): Operation {
  switch (node.operator) {
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return comparison(node);
    default:
      return arithmetic(node);
  }
}

function comparison(node: BinaryNode): Operation {
  const order = ordering(node);
  switch (node.operator) {
    case "=":
      return (left, right) => order(left, right) === 0;
    case "!=":
      return (left, right) => order(left, right) !== 0;
    case "<":
      return (left, right) => order(left, right) < 0;
    case "<=":
      return (left, right) => order(left, right) <= 0;
    case ">":
      return (left, right) => order(left, right) > 0;
    default:
      return (left, right) => order(left, right) >= 0;
  }
}

function ordering(node: BinaryNode): (left: Value, right: Value) => number {
  if (kindOf(node.left) === "number") {
    const [first, second] = factors(node, Math.max(scaleOf(node.left), scaleOf(node.right)));
    return (left, right) => sign((left as bigint) * first - (right as bigint) * second);
  }
  if (kindOf(node.left) === "boolean") return (left, right) => Number(left) - Number(right);
  return (left, right) => compareText(left as string, right as string);
}

function sign(count: bigint): number {
  if (count === 0n) return 0;
  return count < 0n ? -1 : 1;
}

/** What brings both operands to counts of 10**-scale. */
function factors(node: BinaryNode, scale: number): [bigint, bigint] {
  return [power(scale - scaleOf(node.left)), power(scale - scaleOf(node.right))];
}

function arithmetic(node: BinaryNode): Operation {
  const scale = scaleOf(node);
  const counts = (compute: (left: bigint, right: bigint) => bigint | null): Operation => {
    return (left, right) => {
      const result = compute(left as bigint, right as bigint);
      return result === null ? null : checked(result);
    };
  };
  if (node.operator === "*") {
    const divisor = power(scaleOf(node.left) + scaleOf(node.right) - scale);
    return counts((left, right) => roundedQuotient(left * right, divisor));
  }
  if (node.operator === "/") {
    const factor = power(MAX_SCALE - scaleOf(node.left) + scaleOf(node.right));
    return counts((left, right) => (right === 0n ? null : roundedQuotient(left * factor, right)));
  }
  const [first, second] = factors(node, scale);
  switch (node.operator) {
    case "+":
      return counts((left, right) => left * first + right * second);
    case "-":
      return counts((left, right) => left * first - right * second);
    default:
      return counts((left, right) => (right === 0n ? null : (left * first) % (right * second)));
  }
}
