"""Months, periods, times and durations: how people write them, and what they become."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.core.durations import MOST, clock_text, entered, seconds_of
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.conversions import NotConvertibleError, conversion
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import documents, field, workspace

ZONE = ZoneInfo("Asia/Shanghai")
NEW_YEAR = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
"""Already the first of January in the workspace's zone."""


def model(kind: str, **options: Any) -> FieldModel:
    contents = workspace()
    contents["object", "company"]["fields"].append(field("probe", kind, **options))
    built = build_catalog(documents(contents), built_in(), 1)
    assert built.catalog is not None, built.problems
    return built.catalog.objects["company"].fields["probe"]


MODELS = {
    "text": model("text"),
    "integer": model("integer"),
    "date": model("date"),
    "instant": model("datetime"),
    "month": model("month"),
    "quarter": model("period", unit="quarter"),
    "year": model("period", unit="year"),
    "time": model("time"),
    "exact_time": model("time", seconds=True),
    "duration": model("duration"),
}


def convert(old: str, new: str, value: Any) -> Any:
    way = conversion(MODELS[old], MODELS[new], zone=ZONE)
    if way is None:
        return "clear"
    try:
        found = way.convert(value)
    except NotConvertibleError:
        return "refused"
    return (found.value, "lossy") if found.lossy else found.value


@pytest.mark.parametrize(
    ("old", "new", "value", "becomes"),
    [
        ("date", "month", date(2025, 6, 1), "2025-06"),
        ("date", "month", date(2025, 6, 10), ("2025-06", "lossy")),
        ("date", "quarter", date(2024, 2, 29), ("2024-Q1", "lossy")),
        ("date", "year", date(9999, 12, 31), ("9999", "lossy")),
        ("instant", "month", NEW_YEAR, "2026-01"),
        ("month", "date", "2025-06", date(2025, 6, 1)),
        ("quarter", "date", "2025-Q4", date(2025, 10, 1)),
        ("year", "date", "0001", date(1, 1, 1)),
        ("month", "instant", "2026-01", NEW_YEAR),
        ("month", "quarter", "2025-06", ("2025-Q2", "lossy")),
        ("month", "year", "2025-06", ("2025", "lossy")),
        ("year", "month", "2025", "refused"),
        ("month", "text", "2025-06", "2025-06"),
        ("text", "month", "2025-06", "2025-06"),
        ("text", "month", "2025年6月", ("2025-06", "lossy")),
        ("text", "quarter", "2025年第二季度", ("2025-Q2", "lossy")),
        ("text", "month", "June", "refused"),
        ("text", "month", "2025-13", "refused"),
        ("instant", "time", datetime(2025, 6, 10, 1, 30, tzinfo=UTC), ("09:30", "lossy")),
        ("text", "time", "9:05", ("09:05", "lossy")),
        ("text", "time", "9：05", ("09:05", "lossy")),
        ("text", "time", "下午3点", ("15:00", "lossy")),
        ("text", "time", "12:30 am", ("00:30", "lossy")),
        ("text", "time", "25:00", "refused"),
        ("exact_time", "time", "09:30:00", "09:30"),
        ("exact_time", "time", "09:30:15", ("09:30", "lossy")),
        ("time", "exact_time", "09:30", "09:30:00"),
        ("time", "text", "09:30", "09:30"),
        ("duration", "text", 5400, "1:30"),
        ("text", "duration", "1:30", 5400),
        ("text", "duration", "soon", "refused"),
        ("duration", "integer", 5400, 5400),
        ("integer", "duration", 5400, 5400),
        ("integer", "duration", -1, "refused"),
        ("time", "date", "09:30", "refused"),
    ],
)
def test_what_values_become(old: str, new: str, value: Any, becomes: Any):
    assert convert(old, new, value) == becomes


@given(st.integers(0, MOST))
def test_a_duration_reads_back_what_it_writes(seconds: int):
    assert seconds_of(clock_text(seconds)) == seconds


@given(st.text(max_size=12))
def test_a_typed_duration_is_seconds_or_stays_what_was_typed(text: str):
    found = entered(text)
    assert found == text or isinstance(found, int)


def test_a_number_alone_is_hours():
    assert entered("8") == 8 * 3600
