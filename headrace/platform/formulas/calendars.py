"""Working calendars: which hours are worked, how far instants are apart in them, when work is done.

A calendar is written into the formulas that use it, as JSON in one canonical form, so that every result
follows from the formula and the record alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeAlias

from headrace.platform.core.problems import Text
from headrace.platform.formulas.decimals import EXACT, rescaled
from headrace.platform.formulas.messages import FormulaRowsError

STANDARD: Final = "standard"
"""The name of the workspace's own calendar, used where none is named."""

SCALE: Final = 2
MAX_DAYS: Final = 4_000
"""Days between the instants: each is looked at."""
MONDAY: Final = 0

_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR: Final = Decimal(timedelta(hours=1) // _MICROSECOND)
_TOO_FAR: Final = Text(
    f"the instants are more than {MAX_DAYS} days apart", f"两个时刻相距超过 {MAX_DAYS} 天"
)

Shift: TypeAlias = tuple[int, int]
"""The minutes of the day at which work begins and ends."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The shifts of each weekday (Monday first), days off, and days that are worked like a Monday."""

    week: tuple[tuple[Shift, ...], ...]
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def to_text(self) -> str:
        """Return the form in which a formula holds it."""
        days = {"holidays": self.holidays, "workdays": self.workdays}
        content: dict[str, Any] = {key: sorted(map(str, found)) for key, found in days.items()}
        return json.dumps({"week": self.week, **content}, separators=(",", ":"))

    def shifts(self, day: date) -> tuple[Shift, ...]:
        """Return when is worked on a day."""
        if day in self.holidays:
            return ()
        return self.week[MONDAY if day in self.workdays else day.weekday()]


@lru_cache(maxsize=100)
def calendar_of(text: str) -> WorkingCalendar:
    """Read what `to_text` wrote."""
    data: Mapping[str, Any] = json.loads(text)
    week = tuple(tuple((opens, closes) for opens, closes in shifts) for shifts in data["week"])
    holidays, workdays = (
        frozenset(map(date.fromisoformat, data[key])) for key in ("holidays", "workdays")
    )
    return WorkingCalendar(week, holidays, workdays)


def working_hours(
    calendar: WorkingCalendar, start: datetime, end: datetime, zone: tzinfo
) -> Decimal:
    """Return the working hours from `start` to `end`, rounded to hundredths; negative when `end` is earlier.

    Shifts are times of the clock in `zone`; where the clock is changed within one, what has passed counts.
    Raises FormulaRowsError where the instants are too far apart.
    """
    if end < start:
        return -working_hours(calendar, end, start, zone)
    first, last = (one.astimezone(zone).date() for one in (start, end))
    if (last - first).days > MAX_DAYS:
        raise FormulaRowsError(_TOO_FAR)
    return hours_of(worked_time(calendar, start, end, zone))


def hours_of(worked: timedelta) -> Decimal:
    """Return a time in hours, rounded to hundredths."""
    return rescaled(EXACT.divide(Decimal(worked // _MICROSECOND), _HOUR), SCALE)


def worked_time(
    calendar: WorkingCalendar, start: datetime, end: datetime, zone: tzinfo
) -> timedelta:
    """Return what is worked from `start` to `end`; nothing where `end` is earlier."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    worked = timedelta()
    for opens, closes in _worked(calendar, start, (end - start).days + 2, zone):
        worked += max(min(closes, end) - max(opens, start), timedelta())
    return worked


def after_working(
    calendar: WorkingCalendar, start: datetime, work: timedelta, zone: tzinfo
) -> datetime:
    """Return the first instant at which `work` is done that begins at `start`; of none it is `start`.

    Raises FormulaRowsError where that is too far away.
    """
    start, left = start.astimezone(UTC), work
    if left <= timedelta():
        return start
    for opens, closes in _worked(calendar, start, MAX_DAYS, zone):
        begins = max(opens, start)
        if begins < closes:
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
    raise FormulaRowsError(_TOO_FAR)


def after_working_days(
    calendar: WorkingCalendar, start: datetime, days: int, zone: tzinfo
) -> datetime:
    """Return the same time of the clock `days` working days after `start`.

    What begins while nobody works begins when work does; a time at which the last day is not worked
    any more is its end of work. Raises FormulaRowsError where that is too far away.
    """
    begins = after_working(calendar, start, _MICROSECOND, zone) - _MICROSECOND
    shown = begins.astimezone(zone)
    left = days
    for number in range(1, MAX_DAYS):
        day = shown.date() + timedelta(days=number)
        shifts = calendar.shifts(day)
        left -= bool(shifts)
        if shifts and not left:
            opens, closes = (_instant(day, one, zone) for one in (shifts[0][0], shifts[-1][1]))
            same = datetime.combine(day, shown.time(), tzinfo=zone).astimezone(UTC)
            return min(max(same, opens), closes)
    raise FormulaRowsError(_TOO_FAR)


def _worked(
    calendar: WorkingCalendar, start: datetime, days: int, zone: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    """Yield when work begins and ends on `days` days from that of `start` on."""
    first = start.astimezone(zone).date()
    for number in range(days):
        day = first + timedelta(days=number)
        for opens, closes in calendar.shifts(day):
            yield _instant(day, opens, zone), _instant(day, closes, zone)


def _instant(day: date, minute: int, zone: tzinfo) -> datetime:
    shown = datetime.combine(day, time(), tzinfo=zone) + timedelta(minutes=minute)
    return shown.astimezone(UTC)
