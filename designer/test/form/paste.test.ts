import { describe, expect, it } from "vitest";

import { blockOf } from "../../src/form/grid";

describe("a copied block", () => {
  it.each([
    ["a\tb\nc\td", [["a", "b"], ["c", "d"]]],
    ["a\tb\r\nc\td\r\n", [["a", "b"], ["c", "d"]]],
    ["杭州\t1,234.50\n", [["杭州", "1,234.50"]]],
    ['"two\nlines"\tb', [["two\nlines", "b"]]],
    ['"say ""hi"""\t\t', [['say "hi"', "", ""]]],
    ['5" pipe\t2', [['5" pipe', "2"]]],
    ["", [[""]]],
    ["a\n\nb", [["a"], [""], ["b"]]],
  ])("is taken apart: %j", (text, rows) => {
    expect(blockOf(text)).toEqual(rows);
  });
});
