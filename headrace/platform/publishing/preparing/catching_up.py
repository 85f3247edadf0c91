"""Brings rows up to date that others changed after they were prepared."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from headrace.platform.database.changed_rows import forget_notes, noted_rows
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.filling.filler import Filler
from headrace.platform.publishing.filling.rows import Rows
from headrace.platform.publishing.preparing.scope import Scope

BATCH: Final = 500
"""Notes that are dealt with in one transaction."""


class CatchUp:
    """Does the prepared row work again for rows that were noted."""

    def __init__(self, scope: Scope, filler: Filler) -> None:
        self._scope = scope
        self._filler = filler
        self.failed: dict[str, set[str]] = defaultdict(set)
        """Rows whose value stands in the way, by the key of the line."""

    def __call__(self, work: UnitOfWork) -> int:
        """Deal with one batch of notes; return how many there were."""
        notes = noted_rows(work.connection, BATCH)
        ids: dict[str, dict[str, None]] = defaultdict(dict)
        for note in notes:
            ids[note.table][note.record_id] = None
        for one in self._scope.work:
            changed = ids.get(self._scope.table_of[one.object_id])
            if changed:
                filled = self._filler.fill(work, one, Rows(ids=tuple(changed)))
                self.failed[one.line].update(row.record_id for row in filled.failed)
        forget_notes(work.connection, notes)
        return len(notes)
