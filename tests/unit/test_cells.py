"""Cells of files are read as people meant them, or refused; nothing is guessed."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.choices import ChoiceDef
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.field_types.cells import Cell, serial_moment
from headrace.platform.metadata.field_types.choices import ChoiceOptions
from headrace.platform.metadata.field_types.periods import PeriodOptions

ZONE = ZoneInfo("Asia/Shanghai")
TYPES = built_in()


def number(text: str, *, percent: bool = False) -> Cell:
    return Cell(text, "number", None, percent)


def day(*parts: int) -> Cell:
    moment = datetime(*parts, tzinfo=UTC).replace(tzinfo=None)
    return Cell(str(moment), "date", moment)


def read(type_: str, cell: Cell, options: Any = None) -> Any:
    kind = TYPES[type_]
    chosen = options or kind.options_type()
    value = kind.from_cell(cell, chosen, ZONE)
    return kind.value_field(chosen).deserialize(value) if value not in (None, "") else None


def refusal(type_: str, cell: Cell) -> str:
    with pytest.raises(ValidationError) as caught:
        read(type_, cell)
    problem: Any = caught.value.messages
    return str(problem[0].code)


MONEY = [
    ("1,234.50", "1234.50"),
    ("１，２３４．５", "1234.50"),
    (" ¥1,234 ", "1234.00"),
    ("￥5", "5.00"),
    ("(12.30)", "-12.30"),
    ("-5", "-5.00"),
    ("9999999999999999.99", "9999999999999999.99"),
    ("3%", "0.03"),
]


@pytest.mark.parametrize(("text", "expected"), MONEY)
def test_an_amount_is_read_as_people_write_it(text, expected):
    assert read("money", Cell(text)) == Decimal(expected)


@pytest.mark.parametrize(
    "text", ["12,34", "1 2", "1.2.3", "abc", "1e5", "--1", "NaN", "٣", "1,23.4"]
)
def test_what_is_no_amount_is_refused(text):
    assert refusal("money", Cell(text)) == "value.invalid"


def test_more_digits_than_the_field_has_are_refused_not_rounded():
    assert refusal("money", Cell("1.005")) == "value.too_precise"
    assert refusal("money", number("1.005")) == "value.too_precise"


def test_the_noise_of_binary_numbers_is_taken_away():
    assert read("money", number("0.30000000000000004")) == Decimal("0.30")
    assert read("money", number("1234.5600000000001")) == Decimal("1234.56")
    assert read("money", number("9999999999999999.99")) == Decimal("9999999999999999.99")


@pytest.mark.parametrize("text", ["1E+999", "1E-999", "9E+40", "-1E+300"])
def test_absurd_numbers_are_refused_by_every_number_type(text):
    for type_ in ("money", "integer", "percent", "decimal"):
        assert refusal(type_, number(text)).startswith("value.")


def test_percent_is_read_by_its_sign_and_by_its_format():
    assert read("percent", Cell("13%")) == 13
    assert read("percent", Cell("１３％")) == 13
    assert read("percent", number("0.13", percent=True)) == 13
    assert read("percent", number("13")) == 13
    assert read("decimal", number("0.35", percent=True)) == Decimal("0.35")


@pytest.mark.parametrize("text", ["12", "12.0", "１２", "+12"])
def test_a_whole_number_may_have_an_empty_fraction(text):
    assert read("integer", Cell(text)) == 12


def test_a_fraction_is_no_whole_number():
    assert refusal("integer", Cell("12.5")).startswith("value.")
    assert refusal("integer", number("12.5")).startswith("value.")


DAYS = [
    "2025-06-01",
    "2025/6/1",
    "2025.6.1",
    "2025年6月1日",
    "２０２５年６月１日",
    "20250601",
    "45809",
]


@pytest.mark.parametrize("text", [*DAYS, "2025/6/1 0:00", "2025-06-01 00:00:00"])
def test_a_day_is_read_as_people_write_it(text):
    assert str(read("date", Cell(text))) == "2025-06-01"


def test_a_day_is_read_from_a_serial_number_and_a_date_cell():
    assert str(read("date", number("45809"))) == "2025-06-01"
    assert str(read("date", number("20250601"))) == "2025-06-01"
    assert str(read("date", day(2025, 6, 1))) == "2025-06-01"


@pytest.mark.parametrize(
    "text",
    [
        "01/06/2025",
        "6/1/2025",
        "2025-13-01",
        "2025-02-29",
        "2025年",
        "x",
        "2025/6-1",
        "0",
        "25-6-1",
    ],
)
def test_what_may_mean_two_days_or_none_is_refused(text):
    assert refusal("date", Cell(text)) == "value.invalid"


def test_a_day_with_a_time_is_no_day():
    assert refusal("date", Cell("2025-06-01 10:04")) == "value.invalid"
    assert refusal("date", day(2025, 6, 1, 10, 4)) == "value.invalid"


def test_a_time_without_offset_is_that_of_the_zone():
    expected = "2025-06-10 02:04:00+00:00"
    for text in (
        "2025-06-10 10:04",
        "2025/6/10 10:04:00",
        "2025年6月10日 10:04",
        "2025-06-10T10:04:00+08:00",
    ):
        assert str(read("datetime", Cell(text))) == expected
    assert str(read("datetime", day(2025, 6, 10, 10, 4))) == expected


@pytest.mark.parametrize("text", ["是", "yes", "YES", "true", "1", "１", "√", "y"])
def test_yes_is_said_in_many_ways(text):
    assert read("boolean", Cell(text)) is True


@pytest.mark.parametrize("text", ["否", "no", "False", "0", "×"])
def test_no_is_said_in_many_ways(text):
    assert read("boolean", Cell(text)) is False


def test_what_is_neither_yes_nor_no_is_refused():
    assert refusal("boolean", Cell("maybe")) == "value.invalid"
    assert refusal("boolean", number("2")) == "value.invalid"


def test_a_code_that_lost_its_digits_is_refused():
    for cell in (number("9.1E+17"), number("9.1330100123456E+17"), Cell("9.1E+17"), Cell("9E17")):
        assert refusal("text", cell) == "value.digits_lost"


def test_a_code_whose_digits_are_all_there_is_exact():
    assert read("text", number("913301001234567890")) == "913301001234567890"
    assert read("text", number("42")) == "42"
    assert read("text", number("1.50")) == "1.5"
    assert read("text", number("0.1", percent=True)) == "10%"
    assert read("text", Cell("00420")) == "00420"


def test_errors_of_the_spreadsheet_are_refused():
    for type_ in ("text", "money", "date", "boolean", "integer", "phone"):
        assert refusal(type_, Cell("#N/A", "error")) == "value.cell_error"


def test_choices_are_read_by_value_and_by_label():
    options = ChoiceOptions((ChoiceDef("raw", Text("Raw material", "原料")), ChoiceDef("made")))
    for text in ("raw", "RAW", "原料", "raw material"):
        assert read("choice", Cell(text), options) == "raw"
    for type_, text in (("choice", "other"), ("multi_choice", "raw、other")):
        with pytest.raises(ValidationError) as caught:
            read(type_, Cell(text), options)
        messages: Any = caught.value.messages
        assert messages[0].message.zh == "“other”不在可选值中：原料、made。"
        assert "Raw material, made" in messages[0].message.en


def test_serial_numbers_are_those_of_the_spreadsheet():
    assert serial_moment(Decimal(1)) == day(1900, 1, 1).moment
    assert serial_moment(Decimal(61)) == day(1900, 3, 1).moment
    assert serial_moment(Decimal("45809.5")) == day(2025, 6, 1, 12).moment
    assert serial_moment(Decimal(2958465)) == day(9999, 12, 31).moment
    assert serial_moment(Decimal(0), from_1904=True) == day(1904, 1, 1).moment
    assert serial_moment(Decimal(2958466)) is None
    assert serial_moment(Decimal(-1)) is None


NEEDING = {"choice", "period", "multi_lookup", "polymorphic_lookup"}
"""Types that are nothing without their options."""


@given(st.text(max_size=40), st.sampled_from(sorted(TYPES.keys())))
def test_no_text_makes_a_type_fail_otherwise_than_by_a_refusal(text, type_):
    kind = TYPES[type_]
    if hasattr(kind, "computed") or hasattr(kind, "target") or type_ in NEEDING:
        return
    with contextlib.suppress(ValidationError):
        read(type_, Cell(text.strip()))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6), st.booleans())
def test_a_number_cell_gives_its_own_value_or_is_refused(value, percent):
    try:
        found = read("decimal", number(format(value, "f"), percent=percent))
    except ValidationError:
        return
    assert found == value or len(value.as_tuple().digits) > 15


@pytest.mark.parametrize("text", ["2025-06", "2025/6", "2025年6月", "２０２５年６月", "2025-06-15"])
def test_a_month_is_read_as_people_write_it(text):
    assert read("month", Cell(text)) == "2025-06"


def test_a_month_is_read_from_a_date_cell():
    assert read("month", day(2025, 6, 15)) == "2025-06"


def test_a_quarter_is_read_as_people_write_it():
    options = PeriodOptions(unit="quarter")
    for cell in (Cell("2025Q2"), Cell("2025年第二季度"), day(2025, 6, 15)):
        assert read("period", cell, options) == "2025-Q2"


def test_a_time_is_read_as_people_write_it_and_from_a_part_of_a_day():
    for cell in (Cell("9:05"), Cell("上午9点05分"), Cell("09:05:00"), number("0.378472222222222")):
        assert read("time", cell) == "09:05"
    assert read("time", Cell("9:05 pm")) == "21:05"
    for cell in (Cell("9:05:30"), number("1.5"), Cell("25:00"), number("0.37880")):
        assert refusal("time", cell) == "value.invalid"


def test_a_length_of_time_is_read_as_it_is_typed_and_from_days():
    assert read("duration", Cell("1:30")) == 5400
    assert read("duration", number("5400")) == 5400
    assert read("duration", number("0.0625")) == 5400
    assert read("duration", day(1900, 1, 1, 12)) == 129_600
    assert refusal("duration", number("1E+200")).startswith("value.")
