"""Everything that is in a database, in a form in which two of them can be compared."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.engine import Database, connect_database

VOLATILE = frozenset(
    {"at", "created_at", "updated_at", "deleted_at", "dropped_at", "rows_at"}
    | {"revision", "names_revision", "names_forgotten"}
    | {"id", "record_id", "hash"}
    | {"definition_id", "object_id", "field_id", "fingerprint", "documents"}
)
"""Columns that differ between two databases with the same history."""


def state_of(url: str) -> Any:
    """Everything that is in a database but ids and times: schema, versions, rows."""
    database = connect_database(url)
    wait_until_alone(database)
    try:
        with database.reading() as reading:
            connection = reading.connection
            inspector = sa.inspect(connection)
            return {
                name: (
                    sorted((one["name"], str(one["type"])) for one in inspector.get_columns(name)),
                    sorted(
                        (one["name"] or "", bool(one["unique"]))
                        for one in inspector.get_indexes(name)
                    ),
                    sorted(one["referred_table"] for one in inspector.get_foreign_keys(name)),
                    rows_of(connection, name),
                )
                for name in inspector.get_table_names()
            }
    finally:
        database.dispose()


COUNTED = frozenset(
    {"sys_document", "sys_version", "sys_history", "sys_reference", "sys_audit", "sys_origin"}
)
"""Tables whose rows hold ids that are minted anew in each run."""


def rows_of(connection: sa.Connection, name: str) -> list[str]:
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    references = {key.parent.name for key in table.foreign_keys}
    shown = [
        one
        for one in table.columns
        if one.name not in VOLATILE | references and not one.name.startswith("tree_path")
    ]
    if name in COUNTED:
        return [str(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar())]
    return sorted(str(tuple(row)) for row in connection.execute(sa.select(*shown)))


def wait_until_alone(database: Database) -> None:
    """PostgreSQL needs a moment to see that a killed client is gone."""
    if database.dialect == "sqlite":
        return
    activity = sa.table("pg_stat_activity", sa.column("datname"), sa.column("pid"))
    others = sa.select(sa.func.count()).where(
        activity.c.datname == sa.func.current_database(),
        activity.c.pid != sa.func.pg_backend_pid(),
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with database.reading() as reading:
            if reading.connection.execute(others).scalar() == 0:
                return
        time.sleep(0.005)
    raise AssertionError("a killed publish still holds its connection")
