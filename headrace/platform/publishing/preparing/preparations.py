"""The row that says what is being prepared: at most one at a time, kept until nothing of it is left."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.clock import Clock
from headrace.platform.core.errors import ConflictError
from headrace.platform.core.problems import Message
from headrace.platform.database.system_tables import (
    SYSTEM,
    boolean_type,
    id_type,
    instant_type,
    json_type,
    text_type,
)
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.tables import JOB

PREPARATION: Final = sa.Table(
    "sys_preparation",
    SYSTEM,
    sa.Column("slot", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("base", sa.BigInteger(), nullable=False),
    sa.Column("plan", text_type(), nullable=False),
    sa.Column("steps", text_type(), nullable=False),
    sa.Column("content", json_type(), nullable=False),
    sa.Column("decisions", json_type(), nullable=False),
    sa.Column("restoring", sa.BigInteger()),
    sa.Column("message", text_type(), nullable=False),
    sa.Column("by_user", id_type()),
    sa.Column("job", id_type()),
    sa.Column("started", instant_type(), nullable=False),
    sa.Column("holder", text_type(), nullable=False),
    sa.Column("leased_until", instant_type(), nullable=False),
    sa.Column("step", sa.Integer(), nullable=False),
    sa.Column("after", text_type()),
    sa.Column("rows", sa.BigInteger(), nullable=False),
    sa.Column("traces", json_type(), nullable=False),
    sa.Column("switched", boolean_type(), nullable=False),
)
"""The publish that is prepared (slot 1). `plan` and `steps` are fingerprints: only the same is gone on with,
and nothing once its removal has begun (`plan` is empty then). `holder` is a token of its own for each time
that somebody takes it. `step`, `after` and `rows` say how far it is; `traces` name
what it made; `switched`: its version went live, what is left is tidying up."""

SLOT: Final = 1
LEASE: Final = timedelta(minutes=5)
"""How long a preparation belongs to its process without a sign of life."""
LONG_LEASE: Final = timedelta(hours=1)
"""The same for a single statement that may take long."""

IN_PREPARATION: Final = Message(
    "publish.in_preparation",
    "Another version is being prepared since {since}; it is based on version {base}.",
    "另一个版本自 {since} 起正在准备中，其基于版本 {base}。",
    "Wait until it is live, or cancel it.",
    "请等待其生效，或将其取消。",
)


class TakenOverError(Exception):
    """Another process goes on with the preparation, or ended it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A preparation as its row says; `traces` as `leftovers` reads them."""

    base: int
    plan: str
    steps: str
    content: Sequence[str]
    decisions: Mapping[str, Any]
    restoring: int | None
    message: str
    by_user: str | None
    job: str | None
    started: datetime
    holder: str
    leased_until: datetime
    step: int
    after: str | None
    rows: int
    traces: Mapping[str, Any]
    switched: bool


def read_preparation(connection: sa.Connection) -> Held | None:
    """Return the preparation that there is."""
    row = connection.execute(sa.select(PREPARATION)).first()
    if row is None:
        return None
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    del values["slot"]
    for name in ("by_user", "job"):
        values[name] = None if values[name] is None else str(values[name])
    return Held(**values)


def is_held(connection: sa.Connection, held: Held, now: datetime) -> bool:
    """Say whether somebody still works on a preparation, or a job that waits will."""
    if held.switched:
        return False
    if held.job is not None:
        state = connection.execute(sa.select(JOB.c.state).where(JOB.c.id == held.job)).scalar()
        if state in {"waiting", "started"}:
            return True
    return held.leased_until > now and not _is_dead(held.holder)


def refuse_held(connection: sa.Connection, now: datetime, job: str | None = None) -> None:
    """Raise ConflictError where somebody prepares another version; what `job` began is its own."""
    held = read_preparation(connection)
    if held is not None and held.job is not None and held.job == job:
        return
    if held is not None and is_held(connection, held, now):
        since = held.started.isoformat(timespec="seconds")
        raise ConflictError(IN_PREPARATION.at(since=since, base=held.base))


def new_holder() -> str:
    """Return what this process calls itself as a holder, another word each time."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}"


def _is_dead(holder: str) -> bool:
    """Say whether the holder was a process of this machine that is no more."""
    host, _, number = holder.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not number.isdigit() or int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class Lease:
    """Keeps a preparation in the hands of its holder and its progress in the database."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.holder = new_holder()

    def mark(
        self,
        work: UnitOfWork,
        *,
        step: int | None = None,
        after: str | None = None,
        rows: int = 0,
        lease: timedelta = LEASE,
    ) -> None:
        """Write how far the preparation is, in the transaction of the step itself.

        Without `step` only the lease is renewed. Raise TakenOverError where it is somebody else's.
        """
        values: dict[str, Any] = {"leased_until": self._clock.now() + lease}
        if step is not None:
            values.update(step=step, after=after, rows=PREPARATION.c.rows + rows)
        self._change(work, values)

    def switched(self, work: UnitOfWork) -> None:
        """Write that the version is live; part of the switch."""
        self._change(work, {"switched": True})

    def take(
        self, work: UnitOfWork, held: Held, *, job: str | None = None, removing: bool = False
    ) -> None:
        """Take over a preparation just as it was seen; who is `removing` it goes on with nothing of it.

        Raise TakenOverError where somebody else was quicker, or it went live meanwhile.
        """
        as_seen = sa.and_(
            PREPARATION.c.holder == held.holder,
            PREPARATION.c.leased_until == held.leased_until,
            PREPARATION.c.switched == held.switched,
        )
        values: dict[str, Any] = {
            "holder": self.holder,
            "job": job,
            "leased_until": self._clock.now() + LEASE,
        }
        if removing:
            values["plan"] = ""
        change = sa.update(PREPARATION).where(as_seen).values(values)
        if work.connection.execute(change).rowcount != 1:
            raise TakenOverError

    def end(self, work: UnitOfWork) -> None:
        """Forget the preparation; part of removing the last of it."""
        gone = sa.delete(PREPARATION).where(PREPARATION.c.holder == self.holder)
        if work.connection.execute(gone).rowcount != 1:
            raise TakenOverError

    def _change(self, work: UnitOfWork, values: Mapping[str, Any]) -> None:
        mine = PREPARATION.c.holder == self.holder
        if work.connection.execute(sa.update(PREPARATION).where(mine).values(values)).rowcount != 1:
            raise TakenOverError
