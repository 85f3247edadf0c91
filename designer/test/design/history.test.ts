import { describe, expect, it } from "vitest";
import type { Command } from "../../src/design/model/command";
import { addChildTable } from "../../src/design/model/commands/add_child_table";
import { addDocument } from "../../src/design/model/commands/add_document";
import { insertItem } from "../../src/design/model/commands/insert_item";
import { moveBetween } from "../../src/design/model/commands/move_between";
import { moveItem } from "../../src/design/model/commands/move_item";
import { removeDocument } from "../../src/design/model/commands/remove_document";
import { removeField } from "../../src/design/model/commands/remove_field";
import { removeItem } from "../../src/design/model/commands/remove_item";
import { replaceContent } from "../../src/design/model/commands/replace_content";
import { setValue } from "../../src/design/model/commands/set_value";
import { several } from "../../src/design/model/commands/several";
import type { Docs } from "../../src/design/model/documents";
import { at, isList, type JsonObject } from "../../src/design/model/json";
import { Store } from "../../src/design/model/store";
import { random } from "./random";

const CLAIM: JsonObject = {
  kind: "object",
  name: "visit",
  label: { en: "Visit" },
  fields: [
    { id: "f1", name: "place", type: "text" },
    { id: "f2", name: "day", type: "date" },
  ],
};

function started(): Store {
  return new Store(new Map([["a", { id: "a", module: "m", content: CLAIM }]]), () => 0);
}

function content(store: Store, id = "a"): JsonObject | undefined {
  return store.view.docs.get(id)?.content;
}

const COMMANDS: readonly (readonly [string, Command, unknown])[] = [
  ["set_value", setValue("a", ["label", "zh"], "拜访"), { ...CLAIM, label: { en: "Visit", zh: "拜访" } }],
  ["set_value away", setValue("a", ["label"], undefined), without(CLAIM, "label")],
  [
    "insert_item",
    insertItem("a", ["fields"], 1, { id: "f3", name: "note", type: "text" }),
    { ...CLAIM, fields: [fields()[0], { id: "f3", name: "note", type: "text" }, fields()[1]] },
  ],
  ["insert_item into a list that is not there", insertItem("a", ["rules"], 0, 1), { ...CLAIM, rules: [1] }],
  ["remove_item", removeItem("a", ["fields", 0]), { ...CLAIM, fields: [fields()[1]] }],
  ["move_item", moveItem("a", ["fields"], 0, 1), { ...CLAIM, fields: [fields()[1], fields()[0]] }],
  [
    "move_between",
    moveBetween("a", ["fields", 0], ["rules"], 0),
    { ...CLAIM, fields: [fields()[1]], rules: [fields()[0]] },
  ],
  ["move_between in one list", moveBetween("a", ["fields", 0], ["fields"], 1), { ...CLAIM, fields: [fields()[1], fields()[0]] }],
  ["replace_content", replaceContent("a", { kind: "object", name: "x" }), { kind: "object", name: "x" }],
  ["remove_document", removeDocument("a"), undefined],
  [
    "add_child_table",
    addChildTable({ id: "a", module: "m", content: CLAIM }, "c", { en: "Lines" }, "visit_line"),
    { ...CLAIM, children: [{ name: "lines", object: "visit_line", by: "visit", label: { en: "Lines" } }] },
  ],
  [
    "several",
    several("design.did_set", [setValue("a", ["help"], "one"), setValue("a", ["help"], "two")]),
    { ...CLAIM, help: "two" },
  ],
];

function fields(): readonly unknown[] {
  return CLAIM.fields as readonly unknown[];
}

function without(value: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([one]) => one !== key));
}

describe.each(COMMANDS)("%s", (_, command, after) => {
  it("does what it says, is undone and redone", () => {
    const store = started();
    store.run(command);
    expect(content(store)).toEqual(after);
    store.undo();
    expect(content(store)).toEqual(CLAIM);
    store.redo();
    expect(content(store)).toEqual(after);
    store.undo();
    expect(content(store)).toEqual(CLAIM);
    expect(store.view.undoes).toBeNull();
  });
});

describe("the history", () => {
  it("takes a new document away again", () => {
    const store = started();
    store.run(addDocument({ id: "b", module: "m", content: { kind: "role", name: "clerk" } }));
    expect(store.view.docs.size).toBe(2);
    store.undo();
    expect([...store.view.docs.keys()]).toEqual(["a"]);
    store.redo();
    expect(content(store, "b")).toEqual({ kind: "role", name: "clerk" });
  });

  it("makes one step of what is typed in one go", () => {
    let now = 0;
    const store = new Store(new Map([["a", { id: "a", module: "m", content: CLAIM }]]), () => now);
    for (const text of ["V", "Vi", "Vis"]) {
      now += 200;
      store.run(setValue("a", ["label", "en"], text));
    }
    now += 5000;
    store.run(setValue("a", ["label", "en"], "Visits"));
    store.undo();
    expect(at(content(store), ["label", "en"])).toBe("Vis");
    store.undo();
    expect(at(content(store), ["label", "en"])).toBe("Visit");
    expect(store.view.undoes).toBeNull();
  });

  it("keeps no step of what changes nothing", () => {
    const store = started();
    store.run(removeDocument("nothing"));
    store.run(setValue("nothing", ["label"], "x"));
    expect(store.view.undoes).toBeNull();
  });

  it("leaves what others changed meanwhile where it undoes", () => {
    const store = started();
    store.run(setValue("a", ["label", "zh"], "拜访"));
    const theirs = { ...content(store), help: { en: "By somebody else" } } as JsonObject;
    store.take(new Map([["a", { id: "a", module: "m", content: theirs }]]));
    store.undo();
    expect(content(store)).toEqual({ ...CLAIM, help: { en: "By somebody else" } });
  });

  it("does not undo what somebody else set at the same place later", () => {
    const store = started();
    store.run(setValue("a", ["label", "en"], "Ours"));
    store.take(new Map([["a", { id: "a", module: "m", content: { ...CLAIM, label: { en: "Theirs" } } }]]));
    store.undo();
    expect(at(content(store), ["label", "en"])).toBe("Theirs");
  });

  it("does not undo what somebody else did between two letters", () => {
    const store = started();
    store.run(setValue("a", ["label", "zh"], "拜"));
    const theirs = { ...content(store), help: { en: "By somebody else" } } as JsonObject;
    store.take(new Map([["a", { id: "a", module: "m", content: theirs }]]));
    store.run(setValue("a", ["label", "zh"], "拜访"));
    store.undo();
    store.undo();
    expect(content(store)).toEqual({ ...CLAIM, help: { en: "By somebody else" } });
  });

  it("neither brings back what somebody else removed nor removes what they changed", () => {
    const store = started();
    store.run(setValue("a", ["help"], { en: "x" }));
    store.take(new Map([["a", null]]));
    store.undo();
    expect(store.view.docs.has("a")).toBe(false);
    store.run(addDocument({ id: "b", module: "m", content: { kind: "role", name: "clerk" } }));
    const theirs = { id: "b", module: "m", content: { kind: "role", name: "clerk", help: { en: "theirs" } } };
    store.take(new Map([["b", theirs]]));
    store.undo();
    expect(store.view.docs.get("b")).toBe(theirs);
  });

  it("returns to the same documents after 10,000 random edits with undo and redo", () => {
    const number = random(20_251);
    let now = 0;
    // So far apart that no two edits are one step.
    const later = (): number => (now += 60_000);
    const store = new Store(started().view.docs, later);
    const first = store.view.docs;
    const seen: Docs[] = [first];
    for (let turn = 0; turn < 10_000; turn++) {
      const choice = number(10);
      if (choice < 3 && seen.length > 1) {
        store.undo();
        seen.pop();
        expect(plain(store.view.docs)).toBe(plain(seen.at(-1)));
      } else {
        if (choice === 9 && seen.length > 1) {
          const now = plain(store.view.docs);
          store.undo();
          store.redo();
          expect(plain(store.view.docs)).toBe(now);
        }
        const before = store.view.docs;
        store.run(anyCommand(number, before, turn));
        if (store.view.docs !== before) seen.push(store.view.docs);
      }
      // The history keeps 500 steps; what is behind them stays as it is.
      if (seen.length > 400) for (; seen.length > 1; seen.pop()) store.undo();
    }
    for (; seen.length > 1; seen.pop()) store.undo();
    expect(plain(store.view.docs)).toBe(plain(first));
  });
});

function anyCommand(number: (below: number) => number, docs: Docs, turn: number): Command {
  const ids = [...docs.keys()];
  const id = ids[number(ids.length)] ?? "a";
  const list = at(docs.get(id)?.content, ["fields"]);
  const length = isList(list) ? list.length : 0;
  switch (number(8)) {
    case 0:
      return addDocument({ id: `d${turn}`, module: "m", content: { ...CLAIM, name: `n${turn}` } });
    case 1:
      return ids.length > 1 ? removeDocument(id) : setValue(id, ["help", "en"], `t${turn}`);
    case 2:
      return insertItem(id, ["fields"], number(length + 1), { id: `f${turn}`, name: `n${turn}` });
    case 3:
      return length > 0
        ? number(2)
          ? removeField(id, number(length))
          : removeItem(id, ["fields", number(length)], number(2) === 0)
        : setValue(id, ["help"], { en: "x" });
    case 4:
      return moveItem(id, ["fields"], number(length + 1), number(length + 1));
    case 5:
      return setValue(id, ["fields", number(length + 1), "label", "zh"], number(4) ? `名${turn}` : undefined);
    case 6:
      return moveBetween(id, ["fields", number(length + 1)], [number(2) ? "fields" : "rules"], number(length + 1));
    default:
      return several("design.did_set", [
        setValue(id, ["label", "en"], `l${turn}`),
        insertItem(id, ["rules"], 0, { name: `r${turn}` }),
      ]);
  }
}

function plain(docs: Docs | undefined): string {
  return JSON.stringify([...(docs ?? new Map())].sort(([one], [other]) => (one < other ? -1 : 1)));
}

describe("a table of lines", () => {
  it("belongs to whom the record above it belongs to, with the same rights", () => {
    const scoped = { ...CLAIM, scope_paths: { organisation: "id", territory: "place.territory" } };
    const rights = { kind: "permission", object: "visit", name: "visit", grants: [{ role: "boss" }] };
    const store = new Store(
      new Map([
        ["a", { id: "a", module: "m", content: scoped }],
        ["p", { id: "p", module: "m", content: rights }],
      ]),
    );
    store.run(addChildTable({ id: "a", module: "m", content: scoped }, "c", { en: "Lines" }, "line"));
    expect(content(store, "c")?.scope_paths).toEqual({
      organisation: "visit",
      territory: "visit.place.territory",
    });
    const made = [...store.view.docs.values()].find((one) => one.content.object === "line");
    expect(made?.content.grants).toEqual([{ role: "boss" }]);
  });
});

describe("what is chosen", () => {
  const others = (store: Store, fields: readonly unknown[]): void =>
    store.take(new Map([["a", { id: "a", module: "m", content: { ...CLAIM, fields } as JsonObject }]]));

  it("stays the same element when others put something before it, or move it", () => {
    const store = started();
    store.choose({ id: "a", path: ["fields", 1, "label"] });
    others(store, [{ id: "f0", name: "new" }, ...fields()]);
    expect(store.view.chosen?.path).toEqual(["fields", 2, "label"]);
    others(store, [fields()[1], fields()[0]]);
    expect(store.view.chosen?.path).toEqual(["fields", 0, "label"]);
    store.run(moveItem("a", ["fields"], 0, 1));
    expect(store.view.chosen?.path).toEqual(["fields", 1, "label"]);
    store.undo();
    expect(store.view.chosen?.path).toEqual(["fields", 0, "label"]);
  });

  it("is what the element stood in when others take it away, and nothing when that goes", () => {
    const store = started();
    store.choose({ id: "a", path: ["fields", 1] });
    others(store, [fields()[0]]);
    expect(store.view.chosen).toEqual({ id: "a", path: [] });
    store.take(new Map([["a", null]]));
    expect(store.view.chosen).toBeNull();
  });

  it("stays where its name is typed", () => {
    const store = new Store(
      new Map([["a", { id: "a", module: "m", content: { choices: [{ value: "one" }, { value: "two" }] } }]]),
    );
    store.choose({ id: "a", path: ["choices", 1] });
    store.run(setValue("a", ["choices", 1, "value"], "twofold"));
    expect(store.view.chosen?.path).toEqual(["choices", 1]);
  });
});
