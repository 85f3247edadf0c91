import { describe, expect, it } from "vitest";
import { renameEverywhere } from "../../src/design/model/commands/rename_everywhere";
import { setValue } from "../../src/design/model/commands/set_value";
import type { Doc, Docs } from "../../src/design/model/documents";
import { at, type JsonObject } from "../../src/design/model/json";
import { isMentioned } from "../../src/design/model/mentions";
import { Store } from "../../src/design/model/store";

function doc(id: string, content: JsonObject): Doc {
  return { id, module: "m", content };
}

const VISIT = doc("a", {
  kind: "object",
  name: "visit",
  label: { en: "The place" },
  fields: [
    { id: "f1", name: "place", type: "text" },
    { id: "f2", name: "minutes", type: "number" },
    { id: "f3", name: "text", type: "text" },
  ],
});
const FORM = doc("b", { kind: "form", name: "visit_form", object: "visit", sections: [{ items: ["place"] }] });
const REPORT = doc("c", { kind: "report", name: "times", object: "visit", measures: [], note: "sum_minutes" });

function docs(): Docs {
  return new Map([VISIT, FORM, REPORT].map((one) => [one.id, one]));
}

describe("isMentioned", () => {
  it.each([
    ["place", ["fields", 0, "name"], true],
    ["minutes", ["fields", 1, "name"], true],
    ["text", ["fields", 2, "name"], false],
    ["visit", ["name"], true],
    ["", ["name"], false],
  ] as const)("%s", (name, path, expected) => {
    expect(isMentioned(docs(), "a", path, name)).toBe(expected);
  });

  it("takes no part of a longer name for it", () => {
    expect(isMentioned(docs(), "b", ["name"], "form")).toBe(false);
    expect(isMentioned(docs(), "a", ["fields", 1, "name"], "inutes")).toBe(false);
  });
});

describe("renameEverywhere", () => {
  const asked = docs();
  const renamed = [
    doc("a", { ...VISIT.content, fields: [{ id: "f1", name: "site", type: "text" }] }),
    doc("b", { ...FORM.content, sections: [{ items: ["site"] }] }),
  ];

  it("is one step of undo", () => {
    const store = new Store(asked, () => 0);
    store.run(renameEverywhere(asked, renamed));
    expect(at(store.view.docs.get("b")?.content, ["sections", 0, "items", 0])).toBe("site");
    store.undo();
    expect(store.view.docs.get("a")).toBe(VISIT);
    expect(store.view.docs.get("b")).toBe(FORM);
  });

  it("keeps what was changed while the server was asked", () => {
    const store = new Store(asked, () => 0);
    store.run(setValue("b", ["label"], { en: "Visits" }));
    store.run(renameEverywhere(asked, renamed));
    expect(store.view.docs.get("b")?.content).toMatchObject({
      label: { en: "Visits" },
      sections: [{ items: ["site"] }],
    });
  });

  it("moves what is in a module along with its name, and back", () => {
    const store = new Store(asked, () => 0);
    const moved = [...asked.values()].map((one) => ({ ...one, module: "n" }));
    store.run(renameEverywhere(asked, moved));
    expect([...store.view.docs.values()].map((one) => one.module)).toEqual(["n", "n", "n"]);
    store.undo();
    expect([...store.view.docs.values()].map((one) => one.module)).toEqual(["m", "m", "m"]);
  });

  it("leaves alone what is gone by now", () => {
    const store = new Store(new Map([["a", VISIT]]), () => 0);
    store.run(renameEverywhere(asked, renamed));
    expect([...store.view.docs.keys()]).toEqual(["a"]);
  });
});
