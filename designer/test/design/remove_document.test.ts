import { describe, expect, it } from "vitest";
import { applied } from "../../src/design/model/command";
import { removeDocument } from "../../src/design/model/commands/remove_document";
import type { Doc, Docs } from "../../src/design/model/documents";
import type { JsonObject } from "../../src/design/model/json";

const MODULE = {
  kind: "module",
  name: "m",
  menu: [
    { object: "claim", views: ["mine", "late"] },
    { object: "visit", views: ["mine"] },
    { report: "sums" },
    { dashboard: "board" },
  ],
};
const MINE = { kind: "view", name: "mine", object: "claim" };
const SUMS = { kind: "report", name: "sums", object: "claim" };
const BOARD = { kind: "dashboard", name: "board", tiles: [{ report: "sums" }, { report: "others" }] };
const ALONE = { kind: "dashboard", name: "alone", tiles: [{ report: "sums" }] };
const VISIT = { kind: "object", name: "visit" };
const VISITS = { kind: "view", name: "mine", object: "visit" };

function drawn(...contents: readonly JsonObject[]): Docs {
  return new Map(contents.map((content, position): [string, Doc] => {
    const id = `d${position}`;
    return [id, { id, module: "m", content }];
  }));
}

function after(docs: Docs, id: string): { touched: string[]; content: (id: string) => unknown } {
  const changes = removeDocument(id).execute(docs);
  const left = applied(docs, changes);
  return { touched: [...changes.keys()].sort(), content: (one) => left.get(one)?.content };
}

describe("removing a definition", () => {
  const docs = drawn(MODULE, MINE, SUMS, BOARD, ALONE, VISIT);
  const [claim, visit, sums, board] = MODULE.menu;

  it("takes a list off the tabs of its object", () => {
    const { touched, content } = after(docs, "d1");
    expect(touched).toEqual(["d0", "d1"]);
    expect(content("d1")).toBeUndefined();
    expect(content("d0")).toEqual({ ...MODULE, menu: [{ object: "claim", views: ["late"] }, visit, sums, board] });
  });

  it("takes a tab that was the only one with its key", () => {
    const { content } = after(drawn(MODULE, VISITS), "d1");
    expect(content("d0")).toEqual({ ...MODULE, menu: [claim, { object: "visit" }, sums, board] });
  });

  it("takes a report off menus and boards, but leaves no board empty", () => {
    const { touched, content } = after(docs, "d2");
    expect(touched).toEqual(["d0", "d2", "d3"]);
    expect(content("d0")).toEqual({ ...MODULE, menu: [claim, visit, board] });
    expect(content("d3")).toEqual({ ...BOARD, tiles: [{ report: "others" }] });
    expect(content("d4"), "a board without tiles is none").toBe(ALONE);
  });

  it("takes an object and a board off the menu", () => {
    expect(after(docs, "d5").content("d0")).toEqual({ ...MODULE, menu: [claim, sums, board] });
    expect(after(docs, "d3").content("d0")).toEqual({ ...MODULE, menu: [claim, visit, sums] });
  });

  it("touches nothing else while another bears the name, or where nothing leads to it", () => {
    expect(after(drawn(MODULE, SUMS, SUMS), "d1").touched).toEqual(["d1"]);
    expect(after(drawn(MODULE, { kind: "role", name: "sums" }), "d1").touched).toEqual(["d1"]);
    expect(after(docs, "gone").touched).toEqual([]);
  });
});
