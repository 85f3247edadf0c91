/** The − and + beside a quantity on a phone: whole steps on decimal text, never below zero. */

/** Add `step` to decimal text; what is not a number counts as zero. */
export function stepped(text: string, step: bigint): string {
  const match = /^\s*(\d{1,15})(\.\d*)?\s*$/.exec(text);
  const whole = BigInt(match?.[1] ?? "0") + step;
  if (whole < 0n) return "0";
  return `${whole}${match?.[2] ?? ""}`;
}
