/**
 * Calendar arithmetic as `formulas/days.py` means it. Days are `YYYY-MM-DD`, instants
 * `YYYY-MM-DDTHH:MM:SS.ffffffZ`: both compare as text.
 */

export const MONTHS: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 };
export const DAYS: Readonly<Record<string, number>> = { day: 1, week: 7 };
export const SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
};

const MAX_MONTHS = 48_000;
const MAX_DAYS = 1_461_000;
const LAST_ORDINAL = 3_652_059;
const MICROSECONDS_A_DAY = 86_400_000_000n;
const FIRST_INSTANT = "0002-01-01T00:00:00.000000Z";
const LAST_INSTANT = "9998-12-31T23:59:59.999999Z";

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function parts(text: string): Day {
  return {
    year: Number(text.slice(0, 4)),
    month: Number(text.slice(5, 7)),
    day: Number(text.slice(8, 10)),
  };
}

function pad(value: number, width: number): string {
  return value.toString().padStart(width, "0");
}

function dayText(year: number, month: number, day: number): string {
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function monthLength(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Count the days from the year 1 (its first day is 1), as if March were the year's first month. */
function ordinal({ year, month, day }: Day): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 305;
}

function fromOrdinal(days: number): string {
  const shifted = days + 305;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - (365 * yearOfEra + leapDays);
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return dayText(year, month, dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1);
}

function monthNumber(text: string): number {
  const { year, month } = parts(text);
  return year * 12 + month - 1;
}

function isAtMost(amount: bigint, largest: number): boolean {
  return amount >= BigInt(-largest) && amount <= BigInt(largest);
}

/** Move a day; the 31st becomes the last day of a shorter month; null outside the calendar. */
export function movedDay(text: string, amount: bigint, unit: string): string | null {
  const months = MONTHS[unit];
  if (months !== undefined) {
    if (!isAtMost(amount, Math.floor(MAX_MONTHS / months))) return null;
    return movedMonths(text, Number(amount) * months);
  }
  const days = DAYS[unit] ?? 1;
  if (!isAtMost(amount, Math.floor(MAX_DAYS / days))) return null;
  const moved = ordinal(parts(text)) + Number(amount) * days;
  return moved >= 1 && moved <= LAST_ORDINAL ? fromOrdinal(moved) : null;
}

function movedMonths(text: string, months: number): string | null {
  const moved = monthNumber(text) + months;
  const year = Math.floor(moved / 12);
  if (year < 1 || year > 9999) return null;
  const month = moved - year * 12 + 1;
  return dayText(year, month, Math.min(parts(text).day, monthLength(year, month)));
}

/** Move an instant; a day is 24 hours; null outside the years 2 to 9998. */
export function movedInstant(text: string, amount: bigint, unit: string): string | null {
  const seconds = SECONDS[unit] ?? 1;
  if (!isAtMost(amount, Math.floor((MAX_DAYS * 86_400) / seconds))) return null;
  const moved = microseconds(text) + amount * BigInt(seconds) * 1_000_000n;
  const day = moved / MICROSECONDS_A_DAY;
  if (day < 1n || day > BigInt(LAST_ORDINAL)) return null;
  const result = instantOf(moved);
  return result >= FIRST_INSTANT && result <= LAST_INSTANT ? result : null;
}

/** Count the microseconds from the day before the year 1. */
function microseconds(text: string): bigint {
  const time =
    Number(text.slice(11, 13)) * 3600 + Number(text.slice(14, 16)) * 60 + Number(text.slice(17, 19));
  const whole = BigInt(ordinal(parts(text))) * MICROSECONDS_A_DAY + BigInt(time) * 1_000_000n;
  return whole + BigInt(text.slice(20, 26));
}

function instantOf(count: bigint): string {
  const day = fromOrdinal(Number(count / MICROSECONDS_A_DAY));
  const rest = count % MICROSECONDS_A_DAY;
  const time = Number(rest / 1_000_000n);
  const clock = [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60];
  const fraction = (rest % 1_000_000n).toString().padStart(6, "0");
  return `${day}T${clock.map((part) => pad(part, 2)).join(":")}.${fraction}Z`;
}

const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d\d:?\d\d)$/;

/** Bring RFC 3339 text to the one form that compares as text; null when it is not an instant. */
export function canonicalInstant(text: string): string | null {
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const [, start = "", seconds = "00", fraction = "", offset = "Z"] = match;
  const local = microseconds(`${start}:${seconds}.${fraction.padEnd(6, "0")}Z`);
  return instantOf(local - offsetMinutes(offset) * 60_000_000n);
}

function offsetMinutes(offset: string): bigint {
  if (offset === "Z") return 0n;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return BigInt(offset.startsWith("-") ? -minutes : minutes);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The day on which an instant falls in a time zone. */
export function localDay(instant: string, zone: string): string {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat("en-u-ca-gregory", {
      timeZone: zone,
      year: "numeric",
      month: "numeric",
      day: "numeric",
    });
    formatters.set(zone, formatter);
  }
  const found: Record<string, number> = {};
  for (const part of formatter.formatToParts(new Date(`${instant.slice(0, 23)}Z`))) {
    if (part.type !== "literal") found[part.type] = Number(part.value);
  }
  return dayText(found.year ?? 1, found.month ?? 1, found.day ?? 1);
}

function towardZero(dividend: number, divisor: number): number {
  return Math.trunc(dividend / divisor);
}

/** How far the second day is behind the first; months to years count the period starts passed. */
export function daysBetween(start: string, end: string, unit: string): bigint {
  const months = MONTHS[unit];
  if (months !== undefined) {
    return BigInt(
      Math.floor(monthNumber(end) / months) - Math.floor(monthNumber(start) / months),
    );
  }
  return BigInt(towardZero(ordinal(parts(end)) - ordinal(parts(start)), DAYS[unit] ?? 1));
}

/** How many whole units lie between two instants. */
export function timeBetween(start: string, end: string, unit: string): bigint {
  return (microseconds(end) - microseconds(start)) / (BigInt(SECONDS[unit] ?? 1) * 1_000_000n);
}

export function yearOf(day: string): bigint {
  return BigInt(parts(day).year);
}

export function monthOf(day: string): bigint {
  return BigInt(parts(day).month);
}

export function dayOf(day: string): bigint {
  return BigInt(parts(day).day);
}

function quarterNumber(day: string): number {
  return Math.floor((parts(day).month + 2) / 3);
}

export function quarterOf(day: string): bigint {
  return BigInt(quarterNumber(day));
}

export function daysInMonth(day: string): bigint {
  const { year, month } = parts(day);
  return BigInt(monthLength(year, month));
}

/** The period of a day as text: 2025-06, 2025-Q2, 2025. */
export function periodName(day: string, unit: string): string {
  if (unit === "month") return day.slice(0, 7);
  return unit === "quarter" ? `${day.slice(0, 4)}-Q${String(quarterNumber(day))}` : day.slice(0, 4);
}

export function periodStart(day: string, unit: string): string {
  const size = MONTHS[unit] ?? 1;
  const { year, month } = parts(day);
  return dayText(year, Math.floor((month - 1) / size) * size + 1, 1);
}

/** The first day of a period as text; null for any other text. */
export function firstDay(period: string): string | null {
  const found = /^(\d{4})(?:-(0[1-9]|1[0-2])|-Q([1-4]))?$/.exec(period);
  const [, year = "0000", month, quarter] = found ?? [];
  if (year === "0000") return null;
  return dayText(Number(year), quarter === undefined ? Number(month ?? 1) : Number(quarter) * 3 - 2, 1);
}

export function periodEnd(day: string, unit: string): string {
  const size = MONTHS[unit] ?? 1;
  const { year, month } = parts(day);
  const last = Math.floor((month - 1) / size) * size + size;
  return dayText(year, last, monthLength(year, last));
}
