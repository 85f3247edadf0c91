import { describe, expect, it } from "vitest";
import type { Doc, Docs } from "../../src/design/model/documents";
import type { JsonObject } from "../../src/design/model/json";
import { followed, partsOf, pathIn, pathLabel, pathType, targetOf } from "../../src/design/model/screens/fields";

const docs: Docs = new Map(
  [
    {
      kind: "object",
      name: "order",
      fields: [
        { name: "partner", type: "lookup", to: "partner", label: { en: "Partner", zh: "伙伴" } },
        { name: "total", type: "formula", returns: "money", label: { en: "Total" } },
      ],
    },
    {
      kind: "object",
      name: "partner",
      fields: [
        { name: "name", type: "text", label: { en: "Name", zh: "名称" } },
        { name: "parent", type: "tree", label: { en: "Above", zh: "上级" } },
        { name: "owner", type: "user", label: { en: "Owner", zh: "负责人" } },
      ],
    },
    { kind: "extends", of: "object", name: "partner", fields: [{ name: "grade", type: "text" }] },
  ].map((content: JsonObject, position): [string, Doc] => [
    `d${position}`,
    { id: `d${position}`, module: "m", content },
  ]),
);

describe("fields of objects", () => {
  it("count those that extensions add", () => {
    expect(partsOf(docs, "partner", "fields").map((one) => one.name)).toEqual(["name", "parent", "owner", "grade"]);
  });

  it("are found along references, trees and users", () => {
    expect(pathLabel(docs, "order", "partner.grade", "en")).toBe("Partner › grade");
    expect(pathLabel(docs, "order", "partner.parent.owner.login", "zh")).toBe("伙伴 › 上级 › 负责人 › 登录名");
    expect(pathLabel(docs, "order", "created_by.name", "en")).toBe("Created by › Name");
  });

  it("are not found where a path leads nowhere", () => {
    expect(followed(docs, "order", "total.name")).toBeUndefined();
    expect(pathLabel(docs, "order", "partner.nothing", "en")).toBe("partner.nothing");
    expect(pathType(docs, "order", "nothing")).toBe("");
  });

  it("tell their type, a formula that of its result", () => {
    expect(pathType(docs, "order", "total")).toBe("money");
    expect(targetOf("partner", { name: "parent", type: "tree" })).toBe("partner");
    expect(pathIn({ field: "total", bucket: "month" })).toBe("total");
    expect(pathIn("total")).toBe("total");
  });
});
