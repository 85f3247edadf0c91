"""Connections and transactions. Reads run by themselves, writes in one unit of work.

Driver connections never open transactions on their own (autocommit); a transaction begins with the
words of the dialect's capabilities, so that on SQLite writers lock from the start and DDL is
transactional, and on PostgreSQL every writer holds the shared publish lock.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event, pool

from headrace.platform.core.errors import (
    DeadlockError,
    NewerCatalogError,
    StalePrincipalError,
    UnavailableError,
)
from headrace.platform.core.problems import Message
from headrace.platform.database import dialects
from headrace.platform.database.dialects import CAPABILITIES, CONNECT_ARGUMENTS, Capabilities
from headrace.platform.database.prepared import NO_PARAMETERS, Parameters, Prepared, prepare
from headrace.platform.database.system_tables import LIVE_VERSION
from headrace.platform.database.unit_of_work import THE_PLATFORM, Actor, UnitOfWork
from headrace.platform.formulas.messages import FormulaOverflowError
from headrace.platform.formulas.sql import is_overflow
from headrace.platform.metadata.storage_types import Dialect

IDLE_CONNECTIONS: Final = 32

BUSY = Message(
    "database.busy",
    "The database is busy with other work.",
    "数据库正忙于其他操作。",
    "Try again in a moment.",
    "请稍后重试。",
)
LOST = Message(
    "database.unreachable",
    "The database cannot be reached.",
    "无法连接数据库。",
    "Try again in a moment; an administrator can run `headrace doctor`.",
    "请稍后重试；管理员可以运行 `headrace doctor` 检查。",
)
FULL = Message(
    "storage.full",
    "There is no space left to save anything.",
    "存储空间已满，无法保存。",
    "An administrator must make room; reading still works.",
    "请管理员释放空间；读取不受影响。",
)


class OutOfTimeError(Exception):
    """A statement was ended because it would have taken longer than it may."""


@dataclass(frozen=True, slots=True)
class StampQuery:
    """How the stamp of a credential is read: a select of one value, parameters, the value known.

    The select is a constant of the module that owns the table, so that it is compiled once.
    """

    select: sa.Select[Any]
    parameters: Mapping[str, Any]
    expected: Any


class _Slot:
    """An open connection that is kept for the next use."""

    __slots__ = ("connection", "cursor", "raw")

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        connection.info["begin"] = ""
        raw: Any = connection.connection.driver_connection
        self.raw = raw
        self.cursor = raw.cursor()


class Reading:
    """A connection to read on; each statement sees what is committed when it starts."""

    __slots__ = ("_database", "_slot", "_snapshot")

    def __init__(self, database: Database, slot: _Slot, *, snapshot: bool) -> None:
        self._database = database
        self._slot = slot
        self._snapshot = snapshot

    @property
    def connection(self) -> sa.Connection:
        """The SQLAlchemy connection, for statements that are not prepared."""
        return self._slot.connection

    def rows(self, prepared: Prepared, parameters: Parameters = NO_PARAMETERS) -> list[Any]:
        """Run a prepared statement and return its rows as tuples of driver values."""
        try:
            rows: list[Any] = prepared.run(self._slot.cursor, parameters).fetchall()
        except dialects.DRIVER_ERRORS as error:
            if self._snapshot or not dialects.is_lost(error):
                raise
            # A connection that was kept did not outlive the server; a read can be sent again.
            self._database._give_back(self._slot)  # noqa: SLF001 - same module
            self._slot = self._database._take()  # noqa: SLF001 - same module
            rows = prepared.run(self._slot.cursor, parameters).fetchall()
        return rows


class _ReadingScope:
    """Lends a connection for reading; a class, because this is the path of every request."""

    __slots__ = ("_database", "_reading", "_snapshot")

    def __init__(self, database: Database, *, snapshot: bool) -> None:
        self._database = database
        self._snapshot = snapshot
        self._reading: Reading | None = None

    def __enter__(self) -> Reading:
        slot = self._database._take()  # noqa: SLF001 - same module
        if self._snapshot:
            slot = self._database._begun(slot, self._database.capabilities.begin_snapshot)  # noqa: SLF001 - same module
        self._reading = Reading(self._database, slot, snapshot=self._snapshot)
        return self._reading

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        reading, self._reading = self._reading, None
        if reading is None:
            return
        slot = reading._slot  # noqa: SLF001 - same module
        if error is None and not self._snapshot and not slot.connection.in_transaction():
            self._database._idle.append(slot)  # noqa: SLF001 - same module
            return
        self._database._give_back(slot)  # noqa: SLF001 - same module
        if error is not None:
            _raise_refusal(error)


class Database:
    """A database with its connections; safe to share between threads."""

    def __init__(self, engine: sa.Engine, dialect: Dialect) -> None:
        self.engine = engine
        self.dialect: Dialect = dialect
        self.capabilities: Capabilities = CAPABILITIES[dialect]
        self._idle: deque[_Slot] = deque()
        self._writer = threading.Lock() if self.capabilities.one_writer else None
        self._checks: dict[int, tuple[sa.Select[Any], Prepared]] = {}
        self._version = prepare(sa.select(LIVE_VERSION), dialect)

    def reading(self) -> contextlib.AbstractContextManager[Reading]:
        """Lend a connection for reads; each statement stands alone."""
        return _ReadingScope(self, snapshot=False)

    def snapshot(self) -> contextlib.AbstractContextManager[Reading]:
        """Lend a connection on which all statements see the same moment; nothing can be written."""
        return _ReadingScope(self, snapshot=True)

    @contextlib.contextmanager
    def bounded(self, seconds: float) -> Iterator[Reading]:
        """Lend a snapshot on which no statement takes longer than `seconds`; raise OutOfTimeError.

        For questions that must never keep the database from its work.
        """
        with self.snapshot() as reading:
            raw = reading.connection.connection.driver_connection
            dialects.end_after(self.dialect, raw, seconds)
            try:
                yield reading
            except (*dialects.DRIVER_ERRORS, sa.exc.DBAPIError) as error:
                cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
                if cause is not None and dialects.is_out_of_time(cause):
                    raise OutOfTimeError from error
                raise
            finally:
                dialects.end_never(self.dialect, raw)

    @contextlib.contextmanager
    def writing(
        self,
        version: int | None,
        stamp: StampQuery | None = None,
        actor: Actor = THE_PLATFORM,
        *,
        alone: bool = False,
    ) -> Iterator[UnitOfWork]:
        """Open the unit of work of one use case; commit at the end, roll back on any error.

        `alone` lets nobody else write meanwhile, so that no deadlock is possible; it waits some
        seconds for those who write already: then it raises UnavailableError `database.busy`.
        Raise NewerCatalogError where the live version is not `version` (None: any will do), and
        StalePrincipalError where the stamp is no longer the one expected.
        """
        begin = self.capabilities.begin_write_alone if alone else self.capabilities.begin_write
        with self._transaction(begin) as slot:
            live, present = self._live_state(slot, stamp)
            if version is not None and live != version:
                raise NewerCatalogError(live)
            if stamp is not None and present != stamp.expected:
                raise StalePrincipalError
            work = UnitOfWork(slot.connection, self.dialect, live, actor=actor)
            yield work
        work.committed()

    @contextlib.contextmanager
    def preparing(self, version: int | None, actor: Actor = THE_PLATFORM) -> Iterator[UnitOfWork]:
        """Open the unit of work of a step that prepares a version beside those who write.

        It waits only shortly for a lock. Raise NewerCatalogError where the live version is not
        `version` (None: any will do).
        """
        with self._transaction(self.capabilities.begin_prepare) as slot:
            live, _ = self._live_state(slot, None)
            if version is not None and live != version:
                raise NewerCatalogError(live)
            work = UnitOfWork(slot.connection, self.dialect, live, actor=actor)
            yield work
        work.committed()

    @contextlib.contextmanager
    def standing_alone(self) -> Iterator[sa.Connection]:
        """Lend a connection for statements that must not be in a transaction where there are such."""
        with self._transaction(self.capabilities.begin_alone) as slot:
            try:
                yield slot.connection
            finally:
                _send(slot, self.capabilities.end_alone)

    @contextlib.contextmanager
    def publishing(self, actor: Actor = THE_PLATFORM) -> Iterator[UnitOfWork]:
        """Open the unit of work of a publish: no writer is in a transaction while it lasts."""
        with self._transaction(self.capabilities.begin_publish) as slot:
            live, _ = self._live_state(slot, None)
            work = UnitOfWork(slot.connection, self.dialect, live, actor=actor)
            yield work
        work.committed()

    @contextlib.contextmanager
    def defining(self) -> Iterator[sa.Connection]:
        """Open a transaction in which system tables are made; programs that start at once take turns."""
        with self._transaction(self.capabilities.begin_define) as slot:
            yield slot.connection

    def live_version(self) -> int:
        """Return the number of the live version."""
        with self.reading() as reading:
            number: int = reading.rows(self._version)[0][0]
            return number

    def dispose(self) -> None:
        """Close all connections that are not in use."""
        while self._idle:
            _close(self._idle.pop())
        self.engine.dispose()

    def _live_state(self, slot: _Slot, stamp: StampQuery | None) -> tuple[int, Any]:
        if stamp is None:
            return self._version.run(slot.cursor).fetchone()[0], None
        found = self._checks.get(id(stamp.select))
        if found is None:
            statement = sa.select(LIVE_VERSION, stamp.select.scalar_subquery())
            # The select is kept with its statement, so that its id cannot be given to another.
            found = self._checks[id(stamp.select)] = (
                stamp.select,
                prepare(statement, self.dialect),
            )
        live, present = found[1].run(slot.cursor, stamp.parameters).fetchone()
        return live, present

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[_Slot]:
        with self._turn():
            slot = self._begun(self._take(), begin)
            try:
                with slot.connection.begin():
                    yield slot
            except BaseException as error:
                self._give_back(slot)
                _raise_refusal(error)
                raise
            self._give_back(slot)

    def _begun(self, slot: _Slot, words: str) -> _Slot:
        """Begin a transaction on `slot`, or on a new connection where a kept one was lost."""
        try:
            _send(slot, words)
        except dialects.DRIVER_ERRORS as error:
            self._give_back(slot)
            if not dialects.is_lost(error):
                _raise_refusal(error)
                raise
        else:
            return slot
        fresh = self._take()
        try:
            _send(fresh, words)
        except dialects.DRIVER_ERRORS as error:
            self._give_back(fresh)
            _raise_refusal(error)
            raise
        return fresh

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one thread write at a time where there is one writer: waiting beats polling."""
        if self._writer is None:
            yield
            return
        if not self._writer.acquire(timeout=dialects.BUSY_SECONDS):
            raise UnavailableError(BUSY.at())
        try:
            yield
        finally:
            self._writer.release()

    def _take(self) -> _Slot:
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            return _Slot(self.engine.connect())
        except sa.exc.DBAPIError as error:
            _raise_refusal(error)
            raise

    def _give_back(self, slot: _Slot) -> None:
        """Keep a connection for the next use if it is sound, else close it."""
        try:
            slot.connection.info["begin"] = ""
            if slot.connection.in_transaction():
                slot.connection.rollback()
            if not dialects.is_clean(self.dialect, slot.raw):
                slot.raw.rollback()
            sound = dialects.is_clean(self.dialect, slot.raw)
        except (*dialects.DRIVER_ERRORS, sa.exc.SQLAlchemyError):
            sound = False
        if sound and len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(slot)
            return
        _close(slot)
        if not sound:
            # The server may have gone: the others are as old as this one.
            while self._idle:
                _close(self._idle.pop())


def _send(slot: _Slot, words: str) -> None:
    if words:
        slot.cursor.execute(words)


def _close(slot: _Slot) -> None:
    with contextlib.suppress(*dialects.DRIVER_ERRORS, sa.exc.SQLAlchemyError):
        slot.connection.close()


def _raise_refusal(error: BaseException) -> None:
    """Raise the refusal that callers understand, where the database could not answer."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
    if is_overflow(cause):
        raise FormulaOverflowError from error
    if dialects.is_deadlock(cause):
        raise DeadlockError(BUSY.at()) from error
    for matches, message in (
        (dialects.is_full, FULL),
        (dialects.is_busy, BUSY),
        (dialects.is_lost, LOST),
    ):
        if matches(cause):
            raise UnavailableError(message.at()) from error


def is_busy(error: UnavailableError) -> bool:
    """Say whether it was others who held what was needed: then it may work a moment later."""
    return any(one.code == BUSY.code for one in error.problems)


def connect_database(url: str) -> Database:
    """Return the database at `url` (`sqlite:///…`, `postgresql://…`); nothing is opened yet."""
    address = sa.make_url(url)
    dialect: Dialect = "sqlite" if address.get_backend_name() == "sqlite" else "postgresql"
    if dialect == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(
        address,
        poolclass=pool.NullPool,
        connect_args=dict(CONNECT_ARGUMENTS[dialect]),
        # What people entered has no place in the logs.
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare_connection(connection: Any, _: Any) -> None:
        dialects.prepare_connection(dialect, connection)

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        words = connection.info.get("begin", CAPABILITIES[dialect].begin_write)
        if words:
            raw: Any = connection.connection.driver_connection
            raw.cursor().execute(words)

    return Database(engine, dialect)
