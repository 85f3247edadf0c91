"""The queue as those who look after it see it: counts by kind and state, the jobs, trying again, cancelling.

States as shown: `due` (nobody has taken it yet), `later` (its time has not come), `running`, `retrying` (it
failed and is tried again), `dead` (given up).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

import sqlalchemy as sa

from headrace.platform.core.clock import Clock
from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError
from headrace.platform.core.hooks import Hook
from headrace.platform.core.problems import Message, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.outbox import Job
from headrace.platform.jobs.tables import JOB
from headrace.platform.jobs.worker import Burial
from headrace.platform.metadata.catalog import Catalog

State = Literal["due", "later", "running", "retrying", "dead"]
STATES: Final[tuple[State, ...]] = get_args(State)
PAGE: Final = 50
MOST_AT_ONCE: Final = 1000
OPEN: Final = ("waiting", "started", "dead")
CANCELLED: Final = "cancelled by somebody who looks after the queue"

NOT_DEAD = Message(
    "job.not_dead",
    "The job has not been given up; there is nothing to try again.",
    "该作业未被放弃，无需重试。",
    "Look at its state.",
    "请查看其状态。",
)
OVER = Message(
    "job.over",
    "The job has ended meanwhile.",
    "该作业已结束。",
    "Look at its state.",
    "请查看其状态。",
)
NEEDED = Message(
    "job.needed",
    "Jobs of the kind “{kind}” are not cancelled: what they keep going would stop for good.",
    "“{kind}”类作业不可取消，否则其负责的流程将永久停止。",
    "{remedy}",
    "{remedy}",
)


@dataclass(frozen=True, slots=True)
class Cause:
    """What a job is about; `kind` says what `id` and `object` name."""

    kind: Literal["record", "automation_run", "webhooks", "import"]
    id: str = ""
    object: str = ""


CauseOf: TypeAlias = Callable[[Mapping[str, Any], sa.Connection, Catalog], Cause | None]
"""Finds what a job is about, by its payload."""

Reviving: TypeAlias = Callable[[Job, UnitOfWork], None]
"""Lets what a job is about go on, in the transaction in which a dead job is tried again."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """How jobs of a kind are called and what may be done to them."""

    label: Text
    cause: CauseOf = lambda *_: None
    needed: Text | None = None
    """Where such jobs must not be cancelled: what to do instead."""
    revive: Reviving | None = None
    bury: Burial | None = None


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many jobs of a kind are in which state; since when the oldest due one waits."""

    kind: str
    label: Text
    counts: Mapping[State, int]
    oldest: timedelta | None
    oldest_due: datetime | None
    """The due time of the oldest, by the workspace's clock."""


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as it is listed."""

    id: str
    kind: str
    label: Text
    state: State
    attempts: int
    error: str | None
    due: datetime
    created: datetime
    until: datetime | None
    """When it is tried again, or when its lease ends."""
    by_user: str | None
    cause: Cause | None
    may_cancel: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What was done to jobs, for the audit trail."""

    act: Literal["retry", "cancel"]
    kind: str
    job_id: str | None
    """None where all of the kind were meant."""
    count: int
    error: str | None


class Queue:
    """Reads the queue and interferes with it. The caller of its methods has asked for the right."""

    def __init__(self, kinds: Mapping[str, JobKind], clock: Clock, real_clock: Clock) -> None:
        self.kinds = kinds
        self._clock = clock
        self._real_clock = real_clock
        self.told: Hook[[UnitOfWork, Told]] = Hook("queue.told")

    @property
    def burials(self) -> Mapping[str, Burial]:
        """What takes note that jobs were given up, by kind: for workers."""
        return {kind: one.bury for kind, one in self.kinds.items() if one.bury is not None}

    # -- reading ------------------------------------------------------------------------------

    def counts(self, connection: sa.Connection) -> tuple[KindCount, ...]:
        """Return the kinds that have jobs which are not done, those given up first."""
        shown = self._shown_state()
        oldest = sa.func.min(sa.case((shown == "due", JOB.c.due)))
        query = (
            sa.select(JOB.c.kind, shown.label("shown"), sa.func.count(), oldest.label("oldest"))
            .where(JOB.c.state.in_(OPEN))
            .group_by(JOB.c.kind, shown)
        )
        found: dict[str, dict[State, int]] = {}
        since: dict[str, datetime] = {}
        for kind, state, count, first in connection.execute(query):
            found.setdefault(kind, dict.fromkeys(STATES, 0))[state] = count
            if first is not None:
                since[kind] = first
        return tuple(
            KindCount(
                kind, self._label(kind), found[kind], self._waits(since.get(kind)), since.get(kind)
            )
            for kind in sorted(found, key=lambda one: (-found[one]["dead"], one))
        )

    def jobs(
        self,
        connection: sa.Connection,
        catalog: Catalog,
        *,
        state: State | None = None,
        kind: str | None = None,
        before: str | None = None,
        limit: int = PAGE,
    ) -> tuple[JobView, ...]:
        """Return jobs that are not done, the newest first; `before` is the last id of the page before."""
        shown = self._shown_state()
        query = (
            sa.select(JOB, shown.label("shown"))
            .where(JOB.c.state.in_(OPEN))
            .order_by(JOB.c.id.desc())
            .limit(limit)
        )
        if state is not None:
            query = query.where(shown == state)
        if kind is not None:
            query = query.where(_of_kind(kind))
        if before is not None:
            query = query.where(JOB.c.id < before)
        rows = connection.execute(query).all()
        return tuple(self._view(connection, catalog, row) for row in rows)

    def job(self, connection: sa.Connection, catalog: Catalog, job_id: str) -> JobView:
        """Return a job that is not done; raise NotFoundError where there is none."""
        query = sa.select(JOB, self._shown_state().label("shown"))
        row = connection.execute(query.where(JOB.c.id == job_id, JOB.c.state.in_(OPEN))).first()
        if row is None:
            raise NotFoundError(NOT_FOUND.at())
        return self._view(connection, catalog, row)

    # -- interfering -----------------------------------------------------------------------------

    def retry(self, work: UnitOfWork, job_id: str) -> None:
        """Let a dead job be tried again; raise NotFoundError or ConflictError where it is not dead."""
        row = _locked(work, job_id)
        if row.state != "dead":
            raise ConflictError(NOT_DEAD.at())
        self._retry(work, row)
        self.told(work, Told("retry", row.kind, str(row.id), 1, row.error))

    def retry_kind(self, work: UnitOfWork, kind: str) -> int:
        """Let the dead jobs of a kind be tried again, the oldest first; return how many, at most 1000."""
        query = (
            sa.select(JOB)
            .where(_of_kind(kind), JOB.c.state == "dead")
            .order_by(JOB.c.id)
            .limit(MOST_AT_ONCE)
        )
        rows = work.connection.execute(query.with_for_update(skip_locked=True)).all()
        for row in rows:
            self._retry(work, row)
        if rows:
            self.told(work, Told("retry", kind, None, len(rows), None))
        return len(rows)

    def cancel(self, work: UnitOfWork, job_id: str) -> None:
        """Let a job not be done; one that is dead leaves the list.

        Whoever does it at this moment finds its lease gone and changes nothing more. Raise
        ConflictError where others need its kind.
        """
        row = _locked(work, job_id)
        kind = self._kind(row.kind)
        if row.state not in OPEN:
            raise ConflictError(OVER.at())
        if kind.needed is not None and row.state != "dead":
            raise ConflictError(NEEDED.at(kind=kind.label, remedy=kind.needed))
        ended = {"state": "cancelled", "finished": work.now, "cancel": True}
        work.connection.execute(sa.update(JOB).where(JOB.c.id == row.id).values(**ended))
        if kind.bury is not None and row.state != "dead":
            kind.bury(_job(row), work, CANCELLED)
        self.told(work, Told("cancel", row.kind, str(row.id), 1, row.error))

    def _retry(self, work: UnitOfWork, row: Any) -> None:
        again = {
            "state": "started",
            "attempts": 0,
            "leased_until": work.now,
            "leased_by": None,
            "handed_until": None,
            "finished": None,
        }
        work.connection.execute(sa.update(JOB).where(JOB.c.id == row.id).values(**again))
        revive = self._kind(row.kind).revive
        if revive is not None:
            revive(_job(row), work)

    # -- parts -----------------------------------------------------------------------------------

    def _kind(self, kind: str) -> JobKind:
        return self.kinds.get(kind) or JobKind(Text(kind, kind))

    def _label(self, kind: str) -> Text:
        return self._kind(kind).label

    def _waits(self, since: datetime | None) -> timedelta | None:
        return None if since is None else max(self._clock.now() - since, timedelta())

    def _view(self, connection: sa.Connection, catalog: Catalog, row: Any) -> JobView:
        kind = self._kind(row.kind)
        return JobView(
            id=str(row.id),
            kind=row.kind,
            label=kind.label,
            state=row.shown,
            attempts=row.attempts,
            error=row.error,
            due=row.due,
            created=row.created,
            until=row.leased_until,
            by_user=None if row.by_user is None else str(row.by_user),
            cause=kind.cause(row.payload, connection, catalog),
            may_cancel=kind.needed is None or row.state == "dead",
        )

    def _shown_state(self) -> sa.ColumnElement[str]:
        """Return the state as it is shown, as an expression over a job that is not done."""
        waiting, started = JOB.c.state == "waiting", JOB.c.state == "started"
        free = JOB.c.leased_until <= self._real_clock.now()
        idle = JOB.c.leased_by.is_(None)
        return sa.case(
            (JOB.c.state == "dead", "dead"),
            (sa.and_(waiting, JOB.c.due <= self._clock.now()), "due"),
            (waiting, "later"),
            (sa.and_(started, idle, JOB.c.error.is_not(None)), "retrying"),
            (sa.and_(started, free), "due"),
            (sa.and_(started, idle), "later"),
            else_="running",
        )


def dead_count(connection: sa.Connection) -> int:
    """Return how many jobs were given up."""
    query = sa.select(sa.func.count()).select_from(JOB).where(JOB.c.state == "dead")
    return connection.execute(query).scalar_one()


def _of_kind(kind: str) -> sa.ColumnElement[bool]:
    """Return which jobs are of a kind that was sent: of one that no database can hold there are none."""
    return sa.false() if "\0" in kind else JOB.c.kind == kind


def _locked(work: UnitOfWork, job_id: str) -> Any:
    row = work.connection.execute(
        sa.select(JOB).where(JOB.c.id == job_id).with_for_update()
    ).first()
    if row is None:
        raise NotFoundError(NOT_FOUND.at())
    return row


def _job(row: Any) -> Job:
    return Job(str(row.id), row.kind, row.payload, row.attempts)
