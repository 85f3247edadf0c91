"""Carries out a preparation step by step; each step and how far it is are committed together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.canonical import content_hash
from headrace.platform.core.clock import Clock
from headrace.platform.core.errors import ConflictError
from headrace.platform.core.problems import Message
from headrace.platform.database.applying import Applier
from headrace.platform.database.changed_rows import watch
from headrace.platform.database.engine import Database
from headrace.platform.database.indexes import create_index, drop_index
from headrace.platform.database.names import Names, load_names, save_names
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    CreateTable,
    Operation,
    ReplaceColumn,
)
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.catalogs import save_parts
from headrace.platform.publishing.filling.filler import Filler
from headrace.platform.publishing.filling.rows import Rows
from headrace.platform.publishing.gone import refuse_gone
from headrace.platform.publishing.patience import patiently
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.preparing.catching_up import CatchUp, refusing_equal
from headrace.platform.publishing.preparing.leftovers import traces_of
from headrace.platform.publishing.preparing.preparations import (
    IN_PREPARATION,
    LEASE,
    LONG_LEASE,
    PREPARATION,
    SLOT,
    Held,
    Lease,
    refuse_held,
)
from headrace.platform.publishing.preparing.scope import Scope
from headrace.platform.publishing.preparing.steps import (
    BuildIndex,
    Fill,
    Observe,
    Step,
    Validate,
    Widen,
    steps_of,
)
from headrace.platform.publishing.result import UNFOLLOWED, Done, Following, Progress

CANCELLED: Final = Message(
    "publish.cancelled",
    "The publish was cancelled; nothing was changed.",
    "发布已取消，未作任何更改。",
    "Plan and publish again when it suits.",
    "请在合适时重新生成计划并发布。",
)
FIRST_CHUNK: Final = 500
SHORTEST_CHUNK: Final = 100
LONGEST_CHUNK: Final = 5_000
"""Rows in a chunk."""
CHUNK_SECONDS: Final = 0.05
"""How long a chunk should take: that long its rows are locked, on SQLite everything."""
REST: Final = 0.3
"""The share of a chunk's time that others are left alone after it."""
FEW_NOTES: Final = 50
"""With so few notes left the switch deals with the rest."""
MOST_ROUNDS: Final = 1_000


@dataclass
class Preparer:
    """Prepares one plan; `start` or `take_over` first, then `run`, then the switch with `catch_up`."""

    database: Database
    clock: Clock
    plan: Plan
    scope: Scope
    filler: Filler
    following: Following = UNFOLLOWED
    lease: Lease = field(init=False)
    catch_up: CatchUp = field(init=False)
    done: list[Done] = field(default_factory=list, init=False)
    _done: int = field(default=0, init=False)
    _after: str | None = field(default=None, init=False)
    _rows: int = field(default=0, init=False)
    _size: int = field(init=False)

    def __post_init__(self) -> None:
        self.lease = Lease(self.clock)
        self.catch_up = CatchUp(self.scope, self.filler)
        self._size = min(FIRST_CHUNK, LONGEST_CHUNK)

    def start(self, message: str, by_user: str | None) -> None:
        """Note that this plan is prepared; raise ConflictError where another one is."""
        started = self.clock.now()
        names = self.plan.names
        values = {
            "slot": SLOT,
            "base": self.plan.base,
            "plan": self.plan.hash,
            "steps": self.fingerprint,
            "content": self.plan.content.hashes,
            "decisions": self.plan.decisions.render(),
            "restoring": self.plan.restoring,
            "message": message,
            "by_user": by_user,
            "job": self.following.job,
            "started": started,
            "holder": self.lease.holder,
            "leased_until": started + LEASE,
            "step": 0,
            "after": None,
            "rows": 0,
            "traces": traces_of(self.scope),
            "switched": False,
        }
        with self.database.preparing(self.plan.base) as work:
            refuse_held(work.connection, started, self.following.job)
            if self.plan.difference is not None:
                now = load_names(work.connection)
                refuse_gone(names, self.plan.difference.names, now)
            save_parts(work, self.plan.content)
            try:
                work.connection.execute(sa.insert(PREPARATION), values)
            except sa.exc.IntegrityError as error:
                since = started.isoformat(timespec="seconds")
                raise ConflictError(IN_PREPARATION.at(since=since, base=self.plan.base)) from error
            save_names(work.connection, names, self._named(names))

    def take_over(self, held: Held) -> None:
        """Go on with a preparation of this plan that nobody holds any more."""
        job = self.following.job
        patiently(lambda: self._marked(lambda work: self.lease.take(work, held, job=job)))
        self._done, self._after, self._rows = held.step, held.after, held.rows

    def run(self) -> None:
        """Do the steps that are left; raise ConflictError where it is cancelled or cannot be done."""
        steps = self.steps
        for number, step in enumerate(steps):
            if number < self._done:
                continue
            self._tell(step.text, number, len(steps), 0, 0)
            self._do(step, number, len(steps))
        self._settle()

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All steps, those that are done too."""
        return steps_of(self.scope, self.filler.context.catalog)

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same steps: what a plan takes depends on the rows that are there."""
        return content_hash([repr(one) for one in self.steps])

    def _settle(self) -> None:
        """Catch up with others until little is left."""
        for _ in range(MOST_ROUNDS):
            self._look_for_cancel()
            if patiently(self._caught_up) < FEW_NOTES:
                return

    def _caught_up(self) -> int:
        with self.database.preparing(self.plan.base) as work:
            self.lease.mark(work)
            return self.catch_up(work)

    # -- steps ------------------------------------------------------------------------------

    def _do(self, step: Step, number: int, steps: int) -> None:
        match step:
            case Widen():
                self._step(number, lambda work: self._widen(work, step.operations))
            case Observe():
                self._step(number, lambda work: self._watch(work, step))
            case Fill():
                self._fill(step, number, steps)
            case BuildIndex() if self.database.capabilities.row_locks:
                self._build_beside_users(step.operation, number)
            case BuildIndex():
                index = step.operation.index
                with refusing_equal(step.operation.object):
                    self._step(
                        number, lambda work: create_index(work.connection, work.dialect, index)
                    )
            case Validate():
                self._step(
                    number,
                    lambda work: Applier(work.connection, work.dialect).validate(
                        step.table, step.column
                    ),
                )

    def _step(self, number: int, action: Callable[[UnitOfWork], None]) -> None:
        """Do a step in one transaction, with the note that it is done."""

        def run(work: UnitOfWork) -> None:
            action(work)
            self.lease.mark(work, step=number + 1)

        self._look_for_cancel()
        patiently(lambda: self._marked(run))

    def _marked(self, action: Callable[[UnitOfWork], None]) -> None:
        with self.database.preparing(self.plan.base) as work:
            action(work)

    def _widen(self, work: UnitOfWork, operations: tuple[Operation, ...]) -> None:
        Applier(work.connection, work.dialect).widen(operations, checked=False)

    def _watch(self, work: UnitOfWork, step: Observe) -> None:
        for one in step.watches:
            watch(work.connection, work.dialect, one)

    def _build_beside_users(self, operation: CreateIndex, number: int) -> None:
        index = operation.index
        patiently(lambda: self._marked(lambda work: self.lease.mark(work, lease=LONG_LEASE)))
        self._look_for_cancel()
        with self.database.standing_alone() as connection:
            # One that was begun and never finished is of no use.
            drop_index(connection, index, concurrently=True, missing=True)
            with refusing_equal(operation.object):
                create_index(connection, self.database.dialect, index, concurrently=True)
        self._step(number, lambda _: None)

    def _fill(self, step: Fill, number: int, steps: int) -> None:
        table = self.filler.context.tables.of(step.object)
        total = self.plan.large.get(step.work.object_id, 0)
        after, self._after = (self._after if number == self._done else None), None
        rows = self._rows if after is not None else 0
        while True:
            self._look_for_cancel()
            began = time.monotonic()
            until = self._until(table.id, after)
            rows += patiently(partial(self._fill_chunk, step, number, Rows(after, until)))
            if until is None:
                self.done.append(Done(step.work.line, rows))
                return
            after = until
            self._tell(step.text, number, steps, rows, total)
            self._pace(time.monotonic() - began)

    def _fill_chunk(self, step: Fill, number: int, rows: Rows) -> int:
        """Fill some rows; without an end they are the last ones."""
        with self.database.preparing(self.plan.base) as work:
            count = self.filler.fill(work, step.work, rows).rows
            done = number + 1 if rows.until is None else number
            self.lease.mark(work, step=done, after=rows.until, rows=count)
            return count

    def _until(self, record_id: sa.Column[Any], after: str | None) -> str | None:
        """Return the last id of the next chunk; None where what follows is the last one."""
        query = sa.select(record_id).order_by(record_id).offset(self._size - 1).limit(1)
        if after is not None:
            query = query.where(record_id > after)
        with self.database.reading() as reading:
            found = reading.connection.execute(query).scalar()
            reading.connection.rollback()
        return None if found is None else str(found)

    def _pace(self, seconds: float) -> None:
        """Let others have a turn, and make the next chunk take about as long as it should."""
        wanted = int(self._size * CHUNK_SECONDS / max(seconds, 0.001))
        self._size = min(LONGEST_CHUNK, max(SHORTEST_CHUNK, min(wanted, self._size * 2)))
        time.sleep(seconds * REST)

    # -- what is told -----------------------------------------------------------------------

    def _tell(self, text: Any, number: int, steps: int, rows: int, total: int) -> None:
        self.following.report(Progress(text, number + 1, steps, rows, total))

    def _look_for_cancel(self) -> None:
        if self.following.cancelled():
            raise ConflictError(CANCELLED.at())

    def _named(self, names: Names) -> Names:
        """Return the names of today and those of what is made now, marked as not in use yet."""
        difference = self.plan.difference
        if difference is None:
            return names
        known = {one.number for one in names.all}
        tables = {
            one.table.object_id for one in self.scope.widening if isinstance(one, CreateTable)
        }
        columns = {_new_column(one) for one in self.scope.widening}
        made = [
            replace(one, preparing=True)
            for one in difference.names.all
            if one.number not in known
            and (
                one.definition_id in tables
                or one.object_id in tables
                or (one.object_id and (self.scope.table_of[one.object_id], one.physical) in columns)
            )
        ]
        return Names.of((*names.all, *made))


def _new_column(operation: Operation) -> tuple[str, str] | None:
    match operation:
        case AddColumn():
            return operation.table, operation.column.name
        case ReplaceColumn() if not operation.restored:
            return operation.table, operation.new.name
        case _:
            return None
