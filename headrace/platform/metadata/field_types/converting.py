"""How values of one field type become values of another: by the form in which they are stored.

Field types take their defaults from here (`FieldType.converts_from`, `FieldType.from_text`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from types import MappingProxyType
from typing import Any, Final, Protocol

from marshmallow import fields

from headrace.platform.core.problems import Text
from headrace.platform.metadata.field_types.values import (
    DECIMAL,
    INVALID,
    MOST_TOLD,
    NOT_A_CHOICE,
    refuse,
)
from headrace.platform.metadata.storage_types import Storage, StorageKind, instant_text

Way = Callable[[Any], Any]
"""From a value to a value; raises marshmallow's ValidationError where there is none."""

NUMBERS: Final = frozenset[StorageKind]({"integer", "decimal"})
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,30}|[0-9]{1,3}(,[0-9]{3}){1,9})(\.[0-9]{0,30})?")
_DAY: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_ENOUGH: Final = Context(prec=100)
_TRUTH: Final[Mapping[str, bool]] = MappingProxyType(
    {
        **dict.fromkeys(("true", "yes", "y", "1", "是", "真"), True),
        **dict.fromkeys(("false", "no", "n", "0", "否", "假"), False),
    }
)
_A_BOOLEAN: Final = Text("yes or no", "是或否")
_A_DAY: Final = Text("a date", "日期")
_AN_INSTANT: Final = Text("an instant with offset", "带时区偏移的时间")


class Readable(Protocol):
    """What is asked of a field type here."""

    def from_text(self, text: str, options: Any) -> Any:
        """Read a text that another field had."""
        ...

    def value_field(self, options: Any) -> fields.Field[Any]:
        """Return the field that checks what comes in."""
        ...


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a field: its type with options and storage.

    `zone` is the workspace's; `allowed` are the states where the field is a state.
    """

    type: Readable
    options: Any
    storage: Storage
    zone: tzinfo
    allowed: frozenset[str] | None = None

    @property
    def kind(self) -> StorageKind:
        """How they are stored."""
        return self.storage.kind


def way(source: Values, target: Values) -> Way | None:
    """Return the way from one field's values to another's; None where there is no sense in it."""
    made = unchecked(source, target)
    if made is None:
        return None
    fits = fitting(target)

    def convert(value: Any) -> Any:
        return fits(made(value))

    return convert


def unchecked(source: Values, target: Values) -> Way | None:
    """Return the way without the check of what the target's options allow."""
    if target.kind == "text":
        write = writer(source.kind)
        if write is None:
            return None
        return lambda value: target.type.from_text(write(value), target.options)
    if source.kind == "text":
        read = _READERS.get(target.kind)
        return None if read is None else lambda value: read(value, target)
    if source.kind in NUMBERS and target.kind in NUMBERS:
        return lambda value: rounded(Decimal(value), target.storage)
    if source.kind == target.kind:
        return lambda value: value
    found = _PAIRS.get((source.kind, target.kind))
    return None if found is None else lambda value: found(value, target)


def fitting(target: Values) -> Way:
    """Return the check that a value is one that the field may have."""
    if target.allowed is not None:
        return lambda value: _one_of(value, target.allowed or frozenset())
    if getattr(target.type, "computed", None) is not None:
        return lambda value: value
    parser = target.type.value_field(target.options)
    return lambda value: None if value is None else parser.deserialize(sent(value))


def _one_of(value: str, allowed: frozenset[str]) -> str:
    if value not in allowed:
        raise refuse(NOT_A_CHOICE.at(value=value, choices=", ".join(sorted(allowed)[:MOST_TOLD])))
    return value


def writer(kind: StorageKind) -> Callable[[Any], str] | None:
    """Return how values are written as text; None for ids, which mean nothing to people."""
    return _WRITERS.get(kind)


def sent(value: Any) -> Any:
    """Return a Python value in the form in which it is sent."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else value


def rounded(value: Decimal, storage: Storage) -> Decimal | int:
    """Round half up to what is stored."""
    number = value.quantize(Decimal(1).scaleb(-storage.scale), ROUND_HALF_UP, _ENOUGH)
    return int(number) if storage.kind == "integer" else number


def same(old: Any, back: Any, source: Values, target: Values) -> bool:
    """Say whether what came back is the old value; other ways to write a value are the same."""
    if old == back or source.kind != "text":
        return bool(old == back)
    if target.kind in NUMBERS:
        return _plain(str(old)) == _plain(str(back))
    return target.kind == "instant" and _instant(str(old), target) == _instant(str(back), target)


def _plain(text: str) -> str:
    """Return a number's text without zeros at its end that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(text: str, target: Values) -> Decimal | int:
    if not _NUMBER.fullmatch(text.strip()):
        raise refuse(INVALID.at(value=text, expected=DECIMAL, example="1234.50"))
    return rounded(Decimal(text.strip().replace(",", "")), target.storage)


def _truth(text: str, target: Values) -> bool:  # noqa: ARG001 - readers have one form
    found = _TRUTH.get(text.strip().casefold())
    if found is None:
        raise refuse(INVALID.at(value=text, expected=_A_BOOLEAN, example="true"))
    return found


def _day(text: str, target: Values) -> date:
    found = _DAY.fullmatch(text.strip())
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3]))
        return _day_of(_instant(text, target), target)
    except ValueError:
        raise refuse(INVALID.at(value=text, expected=_A_DAY, example="2025-06-10")) from None


def _instant(text: str, target: Values) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
        if found.tzinfo is None:
            found = found.replace(tzinfo=target.zone)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        example = "2025-06-10T10:04:00+08:00"
        raise refuse(INVALID.at(value=text, expected=_AN_INSTANT, example=example)) from None


def _day_of(moment: datetime, target: Values) -> date:
    return moment.astimezone(target.zone).date()


def midnight(day: date, target: Values) -> datetime:
    """Return the instant at which a day begins in the workspace's zone."""
    try:
        return datetime.combine(day, time(), target.zone).astimezone(UTC)
    except OverflowError:
        example = "2025-06-10T10:04:00+08:00"
        raise refuse(INVALID.at(value=day, expected=_AN_INSTANT, example=example)) from None


def _bit(value: Decimal | int, target: Values) -> bool:  # noqa: ARG001 - pairs have one form
    if value not in {0, 1}:
        raise refuse(INVALID.at(value=value, expected=_A_BOOLEAN, example="1"))
    return value == 1


_WRITERS: Final[Mapping[StorageKind, Callable[[Any], str]]] = MappingProxyType(
    {
        "text": str,
        "integer": str,
        "decimal": lambda value: format(value, "f"),
        "boolean": lambda value: "true" if value else "false",
        "date": lambda value: value.isoformat(),
        "instant": lambda value: str(instant_text(value)),
    }
)
_READERS: Final[Mapping[StorageKind, Callable[[str, Values], Any]]] = MappingProxyType(
    {
        "integer": _number,
        "decimal": _number,
        "boolean": _truth,
        "date": _day,
        "instant": _instant,
    }
)
_PAIRS: Final[Mapping[tuple[StorageKind, StorageKind], Callable[[Any, Values], Any]]] = (
    MappingProxyType(
        {
            ("date", "instant"): midnight,
            ("instant", "date"): _day_of,
            ("boolean", "integer"): lambda value, _: int(value),
            ("boolean", "decimal"): lambda value, target: rounded(
                Decimal(int(value)), target.storage
            ),
            ("integer", "boolean"): _bit,
            ("decimal", "boolean"): _bit,
        }
    )
)
