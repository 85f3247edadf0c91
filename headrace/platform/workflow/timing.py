"""When the time of a step or a run is up, and when reminders are due: pure reckoning over a time limit.

The reminders of a limit are parts of the time in which it counts: of working time, or of plain time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from headrace.platform.core.problems import Text
from headrace.platform.formulas.calendars import (
    after_working,
    after_working_days,
    calendar_of,
    hours_of,
    worked_time,
)
from headrace.platform.workflow.messages import TIMEOUT_REASON
from headrace.platform.workflow.pinned import TimeLimit

TIMER: Final = "approval.timer"
"""The kind of the jobs that ring when a reminder is due or the time is up."""

WHOLE: Final = 100
NO_TIME: Final = timedelta()
UNITS: Final = {
    "working_hours": Text("working hours", "工作小时"),
    "hours": Text("hours", "小时"),
    "working_days": Text("working days", "工作日"),
    "days": Text("days", "天"),
}


@dataclass(frozen=True, slots=True)
class Milestone:
    """An instant at which something is due: a reminder, or at 100 percent the end of the time."""

    percent: int
    at: datetime


def timer_key(of: str) -> str:
    """Return the key under which the next timer of a step or run waits, by its id."""
    return f"timer:{of}"


def milestones(
    limit: TimeLimit, start: datetime, zone: tzinfo, spent: timedelta = NO_TIME
) -> tuple[Milestone, ...]:
    """Return what is due in the time that begins at `start`, in order; the end comes last.

    `spent` has gone by before; what was due in it is left out. The percents of `limit` rise and lie
    below 100: publishing sees to it.
    """
    due = due_at(limit, start, zone)
    whole = elapsed(limit, start, due, zone)
    if spent:
        due = _after(limit, start, whole - spent, zone)
    parts = [(percent, whole * percent / WHOLE - spent) for percent in limit.remind]
    reminders = [
        Milestone(percent, _after(limit, start, part, zone))
        for percent, part in parts
        if part > NO_TIME
    ]
    return (*reminders, Milestone(WHOLE, due))


def elapsed(limit: TimeLimit, start: datetime, end: datetime, zone: tzinfo) -> timedelta:
    """Return what goes by from `start` to `end` on the clock of a limit."""
    if not limit.calendar:
        return end - start
    return worked_time(calendar_of(limit.calendar), start, end, zone)


def _after(limit: TimeLimit, start: datetime, time: timedelta, zone: tzinfo) -> datetime:
    if not limit.calendar:
        return start + time
    return after_working(calendar_of(limit.calendar), start, time, zone)


def due_at(limit: TimeLimit, start: datetime, zone: tzinfo) -> datetime:
    """Return when the time that begins at `start` is up."""
    match limit.unit:
        case "working_hours":
            time = timedelta(seconds=float(Decimal(limit.limit) * 3600))
            return after_working(calendar_of(limit.calendar), start, time, zone)
        case "hours":
            return start + timedelta(seconds=float(Decimal(limit.limit) * 3600))
        case "working_days":
            days = int(Decimal(limit.limit))
            return after_working_days(calendar_of(limit.calendar), start, days, zone)
        case "days":
            shown = start.astimezone(zone) + timedelta(days=int(Decimal(limit.limit)))
            return shown.astimezone(UTC)


def worked_seconds(
    calendar: str | None, start: datetime, end: datetime, zone: tzinfo
) -> int | None:
    """Return the working time from `start` to `end`; None where there is no calendar."""
    if not calendar:
        return None
    return int(worked_time(calendar_of(calendar), start, end, zone).total_seconds())


def worked_hours(seconds: int) -> Decimal:
    """Return a working time in hours, rounded to hundredths."""
    return hours_of(timedelta(seconds=seconds))


def shown_instant(at: datetime, zone: tzinfo) -> str:
    """Return an instant as people of the workspace read it."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def timeout_reason(limit: TimeLimit, due: datetime, zone: tzinfo) -> Text:
    """Return why the platform decided: `Not decided within 8 working hours, by …`."""
    unit = UNITS[limit.unit]
    words = Text(f"{limit.limit} {unit.en}", f"{limit.limit} {unit.zh}")
    return TIMEOUT_REASON.at(limit=words, due=shown_instant(due, zone)).message
