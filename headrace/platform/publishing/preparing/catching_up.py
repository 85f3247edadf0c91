"""Brings rows up to date that others changed after they were prepared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError
from headrace.platform.core.problems import Message
from headrace.platform.database.changed_rows import forget_notes, noted_rows
from headrace.platform.database.system_tables import id_type
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.filling.filler import Filler
from headrace.platform.publishing.filling.rows import Rows
from headrace.platform.publishing.preparing.scope import Scope

MADE_UNIQUE: Final = Message(
    "constraint.duplicates_since",
    "Rows got equal values in a key of {object} while it was prepared.",
    "准备期间，{object} 的唯一约束字段出现了重复值。",
    "Plan again, and make the values different.",
    "请重新生成计划，并消除重复值。",
)
BATCH: Final = 500
"""Notes that are dealt with in one transaction."""


@contextmanager
def refusing_equal(name: str) -> Iterator[None]:
    """Raise ConflictError where rows of an object turn out to have equal values in a new key."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise ConflictError(MADE_UNIQUE.at(object=name)) from error


class CatchUp:
    """Does the prepared row work again for rows that were noted."""

    def __init__(self, scope: Scope, filler: Filler) -> None:
        self._scope = scope
        self._filler = filler
        self.failed: dict[str, set[str]] = defaultdict(set)
        """Rows whose value stands in the way, by the key of the line."""
        self.changed: dict[str, set[str]] = defaultdict(set)
        """Rows that others changed, by their table, since all rows were looked at."""

    def begin_again(self) -> None:
        """Forget what is wrong with rows: all of them are about to be looked at."""
        self.failed.clear()
        self.changed.clear()

    def rows_changed(self, work: UnitOfWork) -> Mapping[str, AbstractSet[str]]:
        """Return the rows that others changed since then, noted ones included, by the id of the object."""
        for note in noted_rows(work.connection):
            self.changed[note.table].add(note.record_id)
        return {one: self.changed[table] for one, table in self._scope.table_of.items()}

    def __call__(self, work: UnitOfWork) -> int:
        """Deal with one batch of notes; return how many there were."""
        notes = noted_rows(work.connection, BATCH)
        ids: dict[str, dict[str, None]] = defaultdict(dict)
        for note in notes:
            ids[note.table][note.record_id] = None
        for table, rows in ids.items():
            self.changed[table].update(rows)
            self._empty(work, table, rows)
        for one in self._scope.work:
            changed = ids.get(self._scope.table_of[one.object_id])
            if changed is not None:
                with refusing_equal(self._filler.models[one.object_id].name):
                    filled = self._filler.fill(work, one, Rows(ids=tuple(changed)))
                if filled.failed:
                    self.failed[one.line].update(row.record_id for row in filled.failed)
        forget_notes(work.connection, notes)
        return len(notes)

    def _empty(self, work: UnitOfWork, table: str, ids: Iterable[str]) -> None:
        """Empty what is filled only where there is nothing, and keys: values may change places."""
        columns = self._scope.emptied.get(table, ())
        if columns:
            rows = sa.table(table, sa.column("id", id_type()), *map(sa.column, columns))
            change = sa.update(rows).where(rows.c["id"].in_(tuple(ids)))
            work.connection.execute(change.values(dict.fromkeys(columns, sa.null())))
