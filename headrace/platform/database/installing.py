"""System tables of a new database, and a catalog's tables in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.canonical import content_hash
from headrace.platform.database.alterations import alterations
from headrace.platform.database.applying import apply_operations
from headrace.platform.database.diff import diff
from headrace.platform.database.engine import Database
from headrace.platform.database.names import load_names, save_names
from headrace.platform.database.system_tables import LIVE, RETIRED_INDEXES, SETTING, SYSTEM
from headrace.platform.database.tables import Tables, build_tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog

SHAPE_SETTING: Final = "system_tables"


class MissingColumnError(Exception):
    """A system table lacks a column that cannot be added to rows that are there."""


def create_system_tables(database: Database) -> None:
    """Make the system tables, columns and indexes that are missing, and the row of the live version.

    A newer program finds an older one's tables: what it added since may be empty in their rows.
    """
    with database.defining() as connection:
        present = set(sa.inspect(connection).get_table_names())
        missing = missing_system_columns(connection)
        new = [table for table in SYSTEM.sorted_tables if table.name not in present]
        SYSTEM.create_all(connection, new, checkfirst=False)
        _add_columns(connection, missing)
        _add_indexes(connection, [one for one in SYSTEM.sorted_tables if one.name in present])
        _keep_shape(connection)
        if connection.execute(sa.select(sa.func.count()).select_from(LIVE)).scalar_one() == 0:
            connection.execute(sa.insert(LIVE).values(id=1, version=0))


def renew_system_tables(database: Database) -> bool:
    """Bring an older program's system tables up to date; one read where they are. Say if they were not."""
    with database.reading() as reading:
        query = sa.select(SETTING.c.value).where(SETTING.c.key == SHAPE_SETTING)
        if reading.connection.execute(query).scalar() == system_shape():
            return False
    create_system_tables(database)
    return True


def system_shape() -> str:
    """Return the fingerprint of the system tables that this program knows."""
    return content_hash(
        {
            table.name: [
                [one.name for one in table.columns],
                sorted(str(one.name) for one in table.indexes),
            ]
            for table in SYSTEM.tables.values()
        }
    )


def missing_system_columns(connection: sa.Connection) -> list[sa.Column[Any]]:
    """Return the columns of system tables in the database that are not there."""
    names = [table.name for table in SYSTEM.sorted_tables]
    present = sa.inspect(connection).get_multi_columns(filter_names=names)
    missing: list[sa.Column[Any]] = []
    for (_schema, table), columns in present.items():
        known = {one["name"] for one in columns}
        missing += [one for one in SYSTEM.tables[table].columns if one.name not in known]
    return missing


def _add_columns(connection: sa.Connection, columns: Iterable[sa.Column[Any]]) -> None:
    operations = alterations(connection)
    for column in columns:
        if not column.nullable or column.primary_key:
            raise MissingColumnError(f"{column.table.name}.{column.name}")
        operations.add_column(column.table.name, sa.Column(column.name, column.type, nullable=True))


def _add_indexes(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Make the indexes that `tables` lack; drop those of earlier programs that this one does not make."""
    names = [table.name for table in tables]
    found = sa.inspect(connection).get_multi_indexes(filter_names=names)
    for table in tables:
        present = {one["name"] for one in found[None, table.name]}
        for name in table.info.get(RETIRED_INDEXES, ()):
            if name in present:
                alterations(connection).drop_index(name, table.name)
        for index in table.indexes:
            if index.name not in present:
                index.create(connection)


def _keep_shape(connection: sa.Connection) -> None:
    here = SETTING.c.key == SHAPE_SETTING
    values = {"value": system_shape()}
    if connection.execute(sa.update(SETTING).where(here).values(values)).rowcount == 0:
        connection.execute(sa.insert(SETTING).values(key=SHAPE_SETTING, **values))


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
