/** The functions of the language that the browser computes; the server's registry lists the same. */

import { capitalAmount } from "./amounts";
import * as days from "./days";
import {
  absolute,
  checked,
  floorQuotient,
  power,
  rescaled,
  roundedQuotient,
} from "./decimals";
import type { Formula } from "./environment";
import { automatonOf } from "./patterns";
import * as texts from "./texts";
import { type CallNode, type FieldNode, type TreeNode, type Value, kindOf, scaleOf } from "./tree";
import { incoming } from "./values";

/** Compile a call; `args` are compiled already. */
export type FunctionCompiler = (call: CallNode, args: readonly Formula[]) => Formula;
export type FunctionTable = ReadonlyMap<string, FunctionCompiler>;

type Present = Exclude<Value, null>;

/** A function that is null as soon as one argument is; all are computed, so that an overflow shows. */
function strict(compute: (call: CallNode, values: readonly Present[]) => Value): FunctionCompiler {
  return (call, args) => (environment) => {
    const values = args.map((argument) => argument(environment));
    return values.every((value) => value !== null) ? compute(call, values) : null;
  };
}

function ofNumber(compute: (count: bigint, call: CallNode) => Value): FunctionCompiler {
  return strict((call, [count]) => compute(count as bigint, call));
}

function ofText(compute: (text: string) => Value): FunctionCompiler {
  return strict((_call, [text]) => compute(text as string));
}

function ofTexts(compute: (text: string, part: string) => Value): FunctionCompiler {
  return strict((_call, [text, part]) => compute(text as string, part as string));
}

function argument(call: CallNode, index: number): TreeNode {
  const found = call.args[index];
  if (found === undefined) throw new Error(`${call.function} lacks an argument`);
  return found;
}

/** The greatest multiple of the step not above the value, as a count of the step's scale. */
function multipleBelow(call: CallNode, value: bigint, step: bigint): bigint | null {
  if (step <= 0n) return null;
  const scale = scaleOf(argument(call, 0));
  const stepScale = scaleOf(argument(call, 1));
  const common = Math.max(scale, stepScale);
  const unit = step * power(common - stepScale);
  return checked(floorQuotient(value * power(common - scale), unit) * step);
}

/** amount × part / whole, rounded once to the scale of the call. */
function portion(call: CallNode, amount: bigint, part: bigint, whole: bigint): bigint | null {
  if (whole === 0n) return null;
  const [first, second, third] = [0, 1, 2].map((index) => scaleOf(argument(call, index)));
  const shift = scaleOf(call) + (third ?? 0) - (first ?? 0) - (second ?? 0);
  const dividend = amount * part * power(Math.max(shift, 0));
  return checked(roundedQuotient(dividend, whole * power(Math.max(-shift, 0))));
}

/** The pattern is written out, so its automaton is built once for the formula. */
const regex: FunctionCompiler = (call, args) => {
  const pattern = argument(call, 1);
  const automaton = automatonOf(pattern.node === "literal" ? String(pattern.value) : "");
  return ofText((text) => automaton.fits(text))(call, args.slice(0, 1));
};

function extreme(prefers: (candidate: Present, best: Present) => boolean): FunctionCompiler {
  return strict((_call, values) =>
    values.reduce((best, candidate) => (prefers(candidate, best) ? candidate : best)),
  );
}

function ownField(call: CallNode): FieldNode {
  const field = argument(call, 0);
  if (field.node !== "field") throw new Error(`${call.function} needs a field`);
  return field;
}

const numbers: readonly (readonly [string, FunctionCompiler])[] = [
  ["ROUND", ofNumber((n, call) => rescaled(n, scaleOf(argument(call, 0)), scaleOf(call)))],
  ["FLOOR", strict((call, [n, step]) => multipleBelow(call, n as bigint, step as bigint))],
  [
    "CEIL",
    strict((call, [n, step]) => {
      const below = multipleBelow(call, -(n as bigint), step as bigint);
      return below === null ? null : -below;
    }),
  ],
  ["MIN", extreme((candidate, best) => candidate < best)],
  ["MAX", extreme((candidate, best) => candidate > best)],
  ["ABS", ofNumber(absolute)],
  [
    "PORTION",
    strict((call, [amount, part, whole]) =>
      portion(call, amount as bigint, part as bigint, whole as bigint),
    ),
  ],
  ["CN_CAPITAL", ofNumber((n, call) => capitalAmount(n, scaleOf(argument(call, 0))))],
];

const onTexts: readonly (readonly [string, FunctionCompiler])[] = [
  ["CONCAT", strict((_call, values) => values.join(""))],
  [
    "LEFT",
    strict((_call, [text, count]) =>
      texts.characters(text as string).slice(0, Number(count)).join(""),
    ),
  ],
  [
    "RIGHT",
    strict((_call, [text, count]) => texts.characters(text as string).slice(-Number(count)).join("")),
  ],
  ["LEN", ofText((text) => BigInt(texts.characters(text).length))],
  ["LOWER", ofText(texts.asciiLower)],
  ["UPPER", ofText(texts.asciiUpper)],
  ["TRIM", ofText(texts.trimmed)],
  ["NORM", ofText(texts.normalForm)],
  ["CONTAINS", ofTexts((text, part) => text.includes(part))],
  ["HAS", ofTexts((text, value) => text.split(";").includes(value))],
  ["STARTS_WITH", ofTexts((text, part) => text.startsWith(part))],
  ["REGEX", regex],
];

const dates: readonly (readonly [string, FunctionCompiler])[] = [
  ["DATE", ofText((day) => day)],
  [
    "DATEADD",
    strict((call, [moment, amount, unit]) => {
      const move = kindOf(call) === "date" ? days.movedDay : days.movedInstant;
      return move(moment as string, amount as bigint, unit as string);
    }),
  ],
  [
    "DATEDIFF",
    strict((call, [start, end, unit]) => {
      const between = kindOf(argument(call, 0)) === "date" ? days.daysBetween : days.timeBetween;
      return between(start as string, end as string, unit as string);
    }),
  ],
  ["YEAR", ofText(days.yearOf)],
  ["MONTH", ofText(days.monthOf)],
  ["DAY", ofText(days.dayOf)],
  ["QUARTER", ofText(days.quarterOf)],
  ["DAYS_IN", ofText(days.daysInMonth)],
  ["PERIOD", ofTexts(days.periodName)],
  ["PERIOD_START", ofTexts(days.periodStart)],
  ["PERIOD_END", ofTexts(days.periodEnd)],
  ["FIRST_DAY", ofText(days.firstDay)],
  ["TODAY", () => (environment) => environment.today],
  ["NOW", () => (environment) => days.canonicalInstant(environment.now)],
];

function firstPresent(_call: CallNode, args: readonly Formula[]): Formula {
  return (environment) => {
    for (const candidate of args) {
      const value = candidate(environment);
      if (value !== null) return value;
    }
    return null;
  };
}

function isBlank(_call: CallNode, args: readonly Formula[]): Formula {
  return (environment) => {
    const value = args[0]?.(environment) ?? null;
    return value === null || value === "";
  };
}

const logic: readonly (readonly [string, FunctionCompiler])[] = [
  ["COALESCE", firstPresent],
  ["ISBLANK", isBlank],
  [
    "OLD",
    (call) => {
      const field = ownField(call);
      return (environment) => incoming(environment.old(field.path), field);
    },
  ],
  [
    "CHANGED",
    (call, args) => {
      const field = ownField(call);
      return (environment) =>
        (args[0]?.(environment) ?? null) !== incoming(environment.old(field.path), field);
    },
  ],
];

const session: readonly (readonly [string, FunctionCompiler])[] = [
  ["USER", () => (environment) => environment.user],
  ["MY_ORGANISATION", () => (environment) => environment.organisation],
  [
    "USER_HAS",
    (call) => {
      const role = argument(call, 0);
      const name = role.node === "literal" ? String(role.value) : "";
      return (environment) => environment.hasRole(name);
    },
  ],
  [
    "IN_SUBTREE",
    (_call, args) => (environment) => {
      const node = args[0]?.(environment) ?? null;
      const root = args[1]?.(environment) ?? null;
      if (node === null || root === null) return null;
      return environment.inSubtree(String(node), String(root));
    },
  ],
];

export const FUNCTIONS: FunctionTable = new Map([
  ...numbers,
  ...onTexts,
  ...dates,
  ...logic,
  ...session,
]);
