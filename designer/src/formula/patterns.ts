/**
 * Patterns of texts, matched in one pass: the same closed set of regular expressions and the same automaton
 * as on the server (`core/patterns.py`), which has refused everything else before.
 */

import { characters } from "./texts";

type Ranges = readonly (readonly [number, number])[];

type Pattern =
  | { readonly kind: "characters"; readonly ranges: Ranges }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "either"; readonly options: readonly Pattern[] }
  | {
      readonly kind: "repeat";
      readonly part: Pattern;
      readonly low: number;
      readonly high: number | null;
    };

/** Positions where a part may begin and end, and whether it may be empty. */
interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly empty: boolean;
}

const LAST = 0x10ffff;
const NOTHING: Part = { first: [], last: [], empty: true };
const CLASSES = new Map<string, Ranges>([
  ["d", [[0x30, 0x39]]],
  [
    "w",
    [
      [0x30, 0x39],
      [0x41, 0x5a],
      [0x5f, 0x5f],
      [0x61, 0x7a],
    ],
  ],
  [
    "s",
    [
      [0x09, 0x0a],
      [0x20, 0x20],
    ],
  ],
]);
/** `\p{Han}`: Chinese characters. */
const HAN: Ranges = [
  [0x3007, 0x3007],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfaff],
  [0x20000, 0x2fa1f],
  [0x30000, 0x323af],
];

function one(character: string): Ranges {
  const code = character.codePointAt(0) ?? 0;
  return [[code, code]];
}

function without(ranges: Ranges): Ranges {
  const found: [number, number][] = [];
  let start = 0;
  for (const [low, high] of [...ranges].sort(([left], [right]) => left - right)) {
    if (start < low) found.push([start, low - 1]);
    start = Math.max(start, high + 1);
  }
  if (start <= LAST) found.push([start, LAST]);
  return found;
}

function isEscaped(signs: readonly string[], position: number): boolean {
  let before = position;
  while (before > 0 && signs[before - 1] === "\\") before -= 1;
  return (position - before) % 2 === 1;
}

class Parser {
  private readonly signs: readonly string[];
  private readonly end: number;
  private position: number;

  constructor(source: string) {
    this.signs = characters(source);
    this.position = this.signs[0] === "^" ? 1 : 0;
    const last = this.signs.length - 1;
    this.end = this.signs[last] === "$" && !isEscaped(this.signs, last) ? last : last + 1;
  }

  either(): Pattern {
    const options = [this.sequence()];
    while (this.next() === "|") {
      this.position += 1;
      options.push(this.sequence());
    }
    return { kind: "either", options };
  }

  private next(): string {
    return this.position < this.end ? (this.signs[this.position] ?? "") : "";
  }

  private taken(): string {
    const sign = this.next();
    this.position += 1;
    return sign;
  }

  private sequence(): Pattern {
    const parts: Pattern[] = [];
    while (!["", "|", ")"].includes(this.next())) parts.push(this.repeated(this.atom()));
    return { kind: "sequence", parts };
  }

  private repeated(part: Pattern): Pattern {
    switch (this.next()) {
      case "?":
        this.position += 1;
        return { kind: "repeat", part, low: 0, high: 1 };
      case "*":
        this.position += 1;
        return { kind: "repeat", part, low: 0, high: null };
      case "+":
        this.position += 1;
        return { kind: "repeat", part, low: 1, high: null };
      case "{":
        return this.counted(part);
      default:
        return part;
    }
  }

  private counted(part: Pattern): Pattern {
    const close = this.signs.indexOf("}", this.position);
    const [low = "", high] = this.signs.slice(this.position + 1, close).join("").split(",");
    this.position = close + 1;
    if (high === undefined) return { kind: "repeat", part, low: Number(low), high: Number(low) };
    return { kind: "repeat", part, low: Number(low), high: high === "" ? null : Number(high) };
  }

  private atom(): Pattern {
    const sign = this.taken();
    switch (sign) {
      case "(": {
        if (this.next() === "?") this.position += "?:".length;
        const inner = this.either();
        this.position += 1;
        return inner;
      }
      case "[":
        return { kind: "characters", ranges: this.set() };
      case ".":
        return { kind: "characters", ranges: without(one("\n")) };
      case "\\":
        return { kind: "characters", ranges: this.escaped() };
      default:
        return { kind: "characters", ranges: one(sign) };
    }
  }

  private escaped(): Ranges {
    const sign = this.taken();
    if (sign === "p") {
      this.position += "{Han}".length;
      return HAN;
    }
    return CLASSES.get(sign) ?? one(sign);
  }

  private set(): Ranges {
    const negated = this.next() === "^";
    if (negated) this.position += 1;
    const found: (readonly [number, number])[] = [];
    while (this.next() !== "]") found.push(...this.member());
    this.position += 1;
    return negated ? without(found) : found;
  }

  private member(): Ranges {
    const first = this.single();
    if (this.next() !== "-" || this.signs[this.position + 1] === "]") return first;
    this.position += 1;
    return [[first[0]?.[0] ?? 0, this.single()[0]?.[0] ?? 0]];
  }

  private single(): Ranges {
    const sign = this.taken();
    return sign === "\\" ? this.escaped() : one(sign);
  }
}

/** Numbers the characters of a pattern and finds which may follow which (Glushkov's construction). */
class Automaton {
  private readonly ranges: Ranges[] = [];
  private readonly follow: Set<number>[] = [];
  private readonly whole: Part;
  private readonly ends: ReadonlySet<number>;

  constructor(pattern: Pattern) {
    this.whole = this.part(pattern);
    this.ends = new Set(this.whole.last);
  }

  /** Say whether the whole text fits the pattern. */
  fits(text: string): boolean {
    const codes = characters(text).map((sign) => sign.codePointAt(0) ?? 0);
    if (codes.length === 0) return this.whole.empty;
    let reached: ReadonlySet<number> = new Set(this.whole.first);
    let state: readonly number[] = [];
    for (const code of codes) {
      state = [...reached].filter((position) => this.admits(position, code));
      reached = new Set(state.flatMap((position) => [...(this.follow[position] ?? [])]));
    }
    return state.some((position) => this.ends.has(position));
  }

  private admits(position: number, code: number): boolean {
    return (this.ranges[position] ?? []).some(([low, high]) => low <= code && code <= high);
  }

  private part(pattern: Pattern): Part {
    switch (pattern.kind) {
      case "characters": {
        const position = this.ranges.push(pattern.ranges) - 1;
        this.follow.push(new Set());
        return { first: [position], last: [position], empty: false };
      }
      case "sequence":
        return pattern.parts.reduce((found, part) => this.joined(found, this.part(part)), NOTHING);
      case "either": {
        const options = pattern.options.map((option) => this.part(option));
        return {
          first: options.flatMap((option) => option.first),
          last: options.flatMap((option) => option.last),
          empty: options.some((option) => option.empty),
        };
      }
      case "repeat":
        return this.repeated(pattern.part, pattern.low, pattern.high);
    }
  }

  /** Write the repeat out: x{2,4} as x x x? x?, x{2,} as x x x*. */
  private repeated(part: Pattern, low: number, high: number | null): Part {
    let found = NOTHING;
    for (let count = 0; count < low; count += 1) found = this.joined(found, this.part(part));
    if (high === null) {
      const more = this.part(part);
      this.link(more.last, more.first);
      return this.joined(found, { ...more, empty: true });
    }
    for (let count = low; count < high; count += 1) {
      found = this.joined(found, { ...this.part(part), empty: true });
    }
    return found;
  }

  private joined(left: Part, right: Part): Part {
    this.link(left.last, right.first);
    return {
      first: left.empty ? [...left.first, ...right.first] : left.first,
      last: right.empty ? [...left.last, ...right.last] : right.last,
      empty: left.empty && right.empty,
    };
  }

  private link(ends: readonly number[], starts: readonly number[]): void {
    for (const end of ends) for (const start of starts) this.follow[end]?.add(start);
  }
}

/** Return the automaton of a pattern that the server has accepted. */
export function automatonOf(source: string): Automaton {
  return new Automaton(new Parser(source).either());
}
