"""Working hours: the vector of the rules, holidays, clocks that change, and formulas that reckon in a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.calendars import (
    MAX_DAYS,
    WorkingCalendar,
    calendar_of,
    working_hours,
)
from headrace.platform.formulas.messages import FormulaError, FormulaRowsError
from headrace.platform.formulas.python import compile_python
from tests.support.formulas import STANDARD, SampleEnvironment, SampleScope

SHANGHAI = ZoneInfo("Asia/Shanghai")


def hours(
    start: str, end: str, calendar: WorkingCalendar = STANDARD, zone: ZoneInfo = SHANGHAI
) -> str:
    first, last = (datetime.fromisoformat(one).replace(tzinfo=zone) for one in (start, end))
    return str(working_hours(calendar, first, last, zone))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2025-06-13T16:00", "2025-06-16T15:00", "8.00"),
        ("2025-06-16T15:00", "2025-06-13T16:00", "-8.00"),
        ("2025-06-16T07:00", "2025-06-16T23:00", "9.00"),
        ("2025-06-16T10:00", "2025-06-16T10:00", "0.00"),
        ("2025-06-16T10:00", "2025-06-16T10:00:18", "0.01"),
        ("2025-06-16T10:00", "2025-06-16T10:00:17", "0.00"),
        ("2025-06-14T00:00", "2025-06-15T23:59", "0.00"),
        ("2025-06-09T00:00", "2025-06-16T00:00", "45.00"),
    ],
)
def test_the_working_week(start: str, end: str, expected: str) -> None:
    assert hours(start, end) == expected


def test_days_off_and_days_worked_instead() -> None:
    calendar = WorkingCalendar(
        STANDARD.week, frozenset((date(2025, 10, 1),)), frozenset((date(2025, 9, 28),))
    )
    assert hours("2025-09-28T00:00", "2025-09-29T00:00", calendar) == "9.00"
    assert hours("2025-10-01T00:00", "2025-10-02T00:00", calendar) == "0.00"
    assert calendar_of(calendar.to_text()) == calendar


def test_two_shifts_and_one_up_to_midnight() -> None:
    calendar = WorkingCalendar(((), (), ((540, 720), (780, 1080)), ((1320, 1440),), (), (), ()))
    assert hours("2025-06-11T00:00", "2025-06-12T00:00", calendar) == "8.00"
    assert hours("2025-06-12T23:30", "2025-06-13T09:00", calendar) == "0.50"


def test_where_the_clock_is_changed_what_has_passed_counts() -> None:
    night = WorkingCalendar((((0, 360),),) * 7)
    berlin = ZoneInfo("Europe/Berlin")
    assert hours("2025-03-30T00:00", "2025-03-30T12:00", night, berlin) == "5.00"
    assert hours("2025-10-26T00:00", "2025-10-26T12:00", night, berlin) == "7.00"


def test_instants_too_far_apart_are_refused() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with pytest.raises(FormulaRowsError):
        working_hours(STANDARD, start, start + timedelta(days=MAX_DAYS + 2), SHANGHAI)


INSTANTS = st.integers(0, 6_000).map(
    lambda quarter: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
)


@given(INSTANTS, INSTANTS, INSTANTS)
def test_hours_add_up(one: datetime, two: datetime, three: datetime) -> None:
    def between(start: datetime, end: datetime) -> Decimal:
        return working_hours(STANDARD, start, end, SHANGHAI)

    assert between(one, two) + between(two, three) == between(one, three)


# --- in formulas -------------------------------------------------------------------------------------


def test_a_formula_holds_its_calendar() -> None:
    found = analyse("WORKHOURS(created_at, sent_at) / 9", SampleScope())
    row = {
        "created_at": datetime(2025, 6, 13, 8, tzinfo=UTC),
        "sent_at": datetime(2025, 6, 16, 8, tzinfo=UTC),
    }
    assert compile_python(found.tree)(SampleEnvironment(row)) == Decimal("1.000000")
    assert compile_python(found.tree)(SampleEnvironment({**row, "sent_at": None})) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("WORKHOURS(created_at, sent_at, 'night')", "formula.unknown_calendar"),
        ("WORKHOURS(created_at, sent_at, code)", "formula.arguments"),
        ("WORKHOURS(start_date, sent_at)", "formula.type"),
    ],
)
def test_what_cannot_be_reckoned_is_refused(text: str, code: str) -> None:
    with pytest.raises(FormulaError) as refused:
        analyse(text, SampleScope())
    assert [one.code for one in refused.value.problems] == [code]
