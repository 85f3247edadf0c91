"""What the two databases can do and how their drivers are opened: ask for a capability here.

Everything that is SQL of one vendor, and no statement over a table, stands in this file.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import psycopg
from psycopg.adapt import Loader
from sqlalchemy.dialects.postgresql import psycopg as postgresql_dialect
from sqlalchemy.dialects.sqlite import pysqlite as sqlite_dialect
from sqlalchemy.engine.interfaces import Dialect as SqlDialect

from headrace.platform.formulas import sqlite_functions
from headrace.platform.metadata.storage_types import Dialect

BUSY_SECONDS: Final = 10
PUBLISH_LOCK: Final = 7_240_193_558_210_466
"""Key of the advisory lock that writers share and the switch of a publish takes alone."""
SHORT_WAIT: Final = "200ms"
"""How long a publish waits for a lock before it makes way and tries again."""
ALONE_WAIT: Final = "5s"
"""How long a writer waits for the others to end, so that it can write alone."""
LONG_WAIT: Final = "1h"
"""How long a statement waits that makes nobody wait."""
LOOK_EVERY: Final = 10_000
"""Steps of SQLite between two looks at the time, where it is limited."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a database can do, and the words in which its transactions begin."""

    begin_snapshot: str
    begin_write: str
    begin_write_alone: str
    begin_prepare: str
    begin_publish: str
    begin_define: str
    begin_alone: str
    end_alone: str
    one_writer: bool
    row_locks: bool
    alters_constraints: bool


CAPABILITIES: Final[Mapping[Dialect, Capabilities]] = MappingProxyType(
    {
        "sqlite": Capabilities(
            begin_snapshot="BEGIN DEFERRED",
            begin_write="BEGIN IMMEDIATE",
            begin_write_alone="BEGIN IMMEDIATE",
            begin_prepare="BEGIN IMMEDIATE",
            begin_publish="BEGIN IMMEDIATE",
            begin_define="BEGIN IMMEDIATE",
            begin_alone="BEGIN IMMEDIATE",
            end_alone="",
            one_writer=True,
            row_locks=False,
            alters_constraints=False,
        ),
        "postgresql": Capabilities(
            begin_snapshot="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            # The version is read by the next statement: a snapshot taken before waiting for the
            # lock would still show the old one.
            begin_write=f"BEGIN; SELECT pg_advisory_xact_lock_shared({PUBLISH_LOCK})",
            # Those who hold it may be in a deadlock of their own, which takes a second to be found.
            begin_write_alone=(
                f"BEGIN; SET LOCAL lock_timeout = '{ALONE_WAIT}';"
                f" SELECT pg_advisory_xact_lock({PUBLISH_LOCK})"
            ),
            # A preparation is a writer that gives way: whoever waits for it is not kept waiting long.
            begin_prepare=(
                f"BEGIN; SET LOCAL lock_timeout = '{SHORT_WAIT}';"
                f" SELECT pg_advisory_xact_lock_shared({PUBLISH_LOCK})"
            ),
            begin_publish=(
                f"BEGIN; SET LOCAL lock_timeout = '{SHORT_WAIT}';"
                f" SELECT pg_advisory_xact_lock({PUBLISH_LOCK})"
            ),
            begin_define=f"BEGIN; SELECT pg_advisory_xact_lock({PUBLISH_LOCK})",
            # Building an index beside its users waits for old snapshots to end; nobody waits for it.
            begin_alone=f"SET lock_timeout = '{LONG_WAIT}'",
            end_alone="RESET lock_timeout",
            one_writer=False,
            row_locks=True,
            alters_constraints=True,
        ),
    }
)

COMPILERS: Final[Mapping[Dialect, SqlDialect]] = MappingProxyType(
    {
        "sqlite": sqlite_dialect.dialect(paramstyle="qmark"),
        "postgresql": postgresql_dialect.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]  # SQLAlchemy
    }
)
"""SQLAlchemy's dialects with positional parameters, for statements that go to the driver."""

CONNECT_ARGUMENTS: Final[Mapping[Dialect, Mapping[str, Any]]] = MappingProxyType(
    {
        "sqlite": {
            "isolation_level": None,
            "check_same_thread": False,
            "timeout": BUSY_SECONDS,
            "cached_statements": 1024,
        },
        "postgresql": {
            "autocommit": True,
            "options": f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS * 1000}",
            "application_name": "headrace",
        },
    }
)


class _TextOfUuid(Loader):
    """Gives uuid values as text, as ids are everywhere in the platform."""

    def load(self, data: Any) -> str:
        return bytes(data).decode("ascii")


def prepare_connection(dialect: Dialect, connection: Any) -> None:
    """Set up a new driver connection."""
    if dialect == "sqlite":
        _prepare_sqlite(connection)
    else:
        _prepare_postgresql(connection)


def _prepare_sqlite(connection: sqlite3.Connection) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    sqlite_functions.register(connection)


def _prepare_postgresql(connection: psycopg.Connection[Any]) -> None:
    connection.adapters.register_loader("uuid", _TextOfUuid)
    connection.prepared_max = 1000


_GIVE_WAY_STATES: Final = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock: the database says that trying again may help."""

DRIVER_ERRORS: Final = (sqlite3.Error, psycopg.Error)
"""What drivers raise when a statement cannot be done."""

_BUSY_STATES: Final = frozenset({"55P03", "40001", "40P01", "57014"})
"""Lock not available, serialization failure, deadlock, cancelled."""


_LOST_STATES: Final = ("08", "53", "57P")
"""Connection exceptions, too few resources, a server that ends or starts; not a cancelled statement."""


def is_busy(error: BaseException) -> bool:
    """Say whether the statement failed only because another one was in its way."""
    if isinstance(error, sqlite3.OperationalError):
        code: int = getattr(error, "sqlite_errorcode", 0)
        return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return isinstance(error, psycopg.Error) and error.sqlstate in _BUSY_STATES


def is_deadlock(error: BaseException) -> bool:
    """Say whether a statement had to give way to other writers, so that the work can begin again."""
    return isinstance(error, psycopg.Error) and error.sqlstate in _GIVE_WAY_STATES


def is_lost(error: BaseException) -> bool:
    """Say whether the connection to the database was lost or cannot be made."""
    if isinstance(error, psycopg.OperationalError):
        state = error.sqlstate or ""
        return not state or state.startswith(_LOST_STATES)
    return False


def is_full(error: BaseException) -> bool:
    """Say whether the database has no space left."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return isinstance(error, psycopg.Error) and error.sqlstate == "53100"


def end_after(dialect: Dialect, connection: Any, seconds: float) -> None:
    """Let statements of the transaction that a driver connection is in end with an error when time is up.

    On SQLite the time runs from now and until `end_never`, on PostgreSQL anew for each statement and
    until the transaction ends.
    """
    if dialect == "postgresql":
        milliseconds = max(1, round(seconds * 1000))
        connection.execute(f"SET LOCAL statement_timeout = {milliseconds}")
        return
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() >= end, LOOK_EVERY)


def end_never(dialect: Dialect, connection: Any) -> None:
    """Take back `end_after`, where the end of the transaction does not."""
    if dialect == "sqlite":
        connection.set_progress_handler(None, 0)


def is_out_of_time(error: BaseException) -> bool:
    """Say whether a statement was ended because it took too long."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_INTERRUPT
    return isinstance(error, psycopg.errors.QueryCanceled)


def is_clean(dialect: Dialect, connection: Any) -> bool:
    """Say whether a driver connection is open and outside of any transaction."""
    if dialect == "sqlite":
        return not connection.in_transaction
    idle = psycopg.pq.TransactionStatus.IDLE
    return not connection.closed and connection.info.transaction_status == idle
