"""Files that nothing holds any more go: those that records let go of, and those of records that are gone.

What a record holds stays, what its history holds stays (a restored state brings it back), and so do the
files of dropped fields and objects for as long as their columns are kept. What came with decisions of
approvals is not looked at here, see `workflow.file_sweeping`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.database.engine import Database
from headrace.platform.database.names import Names, load_names
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.files.store import remove_files
from headrace.platform.files.tables import FILE, OF_DECISIONS
from headrace.platform.metadata.storage_types import HOLDS_FILES
from headrace.platform.records.tables import HISTORY

KEPT_RELEASED: Final = timedelta(days=1)
CHUNK: Final = 200
"""Files that are looked at in one transaction."""


@dataclass(frozen=True, slots=True)
class FileSweeper:
    """Removes files that nothing holds; any number of processes may sweep at once."""

    database: Database

    def sweep(self) -> int:
        """Remove what nothing holds; return how many files went.

        Reads the files that were let go of, and for each object with files asks once which of their
        records are gone: a join by primary keys.
        """
        gone = 0
        while True:
            with self.database.writing(None) as work:
                looked, removed = _sweep_released(work)
            gone += removed
            if looked < CHUNK:
                break
        with self.database.writing(None) as work:
            return gone + _sweep_orphans(work)


def _sweep_released(work: UnitOfWork) -> tuple[int, int]:
    """Look at some files that were let go of; return how many were looked at, and how many went."""
    old = FILE.c.released_at < work.now - KEPT_RELEASED
    query = (
        sa.select(FILE.c.id, FILE.c.object_id, FILE.c.record_id, FILE.c.field_id)
        .where(old)
        .order_by(FILE.c.released_at)
        .limit(CHUNK)
        .with_for_update(skip_locked=True)
    )
    rows = work.connection.execute(query).all()
    names = load_names(work.connection) if rows else None
    held = [row.id for row in rows if names is not None and _is_held(work, names, row)]
    if held:
        kept = sa.update(FILE).where(FILE.c.id.in_(held)).values(released_at=None)
        work.connection.execute(kept)
    free = [row.id for row in rows if row.id not in held]
    return len(rows), remove_files(work.connection, FILE.c.id.in_(free)) if free else 0


def _is_held(work: UnitOfWork, names: Names, row: Any) -> bool:
    """Say whether a record or its history holds a file."""
    table = names.get(row.object_id)
    column = names.get(row.field_id)
    if table is not None and column is not None:
        rows = sa.table(table.physical, sa.column("id", FILE.c.id.type), sa.column(column.physical))
        value = sa.select(rows.c[column.physical]).where(rows.c.id == row.record_id)
        if str(row.id) in (work.connection.execute(value).scalar() or ""):
            return True
    lines = sa.select(HISTORY.c.changes).where(
        HISTORY.c.record_id == row.record_id, HISTORY.c.object_id == row.object_id
    )
    found = work.connection.execute(lines).scalars()
    return any(str(row.id) in json.dumps(changes.get(row.field_id)) for changes in found)


def _sweep_orphans(work: UnitOfWork) -> int:
    """Remove the files of columns that are gone, and of records that are gone."""
    names = load_names(work.connection)
    known = sorted({one.definition_id for one in names.all if one.storage in HOLDS_FILES})
    held = FILE.c.object_id != OF_DECISIONS
    gone = remove_files(work.connection, sa.and_(held, FILE.c.field_id.not_in(known)))
    for object_id, tables in _tables(work, names):
        there = [sa.select(one.c.id).where(one.c.id == FILE.c.record_id).exists() for one in tables]
        nowhere = sa.and_(FILE.c.object_id == object_id, *(~one for one in there))
        gone += remove_files(work.connection, nowhere)
    return gone


def _tables(work: UnitOfWork, names: Names) -> Iterator[tuple[str, list[sa.TableClause]]]:
    """Yield the objects whose records hold files, with their tables; kept ones have records too.

    A table that is being removed has none that count, and may go at any moment.
    """
    objects = sa.select(FILE.c.object_id).where(FILE.c.object_id.is_not(None)).distinct()
    for object_id in work.connection.execute(objects).scalars().all():
        tables = tables_of(names, object_id)
        if tables:
            yield object_id, tables


def tables_of(names: Names, object_id: str) -> list[sa.TableClause]:
    """Return the tables in which records of an object are, those too that are kept after it was dropped."""
    return [
        sa.table(one.physical, sa.column("id", FILE.c.record_id.type))
        for one in names.all
        if one.definition_id == object_id and one.kind == "object"
        if not (one.preparing or one.going)
    ]
