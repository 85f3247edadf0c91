import { describe, expect, it } from "vitest";
import { applied } from "../../src/design/model/command";
import { removeField } from "../../src/design/model/commands/remove_field";
import type { Doc, Docs } from "../../src/design/model/documents";
import type { JsonObject } from "../../src/design/model/json";

const CLAIM = {
  kind: "object",
  name: "claim",
  search: ["note", "number"],
  fields: [{ name: "number" }, { name: "note" }, { name: "total", formula: "LEN(note)" }],
  children: [{ name: "lines", object: "line" }],
};
const LINE = { kind: "object", name: "line", search: ["note"], fields: [{ name: "note" }, { name: "amount" }] };
const FORM = {
  kind: "form",
  object: "claim",
  sections: [
    { items: ["number", { field: "note" }, { children: "lines", columns: ["note", "amount"] }] },
    { items: ["note"] },
  ],
};
const VIEW = { kind: "view", object: "claim", columns: ["number", "note"], sort: ["-note"], where: "note = 'x'" };
const BARE = { kind: "view", object: "claim", columns: ["note"] };
const REPORT = { kind: "report", object: "claim", group_rows: ["note"] };

function drawn(...contents: readonly JsonObject[]): Docs {
  return new Map(contents.map((content, position): [string, Doc] => {
    const id = `d${position}`;
    return [id, { id, module: "m", content }];
  }));
}

function after(docs: Docs, id: string, position: number): { touched: string[]; content: (id: string) => unknown } {
  const changes = removeField(id, position).execute(docs);
  const left = applied(docs, changes);
  return { touched: [...changes.keys()].sort(), content: (one) => left.get(one)?.content };
}

describe("removing a field", () => {
  const docs = drawn(CLAIM, LINE, FORM, VIEW, BARE, REPORT);

  it("takes it off what only shows it, and leaves what reckons with it", () => {
    const { touched, content } = after(docs, "d0", 1);
    expect(touched).toEqual(["d0", "d2", "d3"]);
    expect(content("d0")).toMatchObject({ search: ["number"], fields: [{ name: "number" }, CLAIM.fields[2]] });
    expect(content("d2")).toEqual({
      ...FORM,
      sections: [{ items: ["number", { children: "lines", columns: ["note", "amount"] }] }],
    });
    expect(content("d3")).toEqual({ kind: "view", object: "claim", columns: ["number"], where: VIEW.where });
    expect(content("d4"), "a list without columns is none").toBe(BARE);
  });

  it("takes it off the tables of lines of the forms above", () => {
    const { touched, content } = after(docs, "d1", 0);
    expect(touched).toEqual(["d1", "d2"]);
    expect(content("d1")).toEqual({ kind: "object", name: "line", fields: [{ name: "amount" }] });
    expect(content("d2")).toMatchObject({
      sections: [{ items: ["number", { field: "note" }, { children: "lines", columns: ["amount"] }] }, { items: ["note"] }],
    });
  });

  it("leaves the places of a namesake that stays", () => {
    const twice = drawn({ ...CLAIM, fields: [{ name: "note" }, { name: "note" }] }, FORM);
    expect(after(twice, "d0", 1).touched).toEqual(["d0"]);
  });

  it("does nothing where the object is gone", () => {
    expect(after(docs, "nowhere", 0).touched).toEqual([]);
  });
});
