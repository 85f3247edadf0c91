"""Working calendars: their shifts and days in the form in which formulas hold them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, get_args

from headrace.platform.core.problems import Message
from headrace.platform.formulas.calendars import Shift, WorkingCalendar
from headrace.platform.metadata.building.messages import DUPLICATE_NAME
from headrace.platform.metadata.building.parts import CALENDARS, take_over
from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.catalog import CalendarModel
from headrace.platform.metadata.definitions.modules import CalendarDef, ModuleDef, Weekday

BAD_SHIFT: Final = Message(
    "calendar.shift",
    "The shift ends before it begins.",
    "班次的结束时间早于开始时间。",
    "Write a later end; a shift over midnight is two shifts.",
    "请填写更晚的结束时间；跨午夜的班次请分为两个。",
)
OVERLAP: Final = Message(
    "calendar.overlap",
    "This shift overlaps another one on {day}.",
    "此班次与 {day} 的另一班次重叠。",
    "Let one begin when the other ends.",
    "请让一个班次在另一个结束后开始。",
)
BAD_DAY: Final = Message(
    "calendar.day",
    "“{day}” is no day of the calendar.",
    "“{day}”不是有效日期。",
    "Write days as 2025-10-01.",
    "日期写作 2025-10-01。",
)
BOTH: Final = Message(
    "calendar.both",
    "“{day}” is a day off and a working day.",
    "“{day}”既是休息日又是工作日。",
    "Remove one of them.",
    "请删除其一。",
)
_WEEK: Final = get_args(Weekday)
_MINUTES: Final = 60


def build_calendars(work: Workbench) -> None:
    """Make the working calendars of all modules known."""
    for name in work.definitions.get("module", {}):
        module = work.know("module", name)
        for position, one in enumerate(module.calendars):
            if one.name in work.calendars:
                problem = DUPLICATE_NAME.at("/name", name=one.name)
                work.report(problem, module, "calendars", position)
            else:
                made = _calendar(work, module, one, position)
                work.calendars[one.name] = CalendarModel(one.name, made.to_text())
    before, now = work.before.calendars, work.calendars
    take_over(before, now)
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            work.changed.add((CALENDARS, name))


def _calendar(
    work: Workbench, module: ModuleDef, one: CalendarDef, position: int
) -> WorkingCalendar:
    place = ("calendars", position)
    week: dict[str, list[Shift]] = {day: [] for day in _WEEK}
    for number, shift in enumerate(one.shifts):
        opens, closes = _minute(shift.opens), _minute(shift.closes)
        if closes <= opens:
            work.report(BAD_SHIFT.at("/closes"), module, *place, "shifts", number)
            continue
        for day in dict.fromkeys(shift.days):
            if any(opens < end and start < closes for start, end in week[day]):
                work.report(OVERLAP.at(day=day), module, *place, "shifts", number)
            week[day].append((opens, closes))
    holidays = _days(work, module, one.holidays, *place, "holidays")
    workdays = _days(work, module, one.workdays, *place, "workdays")
    for number, text in enumerate(one.workdays):
        if text in one.holidays:
            work.report(BOTH.at(day=text), module, *place, "workdays", number)
    return WorkingCalendar(tuple(tuple(sorted(week[day])) for day in _WEEK), holidays, workdays)


def _days(
    work: Workbench, module: ModuleDef, texts: Iterable[str], *place: str | int
) -> frozenset[date]:
    found = set()
    for number, text in enumerate(texts):
        try:
            found.add(date.fromisoformat(text))
        except ValueError:
            work.report(BAD_DAY.at(day=text), module, *place, number)
    return frozenset(found)


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * _MINUTES + int(minute)
