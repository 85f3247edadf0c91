"""Values as people read them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from headrace.platform.forms.shown import Display, text_of


@pytest.mark.parametrize(
    ("widget", "value", "text"),
    [
        ("money", "72927.36", "72,927.36"),
        ("money", "-1234567.5", "-1,234,567.50"),
        ("money", "0", "0.00"),
        ("money", "999999999999999.99", "999,999,999,999,999.99"),
        ("integer", 1234567, "1,234,567"),
        ("quantity", "1200.500", "1,200.5"),
        ("quantity", "3.000", "3"),
        ("decimal", "0.125000", "0.125"),
        ("percent", "13.0000", "13%"),
        ("percent", "12.5", "12.5%"),
        ("boolean", True, "✓"),
        ("boolean", False, "–"),
        ("text", "1234", "1234"),
    ],
)
def test_values_are_written_exactly(widget: str, value: object, text: str) -> None:
    assert text_of(widget, value) == text


def test_instants_are_those_of_the_viewer() -> None:
    display = Display("zh", ZoneInfo("Asia/Shanghai"))
    assert display.instant("2025-06-30T10:00:00Z").text == "2025-06-30 18:00"
