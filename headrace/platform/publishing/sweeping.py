"""What was kept of dropped definitions goes for good after its time.

First it is marked, in one short transaction: from then on no rollback finds it, and whoever comes next goes on with
the work. Then each table or column is removed in a transaction of its own that gives way to others. A process that
dies in between leaves marks, which the next sweep takes up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import sqlalchemy as sa

from headrace.platform.access.audit import Entry, Piece, record
from headrace.platform.core.clock import Clock
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Database
from headrace.platform.database.names import Names, PhysicalName, load_names, mark_going
from headrace.platform.database.system_tables import VERSION
from headrace.platform.database.unit_of_work import THE_PLATFORM, Actor, UnitOfWork
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.discarding import discard_names
from headrace.platform.publishing.patience import patiently
from headrace.platform.publishing.preparing.preparations import read_preparation
from headrace.platform.records.tables import HISTORY

KEPT_FOR: Final = timedelta(days=30)
CHUNK: Final = 2_000
"""Rows of history that are deleted in one transaction."""

TABLE: Final = Text("table {name}", "表 {name}")
COLUMN: Final = Text("column {name} of table {table}", "表 {table} 的列 {name}")
SWEPT: Final = Text(
    "{what}, kept since version {version} dropped it, was removed for good",
    "{what}（自版本 {version} 移除后保留）已彻底删除",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept table, or a kept column of a table that stays, and until when it is kept."""

    name: PhysicalName
    table: str
    until: datetime

    @property
    def what(self) -> Text:
        """Return what it is, in words."""
        template = TABLE if self.name.kind == "object" else COLUMN
        return _lower(sentence(template, name=self.name.physical, table=self.table))


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Removes what was kept long enough; any number of processes may sweep at once."""

    database: Database
    clock: Clock

    def kept(self) -> tuple[Kept, ...]:
        """Return what is kept and can still come back, what goes first at the top."""
        with self.database.snapshot() as reading:
            names = load_names(reading.connection)
            found = kept_of(names, _version_times(reading.connection, names))
        return tuple(sorted(found, key=lambda one: (one.until, one.name.number)))

    def sweep(self, actor: Actor = THE_PLATFORM) -> tuple[Kept, ...]:
        """Remove what was kept long enough; return what was marked now.

        Nothing goes while a version is prepared, which may bring it back.
        """
        now = self.clock.now()
        due = tuple(one for one in self.kept() if one.until <= now)
        marked = tuple(patiently(partial(self._mark, due, actor))) if due else ()
        self.remove_marked()
        return marked

    def remove_marked(self) -> None:
        """Remove what is marked, by this process or by one that died."""
        with self.database.reading() as reading:
            units = tuple(_units(load_names(reading.connection)))
        for unit in units:
            for table in (one for one in unit if one.kind == "object"):
                while patiently(partial(self._forget_history, table)):
                    pass
            patiently(partial(self._remove, [one.number for one in unit]))

    def _mark(self, due: Sequence[Kept], actor: Actor) -> Sequence[Kept]:
        with self.database.preparing(None, actor) as work:
            if read_preparation(work.connection) is not None:
                return ()
            numbers = mark(work, {one.name.number for one in due})
            marked = [one for one in due if one.name.number in numbers]
            record(work, map(_entry, marked))
            return marked

    def _forget_history(self, table: PhysicalName) -> int:
        """Delete some of the history of the rows of a table; say how much."""
        rows = sa.table(table.physical, sa.column("id", HISTORY.c.record_id.type))
        with self.database.preparing(None) as work:
            if not sa.inspect(work.connection).has_table(table.physical):
                return 0
            some = (
                sa.select(HISTORY.c.id)
                .join(rows, rows.c.id == HISTORY.c.record_id)
                .where(HISTORY.c.object_id == table.definition_id)
                .limit(CHUNK)
            )
            gone = sa.delete(HISTORY).where(HISTORY.c.id.in_(some))
            return work.connection.execute(gone).rowcount

    def _remove(self, numbers: Collection[int]) -> None:
        with self.database.preparing(None) as work:
            discard_names(work.connection, work.dialect, numbers)


def kept_of(names: Names, times: Mapping[int, datetime]) -> Iterator[Kept]:
    """Yield what is kept; columns of a kept table go with it, unless they were dropped before."""
    kept = [one for many in names.kept_by_id().values() for one in many]
    tables = {one.definition_id: one for one in kept if one.kind == "object"}
    for one in kept:
        owner = names.get(one.object_id or "") or tables.get(one.object_id or "")
        if one.kind == "field" and (
            owner is None or owner.dropped_at_version == one.dropped_at_version
        ):
            continue
        since = one.dropped_at or times.get(one.dropped_at_version or 0)
        if since is not None:
            yield Kept(one, owner.physical if owner else one.physical, since + KEPT_FOR)


def mark(work: UnitOfWork, numbers: Collection[int]) -> frozenset[int]:
    """Mark kept names, and those of the columns of tables among them; return the former ones."""
    names = load_names(work.connection)
    chosen = [one for one in names.all if one.number in numbers and not one.going]
    objects = {one.definition_id for one in chosen if one.kind == "object"}
    with_tables = [
        one.number
        for many in names.kept_by_id().values()
        for one in many
        if one.object_id in objects
    ]
    every = {*with_tables, *(one.number for one in chosen)}
    return mark_going(work.connection, every) & frozenset(numbers)


def mark_dropped(work: UnitOfWork, definition_ids: Collection[str]) -> None:
    """Mark what is kept of definitions, in the transaction that drops them."""
    kept = load_names(work.connection).kept_by_id()
    mark(work, {one.number for key in definition_ids for one in kept.get(key, ())})


def _units(names: Names) -> Iterator[tuple[PhysicalName, ...]]:
    """Yield what is marked: each table with its columns, each column of a table that stays."""
    going = [one for one in names.all if one.going]
    tables = {one.definition_id: one for one in going if one.kind == "object"}
    for table in tables.values():
        yield (table, *(one for one in going if one.object_id == table.definition_id))
    for one in going:
        if one.kind == "field" and one.object_id not in tables:
            yield (one,)


def _version_times(connection: sa.Connection, names: Names) -> Mapping[int, datetime]:
    """Return when the versions went live that dropped something without saying when."""
    numbers = {
        one.dropped_at_version
        for one in names.all
        if one.dropped_at_version is not None and one.dropped_at is None
    }
    if not numbers:
        return {}
    query = sa.select(VERSION.c.number, VERSION.c.at).where(VERSION.c.number.in_(numbers))
    return {row.number: row.at for row in connection.execute(query)}


def _entry(one: Kept) -> Entry:
    version = one.name.dropped_at_version
    piece = Piece(
        "", {"dropped_at_version": version}, None, sentence(SWEPT, what=one.what, version=version)
    )
    return Entry("remove", "kept", one.name.physical, one.name.definition_id, pieces=[piece])


def _lower(text: Text) -> Text:
    return Text(text.en[:1].lower() + text.en[1:], text.zh)


def shown(kept: Iterable[Kept], language: str) -> list[dict[str, object]]:
    """Return the JSON form in one language."""
    return [
        {
            "kind": "table" if one.name.kind == "object" else "column",
            "name": one.name.physical,
            "table": one.table,
            "version": one.name.dropped_at_version,
            "until": one.until.isoformat(timespec="seconds"),
            "text": one.what.within(language),
        }
        for one in kept
    ]
