"""Links in mail by which one person sees one task and decides it, without signing in.

A link names the task, who is asked, the round of the task and when it ends, and is signed; it dies with
the account, with its password, and with the task. It opens nothing else, and opening it changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeSerializer

from headrace.platform.access.tables import USER
from headrace.platform.core.clock import Clock
from headrace.platform.core.errors import ConflictError, NotFoundError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Language, Message
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.workflow.people import names_of
from headrace.platform.workflow.runs import receiver_of, task_by_id

ACTS: Final = frozenset({"approve", "reject"})
"""What may be done by a link; for all else people sign in."""
ASKING: Final = frozenset(
    {"task.asked", "task.urged", "task.reminder", "task.overdue", "task.escalated"}
)
"""The kinds of notifications whose mail carries a link."""
LONGEST: Final = 1_000
FINGERPRINT: Final = 16
"""Hexadecimal digits by which a link is bound to the password of its account."""

Standing = Literal["open", "decided", "transferred", "again", "waiting", "closed"]
"""What became of a task since: `again` where its decision was taken back, so that the link is an old one."""

DEAD: Final = Message(
    "link.dead",
    "This link does not hold, or no longer.",
    "此链接无效或已失效。",
    "Sign in to see what waits for you.",
    "请登录查看待办任务。",
)
EXPIRED: Final = Message(
    "link.expired",
    "This link is too old.",
    "此链接已过期。",
    "Sign in to see what waits for you.",
    "请登录查看待办任务。",
)
OVER: Final = Message(
    "link.over",
    "This task no longer waits for you.",
    "该任务已无需您处理。",
    "Sign in to see what became of it.",
    "请登录查看处理结果。",
)


@dataclass(frozen=True, slots=True)
class TaskLink:
    """What a link names, once its signature holds, and the language of its reader.

    `version` is the task's when the letter was written.
    """

    task_id: str
    user_id: str
    round: int
    version: int
    ends: datetime
    fingerprint: str
    language: Language = "zh"


class ExpiredLinkError(NotFoundError):
    """A link of ours whose time is over."""


class TaskLinks:
    """Makes links and says what they still open."""

    def __init__(
        self, database: Database, clock: Clock, secret: str | None, hours: int, base_url: str
    ) -> None:
        self._database = database
        self.clock = clock
        self._secret = (secret or "").encode()
        self._hours = hours if secret else 0
        self._base_url = base_url
        self._signer = URLSafeSerializer(
            secret or " ",
            salt="headrace.task-link",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def address_for(self, connection: sa.Connection, notification: Any) -> str | None:
        """Return the address by which the reader of a notification may decide; None where none may."""
        if not self._hours or notification.task is None or notification.kind not in ASKING:
            return None
        task = task_by_id(connection, notification.task)
        if task is None or task.state != "open" or task.kind is not None:
            return None
        return f"{self._base_url}/task-link/{self.token(connection, notification.user, task)}"

    def token(self, connection: sa.Connection, user_id: str, task: Any) -> str:
        """Return a new link to a task for a user."""
        ends = self.clock.now() + timedelta(hours=self._hours)
        account = connection.execute(sa.select(USER).where(USER.c.id == user_id)).one()
        named = [str(task.id), str(user_id), task.round or 1, task.version, int(ends.timestamp())]
        return str(self._signer.dumps([*named, self._fingerprint(account.password_hash)]))

    def read(self, token: str) -> TaskLink:
        """Return what a link names; raise NotFoundError, or ExpiredLinkError where it held once."""
        if len(token) > LONGEST:
            raise NotFoundError(DEAD.at())
        try:
            content = self._signer.loads(token)
        except BadData as error:
            raise NotFoundError(DEAD.at()) from error
        # There is one way to write a link: what only decodes to it is none.
        if not hmac.compare_digest(str(self._signer.dumps(content)).encode(), token.encode()):
            raise NotFoundError(DEAD.at())
        task_id, user_id, number, version, ends, fingerprint = content
        instant = datetime.fromtimestamp(ends, UTC)
        link = TaskLink(task_id, user_id, number, version, instant, fingerprint)
        with self._database.reading() as reading:
            link = replace(link, language=self._check_account(reading.connection, link))
        if not self._hours or self.clock.now() >= link.ends:
            raise ExpiredLinkError(EXPIRED.at())
        return link

    def standing(self, link: TaskLink) -> tuple[Standing, str]:
        """Return what became of the task of a link, and who has it now where it was transferred."""
        with self._database.reading() as reading:
            task = task_by_id(reading.connection, link.task_id)
            name = ""
            if task is not None and task.state == "transferred":
                receiver = receiver_of(reading.connection, link.task_id)
                name = names_of(reading.connection, (receiver,)).get(receiver, "")
        return _standing(link, task), name

    def check(self, work: UnitOfWork, link: TaskLink) -> None:
        """Raise where a link no longer lets its holder decide, in the transaction that is to."""
        self._check_account(work.connection, link)
        if _standing(link, task_by_id(work.connection, link.task_id)) != "open":
            raise ConflictError(OVER.at())

    def _check_account(self, connection: sa.Connection, link: TaskLink) -> Language:
        columns = (USER.c.active, USER.c.password_hash, USER.c.language)
        query = sa.select(*columns).where(USER.c.id == link.user_id)
        account = connection.execute(query).first() if is_record_id(link.user_id) else None
        if account is None or not account.active:
            raise NotFoundError(DEAD.at())
        if not hmac.compare_digest(link.fingerprint, self._fingerprint(account.password_hash)):
            raise NotFoundError(DEAD.at())
        return "en" if account.language == "en" else "zh"

    def _fingerprint(self, password_hash: str | None) -> str:
        said = b"task link\0" + (password_hash or "").encode()
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()[:FINGERPRINT]


def _standing(link: TaskLink, task: Any) -> Standing:
    if task is None:
        return "closed"
    if task.state == "open":
        return "open" if (task.round or 1) == link.round else "again"
    if task.state in ("approved", "rejected", "returned", "answered"):
        return "decided"
    return task.state if task.state in ("transferred", "waiting") else "closed"
