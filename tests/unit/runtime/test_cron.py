"""Times that repeat, over changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from headrace.platform.core.cron import after, is_cron

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def times(cron: str, instant: datetime, zone: ZoneInfo, count: int = 3) -> list[str]:
    return [one.isoformat()[:16] for one in islice(after(cron, instant, zone), count)]


def test_times_are_those_of_the_zone():
    start = datetime(2026, 6, 1, tzinfo=UTC)
    assert times("0 8 1 * *", start, SHANGHAI, 2) == ["2026-07-01T00:00", "2026-08-01T00:00"]


def test_an_hour_that_is_left_out_is_made_up_for_and_one_that_comes_twice_counts_once():
    spring = datetime(2026, 3, 28, 0, tzinfo=UTC)
    assert times("30 2 * * *", spring, BERLIN) == [
        *("2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30")
    ]
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert times("30 2 * * *", autumn, BERLIN, 2) == ["2026-10-25T00:30", "2026-10-26T01:30"]


def test_instants_only_go_on():
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    found = list(islice(after("*/20 * * * *", start, BERLIN), 30))
    assert all(one < other for one, other in pairwise(found))


@pytest.mark.parametrize(
    "text", ["", "* * * *", "* * * * * *", "0 0 30 2 *", "@daily", "a b c d e"]
)
def test_what_never_comes_is_no_cron_text(text: str):
    assert not is_cron(text)


@pytest.mark.parametrize("text", ["0 8 * * MON-FRI", "*/5 * * * *", "0 0 29 2 *", "0 9 L * *"])
def test_what_comes_is_one(text: str):
    assert is_cron(text)
