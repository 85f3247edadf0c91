"""System tables of a new database, and a catalog's tables in it."""

from __future__ import annotations

import sqlalchemy as sa

from headrace.platform.database.applying import apply_operations
from headrace.platform.database.diff import diff
from headrace.platform.database.engine import Database
from headrace.platform.database.names import load_names, save_names
from headrace.platform.database.system_tables import LIVE, SYSTEM
from headrace.platform.database.tables import Tables, build_tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog


def create_system_tables(database: Database) -> None:
    """Make the system tables that are missing, and the row of the live version."""
    with database.defining() as connection:
        SYSTEM.create_all(connection)
        if connection.execute(sa.select(sa.func.count()).select_from(LIVE)).scalar_one() == 0:
            connection.execute(sa.insert(LIVE).values(id=1, version=0))


def change_tables(work: UnitOfWork, old: Catalog, new: Catalog) -> None:
    """Lead the tables from `old` to `new`, keep the names; part of the publish transaction."""
    names = load_names(work.connection)
    difference = diff(old, new, names)
    apply_operations(work.connection, work.dialect, difference.operations)
    save_names(work.connection, names, difference.names.without(difference.dropped, new.version))


def install_catalog(database: Database, empty: Catalog, catalog: Catalog) -> Tables:
    """Make system tables and the tables of `catalog` in a new database, and let it be live."""
    create_system_tables(database)
    with database.publishing() as work:
        change_tables(work, empty, catalog)
        work.connection.execute(sa.update(LIVE).values(version=catalog.version))
    return load_tables(database, catalog)


def load_tables(database: Database, catalog: Catalog, previous: Tables | None = None) -> Tables:
    """Return the tables of the live `catalog`."""
    with database.reading() as reading:
        names = load_names(reading.connection)
    return build_tables(catalog, names, database.dialect, previous)
