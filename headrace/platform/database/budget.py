"""How many columns a table has in the database, and how many it can have at most.

Kept columns count, and on PostgreSQL those that were dropped from a table too: their places in its
rows stay taken for as long as the table lives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from headrace.platform.database.applying import kept_column
from headrace.platform.database.operations import (
    AddColumn,
    KeepColumn,
    Operation,
    ReplaceColumn,
)
from headrace.platform.database.physical import ColumnSpec
from headrace.platform.metadata.storage_types import Dialect

POSTGRESQL_MOST: Final = 1_600
SQLITE_LIMIT_COLUMN: Final = 2
"""SQLite's number for the limit of columns, as its library asks for it."""
_ATTRIBUTES: Final = sa.table("pg_attribute", sa.column("attrelid"), sa.column("attnum"))


def most_columns(connection: sa.Connection, dialect: Dialect) -> int:
    """Return how many columns a table of this database may have."""
    if dialect == "postgresql":
        return POSTGRESQL_MOST
    raw: Any = connection.connection.driver_connection
    most: int = raw.getlimit(SQLITE_LIMIT_COLUMN)
    return most


def columns_used(connection: sa.Connection, dialect: Dialect, table: str) -> int:
    """Return how many columns a table has, with those that were dropped and still take a place."""
    if dialect == "sqlite":
        return len(sa.inspect(connection).get_columns(table))
    relation = sa.cast(sa.func.to_regclass(table), postgresql.OID)
    query = sa.select(sa.func.count()).where(
        _ATTRIBUTES.c.attrelid == relation, _ATTRIBUTES.c.attnum > 0
    )
    used: int = connection.execute(query).scalar_one()
    return used


def columns_added(
    connection: sa.Connection, dialect: Dialect, operations: Iterable[Operation]
) -> Mapping[str, int]:
    """Return how many columns operations add to tables that are there, by table."""
    added: dict[str, set[str]] = {}
    for one in operations:
        match one:
            case AddColumn():
                added.setdefault(one.table, set()).add(one.column.name)
            case ReplaceColumn():
                if not one.restored:
                    added.setdefault(one.table, set()).add(one.new.name)
                added.setdefault(one.table, set()).update(_plain(one.old, dialect))
            case KeepColumn():
                added.setdefault(one.table, set()).update(_plain(one.column, dialect))
    return {
        table: len(names - _present(connection, table)) for table, names in added.items() if names
    }


def _plain(column: ColumnSpec, dialect: Dialect) -> tuple[str, ...]:
    """Return the column that takes the values of a reference which is kept, where one is needed."""
    needed = dialect == "sqlite" and column.references is not None
    return (kept_column(column).name,) if needed else ()


def _present(connection: sa.Connection, table: str) -> set[str]:
    return {one["name"] for one in sa.inspect(connection).get_columns(table)}
