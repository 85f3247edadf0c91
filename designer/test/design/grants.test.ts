import { describe, expect, it } from "vitest";
import { several } from "../../src/design/model/commands/several";
import type { Doc } from "../../src/design/model/documents";
import { actionsOf, granting, grantsFor } from "../../src/design/model/grants";
import { Store } from "../../src/design/model/store";

const OBJECT: Doc = { id: "o", module: "m", content: { kind: "object", name: "visit" } };
const RIGHTS: Doc = {
  id: "p",
  module: "m",
  content: {
    kind: "permission",
    name: "visit",
    object: "visit",
    grants: [
      { role: "clerk", actions: ["read", "update"], scope: "own", when: "open" },
      { role: "boss", actions: ["read"], scope: "all" },
    ],
  },
};

const DEALER: Doc = { id: "r", module: "m", content: { kind: "role", name: "dealer", audience: "partner" } };

function press(store: Store, role: string, action: string, allowed: boolean): void {
  store.run(several("design.did_grant", granting(store.view.docs, OBJECT, role, action, allowed)));
}

function held(store: Store, role: string): readonly (readonly string[])[] {
  return grantsFor(store.view.docs, "visit", role).map(actionsOf);
}

describe("a press on the matrix of a role", () => {
  it("widens a grant without limits, and takes back from all", () => {
    const store = new Store(new Map([["o", OBJECT], ["p", RIGHTS]]), () => 0);
    press(store, "boss", "delete", true);
    expect(held(store, "boss")).toEqual([["read", "delete"]]);
    press(store, "boss", "read", false);
    expect(held(store, "boss")).toEqual([["delete"]]);
  });

  it("leaves a limited grant as it is and adds another one", () => {
    const store = new Store(new Map([["o", OBJECT], ["p", RIGHTS]]), () => 0);
    press(store, "clerk", "delete", true);
    expect(held(store, "clerk")).toEqual([["read", "update"], ["delete"]]);
    press(store, "clerk", "update", false);
    expect(held(store, "clerk")).toEqual([["read"], ["delete"]]);
    store.undo();
    store.undo();
    expect(store.view.docs.get("p")).toEqual(RIGHTS);
  });

  it("lets people of other companies see the rows of their own company alone", () => {
    const store = new Store(new Map([["o", OBJECT], ["r", DEALER]]), () => 0);
    press(store, "dealer", "read", true);
    press(store, "clerk", "read", true);
    const scopes = ["dealer", "clerk"].map((role) => grantsFor(store.view.docs, "visit", role)[0]?.content.scope);
    expect(scopes).toEqual(["organisation", "all"]);
  });

  it("makes the permissions of an object that has none", () => {
    const store = new Store(new Map([["o", OBJECT]]), () => 0);
    press(store, "clerk", "read", true);
    expect(held(store, "clerk")).toEqual([["read"]]);
    expect([...store.view.docs.values()].at(-1)?.module).toBe("m");
  });
});
