import { describe, expect, it } from "vitest";
import { insertItem } from "../../src/design/model/commands/insert_item";
import { removeDocument } from "../../src/design/model/commands/remove_document";
import { setValue } from "../../src/design/model/commands/set_value";
import { textOf, type JsonObject } from "../../src/design/model/json";
import { Saver } from "../../src/design/model/saver";
import type { DraftChange, DraftServer, Held, Sent } from "../../src/design/model/server";
import { Store } from "../../src/design/model/store";
import { random } from "./random";

/** A draft as the server keeps it: the version of a document is the number of its last change. */
class Draft {
  readonly held = new Map<string, Held>();
  readonly log: DraftChange[] = [];

  door(by: string, pause: () => Promise<void> = () => Promise.resolve()): DraftServer {
    return {
      add: async (module, content) => {
        await pause();
        const id = textOf(content.id);
        return this.#keep({ id, module, content, version: 0 }, by);
      },
      put: async (id, module, content, version) => {
        await pause();
        const known = this.held.get(id);
        if (known?.version !== version)
          return { kind: "stale", held: known ?? { id, module, content: null, version: 0 } };
        return this.#keep({ id, module, content, version }, by);
      },
      changes: async (after) => {
        await pause();
        return this.log.filter((one) => one.version > after);
      },
    };
  }

  #keep(held: Held, by: string): Sent {
    const kept = { ...held, version: this.log.length + 1 };
    this.held.set(held.id, kept);
    this.log.push({ ...kept, by });
    return { kind: "kept", held: kept };
  }
}

function begun(draft: Draft): Held[] {
  const content: JsonObject = { kind: "object", name: "visit", fields: [] };
  const held = { id: "a", module: "m", content, version: 0 };
  draft.held.set("a", held);
  return [held];
}

function desk(draft: Draft, held: readonly Held[], by: string, pause?: () => Promise<void>) {
  const docs = held.flatMap((one) =>
    one.content === null ? [] : [[one.id, { id: one.id, module: one.module, content: one.content }] as const],
  );
  const store = new Store(new Map(docs), () => 0);
  const at = { docs: () => store.view.docs, take: store.take.bind(store) };
  return { store, saver: new Saver(draft.door(by, pause), at, held, draft.log.length) };
}

describe("the saver", () => {
  it("sends what changed, and nothing where nothing did", async () => {
    const draft = new Draft();
    const { store, saver } = desk(draft, begun(draft), "ann");
    expect(saver.unsaved).toEqual([]);
    store.run(setValue("a", ["label"], { en: "Visit" }));
    expect(saver.unsaved).toEqual(["a"]);
    expect(await saver.flush()).toBe(true);
    expect(saver.unsaved).toEqual([]);
    expect(draft.held.get("a")?.content?.label).toEqual({ en: "Visit" });
    await saver.flush();
    expect(draft.log).toHaveLength(1);
  });

  it("deletes, and undo brings the document back", async () => {
    const draft = new Draft();
    const { store, saver } = desk(draft, begun(draft), "ann");
    store.run(removeDocument("a"));
    await saver.flush();
    expect(draft.held.get("a")?.content).toBeNull();
    store.undo();
    await saver.flush();
    expect(draft.held.get("a")?.content?.name).toBe("visit");
  });

  it("keeps what could not be sent until the server is there again", async () => {
    const draft = new Draft();
    let away = true;
    const pause = (): Promise<void> => (away ? Promise.reject(new Error("away")) : Promise.resolve());
    const { store, saver } = desk(draft, begun(draft), "ann", pause);
    store.run(setValue("a", ["label"], { en: "Visit" }));
    expect(await saver.flush()).toBe(false);
    expect(saver.unsaved).toEqual(["a"]);
    away = false;
    expect(await saver.flush()).toBe(true);
    expect(draft.held.get("a")?.content?.label).toEqual({ en: "Visit" });
  });

  it("does not send again what the server refused, until it is changed", async () => {
    const draft = new Draft();
    const held = begun(draft);
    const door = draft.door("ann");
    let asked = 0;
    const put: DraftServer["put"] = (id, module, content, version) => {
      asked += 1;
      if (content?.name === "bad") return Promise.resolve({ kind: "refused", message: "no" });
      return door.put(id, module, content, version);
    };
    const store = new Store(new Map([["a", { id: "a", module: "m", content: held[0]?.content ?? {} }]]));
    const saver = new Saver({ ...door, put }, { docs: () => store.view.docs, take: store.take.bind(store) }, held, 0);
    store.run(setValue("a", ["name"], "bad"));
    await saver.flush();
    await saver.flush();
    expect(asked).toBe(1);
    expect([...saver.refusals.values()]).toEqual(["no"]);
    store.run(setValue("a", ["name"], "good"));
    await saver.flush();
    expect(saver.refusals.size).toBe(0);
    expect(draft.held.get("a")?.content?.name).toBe("good");
  });

  it("loses no edit of two people in 500 random interleavings", async () => {
    for (let seed = 1; seed <= 500; seed++) {
      const number = random(seed);
      const draft = new Draft();
      const held = begun(draft);
      const pause = async (): Promise<void> => {
        for (let turns = number(4); turns > 0; turns--) await Promise.resolve();
      };
      const people = [desk(draft, held, "ann", pause), desk(draft, held, "ben", pause)];
      const wanted: string[] = [];
      const running: Promise<unknown>[] = [];
      for (let turn = 0; turn < 12; turn++) {
        const one = people[number(2)];
        if (one === undefined) continue;
        const name = `f${seed}_${turn}`;
        one.store.run(insertItem("a", ["fields"], 0, { id: name, name }));
        wanted.push(name);
        if (number(2) === 0) running.push(one.saver.flush());
        if (number(3) === 0) running.push(one.saver.receive());
        if (number(3) === 0) await Promise.resolve();
      }
      await Promise.all(running);
      for (let turn = 0; turn < 3; turn++)
        for (const one of people) {
          await one.saver.flush();
          await one.saver.receive();
        }
      const names = (content: JsonObject | null | undefined): string[] =>
        ((content?.fields ?? []) as { name: string }[]).map((one) => one.name);
      const there = names(draft.held.get("a")?.content);
      expect([...there].sort(), `seed ${seed}`).toEqual([...wanted].sort());
      for (const one of people) expect(names(one.store.view.docs.get("a")?.content)).toEqual(there);
    }
  });
});
