import { describe, expect, it } from "vitest";
import type { Doc, Docs } from "../../src/design/model/documents";
import type { JsonObject } from "../../src/design/model/json";
import { placeInWords } from "../../src/design/model/places";

const content: JsonObject = {
  kind: "object",
  name: "visit",
  label: { zh: "巡检单" },
  fields: [{ name: "total", label: { zh: "罚款合计" } }],
  search: ["total"],
};
const doc: Doc = { id: "d", module: "m", content };
const docs: Docs = new Map([["d", doc]]);
const schema: JsonObject = {
  properties: {
    fields: { items: { properties: { returns: { title: "结果类型" } } } },
    search: { title: "快速搜索", items: {} },
    title: { title: "标题字段" },
  },
};
const at = (...path: (string | number)[]): string => placeInWords(docs, schema, doc, path, "zh", () => "对象");

describe("the place of a finding", () => {
  it("is said by labels of parts and titles of options", () => {
    expect(at()).toBe("对象 巡检单");
    expect(at("title")).toBe("对象 巡检单 › 标题字段");
    expect(at("fields", 0, "returns")).toBe("对象 巡检单 › 罚款合计 › 结果类型");
  });

  it("counts what has no label", () => {
    expect(at("search", 0)).toBe("对象 巡检单 › 1");
  });
});
