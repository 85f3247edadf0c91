"""How many rows a live table holds: counted within a limit of time, else what the database believes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from headrace.platform.database.engine import Database, OutOfTimeError
from headrace.platform.database.tables import ObjectTable

COUNT_SECONDS: Final = 0.5
_CLASSES: Final = sa.table("pg_class", sa.column("oid"), sa.column("reltuples"))


@dataclass(frozen=True, slots=True)
class RowCount:
    """Rows of a table: those that live, those that are deleted and kept.

    Where they are too many to count in time, `exact` is false and `live` holds about how many rows there
    are in all, as the database believes; None where it believes nothing.
    """

    live: int | None
    deleted: int = 0
    exact: bool = True


def rows_of(database: Database, table: ObjectTable, seconds: float = COUNT_SECONDS) -> RowCount:
    """Return how many rows a table holds; it costs one statement, two where that takes too long."""
    gone = sa.literal(0) if table.deleted_at is None else sa.func.count(table.deleted_at)
    counted = sa.select(sa.func.count(), gone).select_from(table.table)
    try:
        with database.bounded(seconds) as reading:
            total, deleted = reading.connection.execute(counted).one()
    except OutOfTimeError:
        return RowCount(_believed(database, table), exact=False)
    return RowCount(total - deleted, deleted)


def _believed(database: Database, table: ObjectTable) -> int | None:
    """Return about how many rows the database believes to be there, where it keeps that."""
    if database.dialect != "postgresql":
        return None
    relation = sa.cast(sa.func.to_regclass(table.table.name), postgresql.OID)
    query = sa.select(_CLASSES.c.reltuples).where(_CLASSES.c.oid == relation)
    with database.reading() as reading:
        found = reading.connection.execute(query).scalar()
    return None if found is None or found < 0 else int(found)
