// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { limitChoices } from "../../src/form/dependent";
import { Scope } from "../../src/form/scope";

const TABLE = JSON.stringify({ north: ["ice", "snow"], south: ["sand"] });

function made(side: string, city: string): { side: HTMLSelectElement; city: HTMLSelectElement; scope: Scope } {
  document.body.innerHTML = `<form><select data-name="side"><option value=""></option>
    <option value="north">N</option><option value="south">S</option></select>
    <select data-name="city" data-depends-on="side"><option value=""></option><option value="ice">I</option>
    <option value="snow">W</option><option value="sand">D</option></select></form>`;
  const form = document.querySelector("form");
  const [first, second] = document.querySelectorAll("select");
  if (form === null || first === undefined || second === undefined) throw new Error("no form");
  second.dataset.allowed = TABLE;
  first.value = side;
  second.value = city;
  const scope = new Scope(form, { fields: {}, formulas: [], rules: [], field_rules: [], asks: [] }, {});
  return { side: first, city: second, scope };
}

function offered(select: HTMLSelectElement): string[] {
  return [...select.options].filter((one) => !one.disabled).map((one) => one.value);
}

describe("choices that depend on another field", () => {
  it("offers what the other value allows", () => {
    const { city, scope } = made("north", "");
    expect(limitChoices(scope)).toBe(false);
    expect(offered(city)).toEqual(["", "ice", "snow"]);
  });

  it("offers nothing without the other value", () => {
    const { city, scope } = made("", "");
    limitChoices(scope);
    expect(offered(city)).toEqual([""]);
  });

  it("takes a value away that is no longer allowed", () => {
    const { side, city, scope } = made("north", "ice");
    limitChoices(scope);
    side.value = "south";
    expect(limitChoices(scope)).toBe(true);
    expect([city.value, scope.touched.has("city")]).toEqual(["", true]);
    expect(offered(city)).toEqual(["", "sand"]);
  });

  it("keeps what a record had from before while nothing changes", () => {
    const { side, city, scope } = made("north", "sand");
    expect(limitChoices(scope)).toBe(false);
    expect(offered(city)).toEqual(["", "ice", "snow", "sand"]);
    side.value = "south";
    limitChoices(scope);
    side.value = "north";
    expect(limitChoices(scope)).toBe(false);
    expect(city.value).toBe("sand");
  });
});
