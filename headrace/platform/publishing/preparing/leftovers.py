"""Removes what a preparation leaves: old indexes after its switch, everything if it never came to that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from headrace.platform.core.clock import Clock
from headrace.platform.database.applying import Applier, foreign_key
from headrace.platform.database.changed_rows import Watch, forget_all_notes, unwatch
from headrace.platform.database.engine import Database
from headrace.platform.database.indexes import drop_index
from headrace.platform.database.names import load_names
from headrace.platform.database.operations import KeepColumn, ReplaceColumn, RestoreColumn
from headrace.platform.database.physical import ColumnSpec, IndexSpec
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.discarding import discard_prepared
from headrace.platform.publishing.patience import patiently
from headrace.platform.publishing.preparing.preparations import (
    LONG_LEASE,
    Held,
    Lease,
    TakenOverError,
    is_held,
    read_preparation,
)
from headrace.platform.publishing.preparing.scope import Scope

WATCHES: Final = "watches"
MADE: Final = "made"
LATER: Final = "later"
RELEASED: Final = "released"
RESTORED: Final = "restored"


def traces_of(scope: Scope) -> Mapping[str, Any]:
    """Return what a preparation will make or leave for later, in a form that its row keeps."""
    restored = [
        (one.table, one.new if isinstance(one, ReplaceColumn) else one.column)
        for one in scope.widening
        if isinstance(one, RestoreColumn) or (isinstance(one, ReplaceColumn) and one.restored)
    ]
    kept = [
        (one.table, one.column if isinstance(one, KeepColumn) else one.old)
        for one in scope.released
    ]
    return {
        WATCHES: [[one.table, one.noted, one.column] for one in scope.all_watches],
        MADE: [[one.index.table, one.index.name] for one in scope.indexes],
        LATER: [[one.index.table, one.index.name] for one in scope.later],
        RELEASED: _constraints(kept),
        RESTORED: _constraints(restored),
    }


def _constraints(columns: Iterable[tuple[str, ColumnSpec]]) -> list[list[str]]:
    return [[table, foreign_key(table, one)] for table, one in columns if one.references]


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Tidies up; each removal is a short transaction of its own that gives way to others."""

    database: Database
    clock: Clock

    def remove_abandoned(self) -> int:
        """Remove what a preparation left that nobody holds any more; say how many there were."""
        with self.database.reading() as reading:
            held = read_preparation(reading.connection)
            if held is None or is_held(reading.connection, held, self.clock.now()):
                return 0
        try:
            self.remove(held)
        except TakenOverError:
            return 0
        return 1

    def remove(self, held: Held) -> None:
        """Take over a preparation and remove all of it; what went live stays.

        Raise TakenOverError where another process does so.
        """
        lease = Lease(self.clock)
        self._shortly(partial(lease.take, held=held, removing=True))
        for table, noted, column in held.traces[WATCHES]:
            self._step(lease, partial(_unwatch, wanted=Watch(table, noted, column)))
        for table, name in held.traces[LATER if held.switched else MADE]:
            self._shortly(partial(lease.mark, lease=LONG_LEASE))
            self._drop_index(IndexSpec(name, table, ()))
        for table, name in held.traces[RELEASED if held.switched else RESTORED]:
            self._step(lease, partial(_unconstrain, table=table, name=name))
        self._shortly(partial(_forget, held=held, lease=lease))

    def _step(self, lease: Lease, action: Callable[[UnitOfWork], None]) -> None:
        """Remove something, as long as it is this process that removes it."""

        def run(work: UnitOfWork) -> None:
            lease.mark(work)
            action(work)

        self._shortly(run)

    def _drop_index(self, spec: IndexSpec) -> None:
        with self.database.standing_alone() as connection:
            beside = self.database.capabilities.row_locks
            drop_index(connection, spec, concurrently=beside, missing=True)

    def _shortly(self, action: Callable[[UnitOfWork], None]) -> None:
        def run() -> None:
            with self.database.preparing(None) as work:
                action(work)

        patiently(run)


def _unwatch(work: UnitOfWork, wanted: Watch) -> None:
    unwatch(work.connection, work.dialect, wanted)


def _unconstrain(work: UnitOfWork, table: str, name: str) -> None:
    Applier(work.connection, work.dialect).drop_constraint(table, name)


def _forget(work: UnitOfWork, held: Held, lease: Lease) -> None:
    lease.end(work)
    if not held.switched:
        names = [one for one in load_names(work.connection).all if one.preparing]
        discard_prepared(work.connection, work.dialect, names)
    forget_all_notes(work.connection)
