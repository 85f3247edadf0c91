import { describe, expect, it } from "vitest";
import { choicesOf, isRows } from "../../src/design/model/choices";
import type { Doc, Docs } from "../../src/design/model/documents";
import { begun, fieldsBehind, scopeOf } from "../../src/design/model/formula_scope";
import { textOf, type JsonObject } from "../../src/design/model/json";
import { actionText, timesText, triggerText } from "../../src/design/model/sentences/automation";
import type { Describing } from "../../src/design/model/sentences/common";
import { formulaText } from "../../src/design/model/sentences/formulas";
import { broken, ruleText } from "../../src/design/model/sentences/rules";
import { actText, expectedText } from "../../src/design/model/sentences/scenario";

const documents: readonly JsonObject[] = [
  {
    kind: "object",
    name: "claim",
    label: { en: "Claim", zh: "理赔" },
    children: [{ name: "items", object: "item", by: "claim", label: { en: "Items" } }],
    fields: [
      { name: "fee", type: "money", label: { en: "Fee", zh: "费用" } },
      { name: "kind", type: "choice", label: { en: "Kind", zh: "类别" }, choices: [{ value: "loss", label: { en: "Loss", zh: "灭失" } }] },
      { name: "status", type: "state", workflow: "flow", label: { en: "Status", zh: "状态" } },
      { name: "company", type: "lookup", to: "company", label: { en: "Company" }, filter: "active" },
      { name: "about", type: "polymorphic_lookup", targets: ["company", "item"], label: { en: "About" } },
    ],
  },
  { kind: "object", name: "company", label: { en: "Company" }, fields: [{ name: "tier", label: { en: "Tier" } }] },
  { kind: "object", name: "item", label: { en: "Item" }, fields: [{ name: "qty", label: { en: "Quantity" } }] },
  {
    kind: "workflow",
    name: "flow",
    object: "claim",
    states: [{ name: "open", label: { en: "Open" } }],
    transitions: [{ name: "submit", label: { en: "Submit" } }],
  },
  { kind: "module", name: "m", constants: [{ name: "most", label: { en: "Most" } }] },
  { kind: "role", name: "boss", label: { en: "Boss" } },
  {
    kind: "automation",
    name: "auto",
    object: "claim",
    on: [{ event: "button", inputs: [{ name: "times", type: "integer" }] }],
    actions: [{ for_each: { object: "item", rows: "LIST(item.id)", actions: [{ when: "qty > 0", set: {} }] } }],
  },
];
const NONE = { parameters: [], inputs: [] };
const docs: Docs = new Map(
  documents.map((content): [string, Doc] => {
    const id = textOf(content.name);
    return [id, { id, module: "m", content: { id, ...content } }];
  }),
);
const say = (key: string, values: Readonly<Record<string, string | number>> = {}): string =>
  key === "comma" ? ", " : `${key}(${Object.values(values).join("|")})`;
const about: Describing = { docs, object: docs.get("claim"), language: "en", say };
const RECORD = { "x-formula-context": { over: "record", result: "boolean" } };

describe("sentences", () => {
  it("say labels in place of names, words in place of operators, and leave texts and functions alone", () => {
    expect(formulaText(about, "company.tier = 'fee' AND ROUND(fee, 1) >= 2")).toBe(
      "Company › Tier = 'fee' formula_and() ROUND(Fee, 1) ≥ 2",
    );
    expect(formulaText(about, "NOT (company IS NULL OR fee IS NOT NULL) and TRUE")).toBe(
      "formula_not() (Company formula_empty() formula_or() Fee formula_filled()) formula_and() formula_true()",
    );
    expect(formulaText(about, "fee > $C.most AND fee < $C.gone")).toBe("Fee > “Most” formula_and() Fee < $C.gone");
  });

  it("say of a question whose rows it asks: bare names are theirs, until it ends", () => {
    expect(formulaText(about, "COUNT(item WHERE claim = this.id AND qty > this.fee) > fee * 2")).toBe(
      "formula_count()(Item formula_where() claim = formula_this() formula_and() Quantity > formula_this() › Fee) > Fee × 2",
    );
    expect(formulaText(about, "FIRST(company.tier WHERE (tier != 'x')) = fee")).toBe(
      "formula_first()(Company › Tier formula_where() (Tier ≠ 'x')) = Fee",
    );
    expect(formulaText(about, "LIST(company.id WHERE tier = input.times)")).toBe(
      "formula_list()(Company formula_where() Tier = input.times)",
    );
  });

  it("say nothing of what is no name: it reads no text and breaks on nothing", () => {
    for (const text of ["", "(", ")))", "'open", "x !", "WHERE (", "COUNT(", "费用 = 1", "🙂"])
      expect(formulaText(about, text).replaceAll(/formula_\w+\(\)/g, "")).toBe(text.replace(/WHERE|COUNT/, ""));
  });

  it("tell what starts an automation", () => {
    expect(triggerText(about, { event: "update", changed: ["fee"] })).toBe("when_changed(Fee)");
    expect(triggerText(about, { event: "transition", transitions: ["submit"] })).toBe("when_transition(Submit)");
    expect(timesText(about, "5 8 * * *")).toBe("times_daily(08:05)");
    expect(timesText(about, "0 8 * * 1")).toBe("times_weekly(08:00|weekday_1())");
    expect(timesText(about, "0 8 3 * *")).toBe("times_monthly(08:00|3)");
    expect(timesText(about, "*/5 * * * *")).toBe("*/5 * * * *");
  });

  it("tell what an automation does", () => {
    expect(actionText(about, { set: { fee: "fee * 2" }, when: "fee > 1" })).toBe(
      "act_if(Fee > 1|act_set(sentence_is(Fee|Fee × 2)))",
    );
    expect(actionText(about, { notify: { to: [{ role: "boss" }, { field: "company" }], text: { en: "Hello" } } })).toBe(
      "act_notify(Boss, Company|Hello)",
    );
    expect(actionText(about, {})).toBe("act_nothing()");
  });

  it("tell what a rule demands, and how the records that break it are counted", () => {
    const rule = { unless: "fee > 0", when: "company IS NOT NULL", message: { en: "No fee" }, severity: "warning" };
    expect(ruleText(about, rule)).toBe("rule_warns(rule_must_when(Fee > 0|Company formula_filled())|No fee)");
    expect(broken("claim", rule)).toBe("COUNT(claim WHERE (company IS NOT NULL) AND NOT (fee > 0))");
  });

  it("tell the steps of a scenario and what must come out", () => {
    const content: JsonObject = { when: [{ by: "ann", create: { name: "first", object: "claim" } }] };
    expect(actText(about, content, { by: "ann", move: { record: "first", transition: "submit" }, refused: "x" })).toBe(
      "act_refused(does_move(ann|first|Submit)|x)",
    );
    expect(expectedText(about, content, { record: "first", state: "open", values: { fee: "3" }, tasks: [] })).toBe(
      "then_record(first|then_state(Open)semicolon()sentence_is(Fee|3)semicolon()then_no_tasks())",
    );
  });
});

describe("values in sentences", () => {
  it("are told by their labels: choices and states behind the field they belong to", () => {
    const text = "kind = 'loss' AND status IN ('open', 'gone') AND company.tier = 'open'";
    expect(formulaText(about, text)).toBe("Kind = “Loss” formula_and() Status formula_in() (“Open”, 'gone') formula_and() Company › Tier = 'open'");
    expect(formulaText({ ...about, language: "zh" }, "kind = 'loss'")).toBe("类别 = “灭失”");
    const set = { set: { kind: "'loss'" } };
    expect(actionText(about, set)).toContain("Kind|“Loss”");
  });

  it("are told by their labels in what a scenario gives and expects", () => {
    const content: JsonObject = { given: { records: [{ name: "first", object: "claim" }] } };
    const expected = { record: "first", values: { kind: "loss", fee: "3" } };
    expect(expectedText(about, content, expected)).toContain("sentence_is(Kind|Loss)");
  });
});

describe("the scope of a formula", () => {
  const automation: Doc = { id: "auto", module: "m", content: { ...documents[6] } };
  const claim: Doc = { id: "claim", module: "m", content: { ...documents[0] } };

  it("is the record, or the row of what is done for each", () => {
    expect(scopeOf(docs, automation, ["when"], RECORD)).toEqual({ object: "claim", outer: null, isCondition: true, ...NONE });
    const within = ["actions", 0, "for_each", "actions", 0, "when"];
    expect(scopeOf(docs, automation, within, RECORD)).toEqual({
      object: "item",
      outer: "claim",
      isCondition: true,
      parameters: [],
      inputs: [{ name: "times", type: "integer" }],
    });
  });

  it("is what a lookup offers in its filter", () => {
    const schema = { "x-formula-context": { over: "row", result: "boolean" } };
    const found = scopeOf(docs, claim, ["fields", 3, "filter"], schema);
    expect(found).toEqual({ object: "company", outer: "claim", isCondition: true, ...NONE });
  });

  it("offers what follows a path, and nothing within a text", () => {
    expect(begun("fee + company.ti")).toEqual({ path: ["company"], word: "ti" });
    expect(begun("fee + 费")).toEqual({ path: [], word: "费" });
    expect(begun("kind = 'com")).toEqual({ path: [], word: "" });
    const scope = scopeOf(docs, automation, ["when"], RECORD);
    expect(fieldsBehind(docs, scope, ["company"]).map((one) => one.name)).toEqual(["tier"]);
    expect(fieldsBehind(docs, scope, ["item"]).map((one) => one.name)).toEqual(["qty"]);
    expect(fieldsBehind(docs, scope, ["about"]).map((one) => one.name)).toEqual(["company", "item"]);
    expect(fieldsBehind(docs, scope, ["about", "item"]).map((one) => one.name)).toEqual(["qty"]);
    expect(fieldsBehind(docs, scope, ["about", "claim"])).toEqual([]);
  });
});

describe("choices from a spreadsheet", () => {
  it("take value, labels and colour in any of their usual orders", () => {
    expect(choicesOf("net30\t月结30天\tNet 30\tGreen\nnet60\t月结60天\tNet 60", [])).toEqual([
      { value: "net30", label: { zh: "月结30天", en: "Net 30" }, colour: "green" },
      { value: "net60", label: { zh: "月结60天", en: "Net 60" } },
    ]);
  });

  it("make a value of a label, which no other has", () => {
    expect(choicesOf("Cash on delivery\nCash on delivery\n\n", [{ value: "cash_on_delivery" }])).toEqual([
      { value: "cash_on_delivery_2", label: { en: "Cash on delivery" } },
      { value: "cash_on_delivery_3", label: { en: "Cash on delivery" } },
    ]);
    expect(choicesOf("现金\n月结", []).map((one) => one.value)).toEqual(["value", "value_2"]);
  });

  it("are rows, not a word for one place", () => {
    expect(isRows("one")).toBe(false);
    expect(isRows("one\n")).toBe(false);
    expect(isRows("one\ttwo")).toBe(true);
  });
});
