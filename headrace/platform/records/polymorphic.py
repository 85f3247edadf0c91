"""Polymorphic references in statements: what a field that refers to any of several objects is to a reader.

It is there for whoever may read the record that it refers to, and empty for everybody else: neither
the record nor that there is one is told. Each object is asked by a subquery over its primary key, and only
for the rows that refer to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from headrace.platform.access.parameters import Column, Condition
from headrace.platform.access.policy import (
    Pair,
    RowAccess,
    Truth,
    any_of,
    as_condition,
    guarded,
    names_of,
)
from headrace.platform.access.rows import Rows, Statement
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.storage_types import ID, TYPE_END, Dialect, typed_parts
from headrace.platform.records.linked import TEXT, title_of

Referred = dict[str, Any]
RECORD_LENGTH = 36


@dataclass(frozen=True, slots=True)
class _Arm:
    """One object: where a value refers to it, and its row as far as it may be read."""

    is_meant: Condition
    statement: Statement
    target: Rows
    access: RowAccess
    names: frozenset[str]
    conditions: tuple[Condition, ...]


class Polymorphic:
    """The references of the rows of one field, as far as the rights let their records be read."""

    def __init__(
        self, rows: Rows, field: FieldModel, pairs_of: Callable[[str], tuple[Pair, ...]]
    ) -> None:
        self._rows = rows
        self._dialect = rows.surroundings.dialect
        self.stored: Column = rows.column(field)
        """What is stored, whoever asks: only for conditions that `is_seen` stands beside."""
        self._arms = [self._arm(name, pairs) for name in field.targets if (pairs := pairs_of(name))]

    def _arm(self, name: str, pairs: tuple[Pair, ...]) -> _Arm:
        statement = self._rows.statement.nested()
        target = statement.start(name)
        access = RowAccess(target, pairs)
        is_meant = _refers_to(self.stored, target.model.id, self._dialect)
        conditions = [
            target.id == record_of(self.stored, self._dialect),
            as_condition(access.row()),
        ]
        if target.is_live is not None:
            conditions.append(target.is_live)
        return _Arm(is_meant, statement, target, access, names_of(pairs), tuple(conditions))

    def is_seen(self, of: Collection[str] | None = None) -> Condition:
        """Return whether there is a reference to a record that may be read, `of` one of some objects."""
        seen: list[Truth] = [
            sa.and_(arm.is_meant, sa.exists(self._select(arm, sa.literal(1))))
            for arm in self._arms
            if of is None or arm.target.model.id in of
        ]
        return as_condition(any_of(seen))

    def value(self) -> Column:
        """Return the typed id where its record may be read; null elsewhere."""
        return guarded(self.stored, self.is_seen() if self._arms else False)

    def titled(self) -> tuple[Column, Callable[[Any], Referred | None]]:
        """Return the typed id with the title of its record as one text, and what reads it.

        A title is null where the rights contain none of the object.
        """
        converts: dict[str, tuple[str, Callable[[Any], Any] | None]] = {}
        cases = []
        for arm in self._arms:
            title, convert = title_of(arm.target, arm.access, arm.names, self._dialect)
            converts[arm.target.model.id] = (arm.target.model.name, convert)
            make = "json_build_array" if self._dialect == "postgresql" else "json_array"
            pair = sa.cast(getattr(sa.func, make)(self.stored, title), TEXT)
            cases.append((arm.is_meant, self._select(arm, pair).scalar_subquery()))
        found: Column = sa.case(*cases, else_=None) if cases else sa.cast(sa.null(), TEXT)
        return found, _reader(converts)

    def _select(self, arm: _Arm, column: Column) -> sa.Select[Any]:
        # Columns and rights may join more tables, so they are made before the FROM clause is taken.
        joined = arm.statement.from_clause()
        select = sa.select(column).select_from(joined).where(*arm.conditions)
        return select.correlate(self._rows.alias)


def typed_column(rows: Rows) -> Column:
    """Return the typed ids of the rows of an object."""
    return sa.literal(f"{rows.model.id}{TYPE_END}", TEXT).concat(sa.cast(rows.id, TEXT))


def record_of(column: Column, dialect: Dialect) -> Column:
    """Return the id of the record that a typed id speaks of."""
    if dialect == "postgresql":
        return sa.cast(sa.func.right(column, RECORD_LENGTH), ID.column_type(dialect))
    return sa.func.substr(column, -RECORD_LENGTH, type_=ID.column_type(dialect))


def _refers_to(column: Column, object_id: str, dialect: Dialect) -> Condition:
    """Return whether typed ids are of an object.

    PostgreSQL gets a range of their index, and knows from its statistics when that pays; SQLite would always
    take it, and sort all rows of the object for one page of a list.
    """
    first = sa.literal(object_id + TYPE_END, TEXT)
    if dialect == "sqlite":
        return sa.func.substr(column, 1, len(object_id + TYPE_END), type_=TEXT) == first
    behind = sa.literal(object_id + chr(ord(TYPE_END) + 1), TEXT)
    return sa.and_(column >= first, column < behind)


def _reader(
    converts: dict[str, tuple[str, Callable[[Any], Any] | None]],
) -> Callable[[Any], Referred | None]:
    def read(text: str | None) -> Referred | None:
        if text is None:
            return None
        value, title = orjson.loads(text)
        object_id, record_id = typed_parts(value)
        name, convert = converts[object_id]
        return {
            "object": name,
            "id": record_id,
            "title": title if convert is None else convert(title),
        }

    return read
