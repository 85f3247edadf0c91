"""Four servers and a publisher that dies: the next request of each has the new version (PROM-9)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.database.system_tables import LIVE
from headrace.platform.records.tables import HISTORY
from headrace.platform.runtime import Platform
from tests.support import planting
from tests.support.dealers import Dealers, Maker, open_platform, publish
from tests.support.documents import field as field_of
from tests.support.documents import workspace
from tests.support.publish_and_die import Published, finish, publish_and_die, start
from tests.support.publishing import Contents, write_module
from tests.support.servers import Answer, Client, servers

pytestmark = pytest.mark.serial
VERSION = "headrace-metadata-version"
PROCESSES = 4


@dataclass(frozen=True)
class Write:
    """A record that was made: what the answer said, and when the request began and ended."""

    id: str
    version: int
    began: int
    ended: int
    port: int


@dataclass
class Site:
    """Four servers on one database, which the test publishes to from other processes."""

    url: str
    platform: Platform
    folder: Path
    holds: Path
    token: str
    company: str
    clients: list[Client]
    contents: Contents
    writes: list[Write] = field(default_factory=list)
    publishes: list[tuple[int, Published]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0

    def next_number(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def client(self, position: int) -> Client:
        """A client of its own for one of the servers."""
        return Client(self.clients[position % PROCESSES].port, self.token)

    def post(self, client: Client, **values: Any) -> Answer:
        """Make a claim, and note when and under which version."""
        data = {"subject": f"Claim {self.next_number()}", "company": self.company, **values}
        began = time.monotonic_ns()
        answer = client.post("/api/v1/records/claim", data)
        if answer.status == 201:
            write = Write(
                answer.json["id"],
                int(answer.headers[VERSION]),
                began,
                time.monotonic_ns(),
                client.port,
            )
            with self._lock:
                self.writes.append(write)
        return answer

    def write_contents(self) -> Path:
        return write_module(self.folder, self.contents)

    def publish(self) -> Published:
        """Publish the contents in a process that is dead afterwards."""
        folder = self.write_contents()
        began = time.monotonic_ns()
        published = publish_and_die(self.url, folder)
        self.publishes.append((began, published))
        return published

    def add_field(self, name: str) -> None:
        self.contents["object", "claim"]["fields"].insert(-1, field_of(name, "text", length=40))

    @contextmanager
    def holding(self, place: str) -> Iterator[None]:
        """Let writers wait at a place meanwhile."""
        (self.holds / place).touch()
        try:
            yield
        finally:
            (self.holds / place).unlink()

    def wait_for_held(self, place: str, count: int) -> None:
        deadline = time.monotonic() + 30
        while len(list(self.holds.glob(f"{place}.*"))) < count:
            assert time.monotonic() < deadline, f"not {count} writers wait {place}"
            time.sleep(0.01)
        for one in self.holds.glob(f"{place}.*"):
            one.unlink()

    def live_version(self) -> int:
        with self.platform.database.reading() as reading:
            return int(reading.connection.execute(sa.select(LIVE.c.version)).scalar_one())


@pytest.fixture(scope="module")
def site(
    make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    url, folder = make_database(), tmp_path_factory.mktemp("module")
    holds = tmp_path_factory.mktemp("holds")
    made = Dealers()
    with ExitStack() as stack:
        platform = stack.enter_context(open_platform(url))
        publish(platform, folder, workspace())
        maker = Maker(platform, made)
        maker.user("ann", None, ("admin",), "Ann")
        maker.user("mia", None, (), "Mia")
        maker.company("own", "Own", maker.create("region", {"code": "R", "name": "Root"}))
        held = planting.variables("hold_writers", holds)
        ports = stack.enter_context(servers(PROCESSES, url, held))
        token = made.tokens["ann"]
        clients = [stack.enter_context(Client(port, token)) for port in ports]
        yield Site(url, platform, folder, holds, token, made.companies["own"], clients, workspace())


# -- what is asked first of each server ------------------------------------------------------------


def record_shows(site: Site, client: Client, name: str) -> bool:
    answer = client.get(f"/api/v1/records/claim/{site.writes[0].id}")
    return answer.status == 200 and name in answer.json


def list_sorts(site: Site, client: Client, name: str) -> bool:
    answer = client.get("/api/v1/records/claim", sort=f"-{name}", fields=f"id,{name}", limit=1)
    return answer.status == 200 and name in answer.json["items"][0]


def description_has(site: Site, client: Client, name: str) -> bool:
    """Ask as a client does that has the document of the version before."""
    tag = client.headers.pop("If-None-Match", None)
    sent = {} if tag is None else {"If_None_Match": tag}
    answer = client.call("GET", "/api/v1/openapi.json", **sent)
    client.headers["If-None-Match"] = answer.headers["etag"]
    schemas = answer.json["components"]["schemas"] if answer.status == 200 else {}
    return all(name in schemas[one]["properties"] for one in ("claim", "claim.create"))


def filter_knows(site: Site, client: Client, name: str) -> bool:
    condition = {"filter": {"field": name, "op": "is_null", "value": True}, "limit": 1}
    answer = client.post("/api/v1/records/claim/query", condition)
    return answer.status == 200 and len(answer.json["items"]) == 1


def record_takes(site: Site, client: Client, name: str) -> bool:
    answer = site.post(client, **{name: f"a value of {name}"})
    return answer.status == 201 and answer.json[name] == f"a value of {name}"


QUESTIONS = (record_shows, record_takes, description_has, list_sorts, filter_knows)


def test_the_next_request_of_each_process_has_the_new_field(
    site: Site, deep: bool, backend: str
) -> None:
    for client in site.clients:
        assert site.post(client).status == 201
        assert description_has(site, client, "subject")
    rounds, missed = (100 if deep else 3), []
    for number in range(rounds):
        name = f"added_{number}"
        site.add_field(name)
        published = site.publish()
        for position, client in enumerate(site.clients):
            # Which question comes first, and so meets the new version, goes round.
            turn = (number + position) % len(QUESTIONS)
            missed += [
                (number, position, question.__name__)
                for question in (*QUESTIONS[turn:], *QUESTIONS[:turn])
                if not question(site, client, name)
            ]
        last = site.writes[-PROCESSES:]
        assert {write.version for write in last} == {published.version}
    print(
        f"{backend}: {rounds} publishes by processes killed at once, {PROCESSES} servers, "
        f"{len(QUESTIONS)} questions each: {len(missed)} answered without the field"
    )
    assert missed == []
    assert faults_of_history(site) == []


def test_writers_that_never_pause_write_under_the_live_version(
    site: Site, deep: bool, backend: str
) -> None:
    before = len(site.writes)
    with ThreadPoolExecutor(PROCESSES) as pool:
        stop = threading.Event()
        workers = [pool.submit(write_until, site, number, stop) for number in range(PROCESSES)]
        first = len(site.publishes)
        for number in range(200 if deep else 2):
            site.add_field(f"busy_{number}")
            site.publish()
            time.sleep(0.2)  # lets every server answer once more before the next publish
        stop.set()
        refused = [one for worker in workers for one in worker.result()]
    found = faults_of_history(site)
    print(
        f"{backend}: {len(site.writes) - before} writes beside publishes, "
        f"{len(refused)} refused, {len(found)} under a version that was not live"
    )
    print(f"{backend}: {times_to_be_seen(site, first)}")
    assert refused == []
    assert found == []


def write_until(site: Site, position: int, stop: threading.Event) -> list[Any]:
    """Make claims until told to stop; return what was refused."""
    refused = []
    with site.client(position) as client:
        while not stop.is_set():
            answer = site.post(client)
            if answer.status != 201:
                refused.append((answer.status, answer.body[:300]))
    return refused


def times_to_be_seen(site: Site, first: int) -> str:
    """How long after a publish had returned each server answered with its version."""
    waits = []
    for _, published in site.publishes[first:]:
        for client in site.clients:
            seen = [
                write.ended
                for write in site.writes
                if write.port == client.port and write.version >= published.version
            ]
            waits += [max(0, min(seen) - published.returned) / 1e6] if seen else []
    waits.sort()
    shown = ", ".join(f"p{part} {waits[len(waits) * part // 100]:.0f} ms" for part in (50, 99))
    return f"a publish was seen by each of {PROCESSES} servers within {shown} ({len(waits)} times)"


def faults_of_history(site: Site) -> list[str]:
    """Compare every line of history with what was live while its request ran."""
    ids = {write.id: write for write in site.writes}
    with site.platform.database.reading() as reading:
        lines = reading.connection.execute(
            sa.select(HISTORY.c.record_id, HISTORY.c.metadata_version)
        ).all()
    versions = {record_id: version for record_id, version in lines if record_id in ids}
    found = [f"{one} has no history" for one in ids.keys() - versions.keys()]
    for write in site.writes:
        version = versions.get(write.id, 0)
        if version != write.version:
            found.append(f"{write} was answered, its history says {version}")
        for began, published in site.publishes:
            if write.began > published.returned and version < published.version:
                found.append(f"{write} began after version {published.version} was published")
            if write.ended < began and version >= published.version:
                found.append(f"{write} ended before version {published.version} was begun")
    return found


# -- writers that are held -------------------------------------------------------------------------


def test_a_writer_held_before_its_lock_gets_through_under_the_new_version_only(
    site: Site, deep: bool, backend: str
) -> None:
    rounds = 10 if deep else 1
    limit = 500
    for _ in range(rounds):
        limit -= 10
        rule = site.contents["object", "claim"]["rules"][0]
        rule["unless"] = f"fee <= {limit}"
        with ThreadPoolExecutor(2 * PROCESSES) as pool:
            with site.holding("before"):
                fitting = ask_all(pool, site, fee="1")
                refused = ask_all(pool, site, fee=str(limit + 5))
                site.wait_for_held("before", 2 * PROCESSES)
                published = site.publish()
            answers = [one.result() for one in fitting]
            refusals = [one.result() for one in refused]
        assert [one.status for one in answers] == [201] * PROCESSES
        assert {int(one.headers[VERSION]) for one in answers} == {published.version}
        assert [one.status for one in refusals] == [422] * PROCESSES
        assert {one.json["code"] for one in refusals} == {"rule.broken"}
    print(
        f"{backend}: {rounds} times {2 * PROCESSES} writers held over a publish, none got through"
    )
    assert faults_of_history(site) == []


def ask_all(pool: ThreadPoolExecutor, site: Site, **values: Any) -> list[Future[Answer]]:
    """Let one writer for each server make a claim."""

    def ask(position: int) -> Answer:
        with site.client(position) as client:
            return site.post(client, **values)

    return [pool.submit(ask, position) for position in range(PROCESSES)]


def test_a_publish_waits_for_a_writer_that_has_its_lock(site: Site, backend: str) -> None:
    before = site.live_version()
    site.add_field("waited_for")
    folder = site.write_contents()
    with ThreadPoolExecutor(1) as pool:
        with site.holding("within"):
            writer = pool.submit(write_one, site)
            site.wait_for_held("within", 1)
            began = time.monotonic_ns()
            process = start(site.url, folder)
            time.sleep(3)
            assert process.poll() is None, "publish did not wait"
            assert site.live_version() == before
        answer = writer.result()
    published = finish(process)
    site.publishes.append((began, published))
    print(f"{backend}: a publish waited for a writer of version {before}")
    assert answer.status == 201
    assert int(answer.headers[VERSION]) == before
    assert published.version == before + 1
    assert faults_of_history(site) == []


def write_one(site: Site) -> Answer:
    with site.client(0) as client:
        return site.post(client)
