"""The contract of a field type: one class, registered by one line in `field_types/__init__.py`.

The type declares what it can do; nobody else lists types by name. Options are a frozen dataclass
described by `keys.key`, so that the JSON Schema, the reference page and the designer's panel come
from it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, cast

from marshmallow import fields

from headrace.platform.core.problems import Problem, Text
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.field_types.cells import Cell, cell_value
from headrace.platform.metadata.field_types.converting import Values, Way, way
from headrace.platform.metadata.storage_types import Storage

Operator = Literal[
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "is_null",
    "under",
    "contains_any",
    "contains_all",
    "refers_to",
]
Aggregate = Literal["count", "sum", "avg", "min", "max"]

EQUALITY: frozenset[Operator] = frozenset({"=", "!=", "in", "not_in", "is_null"})
ORDER: frozenset[Operator] = EQUALITY | {"<", "<=", ">", ">="}
TEXTUAL: frozenset[Operator] = ORDER | {"contains", "starts_with"}
SEVERAL: frozenset[Operator] = frozenset({"contains_any", "contains_all", "=", "!=", "is_null"})
HOLDING: frozenset[Operator] = frozenset({"contains_any", "contains_all", "is_null"})
REFERRING: frozenset[Operator] = EQUALITY | {"refers_to"}
ORDERED_AGGREGATES: frozenset[Aggregate] = frozenset({"count", "min", "max"})
NUMBER_AGGREGATES: frozenset[Aggregate] = frozenset({"count", "sum", "avg", "min", "max"})
NO_AGGREGATES: frozenset[Aggregate] = frozenset({"count"})


@dataclass(frozen=True, slots=True)
class NoOptions:
    """Options of a type that has none."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What helps to enter a value: a phone's keyboard, a value that is right, the step of a time, a camera that reads codes."""

    keyboard: Literal["text", "numeric", "decimal"] | None = None
    example: str = ""
    step: str = ""
    scan: bool = False


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class Example:
    """A value that the conformance suite sends: accepted with its JSON echo, or refused by code."""

    options: Mapping[str, Any]
    given: Any
    stored: Any = None
    refused: str | None = None


OptionsT = TypeVar("OptionsT")


class FieldType(ABC, Generic[OptionsT]):
    """A kind of field: how its values are checked, stored, asked for and shown."""

    key: ClassVar[str]
    label: ClassVar[Text]
    widget: ClassVar[str]
    options_type: ClassVar[type]
    operators: ClassVar[frozenset[Operator]] = EQUALITY
    aggregates: ClassVar[frozenset[Aggregate]] = NO_AGGREGATES

    @abstractmethod
    def storage(self, options: OptionsT) -> Storage:
        """Return how values are stored (for computed types: the form of the result)."""

    @abstractmethod
    def value_type(self, options: OptionsT) -> Type:
        """Return the type that formulas see."""

    @abstractmethod
    def value_field(self, options: OptionsT) -> fields.Field[Any]:
        """Return the marshmallow field that parses and validates what comes in."""

    def widget_of(self, options: OptionsT) -> str:
        """Return how values are shown and entered with these options."""
        return self.widget

    def compared_field(self, options: OptionsT) -> fields.Field[Any]:
        """Return what parses a value to compare with: less strict than what is stored may be."""
        return self.value_field(options)

    def as_stored(self, text: str, options: OptionsT) -> str:
        """Return a part of a text, to search for, as stored texts are written."""
        return text

    def hints(self, options: OptionsT) -> Hints:
        """Return what helps to enter a value."""
        return NO_HINTS

    @abstractmethod
    def examples(self) -> Sequence[Example]:
        """Return inputs with what becomes of them, extremes included."""

    def json_schema(self, options: OptionsT) -> dict[str, Any]:
        """Return the JSON Schema of the values that the API sends."""
        return value_schema(self.storage(options))

    def converts_from(self, source: Values, own: Values) -> Way | None:
        """Return how values of another field become values of this type; None where they cannot.

        What people wrote in other forms goes through its text.
        """
        return way(source, own)

    def converts_to(self, own: Values, target: Values) -> Way | None:
        """Return how values of this type become those of another where its own rule knows better.

        None leaves it to the other type.
        """
        return None

    def from_text(self, text: str, options: OptionsT) -> Any:
        """Read a text that another field had; the value is checked afterwards."""
        return text

    def from_cell(self, cell: Cell, options: OptionsT, zone: tzinfo) -> Any:
        """Read a cell of an imported file as the API would send it; it is checked afterwards.

        `zone` is that of times without an offset. Raise marshmallow's ValidationError with a problem.
        """
        return cell_value(cell, self.storage(options), zone)

    def shown(self, value: Any, options: OptionsT, language: str) -> Any:
        """Return a value of the API as people read it in an exported file."""
        return value

    def declared(self, options: OptionsT) -> tuple[str, ...] | None:
        """Return all values that there are, where the options list them."""
        return None

    def narrows(self, old: OptionsT, new: OptionsT) -> bool:
        """Say whether `new` options may refuse a value that `old` ones allow."""
        return old != new

    def check_options(self, options: OptionsT) -> Sequence[Problem]:
        """Return what the closed schema cannot say about the options; paths are below the field."""
        return ()


def value_schema(storage: Storage) -> dict[str, Any]:
    """Return the JSON Schema of values that are stored in a certain form."""
    return dict(_JSON_SCHEMAS[storage.kind])


class RefersTo(Protocol):
    """A type whose values are ids of records (or of users, where the target is None)."""

    def target(self, options: Any) -> str | None:
        """Return the name of the object referred to; None for users."""
        ...


class LinksTo(Protocol):
    """A type whose values are lists of ids: a table of links is kept beside the column."""

    def linked(self, options: Any) -> str:
        """Return the name of the object whose records the ids are of."""
        ...


class RefersToAny(Protocol):
    """A type whose values are typed ids: each refers to a record of one of several objects."""

    def targets(self, options: Any) -> tuple[str, ...]:
        """Return the names of the objects, in the order in which people choose among them."""
        ...


class Computed(Protocol):
    """A type that nobody writes: formula, roll-up, number, state."""

    computed: ClassVar[Literal["formula", "rollup", "number", "workflow"]]


@dataclass(frozen=True, slots=True)
class CaptureLimits:
    """What a photograph must say: when it was taken, at most `within` before it is sent, and where."""

    within: timedelta | None = None
    position: bool = False


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Which files a field takes: their kinds, the bytes of each at most, and how many of them."""

    kinds: frozenset[str]
    largest: int
    least: int
    most: int
    captured: CaptureLimits | None = None


class HoldsFiles(Protocol):
    """A type whose values are files."""

    several: bool

    def file_limits(self, options: Any) -> FileLimits:
        """Return which files a field takes, and how many."""
        ...


def reference_of(kind: FieldType[Any]) -> RefersTo | None:
    """Return a type as one whose values are ids, None where they are not."""
    return cast("RefersTo", kind) if hasattr(kind, "target") else None


def files_of(kind: FieldType[Any]) -> HoldsFiles | None:
    """Return a type as one whose values are files, None where they are not."""
    return cast("HoldsFiles", kind) if hasattr(kind, "file_limits") else None


def links_of(kind: FieldType[Any]) -> LinksTo | None:
    """Return a type as one whose values are lists of ids, None where they are not."""
    return cast("LinksTo", kind) if hasattr(kind, "linked") else None


def polymorphic_of(kind: FieldType[Any]) -> RefersToAny | None:
    """Return a type as one whose values are typed ids, None where they are not."""
    return cast("RefersToAny", kind) if hasattr(kind, "targets") else None


def computed_of(kind: FieldType[Any]) -> Literal["formula", "rollup", "number", "workflow"] | None:
    """Return how the platform makes the values of a type, None where people write them."""
    return cast("Computed", kind).computed if hasattr(kind, "computed") else None


_JSON_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "decimal": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "instant": {"type": "string", "format": "date-time"},
    "id": {"type": "string", "format": "uuid"},
    "file": {"type": "object"},
    "files": {"type": "array", "items": {"type": "object"}},
    "typed_id": {"type": "object"},
    "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
}
