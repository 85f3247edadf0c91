import { describe, expect, it } from "vitest";
import { entered, lasting, shown } from "../../src/form/shown";

describe("durations", () => {
  it.each([
    ["5400", "1:30"],
    ["0", "0:00"],
    ["9", "0:00:09"],
    ["129909", "36:05:09"],
    ["360000000000", "100000000:00"],
    ["x", "x"],
  ])("shows %s seconds as %s", (seconds, text) => {
    expect(lasting(seconds)).toBe(text);
  });

  it.each([
    ["1:30", 5400],
    ["36:05:09", 129909],
    ["8", 28800],
    ["1:75", "1:75"],
    ["soon", "soon"],
  ])("reads %s as %s", (text, seconds) => {
    expect(entered(text)).toBe(seconds);
  });

  it("shows a computed duration like the server", () => {
    expect(shown(5400, "duration")).toBe("1:30");
  });
});
