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
        names = sorted(set(sa.inspect(connection).get_table_names()) - set(without))
        hashes = {name: _hash_of(connection, name) for name in names}
        connection.rollback()
    return hashes


def _hash_of(connection: sa.Connection, name: str) -> str:
    # All columns, whichever there are: to reflect them takes longer than to read them.
    found = connection.execute(sa.select(sa.literal_column("*")).select_from(sa.table(name)))
    rows = sorted(repr(tuple(row)) for row in found)
    return hashlib.sha256("\n".join([repr(found.keys()), *rows]).encode()).hexdigest()
