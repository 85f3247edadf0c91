import { describe, expect, it } from "vitest";
import { startOf } from "../../src/design/editors/registry";
import { several } from "../../src/design/model/commands/several";
import type { Docs } from "../../src/design/model/documents";
import { at, type Json, type JsonObject } from "../../src/design/model/json";
import { Store } from "../../src/design/model/store";

function begun(menu: Json): { readonly docs: Docs; readonly asked: Parameters<ReturnType<typeof startOf>["content"]>[0] } {
  const parts: readonly JsonObject[] = [
    { kind: "report", name: "elsewhere" },
    { kind: "module", name: "visits", menu },
    { kind: "report", name: "own" },
  ];
  const docs: Docs = new Map(
    parts.map((content, id) => [String(id), { id: String(id), module: id === 0 ? "other" : "visits", content }]),
  );
  return { docs, asked: { name: "late", label: "Late", language: "en", of: "visit", docs, module: "visits", roles: [] } };
}

describe("a new list", () => {
  it("is a tab where the menu names the tabs of its object", () => {
    const { docs, asked } = begun([
      { label: { en: "Reports" }, report: "own" },
      { label: { en: "Visits" }, object: "visit", views: ["all"] },
    ]);
    const store = new Store(docs, () => 0);
    store.run(several("design.did_add_document", startOf("view").also?.(asked) ?? []));
    expect(at(store.view.docs.get("1")?.content, ["menu", 1, "views"])).toEqual(["all", "late"]);
    store.undo();
    expect(store.view.docs.get("1")).toEqual(docs.get("1"));
  });

  it("leaves a menu alone that shows all lists anyway", () => {
    const { asked } = begun([{ label: { en: "Visits" }, object: "visit" }]);
    expect(startOf("view").also?.(asked)).toEqual([]);
  });
});

describe("a new dashboard", () => {
  it("begins with a report of its own module", () => {
    const { asked } = begun([]);
    expect(at(startOf("dashboard").content(asked), ["tiles", 0, "report"])).toBe("own");
  });
});
