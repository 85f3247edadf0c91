"""When work is done that begins at an instant: over nights, holidays, made-up days and changes of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.formulas.calendars import (
    WorkingCalendar,
    after_working,
    after_working_days,
    worked_time,
)
from headrace.platform.formulas.messages import FormulaRowsError

ZONE = ZoneInfo("Asia/Shanghai")
NINE_TO_SIX = ((9 * 60, 18 * 60),)
SPLIT = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
STANDARD = WorkingCalendar(
    (*(NINE_TO_SIX,) * 5, (), ()),
    holidays=frozenset({date(2025, 10, 1), date(2025, 10, 2), date(2025, 10, 3)}),
    workdays=frozenset({date(2025, 9, 28)}),
)
LUNCH = WorkingCalendar((*(SPLIT,) * 5, (), ()))
NIGHT = WorkingCalendar((((0, 6 * 60), (22 * 60, 24 * 60)),) * 7)


def at(text: str, zone: ZoneInfo = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "hours", "done"),
    [
        ("2025-06-13 15:00", 8, "2025-06-16 14:00"),
        ("2025-06-13 15:00", 6.4, "2025-06-16 12:24"),
        ("2025-06-13 17:00", 1, "2025-06-13 18:00"),
        ("2025-06-14 11:00", 1, "2025-06-16 10:00"),
        ("2025-09-26 17:00", 2, "2025-09-28 10:00"),
        ("2025-09-30 17:00", 2, "2025-10-06 10:00"),
        ("2025-06-13 15:00", 0, "2025-06-13 15:00"),
    ],
)
def test_working_hours_end_at_the_minute(start: str, hours: float, done: str):
    assert after_working(STANDARD, at(start), timedelta(hours=hours), ZONE) == at(done)


def test_a_break_counts_for_nothing():
    assert after_working(LUNCH, at("2025-06-13 11:00"), timedelta(hours=2), ZONE) == at(
        "2025-06-13 14:00"
    )


@pytest.mark.parametrize(
    ("start", "days", "done"),
    [
        ("2025-06-13 14:00", 3, "2025-06-18 14:00"),
        ("2025-06-14 10:00", 1, "2025-06-17 09:00"),
        ("2025-06-13 20:00", 1, "2025-06-17 09:00"),
        ("2025-09-26 10:00", 1, "2025-09-28 10:00"),
        ("2025-09-30 10:00", 1, "2025-10-06 10:00"),
    ],
)
def test_working_days_end_at_the_same_time_of_day(start: str, days: int, done: str):
    assert after_working_days(STANDARD, at(start), days, ZONE) == at(done)


def test_an_hour_that_the_clock_leaves_out_is_not_worked():
    berlin = ZoneInfo("Europe/Berlin")
    spring = after_working(NIGHT, at("2025-03-30 01:00", berlin), timedelta(hours=2), berlin)
    assert spring == at("2025-03-30 04:00", berlin)
    autumn = after_working(NIGHT, at("2025-10-26 01:00", berlin), timedelta(hours=2), berlin)
    assert autumn.astimezone(UTC) == datetime(2025, 10, 26, 1, 0, tzinfo=UTC)


def test_what_is_too_far_away_is_refused():
    never = WorkingCalendar(((), (), (), (), (), (), ()))
    for reckon in (
        lambda: after_working(never, at("2025-06-13 15:00"), timedelta(hours=1), ZONE),
        lambda: after_working_days(never, at("2025-06-13 15:00"), 1, ZONE),
    ):
        with pytest.raises(FormulaRowsError):
            reckon()


# Hypothesis wants bounds without a zone.
BOUNDS = (datetime(2025, 1, 1), datetime(2026, 1, 1))  # noqa: DTZ001 - as above
INSTANTS = st.datetimes(*BOUNDS, timezones=st.just(UTC))


@given(
    INSTANTS,
    st.integers(1, 400 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    st.sampled_from([STANDARD, LUNCH, NIGHT]),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_the_work_is_done_then_and_not_before(
    start: datetime, work: timedelta, calendar: WorkingCalendar, zone: str
):
    done = after_working(calendar, start, work, ZoneInfo(zone))
    assert worked_time(calendar, start, done, ZoneInfo(zone)) == work
    before = done - timedelta(seconds=1)
    assert worked_time(calendar, start, before, ZoneInfo(zone)) == work - timedelta(seconds=1)
