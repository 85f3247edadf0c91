"""How values are stored on each database, exactly, and how a stored value becomes JSON.

Three forms of a value are kept apart: the *Python* value (Decimal, str, bool, date, aware UTC
datetime), the *driver* value (what a cursor takes and gives), and the *JSON* value (what the API
sends: decimals as strings, dates as `2025-06-10`, instants as `2025-06-10T02:04:00.000000Z`).
SQLite has no exact decimals, so it stores integers scaled by 10**scale; dates and instants are
fixed-width texts there, which sort by time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    Numeric,
    String,
    Uuid,
)
from sqlalchemy.types import TypeEngine

from headrace.platform.core.json_text import json_text

Dialect = Literal["sqlite", "postgresql"]
StorageKind = Literal["text", "integer", "decimal", "boolean", "date", "instant", "id"]
Convert = Callable[[Any], Any]

SEPARATOR = ";"
"""Stands between the values of a text that holds several."""

MAX_DIGITS = 18
"""Digits of a decimal, before and after the point together: what fits a 64-bit integer."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The stored form of a field's values; `scale` counts the digits after the point.

    With `many` a text holds several values, as `joined` writes them; with `nested` it is JSON itself.
    A column is the same either way.
    """

    kind: StorageKind
    scale: int = 0
    many: bool = field(default=False, compare=False)
    nested: bool = field(default=False, compare=False)

    def column_type(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column's SQL type."""
        return _SQL_TYPES[dialect][self.kind](self)

    def to_driver(self, dialect: Dialect) -> Convert:
        """Return the function from Python values to driver values (None stays None)."""
        if dialect == "sqlite" and self.kind == "decimal":
            return scaled(self.scale)
        return _TO_DRIVER[dialect].get(self.kind, _same)

    def from_driver(self, dialect: Dialect) -> Convert:
        """Return the function from driver values to Python values (None stays None)."""
        if dialect == "sqlite" and self.kind == "decimal":
            return unscaled(self.scale)
        return _FROM_DRIVER[dialect].get(self.kind, _same)

    def to_json(self, dialect: Dialect) -> Convert | None:
        """Return the function from driver values to JSON values; None where they are the same."""
        if self.many:
            return values_in
        if self.nested:
            return json_text
        if self.kind == "decimal":
            return scaled_text(self.scale) if dialect == "sqlite" else _decimal_text
        return _TO_JSON[dialect].get(self.kind)


def joined(values: Iterable[str]) -> str | None:
    """Write values as one text: each once, sorted, so that equal sets are equal texts."""
    return SEPARATOR.join(sorted(set(values))) or None


def values_in(text: str | None) -> list[str] | None:
    """Read what `joined` wrote."""
    return None if text is None else text.split(SEPARATOR)


def _same(value: Any) -> Any:
    return value


def scaled(scale: int) -> Convert:
    """Return the function that turns a Decimal into the integer SQLite stores."""

    def convert(value: Decimal | int | None) -> int | None:
        return None if value is None else int(Decimal(value).scaleb(scale))

    return convert


def unscaled(scale: int) -> Convert:
    """Return the function that turns SQLite's integer into the Decimal it stands for."""

    def convert(value: int | None) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-scale)

    return convert


def scaled_text(scale: int) -> Convert:
    """Return the function that writes SQLite's integer as decimal text."""
    if scale == 0:
        return lambda value: None if value is None else str(value)

    def convert(value: int | None) -> str | None:
        if value is None:
            return None
        digits = f"{abs(value):0{scale + 1}d}"
        sign = "-" if value < 0 else ""
        return f"{sign}{digits[:-scale]}.{digits[-scale:]}"

    return convert


def _decimal_text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def instant_text(value: datetime | None) -> str | None:
    """Write an aware instant as UTC text of fixed width."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def instant_of(text: str | None) -> datetime | None:
    """Read what `instant_text` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _date_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _int_or_none(value: Any) -> int | None:
    return None if value is None else int(value)


def _bool_or_none(value: Any) -> bool | None:
    return None if value is None else bool(value)


_SQL_TYPES: dict[Dialect, dict[StorageKind, Callable[[Storage], TypeEngine[Any]]]] = {
    "postgresql": {
        "text": lambda _: String(collation="C"),
        "integer": lambda _: BigInteger(),
        "decimal": lambda storage: Numeric(MAX_DIGITS + 2, storage.scale),
        "boolean": lambda _: Boolean(),
        "date": lambda _: Date(),
        "instant": lambda _: DateTime(timezone=True),
        "id": lambda _: Uuid(as_uuid=False),
    },
    "sqlite": {
        "text": lambda _: String(),
        "integer": lambda _: BigInteger(),
        "decimal": lambda _: BigInteger(),
        "boolean": lambda _: Integer(),
        "date": lambda _: String(),
        "instant": lambda _: String(),
        "id": lambda _: String(36),
    },
}
_TO_DRIVER: dict[Dialect, dict[StorageKind, Convert]] = {
    "postgresql": {"integer": _int_or_none},
    "sqlite": {
        "integer": _int_or_none,
        "boolean": _int_or_none,
        "date": _iso,
        "instant": instant_text,
    },
}
_FROM_DRIVER: dict[Dialect, dict[StorageKind, Convert]] = {
    "postgresql": {"id": lambda value: None if value is None else str(value)},
    "sqlite": {"boolean": _bool_or_none, "date": _date_of, "instant": instant_of},
}
_TO_JSON: dict[Dialect, dict[StorageKind, Convert]] = {
    "postgresql": {"date": _iso, "instant": instant_text},
    "sqlite": {"boolean": _bool_or_none},
}

TEXT = Storage("text")
TEXTS = Storage("text", many=True)
JSON_CONTENT = Storage("text", nested=True)
INTEGER = Storage("integer")
BOOLEAN = Storage("boolean")
DATE = Storage("date")
INSTANT = Storage("instant")
ID = Storage("id")


def decimal_storage(scale: int) -> Storage:
    """Return the storage of exact decimals with `scale` digits after the point."""
    return Storage("decimal", scale)
