"""Counts over the tables as they are: what a plan says about rows, and what would break."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    KeepColumn,
    KeepTable,
    Operation,
)
from headrace.platform.database.physical import DELETED_AT
from headrace.platform.database.tables import ObjectTable, Tables
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.storage_types import Dialect


class Counter:
    """Asks the tables of the live version; `tables` and `live` belong together."""

    def __init__(self, connection: sa.Connection, dialect: Dialect, tables: Tables) -> None:
        self.connection = connection
        self.dialect: Dialect = dialect
        self._tables = tables

    def rows_of(self, operation: Operation) -> int | None:
        """Return how many rows an operation touches; None where it touches none."""
        match operation:
            case KeepTable():
                return self._count(sa.table(operation.table.name, sa.column(DELETED_AT)))
            case KeepColumn():
                column: sa.ColumnClause[Any] = sa.column(operation.column.name)
                return self._count(sa.table(operation.table, column), column.is_not(None))
            case AddColumn():
                return self._count(sa.table(operation.table))
            case CreateIndex() if operation.index.unique:
                return self._count(sa.table(operation.index.table))
            case _:
                return None

    def all_rows(self, object_id: str) -> int:
        """Return how many rows an object has, deleted ones too."""
        return self._count(self._tables.by_id(object_id).table)

    def live_rows(self, object_id: str) -> int:
        """Return how many rows of an object are not deleted."""
        table = self._tables.by_id(object_id)
        return self._count(table.table, _live(table))

    def empty_values(self, object_id: str, field: str) -> int:
        """Return how many live rows have no value in a field."""
        table = self._tables.by_id(object_id)
        return self._count(table.table, _live(table), table.columns[field].is_(None))

    def parents(self, object_id: str, field: str) -> dict[str, str]:
        """Return what rows refer to by a field, deleted ones too; those that do by id."""
        table = self._tables.by_id(object_id)
        column = table.columns[field]
        query = sa.select(table.id, column).where(column.is_not(None))
        found = self.connection.execute(query, execution_options={"yield_per": 1000})
        return {str(row_id): str(parent) for row_id, parent in found}

    def values(self, object_id: str, field: FieldModel) -> Iterator[Any]:
        """Yield the different values in use, in the form in which they are sent."""
        table = self._tables.by_id(object_id)
        column = table.columns[field.name]
        to_json = field.storage.to_json(self.dialect)
        query = sa.select(column).where(_live(table), column.is_not(None)).distinct()
        for (value,) in self.connection.execute(query):
            yield to_json(value) if to_json else value

    def _count(self, source: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(source).where(*conditions)
        count: int = self.connection.execute(query).scalar_one()
        return count


def _live(table: ObjectTable) -> sa.ColumnElement[bool]:
    return sa.true() if table.deleted_at is None else table.deleted_at.is_(None)
