"""Makes and drops indexes, in a transaction or, where the database can, beside its users."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from headrace.platform.database.links import create_links
from headrace.platform.database.physical import DELETED_AT, IndexSpec
from headrace.platform.metadata.storage_types import Dialect


def create_index(
    connection: sa.Connection, dialect: Dialect, spec: IndexSpec, *, concurrently: bool = False
) -> None:
    """Make an index; `concurrently` needs a connection without a transaction."""
    if spec.links is not None:
        create_links(connection, dialect, spec)
        return
    names = [*spec.columns, DELETED_AT] if spec.unique else [*spec.columns]
    table = sa.Table(
        spec.table,
        sa.MetaData(),
        *(sa.Column(name, sa.String()) for name in dict.fromkeys(names)),
    )
    make_index(connection, dialect, spec, table, concurrently=concurrently)


def make_index(
    connection: sa.Connection,
    dialect: Dialect,
    spec: IndexSpec,
    table: sa.Table,
    *,
    concurrently: bool = False,
) -> None:
    """Make an index over a table whose columns are known."""
    options: dict[str, Any] = {}
    if spec.unique:
        live = table.c[DELETED_AT].is_(None)
        options = {"sqlite_where": live, "postgresql_where": live}
    keys: list[Any] = [
        _descending(table.c[name], dialect) if spec.descending else table.c[name]
        for name in spec.columns
    ]
    index = sa.Index(
        spec.name, *keys, unique=spec.unique, postgresql_concurrently=concurrently, **options
    )
    connection.execute(sa.schema.CreateIndex(index))


def drop_index(
    connection: sa.Connection, spec: IndexSpec, *, concurrently: bool = False, missing: bool = False
) -> None:
    """Drop an index; with `missing` it need not be there."""
    if spec.links is not None:
        gone = sa.Table(spec.name, sa.MetaData())
        connection.execute(sa.schema.DropTable(gone, if_exists=True))
        return
    table = sa.Table(spec.table, sa.MetaData())
    index = sa.Index(
        spec.name, sa.literal_column("1"), _table=table, postgresql_concurrently=concurrently
    )
    connection.execute(sa.schema.DropIndex(index, if_exists=missing))


def _descending(column: sa.Column[Any], dialect: Dialect) -> sa.UnaryExpression[Any]:
    falling = column.desc()
    # SQLite takes no NULLS LAST in an index and sorts nulls last when falling anyway.
    return falling.nulls_last() if dialect == "postgresql" else falling
