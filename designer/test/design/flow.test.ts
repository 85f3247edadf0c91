import { describe, expect, it } from "vitest";
import { removeState } from "../../src/design/model/commands/remove_state";
import type { Doc, Docs } from "../../src/design/model/documents";
import { chainOf, droppedAt, stepNames } from "../../src/design/model/flow/chain";
import { approverText, modeText, pathLabel, timeText } from "../../src/design/model/flow/describing";
import { graphOf, objects } from "../../src/design/model/flow/graph";
import { curve, layered } from "../../src/design/model/flow/layout";
import type { JsonObject } from "../../src/design/model/json";
import { Store } from "../../src/design/model/store";

const FLOW: JsonObject = {
  kind: "workflow",
  name: "claim_flow",
  object: "claim",
  states: [
    { name: "draft", initial: true, label: { en: "Draft", zh: "草稿" } },
    { name: "waiting", label: { en: "Waiting" } },
    { name: "done", final: true },
    { name: "gone", final: true },
  ],
  transitions: [
    {
      name: "submit",
      label: { en: "Submit" },
      from: ["draft"],
      to: "waiting",
      on: { approved: { to: "done", set: {} }, rejected: "draft" },
      without_approval: { to: "done" },
    },
    { name: "drop", from: ["draft", "waiting"], to: "gone" },
    { name: "lost", from: ["nowhere"], to: "gone" },
  ],
};

const say = (key: string, values: Readonly<Record<string, string | number>> = {}): string =>
  [key, ...Object.values(values)].join(" ");

function docsOf(...contents: JsonObject[]): Docs {
  return new Map(
    contents.map((content, number): [string, Doc] => [
      `d${number}`,
      { id: `d${number}`, module: "claims", content },
    ]),
  );
}

describe("the graph of a workflow", () => {
  it("has an edge for each state left, each outcome and the way without approval", () => {
    const { ways } = graphOf(FLOW, "en");

    expect(ways.map((one) => [one.from, one.to, one.outcome])).toEqual([
      ["draft", "waiting", null],
      ["draft", "done", "without_approval"],
      ["waiting", "done", "approved"],
      ["waiting", "draft", "rejected"],
      ["draft", "gone", null],
      ["waiting", "gone", null],
    ]);
  });

  it("names transitions that cannot be drawn instead of hiding them", () => {
    expect(graphOf(FLOW, "en").loose).toEqual([2]);
  });

  it("takes the other language where a label is missing, and the name without any", () => {
    const labels = graphOf(FLOW, "zh").states.map((one) => one.label);

    expect(labels).toEqual(["草稿", "Waiting", "done", "gone"]);
  });
});

describe("the layout", () => {
  const boxes = ["a", "b", "c"].map((id) => ({ id, width: 100, height: 40 }));
  const lines = [
    { id: "1", from: "a", to: "b", width: 60, height: 20 },
    { id: "2", from: "b", to: "c", width: 60, height: 20 },
    { id: "3", from: "c", to: "a", width: 60, height: 20 },
    { id: "4", from: "a", to: "b", width: 60, height: 20 },
    { id: "5", from: "b", to: "b", width: 60, height: 20 },
  ];

  it("stands from left to right without boxes over each other", () => {
    const { corners } = layered(boxes, lines);
    const left = ["a", "b", "c"].map((id) => corners.get(id)?.x ?? NaN);

    expect((left[1] ?? 0) - (left[0] ?? 0)).toBeGreaterThan(100);
    expect((left[2] ?? 0) - (left[1] ?? 0)).toBeGreaterThan(100);
  });

  it("draws two ways between the same states apart, and one that returns to its state", () => {
    const found = layered(boxes, lines).lines;

    expect(found.get("1")?.label).not.toEqual(found.get("4")?.label);
    expect(found.get("5")?.points.length).toBeGreaterThan(2);
  });

  it("is the same for the same graph", () => {
    expect(layered(boxes, lines)).toEqual(layered(boxes, lines));
  });

  it("places every state of a workflow with sixty", () => {
    const many = Array.from({ length: 60 }, (_, one) => ({ id: `s${one}`, width: 150, height: 58 }));
    const way = (from: number, to: number): Parameters<typeof layered>[1][number] => ({
      id: `${from}>${to}`,
      from: `s${from}`,
      to: `s${to}`,
      width: 90,
      height: 34,
    });
    const ways = many.slice(1).flatMap((_, one) => [way(one, one + 1), way(one + 1, Math.max(0, one - 4))]);
    const { corners, lines: found } = layered(many, ways);

    expect(new Set([...corners.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(60);
    expect(found.size).toBe(118);
  });

  it("writes a soft line as a path", () => {
    const path = curve([{ x: 0, y: 0 }, { x: 10, y: 5 }, { x: 20, y: 0 }, { x: 30, y: 0 }]);

    expect(path).toBe("M0,0 Q10,5 15,3 Q20,0 30,0");
    expect(curve([{ x: 0, y: 0 }, { x: 9, y: 9 }])).toBe("M0,0 L9,9");
  });
});

const step = (name: string): JsonObject => ({ name, approvers: [{ role: "boss" }] });
const APPROVAL: JsonObject = {
  kind: "approval",
  name: "by_amount",
  steps: [
    step("first"),
    {
      name: "both",
      branches: [
        { name: "left", steps: [step("l1"), step("l2")] },
        { name: "right", steps: [step("r1")] },
      ],
    },
    step("last"),
  ],
};

describe("the chain of an approval", () => {
  const chain = chainOf(APPROVAL, () => 100);
  const node = (path: string): (typeof chain.nodes)[number] | undefined =>
    chain.nodes.find((one) => one.path.join("/") === path && one.kind !== "join");

  it("stands below each other, branches beside each other between fork and join", () => {
    expect(node("steps/1")?.kind).toBe("fork");
    expect(node("steps/2")?.y).toBeGreaterThan(node("steps/1/branches/0/steps/1")?.y ?? Infinity);
    expect(node("steps/1/branches/1/steps/0")?.y).toBe(node("steps/1/branches/0/steps/0")?.y);
    expect(node("steps/1/branches/1/steps/0")?.x).toBeGreaterThan(
      (node("steps/1/branches/0/steps/0")?.x ?? Infinity) + 200,
    );
  });

  it("offers a place for a step before each step and at the end of each list", () => {
    const places = chain.lines
      .filter((one) => one.list !== null)
      .map((one) => `${one.list?.join("/") ?? ""}@${one.position}`);

    expect(places.sort()).toEqual([
      "steps/1/branches/0/steps@0",
      "steps/1/branches/0/steps@1",
      "steps/1/branches/0/steps@2",
      "steps/1/branches/1/steps@0",
      "steps/1/branches/1/steps@1",
      "steps@0",
      "steps@1",
      "steps@2",
      "steps@3",
    ]);
  });

  it("says where a dropped step stands", () => {
    const first = node("steps/0");
    const last = node("steps/2");
    if (first === undefined || last === undefined) throw new Error("not drawn");

    expect(droppedAt(chain, first, last.y + 80)).toBe(2);
    expect(droppedAt(chain, last, -50)).toBe(0);
    expect(droppedAt(chain, last, last.y)).toBe(2);
  });

  it("knows the names of all steps", () => {
    expect(stepNames(APPROVAL)).toEqual(["first", "both", "l1", "l2", "r1", "last"]);
  });
});

describe("words for steps", () => {
  const docs = docsOf(
    {
      kind: "object",
      name: "claim",
      fields: [{ name: "partner", label: { en: "Partner" }, to: "partner" }],
    },
    { kind: "object", name: "partner", fields: [{ name: "owner", label: { en: "Owner" } }] },
    { kind: "role", name: "boss", label: { en: "Boss" } },
  );
  const about = { docs, object: docs.get("d0"), language: "en", say } as const;

  it("follow a path along lookups", () => {
    expect(pathLabel(about, "partner.owner")).toBe("Partner › Owner");
    expect(pathLabel(about, "partner.unknown.more")).toBe("Partner › unknown › more");
  });

  it.each<[JsonObject, string]>([
    [{ role: "boss" }, "Boss"],
    [{ role: "boss", within: "partner" }, "flow_within Boss Partner"],
    [{ field: "partner.owner" }, "Partner › Owner"],
    [{ user: "ann" }, "ann"],
    [{ managers: 2, until: "boss" }, "flow_managers 2 · flow_until Boss"],
    [{ managers: 1, of: "partner" }, "flow_managers_of 1 Partner"],
    [{ formula: "LIST()" }, "LIST()"],
    [{}, "flow_nobody"],
    [{ role: "boss", chosen: {} }, "Boss · flow_chosen"],
  ])("name the approvers of %j", (approver, text) => {
    expect(approverText(about, approver)).toBe(text);
  });

  it("name the mode, and the time limit where there is one", () => {
    expect(modeText(about, {})).toBe("flow_mode_any 0");
    expect(modeText(about, { mode: "ratio", ratio: 60 })).toBe("flow_mode_ratio 60");
    expect(timeText(about, {})).toBe("");
    expect(timeText(about, { time: { limit: "4", then: "reject" } })).toBe(
      "flow_time flow_time_working_hours 4 flow_then_reject",
    );
  });
});

describe("removing a state", () => {
  it("takes the ways with it that lead there or leave it, and comes back whole", () => {
    const store = new Store(docsOf(FLOW));
    const content = (): JsonObject => store.view.docs.get("d0")?.content ?? {};

    store.run(removeState("d0", "done"));
    const removed = content();
    expect(objects(removed.states).map((one) => one.name)).toEqual(["draft", "waiting", "gone"]);
    expect(objects(removed.transitions)[0]).toEqual({
      name: "submit",
      label: { en: "Submit" },
      from: ["draft"],
      to: "waiting",
      on: { rejected: "draft" },
    });
    store.undo();
    expect(content()).toEqual(FLOW);
    store.redo();
    expect(content()).toEqual(removed);
  });

  it("removes a transition that has nowhere to come from or to go", () => {
    const store = new Store(docsOf(FLOW));

    store.run(removeState("d0", "waiting"));

    const left = objects(store.view.docs.get("d0")?.content.transitions);
    expect(left.map((one) => [one.name, one.from])).toEqual([
      ["drop", ["draft"]],
      ["lost", ["nowhere"]],
    ]);
  });
});
