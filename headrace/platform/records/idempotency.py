"""Answers kept for repeated requests: written in the transaction of their effect, or not at all.

A key belongs to one user. Within 24 hours the same request gets the same answer without a second
effect; another request under the same key is refused, and so is one that arrives while the first
still runs. Times are those of the machine.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.database.violations import INTEGRITY_ERRORS, unique_violation
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.records.context import Context
from headrace.platform.records.tables import IDEMPOTENCY

KEPT_FOR: Final = timedelta(hours=24)
LONGEST_KEY: Final = 200

MISMATCH: Final = Message(
    "idempotency.mismatch",
    "This idempotency key was used for another request.",
    "该幂等键已用于其他请求。",
    "Use a new key for each new request.",
    "请为每个新请求使用新的键。",
)
RUNNING: Final = Message(
    "idempotency.running",
    "A request with this idempotency key is still running.",
    "使用该幂等键的请求仍在处理中。",
    "Wait a moment and send it again.",
    "请稍候再重新发送。",
)
BAD_KEY: Final = Message(
    "idempotency.key",
    "An idempotency key has 1 to {limit} printable ASCII characters.",
    "幂等键须为 1 至 {limit} 个可打印的 ASCII 字符。",
    "Use a random UUID.",
    "请使用随机 UUID。",
)


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that carries a key; `content` is what makes it the same request."""

    key: str
    route: str
    content: bytes

    @property
    def content_hash(self) -> str:
        """Hash of route and content."""
        return hashlib.sha256(self.route.encode() + b"\0" + self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status with a body."""

    status: int
    body: str


def replay(context: Context, work: UnitOfWork, request: KeyedRequest) -> Answer | None:
    """Return the answer that the request got before; None where it is new.

    Raise RefusedError for another request under the key, ConflictError while the first one runs.
    """
    if not 1 <= len(request.key) <= LONGEST_KEY or not _is_printable(request.key):
        raise RefusedError(BAD_KEY.at(limit=LONGEST_KEY))
    user = context.principal.user_id
    if work.dialect == "postgresql":
        digest = hashlib.sha256(f"{user}\0{request.key}".encode()).digest()
        number = int.from_bytes(digest[:8], signed=True)
        if not work.rows(_lock(), {"number": number})[0][0]:
            raise ConflictError(RUNNING.at())
    found = work.rows(_select(work.dialect), {"b_user": user, "b_key": request.key})
    if not found:
        return None
    stored_hash, status, body, created = found[0]
    if _instant(work.dialect, created) + KEPT_FOR <= context.real_clock.now():
        work.execute(_delete(work.dialect), {"b_user": user, "b_key": request.key})
        return None
    if stored_hash != request.content_hash:
        raise RefusedError(MISMATCH.at())
    return Answer(status, body)


def keep(context: Context, work: UnitOfWork, request: KeyedRequest, answer: Answer) -> None:
    """Keep the answer; part of the transaction that had the effect."""
    parameters = {
        "i_principal": context.principal.user_id,
        "i_key": request.key,
        "i_route": request.route,
        "i_request_hash": request.content_hash,
        "i_status": answer.status,
        "i_body": answer.body,
        "i_created": context.real_clock.now(),
    }
    try:
        work.execute(_insert(work.dialect), parameters)
    except INTEGRITY_ERRORS as error:
        if unique_violation(error) is None:
            raise
        raise ConflictError(RUNNING.at()) from error


def forget_old(work: UnitOfWork) -> int:
    """Delete answers that are no longer replayed; return how many."""
    before = work.now - KEPT_FOR
    statement = sa.delete(IDEMPOTENCY).where(IDEMPOTENCY.c.created <= before)
    return int(work.connection.execute(statement).rowcount)


def _is_printable(text: str) -> bool:
    return all("!" <= character <= "~" for character in text)


def _instant(dialect: Dialect, value: Any) -> datetime:
    found: datetime = datetime.fromisoformat(value) if dialect == "sqlite" else value
    return found


@functools.cache
def _lock() -> Prepared:
    number = sa.bindparam("number", type_=sa.BigInteger())
    return prepare(sa.select(sa.func.pg_try_advisory_xact_lock(number)), "postgresql")


def _is_request() -> sa.ColumnElement[bool]:
    table = IDEMPOTENCY.c
    return sa.and_(
        table.principal == sa.bindparam("b_user", type_=table.principal.type),
        table.key == sa.bindparam("b_key", type_=table.key.type),
    )


@functools.cache
def _select(dialect: Dialect) -> Prepared:
    table = IDEMPOTENCY.c
    columns = (table.request_hash, table.status, table.body, table.created)
    return prepare(sa.select(*columns).where(_is_request()), dialect)


@functools.cache
def _delete(dialect: Dialect) -> Prepared:
    return prepare(sa.delete(IDEMPOTENCY).where(_is_request()), dialect)


@functools.cache
def _insert(dialect: Dialect) -> Prepared:
    values = {
        column.name: sa.bindparam("i_" + column.name, type_=column.type) for column in IDEMPOTENCY.c
    }
    return prepare(sa.insert(IDEMPOTENCY).values(values), dialect)
