"""Jobs: only of committed causes, once, with leases that fence, back-off and dead letters."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError
from headrace.platform.core.ids import RandomIds
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.system_tables import SETTING
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.long_jobs import LEASE, LeaseLostError
from headrace.platform.jobs.notifications import NOTIFY, Notifications
from headrace.platform.jobs.outbox import Job, Outbox, cancel
from headrace.platform.jobs.queue import JobKind, Queue
from headrace.platform.jobs.tables import JOB
from headrace.platform.jobs.worker import (
    LONGEST_DELAY,
    MAX_ATTEMPTS,
    Worker,
    delay_after,
    sweep,
)
from tests.support.scratch import make_system_tables

NOW = datetime(2025, 6, 30, 10, 0, tzinfo=UTC)


class MovableClock:
    def __init__(self, instant: datetime = NOW) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def move(self, by: timedelta) -> None:
        self.instant += by


class Bench:
    """A database with an outbox, clocks to move, and workers over chosen handlers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = MovableClock()
        self.real = MovableClock()
        self.ids = RandomIds()
        self.outbox = Outbox(self.clock, self.ids)

    def put(self, kind: str = "note", **options: Any) -> str | None:
        with self.database.writing(None) as work:
            return self.outbox.put(work, kind, options.pop("payload", {}), **options)

    def worker(self, **handlers: Callable[[Job, UnitOfWork], None]) -> Worker:
        return Worker(self.database, self.outbox, handlers, self.clock, self.real)

    def jobs(self) -> list[Any]:
        with self.database.reading() as reading:
            return list(reading.connection.execute(sa.select(JOB).order_by(JOB.c.id)))

    def queue(self, **kinds: JobKind) -> Queue:
        return Queue(kinds, self.clock, self.real)

    def states(self) -> list[str]:
        return [row.state for row in self.jobs()]


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    database = connect_database(database_url)
    make_system_tables(database)
    yield Bench(database)
    database.dispose()


def nothing(_job: Job, _work: UnitOfWork) -> None:
    """Do a job that has no effect."""


def broken(_job: Job, _work: UnitOfWork) -> None:
    raise ValueError("it does not work")


def test_a_job_is_done_once(bench: Bench):
    done: list[Any] = []
    bench.put(payload={"a": [1, "二"]})
    worker = bench.worker(note=lambda job, _: done.append(job.payload))
    assert worker.run_once()
    assert not worker.run_once()
    assert done == [{"a": [1, "二"]}]
    assert bench.states() == ["done"]


def test_a_cause_that_is_rolled_back_leaves_no_job(bench: Bench):
    def fail() -> None:
        with bench.database.writing(None) as work:
            bench.outbox.put(work, "note", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert bench.jobs() == []
    assert not bench.outbox.arrived.is_set()


def test_effect_and_end_of_a_job_are_committed_together(bench: Bench):
    def half(job: Job, work: UnitOfWork) -> None:
        work.connection.execute(sa.insert(SETTING).values(key=job.id, value=job.attempt))
        if job.attempt == 1:
            raise ValueError("after the effect")

    bench.put()
    worker = bench.worker(note=half)
    worker.run_once()
    with bench.database.reading() as reading:
        assert reading.connection.execute(sa.select(SETTING)).all() == []
    bench.real.move(delay_after(1))
    assert worker.drain() == 1
    with bench.database.reading() as reading:
        assert reading.connection.execute(sa.select(SETTING.c.value)).scalars().all() == [2]


def test_a_due_time_is_of_the_business_clock(bench: Bench):
    bench.put(due=NOW + timedelta(days=3))
    worker = bench.worker(note=nothing)
    bench.real.move(timedelta(days=30))
    assert worker.drain() == 0
    bench.clock.move(timedelta(days=3))
    assert worker.drain() == 1


def test_a_failed_job_waits_longer_each_time_and_ends_dead(bench: Bench):
    bench.put()
    worker = bench.worker(note=broken)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert worker.run_once()
        assert not worker.run_once(), "not before its time"
        if attempt < MAX_ATTEMPTS:
            bench.real.move(delay_after(attempt) - timedelta(seconds=1))
            assert not worker.run_once()
            bench.real.move(timedelta(seconds=1))
    bench.real.move(timedelta(days=9))
    assert not worker.run_once()
    letters = bench.jobs()
    assert [(one.state, one.error) for one in letters] == [("dead", "ValueError: it does not work")]
    assert letters[0].attempts == MAX_ATTEMPTS


def test_a_dead_job_can_be_tried_again(bench: Bench):
    job_id = bench.put()
    assert job_id is not None
    worker = bench.worker(note=broken)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        worker.run_once()
        bench.real.move(delay_after(attempt))
    assert bench.states() == ["dead"]
    bench.real.instant = datetime.now(UTC) + timedelta(seconds=1)
    with bench.database.writing(None) as work:
        bench.queue().retry(work, job_id)
        with pytest.raises(ConflictError, match="given up"):
            bench.queue().retry(work, job_id)
    bench.real.move(timedelta(seconds=1))
    assert bench.worker(note=nothing).drain() == 1
    assert bench.states() == ["done"]


def test_delays_double_up_to_a_limit():
    delays = [delay_after(attempt) for attempt in range(1, 100)]
    assert delays[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY


def test_a_kind_without_handler_fails_and_waits(bench: Bench):
    bench.put("unheard_of")
    assert bench.worker(note=nothing).drain() == 1
    assert bench.states() == ["started"]
    assert "unheard_of" in bench.jobs()[0].error


def test_a_key_waits_once(bench: Bench):
    first = bench.put(key="recount")
    assert first is not None
    assert bench.put(key="recount") is None
    assert bench.put(key="other") is not None
    assert bench.worker(note=nothing).drain() == 2
    assert bench.put(key="recount") is not None, "after it was done it may be asked for again"
    for _ in range(12):
        assert bench.put(key="recount") is None
        assert bench.put() is not None


def test_a_key_can_be_asked_for_again_while_its_job_runs(bench: Bench):
    bench.put(key="recount")
    asked: list[str | None] = []

    def ask_again(job: Job, work: UnitOfWork) -> None:
        if not asked:
            asked.append(bench.outbox.put(work, "note", {}, key="recount"))

    assert bench.worker(note=ask_again).drain() == 2
    assert asked != [None]


def test_a_waiting_job_can_be_cancelled(bench: Bench):
    bench.put(key="remind", due=NOW + timedelta(hours=1))
    with bench.database.writing(None) as work:
        assert cancel(work, "remind")
        assert not cancel(work, "remind")
    bench.clock.move(timedelta(hours=2))
    assert bench.worker(note=nothing).drain() == 0


def test_a_crashed_worker_loses_no_job(bench: Bench):
    bench.put()
    crashed, other = bench.worker(note=nothing), bench.worker(note=nothing)
    assert crashed._claim() is not None
    assert not other.run_once()
    bench.real.move(LEASE)
    assert other.run_once()
    assert bench.states() == ["done"]


def test_a_worker_whose_lease_was_taken_over_changes_nothing(bench: Bench):
    effects: list[int] = []
    bench.put()
    slow = bench.worker(note=lambda job, _: effects.append(job.attempt))
    quick = bench.worker(note=lambda job, _: effects.append(job.attempt))
    job = slow._claim()
    assert job is not None
    bench.real.move(LEASE)
    assert quick.run_once()
    with pytest.raises(LeaseLostError):
        slow._perform(job)
    slow._fail(job, ValueError("late"))
    assert effects == [2]
    assert bench.states() == ["done"]
    assert bench.jobs()[0].error is None


def test_many_workers_share_jobs_each_is_done_once(bench: Bench, deep: bool):
    total = 1000 if deep else 60
    for start in range(0, total, 20):
        with bench.database.writing(None) as work:
            for number in range(start, start + 20):
                bench.outbox.put(work, "note", {"number": number})
    done: Counter[int] = Counter()
    lock = threading.Lock()

    def count(job: Job, work: UnitOfWork) -> None:
        work.connection.execute(sa.insert(SETTING).values(key=job.id, value=1))
        with lock:
            done[job.payload["number"]] += 1

    workers = [bench.worker(note=count) for _ in range(6)]
    threads = [threading.Thread(target=worker.drain) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers[:1]:
        worker.drain()
    assert sorted(done) == list(range(total))
    assert set(done.values()) == {1}
    assert set(bench.states()) == {"done"}


def test_a_background_worker_is_woken_by_the_commit_and_stops(bench: Bench):
    arrived = threading.Event()
    stop = bench.worker(note=lambda *_: arrived.set()).start(threads=2)
    bench.put()
    assert arrived.wait(5)
    stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("worker-")]


def test_what_was_done_long_ago_is_swept_dead_letters_stay(bench: Bench):
    bench.put()
    bench.put("broken")
    worker = bench.worker(note=nothing, broken=broken)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        worker.drain()
        bench.real.move(delay_after(attempt))
    with bench.database.writing(None) as work:
        assert sweep(work) == 1
    assert bench.states() == ["dead"]


def test_notifications_are_each_users_own(bench: Bench):
    notifications = Notifications(bench.database, bench.outbox, bench.clock, bench.ids)
    ann, bob = bench.ids.record_id(), bench.ids.record_id()
    with bench.database.writing(None) as work:
        notifications.send(work, [ann, bob, ann], "hello", Text("Hello", "你好"))
        notifications.send(work, [], "nobody", Text("x", "x"))
    assert notifications.unread_count(ann) == 0
    assert bench.worker(**{NOTIFY: notifications.write}).drain() == 1
    for user in (ann, bob):
        found = notifications.latest(user)
        assert [(one.kind, one.text.zh, one.read) for one in found] == [("hello", "你好", False)]
        assert found[0].at == NOW
    bobs = notifications.latest(bob)[0].id
    with bench.database.writing(None) as work:
        assert notifications.mark_read(work, ann, [bobs]) == 0, "not somebody else's"
        assert notifications.mark_read(work, ann) == 1
    assert (notifications.unread_count(ann), notifications.unread_count(bob)) == (0, 1)


def test_chores_run_each_in_its_own_transaction(bench: Bench) -> None:
    done: list[int] = []
    chores = (lambda _work: done.append(1) or 2, lambda _work: 3)
    worker = Worker(bench.database, bench.outbox, {}, bench.clock, bench.real, chores=chores)

    assert worker.tidy() == 5
    assert done == [1]
