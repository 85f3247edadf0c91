"""Who has a draft open in the designer just now, and which of its documents they look at.

Browsers say now and then that they are there; who says nothing for a while is gone. It is not part of
the draft: no change, no line of the audit trail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.clock import Clock
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.draft_tables import DRAFT_PRESENCE

STAYS_FOR: Final = timedelta(seconds=30)
"""How long somebody is there after the last word: three times what a browser takes for the next."""


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who has a draft open; `document` is the id of what they look at, if anything."""

    user_id: str
    name: str
    document: str | None


class Attendance:
    """Notes who is in a draft, and tells."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note(self, work: UnitOfWork, draft_id: str, user_id: str, document: str | None) -> None:
        """Note that a user is there and looks at a document.

        The caller holds the draft locked, so that two tabs of one user do not meet.
        """
        ours = (DRAFT_PRESENCE.c.draft_id == draft_id, DRAFT_PRESENCE.c.user_id == user_id)
        gone = DRAFT_PRESENCE.c.seen_at < self._since(work.now)
        at_draft = DRAFT_PRESENCE.c.draft_id == draft_id
        work.connection.execute(
            sa.delete(DRAFT_PRESENCE).where(at_draft, sa.or_(gone, sa.and_(*ours)))
        )
        row = {"draft_id": draft_id, "user_id": user_id, "document": document, "seen_at": work.now}
        work.connection.execute(sa.insert(DRAFT_PRESENCE), row)

    def others(self, draft_id: str, user_id: str | None) -> tuple[Present, ...]:
        """Return who is there besides a user, by name."""
        query = (
            sa.select(DRAFT_PRESENCE.c.user_id, USER.c.name, DRAFT_PRESENCE.c.document)
            .join(USER, USER.c.id == DRAFT_PRESENCE.c.user_id)
            .where(
                DRAFT_PRESENCE.c.draft_id == draft_id,
                DRAFT_PRESENCE.c.seen_at >= self._since(self._clock.now()),
            )
            .order_by(USER.c.name, USER.c.id)
        )
        with self._database.reading() as reading:
            found = [Present(*row) for row in reading.connection.execute(query)]
        return tuple(one for one in found if one.user_id != user_id)

    @staticmethod
    def _since(now: datetime) -> datetime:
        return now - STAYS_FOR
