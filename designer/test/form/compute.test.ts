import { describe, expect, it } from "vitest";
import { compute } from "../../src/form/compute";
import type { LiveForm, Values } from "../../src/form/model";
import { grouped, shown } from "../../src/form/shown";
import { stepped } from "../../src/form/stepper";
import type { Json, TreeNode } from "../../src/formula/evaluate";

const span = [0, 0] as const;

function field(path: readonly string[], type: string): TreeNode {
  return { node: "field", path, names: path, outer: false, type, span };
}

function number(value: string, type = "number:2"): TreeNode {
  return { node: "literal", value, type, span };
}

function binary(left: TreeNode, operator: "+" | "-" | "*" | "<=", right: TreeNode): TreeNode {
  const type = operator === "<=" ? "boolean" : "number:2";
  return { node: "binary", operator, left, right, type, span };
}

const form: LiveForm = {
  fields: {
    fee: { id: "f1", type: "number:2" },
    total: { id: "f2", type: "number:2" },
    payable: { id: "f3", type: "number:2" },
  },
  formulas: [
    {
      field: "payable",
      tree: binary(field(["f2"], "number:2"), "+", field(["f1"], "number:2")),
    },
  ],
  rules: [
    {
      unless: binary(field(["f1"], "number:2"), "<=", number("500.00")),
      when: null,
      field: "fee",
      message: { en: "too much" },
      severity: "error",
    },
  ],
  field_rules: [],
  asks: [],
  children: {
    rows: {
      by: "m",
      fields: {
        qty: { id: "r1", type: "number:0" },
        price: { id: "r2", type: "number:2" },
        amount: { id: "r3", type: "number:2" },
        share: { id: "r4", type: "number:2" },
      },
      formulas: [
        {
          field: "amount",
          tree: binary(field(["r1"], "number:0"), "*", field(["r2"], "number:2")),
        },
        // A row that looks at the record: it follows once the sum is known.
        { field: "share", tree: field(["m", "f2"], "number:2") },
      ],
      rules: [
        {
          unless: binary(field(["r1"], "number:0"), "<=", number("9", "number:0")),
          when: null,
          field: "qty",
          message: { en: "at most 9" },
          severity: "error",
        },
      ],
      field_rules: [],
  asks: [],
    },
  },
  rollups: [
    { field: "total", child: "rows", op: "sum", order: null, scale: 2, of: field(["r3"], "number:2"), where: null },
  ],
  session: {
    today: "2025-06-30",
    now: "2025-06-30T10:00:00Z",
    zone: "Asia/Shanghai",
    user: null,
    organisation: null,
    roles: [],
    constants: {},
  },
  values: {},
  met: {},
};

function values(given: Record<string, Json>): Values {
  return new Map(Object.entries(given));
}

describe("a form that computes", () => {
  it("sums rows that are not saved yet", () => {
    const record = values({ fee: "1.5" });
    const rows = [values({ qty: "3", price: "0.10" }), values({ qty: "2", price: "19.99" })];
    expect(compute(form, { record, rows: { rows } })).toEqual([]);
    expect(record.get("total")).toBe("40.28");
    expect(record.get("payable")).toBe("41.78");
    expect(rows.map((row) => row.get("amount"))).toEqual(["0.30", "39.98"]);
  });

  it("lets rows see what the record has become", () => {
    const rows = [values({ qty: "1", price: "5" })];
    compute(form, { record: values({ fee: "0" }), rows: { rows } });
    expect(rows[0]?.get("share")).toBe("5.00");
  });

  it("says which rules are broken and where", () => {
    const rows = [values({ qty: "1", price: "1" }), values({ qty: "10", price: "1" })];
    const found = compute(form, { record: values({ fee: "500.01" }), rows: { rows } });
    expect(found.map(({ child, row, field: name }) => [child, row, name])).toEqual([
      [null, 0, "fee"],
      ["rows", 1, "qty"],
    ]);
  });

  it("keeps quiet about what is not filled in", () => {
    const found = compute(form, { record: values({}), rows: { rows: [values({ qty: "1" })] } });
    expect(found).toEqual([]);
  });

  it("gives no value beyond 18 digits instead of a wrong one", () => {
    const record = values({ fee: "0" });
    const rows = [values({ qty: "9", price: "9999999999999999.99" })];
    compute(form, { record, rows: { rows } });
    expect(rows[0]?.get("amount")).toBeNull();
  });
});

describe("values as people read them", () => {
  it.each([
    ["72927.36", "money", "72,927.36"],
    ["-1234567.5", "money", "-1,234,567.50"],
    ["0", "money", "0.00"],
    ["1200.500", "quantity", "1,200.5"],
    ["3.000", "quantity", "3"],
    ["13.0000", "percent", "13%"],
    [null, "money", "–"],
    [true, "boolean", "✓"],
  ])("shows %s (%s) as %s", (value, widget, text) => {
    expect(shown(value, widget)).toBe(text);
  });

  it("leaves what is not a number as it is", () => {
    expect(grouped("n/a", 2)).toBe("n/a");
  });
});

describe("the stepper", () => {
  it.each([
    ["5", 1n, "6"],
    ["0", -1n, "0"],
    ["", 1n, "1"],
    ["2.5", -1n, "1.5"],
    ["999999999999999", 1n, "1000000000000000"],
  ])("takes %s by %s to %s", (text, step, result) => {
    expect(stepped(text, step)).toBe(result);
  });
});
