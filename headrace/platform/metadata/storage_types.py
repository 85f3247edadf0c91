"""How values are stored on each database, exactly, and how a stored value becomes JSON.

Three forms of a value are kept apart: the *Python* value (Decimal, str, bool, date, aware UTC
datetime), the *driver* value (what a cursor takes and gives), and the *JSON* value (what the API
sends: decimals as strings, dates as `2025-06-10`, instants as `2025-06-10T02:04:00.000000Z`).
SQLite has no exact decimals, so it stores integers scaled by 10**scale; dates and instants are
fixed-width texts there, which sort by time.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, overload

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
StorageKind = Literal[
    "text",
    "integer",
    "decimal",
    "boolean",
    "date",
    "instant",
    "id",
    "ids",
    "typed_id",
    "file",
    "files",
]
Convert = Callable[[Any], Any]

SEPARATOR = ";"
"""Stands between the values of a text that holds several."""

TYPE_END = ":"
"""Stands behind the id of the object in a typed id; ids of records have one length, so the rest is known."""

FILE_ADDRESS = "/api/v1/files/"
"""Where the content of a file is fetched: followed by its id."""

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


@dataclass(frozen=True, slots=True)
class Capture:
    """When and where a photograph was taken, as far as it says so; degrees north and east."""

    at: datetime | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None

    def __bool__(self) -> bool:
        return self.at is not None or self.latitude is not None

    def render(self) -> dict[str, Any]:
        """Return the form that the API sends: what is known."""
        known = {
            "at": instant_text(self.at),
            "latitude": _decimal_text(self.latitude),
            "longitude": _decimal_text(self.longitude),
        }
        return {key: value for key, value in known.items() if value is not None}

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> Capture:
        """Read what `render` wrote."""
        degrees = (known.get(key) for key in ("latitude", "longitude"))
        north, east = (None if one is None else Decimal(one) for one in degrees)
        return cls(instant_of(known.get("at")), north, east)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a record's field holds of a file: all that is shown of it, which never changes.

    `type` is its media type, `size` in bytes.
    """

    id: str
    name: str
    type: str
    size: int
    captured: Capture = Capture()

    def render(self) -> dict[str, Any]:
        """Return the form that the API sends."""
        shown = {
            "id": self.id,
            "name": self.name,
            "size": self.size,
            "type": self.type,
            "url": FILE_ADDRESS + self.id,
        }
        return {**shown, "captured": self.captured.render()} if self.captured else shown


def joined(values: Iterable[str]) -> str | None:
    """Write values as one text: each once, sorted, so that equal sets are equal texts."""
    return SEPARATOR.join(sorted(set(values))) or None


def values_in(text: str | None) -> list[str] | None:
    """Read what `joined` wrote."""
    return None if text is None else text.split(SEPARATOR)


def files_text(files: Iterable[StoredFile]) -> str | None:
    """Write the files of a field as one text, in their order; None where there is none."""
    written = [
        [one.id, one.name, one.type, one.size, *([one.captured.render()] if one.captured else ())]
        for one in files
    ]
    return json.dumps(written, ensure_ascii=False, separators=(",", ":")) if written else None


def files_in(text: str | None) -> tuple[StoredFile, ...]:
    """Read what `files_text` wrote."""
    return () if text is None else tuple(map(_stored_file, json.loads(text)))


def _stored_file(written: Sequence[Any]) -> StoredFile:
    file_id, name, media_type, size, *captured = written
    known = Capture.of(captured[0]) if captured else Capture()
    return StoredFile(file_id, name, media_type, size, known)


def files_json(text: str | None) -> list[dict[str, Any]] | None:
    """Return the files of a field as the API sends them."""
    return None if text is None else [one.render() for one in files_in(text)]


def file_json(text: str | None) -> dict[str, Any] | None:
    """Return the file of a field for one file as the API sends it."""
    return None if text is None else files_in(text)[0].render()


def listed(ids: Iterable[str]) -> str | None:
    """Write ids as one text: each once, in the order in which they come."""
    return SEPARATOR.join(dict.fromkeys(ids)) or None


def typed_id(object_id: str, record_id: str) -> str:
    """Write the stable id of an object and the id of one of its records as one text.

    Inputs of forms and addresses say the name of the object in the place of its id.
    """
    return f"{object_id}{TYPE_END}{record_id}"


def typed_parts(text: str) -> tuple[str, str]:
    """Read what `typed_id` wrote: the id of the object and that of the record."""
    object_id, _, record_id = text.rpartition(TYPE_END)
    return object_id, record_id


def _same(value: Any) -> Any:
    return value


def scaled(scale: int) -> Convert:
    """Return the function that turns a Decimal into the integer SQLite stores."""

    def convert(value: Decimal | int | None) -> int | None:
        if value is None:
            return None
        exact = value if isinstance(value, Decimal) else Decimal(value)
        return int(exact.scaleb(scale))

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


@overload
def instant_text(value: datetime) -> str: ...
@overload
def instant_text(value: datetime | None) -> str | None: ...
def instant_text(value: datetime | None) -> str | None:
    """Write an aware instant as UTC text of fixed width."""
    return None if value is None else _written(value)


@functools.lru_cache(maxsize=64)
def _written(value: datetime) -> str:
    """Write an instant; the rows of one unit of work all hold the same."""
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
        "file": lambda _: String(collation="C"),
        "files": lambda _: String(collation="C"),
        "ids": lambda _: String(collation="C"),
        "typed_id": lambda _: String(collation="C"),
    },
    "sqlite": {
        "text": lambda _: String(),
        "integer": lambda _: BigInteger(),
        "decimal": lambda _: BigInteger(),
        "boolean": lambda _: Integer(),
        "date": lambda _: String(),
        "instant": lambda _: String(),
        "id": lambda _: String(36),
        "file": lambda _: String(),
        "files": lambda _: String(),
        "ids": lambda _: String(),
        "typed_id": lambda _: String(),
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
    "postgresql": {
        "date": _iso,
        "instant": instant_text,
        "file": file_json,
        "files": files_json,
    },
    "sqlite": {"boolean": _bool_or_none, "file": file_json, "files": files_json},
}

TEXT = Storage("text")
TEXTS = Storage("text", many=True)
JSON_CONTENT = Storage("text", nested=True)
INTEGER = Storage("integer")
BOOLEAN = Storage("boolean")
DATE = Storage("date")
INSTANT = Storage("instant")
ID = Storage("id")
FILE = Storage("file")
FILES = Storage("files")
HOLDS_FILES: frozenset[StorageKind] = frozenset({"file", "files"})
"""Kinds whose column is a text with the files of the field; they differ in how it is sent."""
IDS = Storage("ids", many=True)
TYPED_ID = Storage("typed_id")
"""A text that says of which object a record is, and which: `typed_id` writes it."""


def decimal_storage(scale: int) -> Storage:
    """Return the storage of exact decimals with `scale` digits after the point."""
    return Storage("decimal", scale)
