"""The outbox: jobs are rows written in the same transaction as their cause."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from headrace.platform.core.clock import Clock
from headrace.platform.core.ids import IdSource
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.tables import JOB

_INSERTS: Final = {
    "sqlite": sqlite.insert(JOB).on_conflict_do_nothing().returning(JOB.c.id),
    "postgresql": postgresql.insert(JOB).on_conflict_do_nothing().returning(JOB.c.id),
}
"""No index is named: PostgreSQL cannot infer a partial one from a condition with parameters."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job in the hands of a worker; `attempt` counts from 1 and fences the lease."""

    id: str
    kind: str
    payload: Mapping[str, Any]
    attempt: int


class Outbox:
    """Takes jobs; whoever waits for work in this process is woken after the commit."""

    def __init__(self, clock: Clock, ids: IdSource) -> None:
        self._clock = clock
        self._ids = ids
        self.arrived = threading.Event()

    def put(
        self,
        work: UnitOfWork,
        kind: str,
        payload: Mapping[str, Any],
        *,
        due: datetime | None = None,
        key: str | None = None,
        by_user: str | None = None,
    ) -> str | None:
        """Ask for a job of `kind` once `work` is committed; return its id.

        `due` is an instant of the workspace's clock (default: at once). Where a job with the same
        `key` still waits, none is added and None is returned. `by_user` may follow and cancel it.
        """
        job_id = self._ids.record_id()
        row = {
            "id": job_id,
            "kind": kind,
            "payload": dict(payload),
            "key": key,
            "state": "waiting",
            "due": due or self._clock.now(),
            "attempts": 0,
            "created": work.now,
            "by_user": by_user,
        }
        added = work.connection.execute(_INSERTS[work.dialect].values(**row))
        if added.first() is None:
            return None
        work.after_commit(self.arrived.set)
        return job_id


def cancel(work: UnitOfWork, key: str) -> bool:
    """Cancel the job that waits under `key`; say whether there was one."""
    change = (
        sa.update(JOB)
        .where(JOB.c.key == key, JOB.c.state == "waiting")
        .values(state="cancelled", finished=work.now)
    )
    return bool(work.connection.execute(change).rowcount)
