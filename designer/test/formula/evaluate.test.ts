import { describe, expect, it } from "vitest";
import {
  type Environment,
  OverflowError,
  type Rollup,
  evaluate,
  holds,
  rollup,
} from "../../src/formula/evaluate";
import type { Json, TreeNode } from "../../src/formula/tree";

const span: [number, number] = [0, 0];

function field(name: string, type: string): TreeNode {
  return { node: "field", type, path: [name], names: [name], outer: false, span };
}

function literal(value: string | boolean | null, type: string): TreeNode {
  return { node: "literal", type, value, span };
}

function binary(
  operator: (TreeNode & { node: "binary" })["operator"],
  left: TreeNode,
  right: TreeNode,
  type = "boolean",
): TreeNode {
  return { node: "binary", operator, left, right, type, span };
}

function call(name: string, type: string, ...args: TreeNode[]): TreeNode {
  return { node: "call", function: name, args, type, span };
}

function row(values: Record<string, Json>, before: Record<string, Json> = {}): Environment {
  return {
    today: "2025-06-10",
    now: "2025-06-10T01:30:00+08:00",
    zone: "Asia/Shanghai",
    user: "u1",
    organisation: null,
    value: (path) => values[path.join(".")],
    old: (path) => before[path.join(".")],
    constant: (name) => (name === "vat_rate" ? "13.00" : null),
    hasRole: (name) => name === "clerk",
    inSubtree: (node, root) => node.startsWith(root),
  };
}

const price = field("price", "number:2");
const qty = field("qty", "number:3");
const amount = binary("*", price, qty, "number:5");

describe("numbers", () => {
  it("multiplies decimals exactly", () => {
    expect(evaluate(amount, row({ price: "0.10", qty: "3" }))).toBe("0.30000");
  });

  it("rounds half away from zero", () => {
    const rounded = call("ROUND", "number:2", field("x", "number:3"), literal("2", "number:0"));
    expect(evaluate(rounded, row({ x: "2.345" }))).toBe("2.35");
    expect(evaluate(rounded, row({ x: "-2.345" }))).toBe("-2.35");
    expect(evaluate(rounded, row({ x: "-0.004" }))).toBe("0.00");
  });

  it("makes null of a division by zero and of what is not a number yet", () => {
    const quotient = binary("/", price, qty, "number:6");
    expect(evaluate(quotient, row({ price: "1.00", qty: "0" }))).toBeNull();
    expect(evaluate(quotient, row({ price: "1,", qty: "3" }))).toBeNull();
    expect(evaluate(quotient, row({ price: "2.00", qty: "3" }))).toBe("0.666667");
  });

  it("throws beyond 18 digits", () => {
    const environment = row({ price: "9999999999999999.99", qty: "2" });
    expect(() => evaluate(amount, environment)).toThrow(OverflowError);
  });

  it("compares numbers of different scales", () => {
    const same = binary("=", price, literal("2", "number:0"));
    expect(evaluate(same, row({ price: "2.00" }))).toBe(true);
    expect(evaluate(same, row({ price: "2.01" }))).toBe(false);
  });
});

describe("three-valued logic", () => {
  const unknown = binary("=", price, literal("1", "number:0"));
  const no = literal(false, "boolean");
  const yes = literal(true, "boolean");
  const nothing = row({});

  const opposite: TreeNode = {
    node: "unary",
    operator: "NOT",
    operand: unknown,
    type: "boolean",
    span,
  };

  it.each([
    [binary("AND", unknown, no), false],
    [binary("AND", unknown, yes), null],
    [binary("OR", unknown, yes), true],
    [binary("OR", unknown, no), null],
    [opposite, null],
  ])("follows SQL (%#)", (tree, expected) => {
    expect(evaluate(tree, nothing)).toBe(expected);
  });

  it("holds only when true", () => {
    expect(holds(unknown, nothing)).toBe(false);
    expect(holds(unknown, row({ price: "1.00" }))).toBe(true);
  });

  it("takes the first true branch only", () => {
    const tree: TreeNode = {
      node: "case",
      branches: [{ condition: no, result: amount }],
      otherwise: literal("1.00000", "number:5"),
      type: "number:5",
      span,
    };
    expect(evaluate(tree, row({ price: "9999999999999999.99", qty: "99" }))).toBe("1.00000");
  });
});

describe("text and dates", () => {
  it("orders text by code point", () => {
    const less = binary("<", field("a", "text"), field("b", "text"));
    expect(evaluate(less, row({ a: "\uff5e", b: "\u{1f600}" }))).toBe(true);
    expect(evaluate(less, row({ a: "Z", b: "a" }))).toBe(true);
  });

  it("reads instants with any offset and takes their day in the zone", () => {
    const day: TreeNode = {
      node: "convert",
      operand: field("at", "datetime"),
      type: "date",
      span,
    };
    expect(evaluate(day, row({ at: "2025-06-09T17:30:00Z" }))).toBe("2025-06-10");
    expect(evaluate(call("NOW", "datetime"), row({}))).toBe("2025-06-09T17:30:00.000000Z");
  });

  it("moves the 31st to the end of a shorter month", () => {
    const moved = call(
      "DATEADD",
      "date",
      field("day", "date"),
      literal("1", "number:0"),
      literal("month", "text"),
    );
    expect(evaluate(moved, row({ day: "2024-01-31" }))).toBe("2024-02-29");
    expect(evaluate(moved, row({ day: "9999-12-01" }))).toBeNull();
  });

  it("sees what a change did", () => {
    const changed = call("CHANGED", "boolean", price);
    expect(evaluate(changed, row({ price: "1.0" }, { price: "1.00" }))).toBe(false);
    expect(evaluate(changed, row({ price: "1.0" }))).toBe(true);
    expect(evaluate(call("OLD", "number:2", price), row({}, { price: "1.5" }))).toBe("1.50");
  });
});

describe("rollup", () => {
  const rows = [
    row({ price: "10.00", qty: "1.5", kind: "gift" }),
    row({ price: "0.10", qty: "3", kind: "sale" }),
    row({ price: "0.20", kind: "sale" }),
    row({ price: "0.20", qty: "1" }),
  ];
  const sales = binary("!=", field("kind", "text"), literal("gift", "text"));

  const spec = (op: Rollup["op"], of: TreeNode | null, more: Partial<Rollup> = {}): Rollup => ({
    op,
    of,
    order: null,
    scale: 2,
    where: null,
    ...more,
  });

  it("sums unsaved rows where the condition is true, leaving nulls out", () => {
    expect(rollup(spec("sum", amount, { where: sales }), rows)).toBe("0.30000");
    expect(rollup(spec("sum", price), rows)).toBe("10.50");
  });

  it("counts", () => {
    expect(rollup(spec("count", null, { where: sales }), rows)).toBe("2");
    expect(rollup(spec("count", null), [])).toBe("0");
    expect(rollup(spec("sum", price), [])).toBe("0.00");
  });

  it("rounds an average once, half up, and has none of no values", () => {
    const priced = (...prices: (string | null)[]): Environment[] =>
      prices.map((one) => row({ price: one }));
    expect(rollup(spec("avg", price), priced("1.00", "1.01"))).toBe("1.01");
    expect(rollup(spec("avg", price), priced("-1.00", "-1.01", null))).toBe("-1.01");
    expect(rollup(spec("avg", price, { scale: 0 }), priced("0.49", "0.51"))).toBe("1");
    expect(rollup(spec("avg", price, { scale: 4 }), priced("1.00", "1.00", "2.00"))).toBe("1.3333");
    expect(rollup(spec("avg", price), priced(null))).toBe(null);
  });

  it("finds the least, the greatest and the last", () => {
    const day = field("day", "date");
    const dated = [
      row({ price: "2.00", day: "2025-06-02" }),
      row({ price: "9.00", day: "2025-06-10" }),
      row({ price: "-3.00", day: "2025-06-10" }),
      row({ price: "50.00", day: null }),
    ];
    expect(rollup(spec("min", price), dated)).toBe("-3.00");
    expect(rollup(spec("max", price), dated)).toBe("50.00");
    expect(rollup(spec("min", day), dated)).toBe("2025-06-02");
    expect(rollup(spec("max", day), dated)).toBe("2025-06-10");
    expect(rollup(spec("last", price, { order: day }), dated)).toBe("-3.00");
    expect(rollup(spec("last", price, { order: day }), [])).toBe(null);
  });

  it("throws when the total has more than 18 digits", () => {
    const large = row({ price: "9999999999999999.99" });
    expect(() => rollup(spec("sum", price), [large, large])).toThrow(OverflowError);
  });
});

it("refuses what only the server can answer", () => {
  const query = { node: "query", function: "FIRST", type: "number:2", span } as TreeNode;
  expect(() => evaluate(query, row({}))).toThrow("on the server");
});
