"""Databases with system tables whose settings are empty: a scratch table for tests of transactions."""

from __future__ import annotations

import sqlalchemy as sa

from headrace.platform.database.engine import Database
from headrace.platform.database.installing import create_system_tables
from headrace.platform.database.system_tables import SETTING


def make_system_tables(database: Database) -> None:
    """Make the system tables and forget what they keep about themselves among the settings."""
    create_system_tables(database)
    with database.writing(None) as work:
        work.connection.execute(sa.delete(SETTING))
