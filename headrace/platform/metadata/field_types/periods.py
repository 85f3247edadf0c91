"""Months, quarters and years of the calendar: texts that sort by time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, ClassVar, Final, Literal, cast

from marshmallow import fields

from headrace.platform.core.problems import Text
from headrace.platform.formulas.days import first_day
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.keys import key
from headrace.platform.metadata.field_types.base import (
    NO_HINTS,
    ORDER,
    ORDERED_AGGREGATES,
    Example,
    FieldType,
    Hints,
    NoOptions,
)
from headrace.platform.metadata.field_types.cells import Cell, cell_text, narrow
from headrace.platform.metadata.field_types.converting import Values, Way, fitting, midnight, way
from headrace.platform.metadata.field_types.values import (
    INVALID,
    STRING,
    WRONG_TYPE,
    refuse,
    type_name,
)
from headrace.platform.metadata.storage_types import TEXT, Storage

Unit = Literal["year", "quarter", "month"]

_FORMS: Final[dict[Unit, str]] = {
    "year": r"[0-9]{4}",
    "quarter": r"[0-9]{4}-Q[1-4]",
    "month": r"[0-9]{4}-(0[1-9]|1[0-2])",
}
_EXAMPLES: Final[dict[Unit, str]] = {"year": "2025", "quarter": "2025-Q2", "month": "2025-06"}
_NAMES: Final[dict[Unit, Text]] = {
    "year": Text("a year", "年份"),
    "quarter": Text("a quarter", "季度"),
    "month": Text("a month", "月份"),
}
_DAY: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})(?:[-/.月][0-9]{1,2}日?|月)?")
_QUARTER: Final = re.compile(r"([0-9]{4})(?:[-/ ]?Q|年第?)([1-4一二三四])(?:季度?)?", re.IGNORECASE)
_YEAR: Final = re.compile(r"([0-9]{4})年?")
_CHINESE: Final = {"一": 1, "二": 2, "三": 3, "四": 4}


class PeriodField(fields.Field[str]):
    """A period of one unit: `2025`, `2025-Q2` or `2025-06`; the years 0001 to 9999."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(allow_none=True)
        self.unit: Unit = unit

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refuse(WRONG_TYPE.at(expected=STRING, given=type_name(value)))
        text = value.strip()
        if not re.fullmatch(_FORMS[self.unit], text) or text.startswith("0000"):
            name, example = _NAMES[self.unit], _EXAMPLES[self.unit]
            raise refuse(INVALID.at(value=text, expected=name, example=example))
        return text


@dataclass(frozen=True, slots=True)
class PeriodOptions:
    """Options of periods."""

    unit: Unit = key("How long the periods are.")


class PeriodType(FieldType[Any]):
    """A year, quarter or month of the calendar; the text that `PERIOD` gives, which sorts by time."""

    key = "period"
    label = Text("Period", "期间")
    widget = "period"
    options_type: ClassVar[type] = PeriodOptions
    operators = ORDER
    aggregates = ORDERED_AGGREGATES

    def unit(self, options: Any) -> Unit:
        """Return how long the periods are."""
        return cast("Unit", options.unit)

    def widget_of(self, options: Any) -> str:
        return "month" if self.unit(options) == "month" else "period"

    def storage(self, options: Any) -> Storage:
        return TEXT

    def value_type(self, options: Any) -> Type:
        return TEXT_TYPE

    def value_field(self, options: Any) -> fields.Field[Any]:
        return PeriodField(self.unit(options))

    def hints(self, options: Any) -> Hints:
        unit = self.unit(options)
        return NO_HINTS if unit == "month" else Hints(None, _EXAMPLES[unit])

    def json_schema(self, options: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_FORMS[self.unit(options)]}$"}

    def from_text(self, text: str, options: Any) -> str:
        """Read how people write periods: `2025/6`, `2025年6月`, `2025Q2`, `2025年第二季度`, a day in it."""
        parts = _parts(text.strip())
        return text if parts is None else _written(*parts, self.unit(options), text)

    def from_cell(self, cell: Cell, options: Any, zone: tzinfo) -> str:
        """Read a period as people write it, or the one that a day lies in."""
        return self.from_text(narrow(cell_text(cell)), options)

    def converts_from(self, source: Values, own: Values) -> Way | None:
        """Take the period that a day, an instant or a shorter period lies in."""
        if source.kind == "instant":
            return self._of_days(own, lambda moment: moment.astimezone(own.zone).date())
        if source.kind == "date":
            return self._of_days(own, lambda day: day)
        return way(source, own)

    def _of_days(self, own: Values, day_of: Any) -> Way:
        fits, unit = fitting(own), self.unit(own.options)

        def convert(value: Any) -> Any:
            day: date = day_of(value)
            return fits(_written(day.year, day.month, unit, ""))

        return convert

    def converts_to(self, own: Values, target: Values) -> Way | None:
        """Give days and instants the first of the period."""
        if target.kind not in {"date", "instant"}:
            return None
        fits = fitting(target)

        def convert(value: str) -> Any:
            first = cast("date", first_day(value))
            return fits(first if target.kind == "date" else midnight(first, target))

        return convert

    def examples(self) -> Sequence[Example]:
        year, quarter, month = ({"unit": unit} for unit in _FORMS)
        return (
            Example(year, "2025", "2025"),
            Example(year, "0001", "0001"),
            Example(year, "9999", "9999"),
            Example(year, "0000", refused="value.invalid"),
            Example(year, 2025, refused="value.wrong_type"),
            Example(quarter, "2025-Q2", "2025-Q2"),
            Example(quarter, "2025-Q5", refused="value.invalid"),
            Example(quarter, "2025-06", refused="value.invalid"),
            Example(month, "2025-06", "2025-06"),
            Example(month, "2025-13", refused="value.invalid"),
        )


class MonthType(PeriodType):
    """A month of the calendar, as `2025-06`."""

    key = "month"
    label = Text("Month", "月份")
    widget = "month"
    options_type: ClassVar[type] = NoOptions

    def unit(self, options: Any) -> Unit:
        return "month"

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "2025-06", "2025-06"),
            Example({}, "0001-01", "0001-01"),
            Example({}, "9999-12", "9999-12"),
            Example({}, "2025-00", refused="value.invalid"),
            Example({}, "2025-6", refused="value.invalid"),
            Example({}, 202506, refused="value.wrong_type"),
        )


def _parts(text: str) -> tuple[int, int | None] | None:
    """Return year and month of a text; the month is None where it names a year alone."""
    quarter = _QUARTER.fullmatch(text)
    if quarter is not None:
        number = _CHINESE.get(quarter[2]) or int(quarter[2])
        return int(quarter[1]), number * 3 - 2
    day = _DAY.fullmatch(text)
    if day is not None and 1 <= int(day[2]) <= 12:  # noqa: PLR2004 - months of a year
        return int(day[1]), int(day[2])
    year = _YEAR.fullmatch(text)
    if year is not None:
        return int(year[1]), None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.year, moment.month


def _written(year: int, month: int | None, unit: Unit, text: str) -> str:
    """Return the period of `unit`; `text` itself where it names none."""
    if unit == "year":
        return f"{year:04d}"
    if month is None:
        return text
    return f"{year:04d}-Q{(month + 2) // 3}" if unit == "quarter" else f"{year:04d}-{month:02d}"


TYPES = (MonthType(), PeriodType())
