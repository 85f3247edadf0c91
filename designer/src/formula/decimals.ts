/** Exact numbers: a number of scale s is a bigint count of 10**-s, at most 18 digits long. */

export const MAX_SCALE = 6;
const LIMIT = 10n ** 18n;

/** A number outgrew what every engine can hold exactly; the server's code for it. */
export class OverflowError extends Error {
  readonly code = "formula.overflow";
}

export function checked(count: bigint): bigint {
  if (count > -LIMIT && count < LIMIT) return count;
  throw new OverflowError("formula.overflow");
}

export function power(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

export function absolute(count: bigint): bigint {
  return count < 0n ? -count : count;
}

/** Divide, rounding half away from zero. */
export function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const size = (2n * absolute(dividend) + absolute(divisor)) / (2n * absolute(divisor));
  return dividend < 0n === divisor < 0n ? size : -size;
}

export function rescaled(count: bigint, from: number, to: number): bigint {
  if (to >= from) return checked(count * power(to - from));
  return checked(roundedQuotient(count, power(from - to)));
}

/** Round the quotient down to a whole number. */
export function floorQuotient(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor !== 0n && dividend < 0n !== divisor < 0n ? quotient - 1n : quotient;
}

const PATTERN = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/** Read decimal text to a count; null when it is not a number (yet). */
export function parseDecimal(text: string, scale: number): bigint | null {
  const match = PATTERN.exec(text.trim());
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  const count = rescaled(BigInt(whole + fraction), fraction.length, scale);
  return sign === "-" ? -count : count;
}

/** Write a count as decimal text with `scale` digits after the point. */
export function decimalText(count: bigint, scale: number): string {
  const digits = absolute(count).toString().padStart(scale + 1, "0");
  const sign = count < 0n ? "-" : "";
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
