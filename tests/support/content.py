"""What stands in a database: one hash over the rows of all its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import sqlalchemy as sa

from headrace.platform.database.engine import Database

ASIDE = frozenset({"sys_session", "sys_job", "sys_sign_in_attempt"})
"""Tables that asking may touch: when a session was last seen, leases of jobs, attempts counted."""


def content_hashes(database: Database, without: Collection[str] = ASIDE) -> dict[str, str]:
    """Return the hash of the rows of each table."""
    with database.reading() as reading:
        connection = reading.connection
        found = sa.MetaData()
        found.reflect(connection)
        hashes = {
            table.name: _hash_of(connection, table)
            for table in found.sorted_tables
            if table.name not in without
        }
        connection.rollback()
    return hashes


def _hash_of(connection: sa.Connection, table: sa.Table) -> str:
    rows = sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
