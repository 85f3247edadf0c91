"""Jobs through real brokers: none lost, none doubled, whoever is killed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from redis import Redis

from headrace.doctor import examine
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.jobs.broker_opening import checked_broker
from headrace.platform.jobs.brokers import BrokerAwayError
from headrace.platform.jobs.celery_broker import CeleryBroker
from headrace.platform.jobs.relay import Relay
from headrace.platform.jobs.tables import JOB
from headrace.platform.jobs.worker import Worker
from headrace.platform.runtime import Platform
from tests.support import broker_worker
from tests.support.broker_worker import EFFECT, make_worker
from tests.support.brokers import RunningBroker, end_group, guarded, rabbitmq, redis, wait_until
from tests.support.live import open_platform
from tests.support.scratch import make_system_tables
from tests.support.servers import environment, headrace

pytestmark = pytest.mark.serial

LEASE = 2.0
STORM = {"redis": "sqlite", "rabbitmq": "postgresql"}


@pytest.fixture(scope="module")
def brokers() -> Iterator[dict[str, RunningBroker]]:
    """Both brokers, started at once."""
    with redis() as one, rabbitmq() as other:
        yield {"redis": one, "rabbitmq": other}


@dataclass
class Bench:
    """A job table, a broker, and workers in processes of their own."""

    url: str
    broker: RunningBroker
    worker: Worker
    folder: Path
    stack: ExitStack
    prefix: str = field(default_factory=lambda: f"test-{uuid4().hex}")

    def put(self, numbers: range, **more: Any) -> list[str]:
        with self.worker.database.writing(None) as work:
            ids = [self.worker.outbox.put(work, "note", {"number": one, **more}) for one in numbers]
        return [one for one in ids if one is not None]

    def client(self) -> CeleryBroker:
        client = CeleryBroker(self.broker.url, self.prefix)
        self.stack.callback(client.close)
        return client

    def relay(self, **more: Any) -> Relay:
        return Relay(self.worker, self.client(), **more)

    def start(self, how: str = "never") -> Any:
        command = [sys.executable, broker_worker.__file__, self.url, self.broker.url, self.prefix]
        process = guarded([*command, str(LEASE), how], environment(self.url), self.folder)
        self.stack.callback(end_group, process)
        return process

    def done(self) -> Counter[int]:
        with self.worker.database.reading() as reading:
            return Counter(reading.connection.execute(sa.select(EFFECT.c.number)).scalars())

    def states(self) -> Counter[str]:
        with self.worker.database.reading() as reading:
            return Counter(reading.connection.execute(sa.select(JOB.c.state)).scalars())

    def queued(self) -> int:
        return self.client().queued("short")


@pytest.fixture
def bench_on(
    brokers: dict[str, RunningBroker], fresh_database: Callable[[str], str], tmp_path: Path
) -> Iterator[Callable[[str, str], Bench]]:
    with ExitStack() as stack:

        def make(broker: str, backend: str) -> Bench:
            url = fresh_database(backend)
            worker = make_worker(url, LEASE)
            stack.callback(worker.database.dispose)
            make_system_tables(worker.database)
            with worker.database.defining() as connection:
                EFFECT.metadata.create_all(connection)
            brokers[broker].wait()
            return Bench(url, brokers[broker], worker, tmp_path, stack)

        yield make


@pytest.mark.parametrize("name", STORM)
def test_none_is_lost_and_none_doubled(name: str, bench_on: Callable[[str, str], Bench]) -> None:
    """Workers and the broker die in the middle, and everything is said twice."""
    bench = bench_on(name, STORM[name])
    ids = bench.put(range(200), seconds=0.01)
    workers = [bench.start() for _ in range(2)]
    bench.client().send("short", [*ids, *ids])
    wait_until(lambda: len(bench.done()) >= 40)
    end_group(workers[0])
    workers[0] = bench.start()
    wait_until(lambda: len(bench.done()) >= 80)
    bench.broker.kill()
    bench.put(range(200, 300), seconds=0.01)
    bench.broker.start()
    end_group(workers[1])
    workers[1] = bench.start()
    wait_until(lambda: bench.states() == {"done": 300})

    assert bench.done() == dict.fromkeys(range(300), 1)


def test_messages_that_are_lost_are_said_again(bench_on: Callable[[str, str], Bench]) -> None:
    bench = bench_on("redis", "sqlite")
    bench.put(range(5))
    relay = bench.relay(handed_for=timedelta(0))
    assert relay.hand_over() == 5
    assert bench.queued() == 5
    bench.broker.kill()
    bench.broker.start()
    assert bench.queued() == 0, "Redis kept nothing"
    assert relay.hand_over() == 5

    assert bench.queued() == 5


def test_a_job_is_told_of_once_at_a_time(bench_on: Callable[[str, str], Bench]) -> None:
    bench = bench_on("redis", "sqlite")
    bench.put(range(7))
    first, second = bench.relay(), bench.relay()

    assert (first.hand_over(), second.hand_over(), bench.queued()) == (7, 0, 7)


def test_a_broker_holds_only_so_many(bench_on: Callable[[str, str], Bench]) -> None:
    bench = bench_on("redis", "sqlite")
    bench.put(range(7))
    relay = bench.relay(most=4, handed_for=timedelta(0))

    assert [relay.hand_over() for _ in range(3)] == [4, 0, 0]
    assert bench.queued() == 4


def test_what_a_broker_says_twice_or_too_late_changes_nothing(
    bench_on: Callable[[str, str], Bench],
) -> None:
    bench = bench_on("redis", "sqlite")
    (job,) = bench.put(range(1))

    assert [bench.worker.take(job) for _ in range(3)] == [True, False, False]
    assert not bench.worker.take(str(uuid4())), "another installation's"
    assert bench.done() == {0: 1}


def test_workers_do_without_a_broker_that_is_away(bench_on: Callable[[str, str], Bench]) -> None:
    bench = bench_on("redis", "sqlite")
    bench.broker.kill()
    bench.put(range(20))
    bench.start("alone")
    wait_until(lambda: bench.states() == {"done": 20})
    bench.broker.start()

    assert bench.done() == dict.fromkeys(range(20), 1)


def test_a_process_that_hears_nothing_ends(bench_on: Callable[[str, str], Bench]) -> None:
    bench = bench_on("redis", "sqlite")
    deaf = bench.start("deaf")
    bench.put(range(3))
    wait_until(lambda: deaf.poll() is not None)
    assert bench.done() == {}
    bench.start("alone")
    wait_until(lambda: bench.states() == {"done": 3})

    assert bench.done() == dict.fromkeys(range(3), 1)


def test_a_job_that_the_broker_refused_may_be_told_of_at_once(
    bench_on: Callable[[str, str], Bench],
) -> None:
    bench = bench_on("redis", "sqlite")
    bench.put(range(3))
    relay = bench.relay()
    with Redis(port=bench.broker.port) as memory:
        memory.config_set("maxmemory", "1")
        with pytest.raises(BrokerAwayError, match="maxmemory"):
            relay.hand_over()
        memory.config_set("maxmemory", "0")

    assert relay.hand_over() == 3


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a database with a workspace in which nothing is published."""
    url = f"sqlite:///{tmp_path_factory.mktemp('installed') / 'workspace.sqlite'}"
    open_platform(url).close()
    return url


@contextmanager
def opened(url: str, broker: RunningBroker) -> Iterator[tuple[Platform, str]]:
    """Open the platform with a broker, and a user whom it can tell things."""
    broker.wait()
    platform = open_platform(url, HEADRACE_BROKER_URL=broker.url)
    try:
        yield platform, platform.ids.record_id()
    finally:
        platform.close()


def tell(platform: Platform, user: str) -> None:
    send = platform.notifications.send
    platform.write_as_system(lambda _, work: send(work, [user], "hello", Text("Hi", "你好")))


def test_a_worker_keeps_processes_that_do_what_the_broker_says(
    brokers: dict[str, RunningBroker], installed: str, tmp_path: Path
) -> None:
    broker = brokers["rabbitmq"]
    told = environment(installed, HEADRACE_BROKER_URL=broker.url)
    only = ("--only", "short", "--only", "long")
    with opened(installed, broker) as (platform, user):
        process = guarded([sys.executable, "-m", "headrace", "worker", *only], told, tmp_path)
        try:
            tell(platform, user)
            wait_until(lambda: platform.notifications.unread_count(user))
        finally:
            end_group(process)
        shown = [one.what.en for one in examine(platform.settings)]

    assert any(one.startswith("Broker reached; messages: short ") for one in shown)


def test_a_server_hands_over_and_does_nothing(
    brokers: dict[str, RunningBroker], installed: str
) -> None:
    with opened(installed, brokers["redis"]) as (platform, user):
        finish = platform.work_beside()
        tell(platform, user)
        client = CeleryBroker(brokers["redis"].url)
        wait_until(lambda: client.queued("short"))
        client.close()
        finish()

        assert platform.notifications.unread_count(user) == 0
        assert platform.worker().drain() == 1
        assert platform.notifications.unread_count(user) == 1


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "amqp://guest:wrong@{rabbit}//"])
def test_a_wrong_address_says_why(address: str, brokers: dict[str, RunningBroker]) -> None:
    if "rabbit" in address:
        brokers["rabbitmq"].wait()
    address = address.format(rabbit=f"127.0.0.1:{brokers['rabbitmq'].port}")
    with pytest.raises(RefusedError) as caught:
        checked_broker(address)
    (problem,) = caught.value.problems

    assert problem.code == "broker.away"
    assert "refused" in problem.message.en
    assert "wrong" not in problem.message.en


def test_a_worker_does_not_start_where_the_broker_is_not(installed: str) -> None:
    told = environment(installed, HEADRACE_BROKER_URL="redis://127.0.0.1:1/0")
    ended = headrace(installed, "worker", check=False, variables=told)

    assert ended.returncode == 1
    assert "broker.away" in ended.stderr
