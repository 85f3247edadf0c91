import { describe, expect, it } from "vitest";
import type { Doc } from "../../src/design/model/documents";
import { doneOf, nextOf, placeOf, type Seen, type Step } from "../../src/design/model/guide";
import type { JsonObject } from "../../src/design/model/json";

const FIELDS = ["title", "city", "day"].map((name) => ({ name, type: "text" }));
const PARTS: Readonly<Record<string, JsonObject>> = {
  object: { kind: "object", name: "booth", fields: FIELDS.slice(0, 1) },
  filled: { kind: "object", name: "booth", fields: FIELDS },
  form: { kind: "form", name: "booth_form", object: "booth" },
  own: { kind: "permission", name: "booth", object: "booth", grants: [{ role: "admin" }] },
  rights: { kind: "permission", name: "booth", object: "booth", grants: [{ role: "admin" }, { role: "clerk" }] },
  flow: { kind: "workflow", name: "booth_flow", object: "booth" },
  approval: { kind: "approval", name: "booth_ok", workflow: "booth_flow" },
  live: { kind: "object", name: "partner", fields: FIELDS },
  liveForm: { kind: "form", name: "partner_form", object: "partner" },
};

function seen(keys: readonly string[], errors = 0): Seen {
  const docs = keys.map((key): [string, Doc] => [key, { id: key, module: "m", content: PARTS[key] ?? {} }]);
  return { docs: new Map(docs), live: ["partner"], roles: ["admin"], errors };
}

describe("the guide", () => {
  it.each<[readonly string[], number, readonly Step[], Step]>([
    [[], 0, [], "object"],
    [["live", "liveForm"], 0, [], "object"],
    [["live", "object", "own"], 0, ["object"], "fields"],
    [["filled", "own"], 0, ["object", "fields"], "form"],
    [["filled", "form", "own"], 1, ["object", "fields", "form"], "rights"],
    [["filled", "form", "rights", "flow"], 0, ["object", "fields", "form", "rights", "check"], "approval"],
    [["filled", "form", "rights", "flow", "approval"], 2, ["object", "fields", "form", "rights", "approval"], "check"],
    [["filled", "form", "rights", "flow", "approval"], 0, ["object", "fields", "form", "rights", "approval", "check"], "publish"],
  ])("%j with %i errors", (keys, errors, done, next) => {
    const found = doneOf(seen(keys, errors));
    expect([...found]).toEqual(done);
    expect(nextOf(found)).toBe(next);
  });

  it("leads to what is drawn", () => {
    const all = seen(["live", "filled", "rights"]);
    expect(placeOf("fields", all)?.id).toBe("filled");
    expect(placeOf("rights", all)?.id).toBe("rights");
    expect(placeOf("form", all)).toBeUndefined();
  });
});
