"""Long jobs: they run outside of any transaction, tell how far they are, and can be cancelled.

The job itself opens the transactions that it needs, and closes its row in the one that makes its
effect last, so that effect and end are committed together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from headrace.platform.core.clock import Clock
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.outbox import Job
from headrace.platform.jobs.tables import JOB

LEASE: Final = timedelta(seconds=30)
"""How long a job belongs to its worker without a sign of life."""
TOLD_EVERY: Final = timedelta(seconds=0.5)
"""How often progress is written down at most."""


class LeaseLostError(Exception):
    """Another worker took the job over; nothing was changed."""


class Course:
    """A long job under way: what its handler tells and asks."""

    def __init__(
        self, database: Database, clock: Clock, job: Job, lease: timedelta = LEASE
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self.job = job
        self._told: datetime | None = None
        self._cancelled = False

    def report(self, progress: Mapping[str, Any]) -> None:
        """Write how far the job is, at most twice a second; raise LeaseLostError where it is not ours."""
        now = self._clock.now()
        if self._told is not None and now - self._told < TOLD_EVERY:
            return
        self._told = now
        self._renew({"progress": dict(progress)})

    def renew(self) -> None:
        """Say that the job is alive, whatever it waits for; raise LeaseLostError where it is not ours."""
        self._renew({})

    def _renew(self, told: Mapping[str, Any]) -> None:
        values = {**told, "leased_until": self._clock.now() + self._lease}
        with self._database.writing(None) as work:
            self._change(work, values)
            asked = sa.select(JOB.c.cancel).where(JOB.c.id == self.job.id)
            self._cancelled = bool(work.connection.execute(asked).scalar())

    def cancelled(self) -> bool:
        """Say whether somebody wants the job to end."""
        return self._cancelled

    def close(
        self, work: UnitOfWork, state: str = "done", result: Mapping[str, Any] | None = None
    ) -> None:
        """End the job in the transaction of its effect; raise LeaseLostError where it is not ours."""
        ended = {"state": state, "finished": self._clock.now(), "error": None}
        self._change(work, {**ended, "result": None if result is None else dict(result)})

    def _change(self, work: UnitOfWork, values: Mapping[str, Any]) -> None:
        leave(work, self.job, values)


LongHandler: TypeAlias = Callable[[Job, Course], None]
"""Does a long job and closes it; an exception means: try again later."""


def leave(work: UnitOfWork, job: Job, values: Mapping[str, object]) -> None:
    """Change a job that is ours; raise LeaseLostError where another worker has it by now."""
    change = (
        sa.update(JOB)
        .where(JOB.c.id == job.id, JOB.c.state == "started", JOB.c.attempts == job.attempt)
        .values(**values)
    )
    if work.connection.execute(change).rowcount != 1:
        raise LeaseLostError(job.id)


@dataclass(frozen=True, slots=True)
class JobState:
    """What may be told of a job."""

    id: str
    kind: str
    state: str
    by_user: str | None
    created: datetime
    finished: datetime | None
    progress: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    cancel: bool


def read_job(connection: sa.Connection, job_id: str) -> JobState | None:
    """Return a job; None where there is none."""
    row = connection.execute(sa.select(JOB).where(JOB.c.id == job_id)).first()
    if row is None:
        return None
    return JobState(
        str(row.id),
        row.kind,
        row.state,
        None if row.by_user is None else str(row.by_user),
        row.created,
        row.finished,
        row.progress,
        row.result,
        bool(row.cancel),
    )


def ask_to_cancel(work: UnitOfWork, job_id: str) -> bool:
    """Cancel a job that waits, ask one that runs to end; say whether there was such a one."""
    waiting = sa.update(JOB).where(JOB.c.id == job_id, JOB.c.state == "waiting")
    ended = waiting.values(state="cancelled", finished=work.now, cancel=True)
    if work.connection.execute(ended).rowcount:
        return True
    running = sa.update(JOB).where(JOB.c.id == job_id, JOB.c.state == "started")
    return bool(work.connection.execute(running.values(cancel=True)).rowcount)
