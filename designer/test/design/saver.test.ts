import { describe, expect, it } from "vitest";
import { Backup, type Shelf } from "../../src/design/model/backup";
import { addDocument } from "../../src/design/model/commands/add_document";
import { insertItem } from "../../src/design/model/commands/insert_item";
import { removeDocument } from "../../src/design/model/commands/remove_document";
import { removeItem } from "../../src/design/model/commands/remove_item";
import { renameEverywhere } from "../../src/design/model/commands/rename_everywhere";
import { setValue } from "../../src/design/model/commands/set_value";
import { textOf, type JsonObject } from "../../src/design/model/json";
import { Saver, type Desk } from "../../src/design/model/saver";
import {
  HinderedError,
  type DraftChange,
  type DraftServer,
  type Held,
  type Hindrance,
  type Sent,
} from "../../src/design/model/server";
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
        const known = this.held.get(id);
        if (known !== undefined) return { kind: "stale", held: known };
        return this.#keep({ id, module, content, version: 0 }, by);
      },
      put: async (id, module, content, version) => {
        await pause();
        const known = this.held.get(id);
        if (known?.version !== version)
          return { kind: "stale", held: known ?? { id, module, content: null, version: 0 } };
        return this.#keep({ id, module, content, version }, by);
      },
      news: async (after) => {
        await pause();
        const changes = this.log.filter((one) => one.version > after);
        return { changes, number: this.log.length, present: [], ended: null };
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
  return { store, saver: new Saver(draft.door(by, pause), deskOf(store), held, draft.log.length) };
}

function deskOf(store: Store): Desk {
  return {
    docs: () => store.view.docs,
    take: store.take.bind(store),
    complete: store.complete.bind(store),
  };
}

describe("the saver", () => {
  it("sends what changed, and nothing where nothing did", async () => {
    const draft = new Draft();
    const { store, saver } = desk(draft, begun(draft), "ann");
    expect(saver.unsaved).toEqual([]);
    store.run(setValue("a", ["label"], { en: "Visit" }));
    expect(saver.unsaved).toEqual(["a"]);
    expect(await saver.flush()).toBeNull();
    expect(saver.unsaved).toEqual([]);
    expect(draft.held.get("a")?.content?.label).toEqual({ en: "Visit" });
    await saver.flush();
    expect(draft.log).toHaveLength(1);
  });

  it("sends a document whose module alone is called otherwise, whatever others do to it meanwhile", async () => {
    const draft = new Draft();
    const held = begun(draft);
    const [ann, bob] = [desk(draft, held, "ann"), desk(draft, held, "bob")];
    const asked = ann.store.view.docs;
    ann.store.run(renameEverywhere(asked, [...asked.values()].map((one) => ({ ...one, module: "n" }))));
    expect(ann.saver.unsaved).toEqual(["a"]);
    bob.store.run(setValue("a", ["label"], { en: "Visit" }));
    await bob.saver.flush();
    await ann.saver.flush();
    expect(draft.held.get("a")).toMatchObject({ module: "n", content: { label: { en: "Visit" } } });
    await bob.saver.receive();
    expect(bob.store.view.docs.get("a")?.module).toBe("n");
    expect([ann.saver.unsaved, bob.saver.unsaved]).toEqual([[], []]);
    ann.store.undo();
    await ann.saver.flush();
    expect(draft.held.get("a")?.module).toBe("m");
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
    expect(await saver.flush()).toBe("away");
    expect(saver.unsaved).toEqual(["a"]);
    away = false;
    expect(await saver.flush()).toBeNull();
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
    const saver = new Saver({ ...door, put }, deskOf(store), held, 0);
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

  it("says why nothing can be sent, and sends it when it can", async () => {
    const draft = new Draft();
    let hindered: Hindrance | null = null;
    const pause = (): Promise<void> =>
      hindered === null ? Promise.resolve() : Promise.reject(new HinderedError(hindered));
    const { store, saver } = desk(draft, begun(draft), "ann", pause);
    store.run(setValue("a", ["label"], { en: "Visit" }));
    for (const one of ["signed_out", "forbidden", "closed", "away"] as const) {
      hindered = one;
      expect(await saver.flush()).toBe(one);
      expect(saver.unsent.map(({ id }) => id)).toEqual(["a"]);
    }
    hindered = null;
    expect(await saver.flush()).toBeNull();
    expect(saver.unsent).toEqual([]);
  });

  it("sends what is typed while a save is under way", async () => {
    const draft = new Draft();
    let answer = (): void => undefined;
    let first = true;
    const pause = (): Promise<void> => {
      if (!first) return Promise.resolve();
      first = false;
      return new Promise((resolve) => (answer = resolve));
    };
    const { store, saver } = desk(draft, begun(draft), "ann", pause);
    store.run(setValue("a", ["label", "en"], "V"));
    const saved = saver.flush();
    store.run(setValue("a", ["label", "en"], "Vi"));
    answer();
    expect(await saved).toBeNull();
    expect(draft.held.get("a")?.content?.label).toEqual({ en: "Vi" });
  });

  it("sends all documents at once where the page goes", () => {
    const draft = new Draft();
    const never = (): Promise<void> => new Promise(() => undefined);
    const asked: string[] = [];
    const held = ["a", "b", "c"].map((id) => ({ id, module: "m", content: { name: id }, version: 0 }));
    for (const one of held) draft.held.set(one.id, one);
    const door = draft.door("ann", never);
    const put: DraftServer["put"] = (id, ...rest) => {
      asked.push(id);
      return door.put(id, ...rest);
    };
    const docs = new Map(held.map((one) => [one.id, { id: one.id, module: "m", content: one.content }]));
    const store = new Store(docs, () => 0);
    const saver = new Saver({ ...door, put }, deskOf(store), held, 0);
    for (const one of held) store.run(setValue(one.id, ["label", "en"], "x"));
    void saver.flush();
    saver.leave();
    expect(asked).toEqual(["a", "b", "c"]);
  });

  it("does not bring back what was taken out after a sending whose answer was lost", async () => {
    const draft = new Draft();
    const held = begun(draft);
    const door = draft.door("ann");
    let lost = true;
    const lose = async (answer: Promise<Sent>): Promise<Sent> => {
      const sent = await answer;
      if (lost) throw new Error("the line broke");
      return sent;
    };
    const server: DraftServer = {
      ...door,
      add: (...given) => lose(door.add(...given)),
      put: (...given) => lose(door.put(...given)),
    };
    const store = new Store(new Map([["a", { id: "a", module: "m", content: held[0]?.content ?? {} }]]), () => 0);
    const saver = new Saver(server, deskOf(store), held, 0);
    store.run(insertItem("a", ["fields"], 0, { id: "f1", name: "x" }));
    store.run(addDocument({ id: "b", module: "m", content: { id: "b", kind: "role", name: "r", by: ["one"] } }));
    expect(await saver.flush()).toBe("away");
    store.run(setValue("b", ["name"], "s"));
    expect(await saver.flush()).toBe("away");
    store.undo();
    store.undo();
    store.undo();
    lost = false;
    expect(await saver.flush()).toBeNull();
    await saver.receive();
    expect(draft.held.get("a")?.content?.fields).toEqual([]);
    expect(store.view.docs.has("b")).toBe(false);
    expect(draft.held.get("b")?.content ?? null).toBeNull();
  });

  it("takes its own change that is told before its answer for nobody else's", async () => {
    const draft = new Draft();
    const held = begun(draft);
    const door = draft.door("ann");
    let answer = (): void => undefined;
    const late = new Promise<void>((resolve) => (answer = resolve));
    const put: DraftServer["put"] = async (...given) => {
      const sent = await door.put(...given);
      await late;
      return sent;
    };
    const store = new Store(new Map([["a", { id: "a", module: "m", content: held[0]?.content ?? {} }]]), () => 0);
    const saver = new Saver({ ...door, put }, deskOf(store), held, 0);
    const told = saver.receive();
    store.run(insertItem("a", ["fields"], 0, { id: "f1", name: "x" }));
    const saved = saver.flush();
    store.run(removeItem("a", ["fields", 0], false));
    expect((await told).people.size).toBe(0);
    answer();
    expect(await saved).toBeNull();
    expect(draft.held.get("a")?.content?.fields).toEqual([]);
  });

  it("forgets a refusal when the document is as it was", async () => {
    const draft = new Draft();
    const held = begun(draft);
    const put: DraftServer["put"] = () => Promise.resolve({ kind: "refused", message: "no" });
    const store = new Store(new Map([["a", { id: "a", module: "m", content: held[0]?.content ?? {} }]]), () => 0);
    const saver = new Saver({ ...draft.door("ann"), put }, deskOf(store), held, 0);
    store.run(setValue("a", ["name"], "bad"));
    await saver.flush();
    expect([...saver.refusals]).toEqual([["a", "no"]]);
    expect(saver.unsent.map(({ id }) => id)).toEqual(["a"]);
    store.undo();
    expect(saver.refusals.size).toBe(0);
    expect(saver.unsent).toEqual([]);
  });

  it("undoes a new document that the server completed with ids", async () => {
    const draft = new Draft();
    const door = draft.door("ann");
    const add: DraftServer["add"] = (module, content) =>
      door.add(module, { ...content, states: [{ id: "s1", name: "open" }] });
    const store = new Store(new Map(), () => 0);
    const saver = new Saver({ ...door, add }, deskOf(store), [], 0);
    store.run(addDocument({ id: "w", module: "m", content: { id: "w", states: [{ name: "open" }] } }));
    store.run(setValue("w", ["label", "en"], "W"));
    await saver.flush();
    expect(store.view.docs.get("w")?.content.states).toEqual([{ id: "s1", name: "open" }]);
    store.undo();
    expect(store.view.docs.get("w")?.content).toEqual({ id: "w", states: [{ id: "s1", name: "open" }] });
    store.undo();
    expect(store.view.docs.size).toBe(0);
    await saver.flush();
    expect(draft.held.get("w")?.content).toBeNull();
  });

  it("takes what could not be sent to another draft, on top of what is there", async () => {
    const closed = new Draft();
    const held = begun(closed);
    const { store, saver } = desk(closed, held, "ann", () => Promise.reject(new HinderedError("closed")));
    store.run(setValue("a", ["label"], { en: "Visit" }));
    store.run(addDocument({ id: "b", module: "m", content: { id: "b", name: "new" } }));
    expect(await saver.flush()).toBe("closed");
    const next = new Draft();
    const live = { id: "a", module: "m", content: { ...held[0]?.content, help: { en: "live" } }, version: 0 };
    next.held.set("a", live);
    saver.move(next.door("ann"), [live], 0);
    expect(await saver.flush()).toBeNull();
    expect(next.held.get("a")?.content).toEqual({ ...live.content, label: { en: "Visit" } });
    expect(next.held.get("b")?.content?.name).toBe("new");
  });

  it("takes what an earlier page kept, on top of what others did since", async () => {
    const draft = new Draft();
    const held = begun(draft);
    const away = desk(draft, held, "ann", () => Promise.reject(new Error("away")));
    away.store.run(setValue("a", ["label"], { en: "Visit" }));
    const shelf = new Map<string, string>();
    const storage: Shelf = {
      get length() {
        return shelf.size;
      },
      key: (position) => [...shelf.keys()][position] ?? null,
      getItem: (key) => shelf.get(key) ?? null,
      setItem: (key, value) => void shelf.set(key, value),
      removeItem: (key) => void shelf.delete(key),
    };
    expect(new Backup(() => storage, "ann", "d", "1").keep(away.saver.unsent)).toBe(true);
    expect(new Backup(() => storage, "ben", "d", "1").take()).toEqual([]);

    const ben = desk(draft, held, "ben");
    ben.store.run(setValue("a", ["help"], { en: "ben" }));
    await ben.saver.flush();
    const again = desk(draft, [...draft.held.values()], "ann");
    const backup = new Backup(() => storage, "ann", "d", "2");
    again.saver.restore(backup.take());
    expect(backup.take()).toEqual([]);
    expect(await again.saver.flush()).toBeNull();
    expect(draft.held.get("a")?.content).toEqual({
      ...held[0]?.content,
      label: { en: "Visit" },
      help: { en: "ben" },
    });
    const full: Shelf = { ...storage, length: 0, setItem: () => { throw new Error("full"); } };
    expect(new Backup(() => full, "ann", "d", "3").keep(away.saver.unsent)).toBe(false);
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
