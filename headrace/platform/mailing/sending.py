"""Mail about notifications: a job for each letter, tried again while the server is away.

A letter goes to one person and carries the id of its job: a server that gets it twice can tell. While
the server does not answer, no letter asks it again for a while; letters are not counted out by that.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.clock import Clock
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.long_jobs import Course, leave
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.tables import JOB, NOTIFICATION
from headrace.platform.mailing.choices import chosen, way_for, ways_of
from headrace.platform.mailing.letters import Item, Reader, can_be_reached, language_of, letter
from headrace.platform.mailing.server import LetterRefusedError, MailServer, ServerAwayError
from headrace.platform.mailing.topics import Way, topic_of

MAIL: Final = "mail"
"""The kind of the jobs that send one letter about one notification."""
DIGEST: Final = "mail_digest"
"""The kind of the jobs that send one person the letter of a day."""
DIGEST_AT: Final = time(8)
"""When the letter of a day goes, by the clock on the reader's wall."""
MOST_ITEMS: Final = 200
AT_ONCE: Final = 2
"""Letters that a process sends side by side: other receivers wait for the same threads."""
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(days=2)
SOON: Final = timedelta(seconds=2)
JITTER: Final = 0.2
LONGEST_REASON: Final = 200

_NEWS: Final = NOTIFICATION

LinkOf = Callable[[sa.Connection, Any], str | None]
"""Gives the address where the reader of a notification may act without signing in; None where none."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter that can go, and the notifications of a digest that it names."""

    message: EmailMessage
    to: str
    named: tuple[str, ...] = ()


class Mailing:
    """Takes notifications that were written, and sends what their readers want by mail."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        clock: Clock,
        real_clock: Clock,
        server: MailServer | None,
        base_url: str,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._real_clock = real_clock
        self.server = server
        self._base_url = base_url
        self.link_of: LinkOf = lambda _connection, _row: None
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._away_until: datetime | None = None
        self._failures = 0

    # -- what people chose --------------------------------------------------------------------

    def choices(self, user_id: str) -> dict[str, Way]:
        """Return how a user is told, by the name of each topic."""
        with self._database.reading() as reading:
            return chosen(reading.connection, user_id)

    def address_of(self, user_id: str) -> str | None:
        """Return where mail to a user goes; None where it cannot."""
        query = sa.select(USER.c.email).where(USER.c.id == user_id)
        with self._database.reading() as reading:
            found = reading.connection.execute(query).scalar()
        return found if can_be_reached(found) else None

    # -- what is to be sent -------------------------------------------------------------------

    def take(self, rows: list[dict[str, Any]], work: UnitOfWork) -> None:
        """Ask for the letters that the readers of new notifications want."""
        if self.server is None:
            return
        users = sorted({row["user"] for row in rows})
        query = sa.select(USER.c.id, USER.c.email, USER.c.time_zone).where(USER.c.id.in_(users))
        people = {str(row.id): row for row in work.connection.execute(query)}
        made = ways_of(work.connection, users)
        for row in rows:
            person = people.get(row["user"])
            if person is None or not can_be_reached(person.email):
                continue
            way = way_for(made, row["user"], topic_of(row["kind"]))
            if way == "mail":
                self._outbox.put(work, MAIL, {"notification": row["id"]})
            elif way == "digest":
                self._keep_for_digest(work, row["id"], row["user"], person.time_zone)

    def _keep_for_digest(
        self, work: UnitOfWork, notification_id: str, user_id: str, zone: str
    ) -> None:
        waiting = sa.update(_NEWS).where(_NEWS.c.id == notification_id)
        work.connection.execute(waiting.values(digest="waiting"))
        due = next_digest(self._clock.now(), ZoneInfo(zone))
        self._outbox.put(work, DIGEST, {"user": user_id}, due=due, key=f"digest:{user_id}")

    # -- sending (the handlers of jobs) ---------------------------------------------------------

    def send(self, job: Job, course: Course) -> None:
        """Send one letter, or leave it for later."""
        now = self._real_clock.now()
        if self._away_until is not None and now < self._away_until:
            self._later(job, self._away_until - now, "the mail server is away")
            return
        if not self._room.acquire(blocking=False):
            self._later(job, SOON * random.uniform(1, 5), None)  # noqa: S311 - no secret
            return
        try:
            self._send(job, course)
        finally:
            self._room.release()

    def _send(self, job: Job, course: Course) -> None:
        ready, reason = self._prepared(job)
        if ready is not None and self.server is not None:
            try:
                self.server.send(ready.message, ready.to)
            except ServerAwayError as error:
                self._failures += 1
                pause = _jittered(self._failures)
                self._away_until = self._real_clock.now() + pause
                self._later(job, pause, str(error))
                return
            except LetterRefusedError as error:
                self._refused(job, error)
                return
            self._failures, self._away_until = 0, None
        with self._database.writing(None) as work:
            course.close(work, result={"mail": "sent" if ready is not None else reason})
            if ready is not None and ready.named:
                named = sa.update(_NEWS).where(_NEWS.c.id.in_(ready.named))
                work.connection.execute(named.values(digest="sent"))

    def _prepared(self, job: Job) -> tuple[Ready | None, str]:
        """Return the letter of a job; without one, why nothing is sent."""
        if self.server is None:
            return None, "no_server"
        with self._database.reading() as reading:
            rows = self._rows(reading.connection, job)
            if not rows:
                return None, "nothing_new"
            query = sa.select(USER).where(USER.c.id == rows[0].user)
            person = reading.connection.execute(query).first()
            if person is None or not person.active or not can_be_reached(person.email):
                return None, "no_reader"
            items = [self._item(reading.connection, job, row) for row in rows]
        return self._letter(job, person, items, rows), ""

    def _letter(self, job: Job, person: Any, items: Sequence[Item], rows: Sequence[Any]) -> Ready:
        assert self.server is not None  # noqa: S101 - nothing is prepared without one
        host = urlsplit(self._base_url).hostname or "headrace"
        message = letter(
            Reader(person.name, person.email, language_of(person.language)),
            items,
            sender=self.server.sender,
            message_id=f"<{job.id}@{host}>",
            at=rows[-1].at,
            settings_address=f"{self._base_url}/notifications/settings",
        )
        named = tuple(str(row.id) for row in rows) if job.kind == DIGEST else ()
        return Ready(message, person.email, named)

    def _rows(self, connection: sa.Connection, job: Job) -> list[Any]:
        query = sa.select(_NEWS).order_by(_NEWS.c.id)
        if job.kind == MAIL:
            query = query.where(_NEWS.c.id == str(job.payload["notification"]))
        else:
            waiting = (_NEWS.c.digest == "waiting", _NEWS.c.read_at.is_(None))
            query = query.where(_NEWS.c.user == str(job.payload["user"]), *waiting)
        return list(connection.execute(query.limit(MOST_ITEMS)))

    def _item(self, connection: sa.Connection, job: Job, row: Any) -> Item:
        text = Text(row.text.get("en", ""), row.text.get("zh", ""))
        link = self.link_of(connection, row) if job.kind == MAIL else None
        address = link or f"{self._base_url}/notifications/{row.id}"
        return Item(text, address, acts=link is not None)

    # -- what was not sent ----------------------------------------------------------------------

    def _refused(self, job: Job, error: LetterRefusedError) -> None:
        if not error.for_good:
            self._later(job, None, str(error))
            return
        with self._database.writing(None) as work:
            self._give_up(work, job, str(error))

    def _later(self, job: Job, pause: timedelta | None, reason: str | None) -> None:
        """Leave a letter for later; without a pause, for longer each time. Give it up after days."""
        now = self._real_clock.now()
        with self._database.writing(None) as work:
            query = sa.select(JOB.c.created, JOB.c.progress).where(JOB.c.id == job.id)
            row = work.connection.execute(query).one()
            if reason is not None and row.created < now - GIVEN_UP_AFTER:
                self._give_up(work, job, reason)
                return
            tries = int((row.progress or {}).get("tries", 0)) + (1 if pause is None else 0)
            again = now + (pause or _jittered(tries))
            # A lease is how a job waits by the machine's clock; nothing is counted out by it.
            values: dict[str, Any] = {"leased_until": again, "leased_by": None, "attempts": 0}
            values |= {"progress": {"tries": tries}}
            if reason is not None:
                values["error"] = reason[:LONGEST_REASON]
            leave(work, job, values)

    def _give_up(self, work: UnitOfWork, job: Job, reason: str) -> None:
        ended = {"state": "dead", "finished": self._real_clock.now(), "leased_until": None}
        leave(work, job, {**ended, "error": reason[:LONGEST_REASON]})


def next_digest(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the next letter of a day goes, by the clock on a wall in `zone`."""
    local = now.astimezone(zone)
    due = datetime.combine(local.date(), DIGEST_AT, zone)
    if due <= local:
        due = datetime.combine(local.date() + timedelta(days=1), DIGEST_AT, zone)
    return due.astimezone(now.tzinfo)


def _jittered(count: int) -> timedelta:
    """Return a pause that doubles with each failure, never the same for all."""
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(max(count - 1, 0), 20)))
    return pause * (1 + random.uniform(-JITTER, JITTER))  # noqa: S311 - no secret
