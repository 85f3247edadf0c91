"""Calendar arithmetic as formulas mean it, on days, instants and periods.

Results outside the calendar (years 1 to 9999) are None on every engine, and so is moving by more than 4,000 years.
Days of an instant are those of the workspace's time zone.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
DAYS: Final = {"day": 1, "week": 7}
SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}

MAX_MONTHS: Final = 48_000
MAX_DAYS: Final = 1_461_000
MAX_SECONDS: Final = MAX_DAYS * 86_400

PERIOD_TEXT: Final = (
    "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)(-(0[1-9]|1[0-2])|-Q[1-4])?"
)
"""A period as text, by what expressions of Python and PostgreSQL have in common."""

FIRST_INSTANT: Final = datetime(2, 1, 1, tzinfo=UTC)
LAST_INSTANT: Final = datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def largest_amount(unit: str, kind: str) -> int:
    """Return how many of `unit` a date (or datetime, by `kind`) may be moved by."""
    if kind == "datetime":
        return MAX_SECONDS // SECONDS[unit]
    return MAX_MONTHS // MONTHS[unit] if unit in MONTHS else MAX_DAYS // DAYS[unit]


def moved_day(day: date, amount: int, unit: str) -> date | None:
    """Return `day` moved by `amount` units; the 31st becomes the last day of a shorter month."""
    if abs(amount) > largest_amount(unit, "date"):
        return None
    if unit in MONTHS:
        return _moved_months(day, amount * MONTHS[unit])
    ordinal = day.toordinal() + amount * DAYS[unit]
    return date.fromordinal(ordinal) if 1 <= ordinal <= date.max.toordinal() else None


def _moved_months(day: date, months: int) -> date | None:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= date.max.year:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def moved_instant(instant: datetime, amount: int, unit: str) -> datetime | None:
    """Return `instant` moved by `amount` units; a day is 24 hours."""
    if abs(amount) > largest_amount(unit, "datetime"):
        return None
    try:
        result = instant + timedelta(seconds=amount * SECONDS[unit])
    except OverflowError:
        return None
    return result if FIRST_INSTANT <= result <= LAST_INSTANT else None


def local_day(instant: datetime, zone: tzinfo) -> date | None:
    """Return the day that `instant` falls on in `zone`."""
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        return None


def days_between(start: date, end: date, unit: str) -> int:
    """Return how far `end` is behind `start`.

    Days are counted, weeks are whole weeks; months, quarters and years count the starts of periods passed,
    so that 31 January to 1 February is one month.
    """
    if unit in MONTHS:
        size = MONTHS[unit]
        return _month_number(end) // size - _month_number(start) // size
    return toward_zero(end.toordinal() - start.toordinal(), DAYS[unit])


def time_between(start: datetime, end: datetime, unit: str) -> int:
    """Return how many whole units lie between two instants; negative when `end` is earlier."""
    return toward_zero((end - start) // timedelta(microseconds=1), SECONDS[unit] * 1_000_000)


def toward_zero(dividend: int, divisor: int) -> int:
    """Divide, dropping what is behind the point; `divisor` is positive."""
    return dividend // divisor if dividend >= 0 else -(-dividend // divisor)


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def days_in_month(day: date) -> int:
    """Return the number of days of the month of `day`."""
    return monthrange(day.year, day.month)[1]


def quarter(day: date) -> int:
    """Return 1 to 4."""
    return (day.month + 2) // 3


def period_name(day: date, unit: str) -> str:
    """Return the month, quarter or year of `day` as text: 2025-06, 2025-Q2, 2025."""
    year = f"{day.year:04d}"
    if unit == "month":
        return f"{year}-{day.month:02d}"
    return f"{year}-Q{quarter(day)}" if unit == "quarter" else year


def period_start(day: date, unit: str) -> date:
    """Return the first day of the month, quarter or year of `day`."""
    size = MONTHS[unit]
    return date(day.year, (day.month - 1) // size * size + 1, 1)


def first_day(period: str) -> date | None:
    """Return the first day of what `period_name` gives; None for any other text."""
    if re.fullmatch(PERIOD_TEXT, period) is None:
        return None
    rest = period[5:]
    month = int(rest[1:]) * 3 - 2 if rest.startswith("Q") else int(rest or 1)
    return date(int(period[:4]), month, 1)


def period_end(day: date, unit: str) -> date:
    """Return the last day of the month, quarter or year of `day`."""
    size = MONTHS[unit]
    month = (day.month - 1) // size * size + size
    return date(day.year, month, monthrange(day.year, month)[1])
