"""Removes for good what was kept of dropped definitions: tables, columns, and what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from headrace.platform.database.alterations import alterations
from headrace.platform.database.names import Names, PhysicalName, forget_names, load_names
from headrace.platform.database.system_tables import NAME
from headrace.platform.publishing.tables import REFERENCE
from headrace.platform.records.tables import COUNTER, HISTORY


@dataclass(frozen=True, slots=True)
class Discarded:
    """How many tables and columns were removed; `emptied` are tables that others still point at."""

    tables: int = 0
    columns: int = 0
    emptied: int = 0


def discard_kept(
    connection: sa.Connection, dialect: str, definition_ids: Collection[str]
) -> Discarded:
    """Remove the kept tables and columns of these definitions, with history, numbers and origins.

    SQLite cannot take a reference out of a table that stays: such a column stays, empty, and so
    does a table that one points at, without rows.
    """
    names, gone = load_names(connection), frozenset(definition_ids)
    kept = [one for one in names.all if one.dropped_at_version is not None]
    return _discard(connection, dialect, names, [one for one in kept if one.definition_id in gone])


def discard_names(connection: sa.Connection, dialect: str, numbers: Collection[int]) -> Discarded:
    """Remove the tables and columns of these names; none where another process removed them."""
    # Who comes second waits here for the first, and then finds nothing.
    here = sa.select(NAME.c.number).where(NAME.c.number.in_(numbers)).with_for_update()
    there = frozenset(connection.execute(here).scalars())
    names = load_names(connection)
    return _discard(connection, dialect, names, [one for one in names.all if one.number in there])


def _discard(
    connection: sa.Connection, dialect: str, names: Names, going: Sequence[PhysicalName]
) -> Discarded:
    tables = [one for one in going if one.kind == "object"]
    objects = {one.definition_id for one in tables}
    columns = [one for one in going if one.kind == "field" and one.object_id not in objects]
    bench = _Bench(connection, dialect, names)
    dropped_columns = bench.drop_columns(columns)
    dropped_tables, emptied = bench.drop_tables(tables)
    removed = {one.definition_id for one in dropped_tables}
    kept = (one for one in names.all if one.dropped_at_version is not None)
    with_table = [
        one
        for one in kept
        if (one.object_id or one.definition_id) in removed
        # An object that came again meanwhile has a table of its own, and kept columns in it.
        and (one.going or (one.object_id or one.definition_id) not in names)
    ]
    forget_names(connection, [*dropped_columns, *with_table])
    used = {one.definition_id for one in names.all if one not in going}
    fields = {one.definition_id for one in going if one.kind == "field"}
    bench.forget_rows(objects - used, fields - used)
    return Discarded(len(dropped_tables), len(dropped_columns), len(emptied))


def discard_prepared(
    connection: sa.Connection, dialect: str, names: Collection[PhysicalName]
) -> None:
    """Remove tables and columns that were prepared for a version that never came, and numbers given."""
    bench = _Bench(connection, dialect, load_names(connection))
    tables = [one for one in names if one.kind == "object"]
    objects = {one.definition_id for one in tables}
    bench.drop_columns(
        [one for one in names if one.kind == "field" and one.object_id not in objects]
    )
    bench.drop_tables(tables)
    forget_names(connection, names)
    used = {one.definition_id for one in bench.names.all if one not in names}
    bench.forget_rows((), {one.definition_id for one in names if one.kind == "field"} - used)


class _Bench:
    """What removing works with, in one transaction."""

    def __init__(self, connection: sa.Connection, dialect: str, names: Names) -> None:
        self.connection = connection
        self.bound = dialect == "sqlite"
        """Whether references stay in tables for good."""
        self.names = names
        self.operations = alterations(connection)

    def drop_columns(self, columns: Iterable[PhysicalName]) -> list[PhysicalName]:
        """Drop columns of tables that stay; return those that are gone."""
        dropped = []
        for one in columns:
            table = self._table_of(one.object_id or "")
            if table is None:
                continue
            inspector = sa.inspect(self.connection)
            present = {column["name"] for column in inspector.get_columns(table)}
            references = {
                name
                for key in inspector.get_foreign_keys(table)
                for name in key["constrained_columns"]
            }
            if f"{one.physical}_kept" in present:
                self.operations.drop_column(table, f"{one.physical}_kept")
            if self.bound and one.physical in references:
                continue
            if one.physical in present:
                self.operations.drop_column(table, one.physical)
            dropped.append(one)
        return dropped

    def _table_of(self, object_id: str) -> str | None:
        """Return the table of an object that is live or kept."""
        kept = next(iter(self.names.kept(object_id)), None)
        found = self.names.get(object_id) or kept
        return found.physical if found is not None else None

    def drop_tables(
        self, tables: Iterable[PhysicalName]
    ) -> tuple[list[PhysicalName], list[PhysicalName]]:
        """Drop tables; return those that are gone, and those that are only emptied."""
        inspector = sa.inspect(self.connection)
        present = frozenset(inspector.get_table_names())
        wanted = [one for one in tables if one.physical in present]
        going = {one.physical for one in wanted}
        pointed = {
            key["referred_table"]
            for table in present - going
            for key in inspector.get_foreign_keys(table)
        }
        self._unlink(inspector, going)
        for one in wanted:
            self.connection.execute(sa.delete(sa.table(one.physical)))
        dropped = [one for one in wanted if one.physical not in pointed]
        for one in dropped:
            self.operations.drop_table(one.physical)
        return dropped, [one for one in wanted if one.physical in pointed]

    def _unlink(self, inspector: sa.Inspector, tables: Collection[str]) -> None:
        """Empty the references among tables that go, so that their order does not matter."""
        for table in tables:
            for key in inspector.get_foreign_keys(table):
                if key["referred_table"] in tables:
                    names = key["constrained_columns"]
                    rows = sa.table(table, *(sa.column(name) for name in names))
                    self.connection.execute(sa.update(rows).values(dict.fromkeys(names)))

    def forget_rows(self, objects: Iterable[str], fields: Iterable[str]) -> None:
        """Remove the history of rows that are gone, their origins, and numbers given to them."""
        for object_id in sorted(objects):
            self.connection.execute(sa.delete(HISTORY).where(HISTORY.c.object_id == object_id))
            self.connection.execute(sa.delete(REFERENCE).where(REFERENCE.c.object_id == object_id))
        for field_id in sorted(fields):
            self.connection.execute(sa.delete(COUNTER).where(COUNTER.c.field_id == field_id))
