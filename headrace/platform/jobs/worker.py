"""The local worker: leases jobs, runs their handlers, backs off, gives up into the dead letters.

A short handler runs in one transaction with the closing of its job: what it writes and the job's end are
committed together or not at all. The close comes first and is conditional on the lease, so a worker
whose lease was taken over changes nothing. It holds the row until the end, so nobody takes the job over
meanwhile, however long that takes; the other handlers are kept by signs of life.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias, get_args
from uuid import uuid4

import sqlalchemy as sa

from headrace.platform.core.clock import Clock, RealClock
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.long_jobs import (
    LEASE,
    Course,
    LeaseLostError,
    LongHandler,
    leave,
)
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.tables import JOB

SIGNS: Final = 4
"""Signs of life that a worker gives while a lease lasts: some may be late, or lost."""
MAX_ATTEMPTS: Final = 8
FIRST_DELAY: Final = timedelta(seconds=5)
LONGEST_DELAY: Final = timedelta(hours=1)
KEPT_DONE: Final = timedelta(days=7)
POLL_SECONDS: Final = 1.0
APART_THREADS: Final = 4
PULSE_EVERY: Final = timedelta(seconds=10)
CHORES_EVERY: Final = timedelta(hours=1)
ERROR_LENGTH: Final = 500
DIED: Final = "its worker died each time"

JobHandler: TypeAlias = Callable[[Job, UnitOfWork], None]
"""Does a job inside the transaction that closes it; an exception means: try again later."""

Chore: TypeAlias = Callable[[UnitOfWork], int]
"""Removes rows that are of no more use, and says how many; doing it twice does no harm."""

Lane = Literal["short", "long", "apart"]
"""Jobs that never wait for those of other lanes: short ones, long ones, those of other systems."""

LANES: Final[tuple[Lane, ...]] = get_args(Lane)

Burial: TypeAlias = Callable[[Job, UnitOfWork, str], None]
"""Takes note that a job was given up, with its error, in the transaction that gives it up."""

Round: TypeAlias = Callable[[], object]
"""A chore that opens transactions of its own, several where one would last too long."""

LOG: Final = logging.getLogger(__name__)


def delay_after(attempt: int) -> timedelta:
    """Return how long a job waits after its failed `attempt` (1, 2, …): doubling, capped."""
    return min(LONGEST_DELAY, FIRST_DELAY * (1 << min(attempt - 1, 20)))


def said(error: Exception) -> str:
    """Return what is kept of an error for people who may not see the data of all companies.

    Only its first line: behind it databases quote the row, and SQLAlchemy the statement.
    """
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}"[:ERROR_LENGTH]


@dataclass
class Worker:
    """Drains the job table; any number of them may run, in threads and operating-system processes.

    `clock` is the workspace's (for due times), `real_clock` the machine's (for leases).
    """

    database: Database
    outbox: Outbox
    handlers: Mapping[str, JobHandler]
    clock: Clock
    real_clock: Clock = field(default_factory=RealClock)
    name: str = field(default_factory=lambda: uuid4().hex)
    chores: tuple[Chore, ...] = ()
    rounds: tuple[Round, ...] = ()
    pulses: tuple[Round, ...] = ()
    """What workers look after every few seconds; cheap where there is nothing to do."""
    long_handlers: Mapping[str, LongHandler] = field(default_factory=dict)
    own_handlers: Mapping[str, LongHandler] = field(default_factory=dict)
    """Of jobs that are short and open their own transactions: they wait for no long one."""
    apart_handlers: Mapping[str, LongHandler] = field(default_factory=dict)
    """Of jobs that wait for other systems: threads of their own do them."""
    burials: Mapping[str, Burial] = field(default_factory=dict)
    lease: timedelta = LEASE
    """How long a job belongs to its worker without a sign of life."""

    def run_once(self) -> bool:
        """Do one short job if there is one; say whether there was."""
        return self._run("short")

    def run_long_once(self) -> bool:
        """Do one long job if there is one; say whether there was."""
        return bool(self.long_handlers) and self._run("long")

    def run_apart_once(self) -> bool:
        """Do one job that waits for another system if there is one; say whether there was."""
        return bool(self.apart_handlers) and self._run("apart")

    def run_lane_once(self, lane: Lane) -> bool:
        """Do one job of `lane` if there is one; say whether there was."""
        match lane:
            case "short":
                return self.run_once()
            case "long":
                return self.run_long_once()
            case "apart":
                return self.run_apart_once()

    def take(self, job_id: str) -> bool:
        """Do the job with this id if it can be done now; say whether it could.

        Called for what a broker says, which may come late, twice, or for another database's job.
        """
        job = self._lease(JOB.c.id == job_id)
        if job is None:
            return False
        self._do(job)
        return True

    def _run(self, lane: Lane) -> bool:
        job = self._claim(lane)
        if job is None:
            return False
        self._do(job)
        return True

    def _do(self, job: Job) -> None:
        try:
            handlers = {**self.long_handlers, **self.own_handlers, **self.apart_handlers}
            own = handlers.get(job.kind)
            if own is None:
                self._perform(job)
            else:
                course = Course(self.database, self.real_clock, job, self.lease)
                with self._alive(course):
                    own(job, course)
        except LeaseLostError:
            LOG.warning("job %s (%s): its lease was taken over", job.id, job.kind)
        except Exception as error:  # the edge of a job: whatever fails is written down
            LOG.exception("job %s (%s) failed, attempt %s", job.id, job.kind, job.attempt)
            self._fail(job, error)

    def drain(self, limit: int = 10_000) -> int:
        """Do all jobs that can be done now; return how many were tried."""
        count = 0
        while count < limit and (self.run_once() or self.run_long_once() or self.run_apart_once()):
            count += 1
        return count

    def tidy(self) -> int:
        """Do the chores, each in its own transaction, then the rounds; return how many rows went."""
        count = 0
        for chore in self.chores:
            with self.database.writing(None) as work:
                count += chore(work)
        for go in self.rounds:
            go()
        return count

    def run_long_forever(self, stop: threading.Event) -> None:
        """Do long jobs until `stop` is set, one after the other: they keep no other job waiting."""
        self._repeat(self.run_long_once, stop)

    def run_apart_forever(self, stop: threading.Event) -> None:
        """Do jobs that wait for other systems until `stop` is set."""
        self._repeat(self.run_apart_once, stop)

    @staticmethod
    def _repeat(once: Callable[[], bool], stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                busy = once()
            except Exception:  # the database may be away: keep the thread alive
                LOG.exception("the worker could not look for jobs of its kind")
                busy = False
            if not busy:
                stop.wait(POLL_SECONDS)

    def run_forever(self, stop: threading.Event) -> None:
        """Work until `stop` is set; sleeps between polls, woken by jobs of this process."""
        rounds = Rounds(self)
        while not stop.is_set():
            try:
                self.outbox.arrived.clear()
                busy = self.run_once()
                rounds.go(busy=busy)
            except Exception:  # the database may be away: keep the thread alive
                LOG.exception("the worker could not look for jobs")
                busy = False
            if not busy:
                self.outbox.arrived.wait(POLL_SECONDS)

    def start(self, threads: int = 1, lanes: Collection[Lane] = LANES) -> Callable[[], None]:
        """Work in background threads; return the function that stops them and waits."""
        stop = threading.Event()

        def thread(lane: Lane, number: int) -> threading.Thread:
            go = {
                "short": self.run_forever,
                "long": self.run_long_forever,
                "apart": self.run_apart_forever,
            }[lane]
            name = f"worker-{lane}-{number}"
            return threading.Thread(target=go, args=(stop,), name=name, daemon=True)

        wanted = {lane: self.threads_of(lane, threads) for lane in LANES if lane in lanes}
        started = [thread(lane, one) for lane, count in wanted.items() for one in range(count)]
        for one in started:
            one.start()

        def finish() -> None:
            stop.set()
            self.outbox.arrived.set()
            for one in started:
                one.join()

        return finish

    def threads_of(self, lane: Lane, threads: int) -> int:
        """Return how many threads do the jobs of `lane` where `threads` do the short ones."""
        match lane:
            case "short":
                return threads
            case "long":
                return 1 if self.long_handlers else 0
            case "apart":
                return APART_THREADS if self.apart_handlers else 0

    def ready(self) -> sa.ColumnElement[bool]:
        """Return which jobs can be done now."""
        return sa.or_(self._left(), self._due())

    def _due(self) -> sa.ColumnElement[bool]:
        return sa.and_(JOB.c.state == "waiting", JOB.c.due <= self.clock.now())

    def _left(self) -> sa.ColumnElement[bool]:
        return sa.and_(JOB.c.state == "started", JOB.c.leased_until <= self.real_clock.now())

    def of_lane(self, lane: Lane) -> sa.ColumnElement[bool]:
        """Return which jobs are those of `lane`."""
        kinds = {"long": tuple(self.long_handlers), "apart": tuple(self.apart_handlers)}
        if lane != "short":
            return JOB.c.kind.in_(kinds[lane])
        return JOB.c.kind.not_in((*kinds["long"], *kinds["apart"]))

    def _claim(self, lane: Lane = "short") -> Job | None:
        ready = sa.select(JOB.c.id).where(self.ready(), self.of_lane(lane))
        with self.database.reading() as reading:
            # Looking first keeps an idle worker from taking SQLite's write lock every second.
            found = reading.connection.execute(ready.limit(1)).first()
        return None if found is None else self._lease(self.of_lane(lane))

    def _lease(self, wanted: sa.ColumnElement[bool]) -> Job | None:
        """Take the first of the jobs that are `wanted` and can be done, in a transaction of its own."""
        with self.database.writing(None) as work:
            row = self._first(work, wanted)
            if row is None:
                return None
            if row.attempts >= MAX_ATTEMPTS:
                # Each time its worker died in the middle, so that nobody counted its failures.
                gone = {"state": "dead", "finished": self.real_clock.now(), "error": DIED}
                work.connection.execute(sa.update(JOB).where(JOB.c.id == row.id).values(**gone))
                self._bury(Job(row.id, row.kind, row.payload, row.attempts), work, DIED)
                return None
            lease: dict[str, Any] = {
                "state": "started",
                "attempts": row.attempts + 1,
                "leased_until": self.real_clock.now() + self.lease,
                "leased_by": self.name,
                "handed_until": None,
            }
            work.connection.execute(sa.update(JOB).where(JOB.c.id == row.id).values(**lease))
            return Job(row.id, row.kind, row.payload, row.attempts + 1)

    def _first(self, work: UnitOfWork, wanted: sa.ColumnElement[bool]) -> Any:
        """Lock what was left first, else what is due: each is the head of an index, however many wait."""
        for ready, order in ((self._left(), JOB.c.leased_until), (self._due(), JOB.c.due)):
            first = sa.select(JOB).where(ready, wanted).order_by(order, JOB.c.id).limit(1)
            row = work.connection.execute(first.with_for_update(skip_locked=True)).first()
            if row is not None:
                return row
        return None

    def _perform(self, job: Job) -> None:
        handler = self.handlers.get(job.kind)
        if handler is None:
            message = f"no handler for jobs of kind {job.kind!r}"
            raise LookupError(message)
        with self.database.writing(None) as work:
            done = {"state": "done", "finished": self.real_clock.now(), "error": None}
            leave(work, job, done)
            handler(job, work)

    @contextmanager
    def _alive(self, course: Course) -> Iterator[None]:
        """Let another thread say in the block that a job is alive: a statement may take an hour."""
        job, ended = course.job, threading.Event()

        def stay_alive() -> None:
            while not ended.wait(self.lease.total_seconds() / SIGNS):
                try:
                    course.renew()
                except LeaseLostError:
                    return
                except Exception:  # the database may be away: the lease lasts a while
                    LOG.exception("job %s (%s): its lease could not be renewed", job.id, job.kind)

        alive = threading.Thread(target=stay_alive, name="worker-alive", daemon=True)
        alive.start()
        try:
            yield
        finally:
            ended.set()
            alive.join()

    def _fail(self, job: Job, error: Exception) -> None:
        gives_up = job.attempt >= MAX_ATTEMPTS
        now = self.real_clock.now()
        outcome = {
            "state": "dead" if gives_up else "started",
            "finished": now if gives_up else None,
            "leased_until": None if gives_up else now + delay_after(job.attempt),
            "leased_by": None,
            "error": said(error),
        }
        try:
            with self.database.writing(None) as work:
                leave(work, job, outcome)
                if gives_up:
                    self._bury(job, work, str(outcome["error"]))
        except LeaseLostError:
            LOG.warning("job %s (%s): its lease was taken over", job.id, job.kind)

    def _bury(self, job: Job, work: UnitOfWork, error: str) -> None:
        bury = self.burials.get(job.kind)
        if bury is not None:
            bury(job, work, error)


class Rounds:
    """What some process has to look after now and then, whoever does the jobs."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._tidied = self._pulsed = worker.real_clock.now() - CHORES_EVERY

    def go(self, *, busy: bool) -> None:
        """Do what is due: pulses in any case, chores where the worker is not `busy`."""
        now = self._worker.real_clock.now
        if now() - self._pulsed >= PULSE_EVERY:
            self._pulsed = now()
            for pulse in self._worker.pulses:
                pulse()
        if not busy and now() - self._tidied >= CHORES_EVERY:
            self._tidied = now()
            self._worker.tidy()


def sweep(work: UnitOfWork) -> int:
    """Delete what was done or cancelled long ago; dead letters stay. Return how many."""
    old = sa.delete(JOB).where(
        JOB.c.state.in_(("done", "cancelled", "refused")), JOB.c.finished < work.now - KEPT_DONE
    )
    return work.connection.execute(old).rowcount
