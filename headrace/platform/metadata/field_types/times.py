"""Times of day and lengths of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from marshmallow import fields

from headrace.platform.core.durations import MOST, clock_text, seconds_of
from headrace.platform.core.problems import Text
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type, number
from headrace.platform.metadata.definitions.keys import key
from headrace.platform.metadata.field_types.base import (
    NO_HINTS,
    NUMBER_AGGREGATES,
    ORDER,
    ORDERED_AGGREGATES,
    Example,
    FieldType,
    Hints,
    NoOptions,
)
from headrace.platform.metadata.field_types.cells import Cell, cell_text, length_of, narrow
from headrace.platform.metadata.field_types.converting import Values, Way, fitting, way
from headrace.platform.metadata.field_types.values import (
    INVALID,
    OUT_OF_RANGE,
    STRING,
    WRONG_TYPE,
    refuse,
    type_name,
)
from headrace.platform.metadata.storage_types import INTEGER, TEXT, Storage

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_WRITTEN: Final = re.compile(
    r"(上午|下午)?\s*([0-9]{1,2})\s*[:\uff1a点时]\s*([0-9]{1,2})?\s*[:\uff1a分]?\s*([0-9]{1,2})?秒?\s*(am|pm)?",
    re.IGNORECASE,
)
_TIME: Final = Text("a time of day", "时刻")
_DURATION: Final = Text("a duration", "时长")
_HOURS: Final = 12
DAY: Final = 86_400


class TimeField(fields.Field[str]):
    """A time of day as `09:30`, or `09:30:15` where seconds count."""

    def __init__(self, *, seconds: bool) -> None:
        super().__init__(allow_none=True)
        self.seconds = seconds

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refuse(WRONG_TYPE.at(expected=STRING, given=type_name(value)))
        found = _CLOCK.fullmatch(value.strip())
        if found is None:
            example = "09:30:15" if self.seconds else "09:30"
            raise refuse(INVALID.at(value=value, expected=_TIME, example=example))
        hours, minutes, seconds = found.groups("00")
        if self.seconds:
            return f"{hours}:{minutes}:{seconds}"
        if seconds != "00":
            raise refuse(INVALID.at(value=value, expected=_TIME, example="09:30"))
        return f"{hours}:{minutes}"


@dataclass(frozen=True, slots=True)
class TimeOptions:
    """Options of times."""

    seconds: bool = key("Seconds count too.", default=False)


class TimeType(FieldType[TimeOptions]):
    """A time of day, without a zone: opening hours, a cut-off."""

    key = "time"
    label = Text("Time", "时刻")
    widget = "time"
    options_type = TimeOptions
    operators = ORDER
    aggregates = ORDERED_AGGREGATES

    def storage(self, options: TimeOptions) -> Storage:
        return TEXT

    def value_type(self, options: TimeOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: TimeOptions) -> fields.Field[Any]:
        return TimeField(seconds=options.seconds)

    def hints(self, options: TimeOptions) -> Hints:
        return Hints(step="1") if options.seconds else NO_HINTS

    def json_schema(self, options: TimeOptions) -> dict[str, Any]:
        tail = ":[0-5][0-9]" if options.seconds else ""
        return {"type": "string", "pattern": f"^([01][0-9]|2[0-3]):[0-5][0-9]{tail}$"}

    def from_text(self, text: str, options: TimeOptions) -> str:
        """Read how people write times: `9:05`, `9:05 pm`, `9点05分`; seconds go where they do not count."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            return text
        before, hours, minutes, seconds, after = found.groups()
        late = before == "下午" or (after or "").lower() == "pm"
        hour = _hour(int(hours), late=late, halved=bool(before or after))
        shown = f"{hour:02d}:{int(minutes or 0):02d}"
        return f"{shown}:{int(seconds or 0):02d}" if options.seconds else shown

    def from_cell(self, cell: Cell, options: TimeOptions, zone: tzinfo) -> str:
        """Read a time as people write it, or a spreadsheet's part of a day; no second is dropped."""
        if cell.kind == "number":
            share = Decimal(cell.text)
            seconds = round(share * DAY) if 0 <= share < 1 else DAY
            text = clock_text(seconds)
        else:
            text = narrow(cell_text(cell))
        whole = self.from_text(text, TimeOptions(seconds=True))
        return whole if options.seconds else whole.removesuffix(":00")

    def converts_from(self, source: Values, own: Values) -> Way | None:
        """Take the time of an instant in the workspace's zone."""
        if source.kind != "instant":
            return way(source, own)
        fits, form = fitting(own), "%H:%M:%S" if own.options.seconds else "%H:%M"
        return lambda moment: fits(moment.astimezone(own.zone).strftime(form))

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "09:30", "09:30"),
            Example({}, "00:00", "00:00"),
            Example({}, "23:59:00", "23:59"),
            Example({"seconds": True}, "23:59:59", "23:59:59"),
            Example({"seconds": True}, "09:30", "09:30:00"),
            Example({}, "09:30:15", refused="value.invalid"),
            Example({}, "24:00", refused="value.invalid"),
            Example({}, "9:30", refused="value.invalid"),
            Example({}, 930, refused="value.wrong_type"),
        )


def _hour(hour: int, *, late: bool, halved: bool) -> int:
    """Return the hour of 24; `halved` says that the day was told in two halves."""
    if not halved or hour > _HOURS:
        return hour
    return hour % _HOURS + (_HOURS if late else 0)


class DurationField(fields.Field[int]):
    """Seconds, or a text such as `1:30`, `1:30:15` or `PT1H30M`."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        seconds = _seconds(value)
        if not 0 <= seconds <= MOST:
            raise refuse(OUT_OF_RANGE.at(least=clock_text(0), most=clock_text(MOST)))
        return seconds


def _seconds(value: Any) -> int:
    if isinstance(value, str):
        text = value.strip()
        found = int(text) if re.fullmatch(r"[0-9]{1,15}", text) else seconds_of(text)
        if found is None:
            raise refuse(INVALID.at(value=value, expected=_DURATION, example="1:30"))
        return found
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(WRONG_TYPE.at(expected=_DURATION, given=type_name(value)))
    return value


class DurationType(FieldType[NoOptions]):
    """A length of time in whole seconds; written as hours and minutes, or by ISO 8601."""

    key = "duration"
    label = Text("Duration", "时长")
    widget = "duration"
    options_type = NoOptions
    operators = ORDER
    aggregates = NUMBER_AGGREGATES

    def storage(self, options: NoOptions) -> Storage:
        return INTEGER

    def value_type(self, options: NoOptions) -> Type:
        return number(0)

    def value_field(self, options: NoOptions) -> fields.Field[Any]:
        return DurationField()

    def hints(self, options: NoOptions) -> Hints:
        return Hints(None, "1:30")

    def json_schema(self, options: NoOptions) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": MOST, "description": "Seconds."}

    def from_cell(self, cell: Cell, options: NoOptions, zone: tzinfo) -> int | str:
        """Read what is typed, or a spreadsheet's days; a whole number is one of seconds."""
        if cell.moment is not None:
            return round(length_of(cell.moment).total_seconds())
        if cell.kind == "number":
            number = Decimal(cell.text)
            whole = number == number.to_integral_value()
            return round(number if whole else number * DAY) if abs(number) <= MOST else cell.text
        return narrow(cell_text(cell))

    def shown(self, value: Any, options: NoOptions, language: str) -> str:
        return clock_text(value)

    def converts_from(self, source: Values, own: Values) -> Way | None:
        """Read texts as they are typed."""
        if source.kind != "text":
            return way(source, own)
        fits = fitting(own)
        return lambda text: fits(str(text))

    def converts_to(self, own: Values, target: Values) -> Way | None:
        """Give texts hours and minutes."""
        if target.kind != "text":
            return None
        fits = fitting(target)
        return lambda value: fits(target.type.from_text(clock_text(value), target.options))

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, 5400, 5400),
            Example({}, "1:30", 5400),
            Example({}, "36:05:09", 129_909),
            Example({}, "PT1H30M", 5400),
            Example({}, "P1DT2H", 93_600),
            Example({}, "P1W", 604_800),
            Example({}, 0, 0),
            Example({}, MOST, MOST),
            Example({}, MOST + 1, refused="value.out_of_range"),
            Example({}, -1, refused="value.out_of_range"),
            Example({}, "P1M", refused="value.invalid"),
            Example({}, "P", refused="value.invalid"),
            Example({}, "1:75", refused="value.invalid"),
            Example({}, 1.5, refused="value.wrong_type"),
            Example({}, True, refused="value.wrong_type"),
        )


TYPES = (TimeType(), DurationType())
