"""Which rows of a table a step is about, and how values reach them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from headrace.platform.metadata.storage_types import Dialect, Storage

CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table: all of them, those after an id up to another one, or some by id."""

    after: str | None = None
    until: str | None = None
    ids: tuple[str, ...] | None = None

    def where(self, record_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Return the condition that a row is one of them."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.ids is not None:
            conditions.append(record_id.in_(self.ids))
        if self.after is not None:
            conditions.append(record_id > self.after)
        if self.until is not None:
            conditions.append(record_id <= self.until)
        return sa.and_(sa.true(), *conditions)


ALL_ROWS: Final = Rows()


@dataclass(frozen=True, slots=True)
class Failed:
    """A row whose value stands in the way, with the code of the problem that it is."""

    record_id: str
    code: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What a step has done: how many rows it wrote, and which it could not treat as wanted."""

    rows: int = 0
    failed: tuple[Failed, ...] = ()

    def __add__(self, other: Filled) -> Filled:
        return Filled(self.rows + other.rows, self.failed + other.failed)


Pair = tuple[str, Any]
"""A record id and the driver value that its column gets."""


def write_values(
    connection: sa.Connection,
    dialect: Dialect,
    table: sa.Table,
    column: sa.Column[Any],
    storage: Storage,
    pairs: Iterable[Pair],
) -> int:
    """Write driver values by record id and return how many rows that were."""
    count = 0
    for part in _parts(pairs):
        count += len(part)
        if dialect == "postgresql":
            connection.execute(_from_arrays(table, column, storage, part))
        else:
            statement = (
                sa.update(table)
                .where(table.c["id"] == sa.bindparam("row_id"))
                .values({column.name: sa.bindparam("row_value")})
            )
            connection.execute(
                statement, [{"row_id": row_id, "row_value": value} for row_id, value in part]
            )
    return count


def _parts(pairs: Iterable[Pair]) -> Iterable[Sequence[Pair]]:
    part: list[Pair] = []
    for pair in pairs:
        part.append(pair)
        if len(part) == CHUNK:
            yield part
            part = []
    if part:
        yield part


def _from_arrays(
    table: sa.Table, column: sa.Column[Any], storage: Storage, pairs: Sequence[Pair]
) -> sa.Update:
    kind = sa.String() if storage.kind == "text" else storage.column_type("postgresql")
    ids = sa.cast([row_id for row_id, _ in pairs], postgresql.ARRAY(sa.Uuid(as_uuid=False)))
    values = sa.cast([value for _, value in pairs], postgresql.ARRAY(kind))
    given = sa.func.unnest(ids, values).table_valued("row_id", "row_value").render_derived()
    return (
        sa.update(table)
        .where(table.c["id"] == given.c.row_id)
        .values({column.name: given.c.row_value})
    )
