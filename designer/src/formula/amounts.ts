/** Amounts of money in Chinese capital numerals, as `formulas/chinese_amounts.py` writes them. */

import { absolute, power, roundedQuotient } from "./decimals";

const DIGITS = "零壹贰叁肆伍陆柒捌玖";
const PLACES = ["", "拾", "佰", "仟"];
const GROUPS = ["", "万", "亿", "万亿", "亿亿"];

export function capitalAmount(count: bigint, scale: number): string {
  const cents = scale > 2 ? roundedQuotient(count, power(scale - 2)) : count * power(2 - scale);
  const yuan = absolute(cents) / 100n;
  const rest = Number(absolute(cents) % 100n);
  const written = (yuan > 0n ? `${wholeText(yuan)}元` : "") + fractionText(rest, yuan > 0n);
  return (cents < 0n ? "负" : "") + (written === "" ? "零元整" : written);
}

function digit(value: number): string {
  return DIGITS.charAt(value);
}

function fractionText(cents: number, afterYuan: boolean): string {
  const jiao = Math.floor(cents / 10);
  const fen = cents % 10;
  if (cents === 0) return afterYuan ? "整" : "";
  if (jiao === 0) return `${afterYuan ? "零" : ""}${digit(fen)}分`;
  return `${digit(jiao)}角${fen === 0 ? "" : `${digit(fen)}分`}`;
}

function wholeText(value: bigint): string {
  let result = "";
  let gap = false;
  for (let index = GROUPS.length - 1; index >= 0; index -= 1) {
    const group = Number((value / 10_000n ** BigInt(index)) % 10_000n);
    if (group === 0) {
      gap = result !== "";
      continue;
    }
    if (result !== "" && (gap || group < 1000)) result += "零";
    result += groupText(group) + (GROUPS[index] ?? "");
    gap = false;
  }
  return result;
}

function groupText(value: number): string {
  let result = "";
  for (let place = 3; place >= 0; place -= 1) {
    const figure = Math.floor(value / 10 ** place) % 10;
    if (figure > 0) result += digit(figure) + (PLACES[place] ?? "");
    else if (result !== "" && value % 10 ** place > 0 && !result.endsWith("零")) result += "零";
  }
  return result;
}
