"""Notifications inside the product: written by a job, read by their own user only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.clock import Clock
from headrace.platform.core.hooks import Hook
from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.tables import NOTIFICATION

NOTIFY: Final = "notify"
"""The kind of the jobs that write notifications."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Something that a user is told; `at` is the workspace's clock."""

    id: str
    kind: str
    text: Text
    object_id: str | None
    record_id: str | None
    task_id: str | None
    at: datetime
    read: bool


class Notifications:
    """Sends notifications through the outbox and gives each user their own."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self.outbox = outbox
        self._clock = clock
        self._ids = ids
        self.after_write: Hook[list[dict[str, Any]], UnitOfWork] = Hook("notifications.after_write")
        """Called with the rows that were written, in the transaction that wrote them."""

    def send(
        self,
        work: UnitOfWork,
        users: Iterable[str],
        kind: str,
        text: Text,
        *,
        object_id: str | None = None,
        record_id: str | None = None,
        task_id: str | None = None,
    ) -> None:
        """Tell `users` once `work` is committed."""
        payload = {
            "users": sorted(set(users)),
            "kind": kind,
            "text": {"en": text.en, "zh": text.zh},
            "object_id": object_id,
            "record_id": record_id,
            "task": task_id,
        }
        if payload["users"]:
            self.outbox.put(work, NOTIFY, payload)

    def write(self, job: Job, work: UnitOfWork) -> None:
        """Write the rows of a `notify` job: the handler that the runtime registers."""
        shared = {
            key: job.payload[key] for key in ("kind", "text", "object_id", "record_id", "task")
        }
        rows = [
            {"id": self._ids.record_id(), "user": user, "at": self._clock.now(), **shared}
            for user in job.payload["users"]
        ]
        work.connection.execute(sa.insert(NOTIFICATION), rows)
        self.after_write(rows, work)

    def unread_count(self, user_id: str) -> int:
        """Return how many notifications the user has not read."""
        statement = sa.select(sa.func.count()).where(
            NOTIFICATION.c.user == user_id, NOTIFICATION.c.read_at.is_(None)
        )
        with self._database.reading() as reading:
            return reading.connection.execute(statement).scalar_one()

    def latest(self, user_id: str, limit: int = 50) -> tuple[Notification, ...]:
        """Return the user's notifications, newest first."""
        statement = (
            sa.select(NOTIFICATION)
            .where(NOTIFICATION.c.user == user_id)
            .order_by(NOTIFICATION.c.id.desc())
            .limit(limit)
        )
        with self._database.reading() as reading:
            return tuple(_notification(row) for row in reading.connection.execute(statement))

    def one(self, user_id: str, notification_id: str) -> Notification | None:
        """Return one of the user's notifications; None where they have none of this id."""
        statement = sa.select(NOTIFICATION).where(
            NOTIFICATION.c.id == notification_id, NOTIFICATION.c.user == user_id
        )
        with self._database.reading() as reading:
            row = reading.connection.execute(statement).first()
        return None if row is None else _notification(row)

    def mark_read(self, work: UnitOfWork, user_id: str, ids: Iterable[str] | None = None) -> int:
        """Mark the user's notifications as read, all without `ids`; return how many."""
        change = (
            sa.update(NOTIFICATION)
            .where(NOTIFICATION.c.user == user_id, NOTIFICATION.c.read_at.is_(None))
            .values(read_at=work.now)
        )
        if ids is not None:
            change = change.where(NOTIFICATION.c.id.in_(list(ids)))
        return work.connection.execute(change).rowcount


def _notification(row: sa.Row[tuple[object, ...]]) -> Notification:
    return Notification(
        id=row.id,
        kind=row.kind,
        text=Text(row.text.get("en", ""), row.text.get("zh", "")),
        object_id=row.object_id,
        record_id=row.record_id,
        task_id=row.task,
        at=row.at,
        read=row.read_at is not None,
    )
