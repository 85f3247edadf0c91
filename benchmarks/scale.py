"""What publishing, reading, starting and living cost in a wide workspace, beside the same in a narrow one.

    python -m benchmarks.scale [--quick] [--database sqlite|postgresql] [--objects 300] [--publishes 1000] …

Makes its own databases and removes them. Within a round the narrow and the wide workspace take turns, and
so does what a hand-written migration would do: the same changes of tables as plain statements.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.serving import ending
from benchmarks.wide import CHANGING, HUB, wide_documents, with_fields, write_documents
from benchmarks.workspace import settings_for
from headrace.app import create_app
from headrace.platform import runtime
from headrace.platform.access.principals import RoleHolding
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.catalogs import CatalogStore, Content
from headrace.platform.runtime import Platform
from headrace.settings import load_settings
from tests.support import postgres
from tests.support.servers import free_port

ROOT = Path(__file__).parents[1]
NARROW = 3
BARS = {"publish": 1.5, "get one": 1.1, "all at once": 4.0}
"""The greatest ratio that is allowed."""
START_SECONDS, IDLE_MIB = 1.5, 150
DDL = ("CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE", "ALTER TABLE")
READS = 200
IDLE_SECONDS = 2.0


@dataclass(frozen=True)
class Options:
    """How wide the workspace is and how often everything is measured."""

    databases: tuple[str, ...] = ("sqlite", "postgresql")
    objects: int = 300
    fields: int = 30
    rounds: int = 9
    publishes: int = 1_000
    starts: int = 3


QUICK = {"objects": 12, "fields": 14, "rounds": 1, "publishes": 4, "starts": 1}


Times = dict[str, list[float]]
"""Seconds by what was done."""


@dataclass
class Side:
    """A workspace of some width: a process that publishes, another that follows, a folder of modules."""

    url: str
    folder: Path
    documents: tuple[Document, ...]
    platform: Platform
    follower: CatalogStore
    others: Database
    added: int = 0
    times: Times = field(default_factory=lambda: defaultdict(list))

    def timed(self, what: str, action: Callable[[], Any]) -> Any:
        """Run `action` and keep how long it took."""
        began = time.perf_counter()
        result = action()
        self.times[what].append(time.perf_counter() - began)
        return result

    def publish_folder(self) -> None:
        """Add a field in the files and publish the folder."""
        self.added += 1
        changed = with_fields(self.documents, self.added)
        write_documents(tuple(one for one in changed if one.name == CHANGING), self.folder)
        plan = self.timed("plan", lambda: self.platform.publisher.plan(self.folder))
        self._carry_out(plan)

    def publish_content(self) -> None:
        """Add a field to the live content, as a draft does, and publish the whole of it."""
        self.added += 1
        live = self.platform.catalogs.content_of()
        more = with_fields(self.documents, self.added)
        wanted = next(one for one in more if (one.kind, one.name) == ("object", CHANGING))
        new = wanted.content["fields"][-1]

        def changed(one: Document) -> Document:
            if (one.kind, one.name) != ("object", CHANGING):
                return one
            return Document(one.module, {**one.content, "fields": [*one.content["fields"], new]})

        content = Content(tuple(changed(one) for one in live.documents), live.rows)
        plan = self.timed("plan", lambda: self.platform.publisher.plan_content(content))
        self._carry_out(plan)

    def _carry_out(self, plan: Any) -> None:
        assert not plan.problems, plan.problems[:3]
        assert plan.lines[0].code == "field.add", plan.lines
        self.timed("publish", lambda: self.platform.publisher.publish(plan, "one more", None))
        self.timed("follow", self.follower.refresh)

    def taken(self) -> Times:
        """Return the times since the last call."""
        times, self.times = self.times, defaultdict(list)
        return times


# -- running ---------------------------------------------------------------------------------------


def measure(options: Options) -> bool:
    """Measure on each database and print the figures; say whether all are within the bars."""
    passed = True
    for kind in options.databases:
        with (
            tempfile.TemporaryDirectory(prefix="headrace-scale-") as name,
            databases(kind, Path(name)) as new_database,
        ):
            folder = Path(name)
            print(
                f"\n{kind}: {options.objects} objects with {options.fields} fields each", flush=True
            )
            passed &= measure_all_at_once(options, folder, new_database)
            with (
                side(NARROW, options, folder / "narrow", new_database()) as narrow,
                side(options.objects, options, folder / "wide", new_database()) as wide,
            ):
                passed &= measure_publishing(options, narrow, wide)
                passed &= measure_reading(options, narrow, wide)
                measure_sides(wide)
                passed &= measure_starting(options, wide)
                measure_living(options, wide)
    return passed


@contextlib.contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[], str]]:
    """Lend a maker of empty databases."""
    made = iter(range(10_000))
    if kind == "sqlite":
        yield lambda: f"sqlite:///{folder / f'{next(made)}.sqlite'}"
        return
    directory = postgres.make_directory()
    try:
        server = postgres.running_server(directory)
        yield lambda: server.url(server.create_database())
    finally:
        postgres.remove_directory(directory)


def new_platform(url: str, folder: Path) -> Platform:
    """Return the platform of a process over the empty database at `url`."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = load_settings(settings_for(url), folder)
    database = connect_database(url)
    runtime.initialise(database, settings.time_zone)
    database.dispose()
    return runtime.build(settings)


@contextlib.contextmanager
def side(objects: int, options: Options, folder: Path, url: str) -> Iterator[Side]:
    """Lend a workspace with so many objects, published and warm."""
    documents = wide_documents(objects, options.fields)
    write_documents(documents, folder / "modules")
    platform = new_platform(url, folder)
    others = connect_database(url)
    follower = CatalogStore(others, platform.catalogs.types)
    made = Side(url, folder / "modules", documents, platform, follower, others)
    try:
        plan = platform.publisher.plan(made.folder)
        assert not plan.problems, plan.problems[:3]
        platform.publisher.publish(plan, "all", None)
        follower.refresh()
        for _ in range(2):
            made.publish_folder()
            made.publish_content()
        made.taken()
        yield made
    finally:
        others.dispose()
        platform.close()


# -- publishing ------------------------------------------------------------------------------------


def measure_publishing(options: Options, narrow: Side, wide: Side) -> bool:
    """Publish one field in turns: the narrow workspace, the wide one, and a column by hand."""
    passed = True
    for what, publish in (("folder", Side.publish_folder), ("draft", Side.publish_content)):
        bare: list[float] = []
        for _ in range(options.rounds):
            for one in (narrow, wide):
                gc.collect()
                publish(one)
            bare.append(add_column_by_hand(wide))
        small, large = narrow.taken(), wide.taken()
        for step in small:
            show_ratio(f"one field from a {what}: {step}", small[step], large[step])
        together = [
            [sum(step) for step in zip(*one.values(), strict=True)] for one in (small, large)
        ]
        title = f"one field from a {what}: together"
        passed &= show_ratio(title, *together, bar=BARS["publish"])
        print(f"{'':44} a column by hand {milliseconds(bare)}", flush=True)
    return passed


def add_column_by_hand(one: Side) -> float:
    """Add a column in a transaction of its own and return the seconds."""
    table = one.platform.catalogs.current().tables.of(HUB).table.name
    name = f"by_hand_{time.time_ns()}"
    began = time.perf_counter()
    with one.platform.database.publishing() as work:
        work.connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {name} TEXT")
    return time.perf_counter() - began


def measure_all_at_once(options: Options, folder: Path, new_database: Callable[[], str]) -> bool:
    """Publish all objects into an empty database, in turns with the bare statements of the same tables."""
    documents = wide_documents(options.objects, options.fields)
    write_documents(documents, folder / "modules")
    ours: Times = defaultdict(list)
    bare: list[float] = []
    statements: list[str] = []
    for number in range(-1, max(1, options.rounds // 3)):
        platform = new_platform(new_database(), folder / "all")
        try:
            began = time.perf_counter()
            plan = platform.publisher.plan(folder / "modules")
            assert not plan.problems, plan.problems[:3]
            planned = time.perf_counter()
            with recorded(platform.database.engine) as seen:
                platform.publisher.publish(plan, "all", None)
            published = time.perf_counter()
        finally:
            platform.close()
        statements = [one for one in seen if one.lstrip().startswith(DDL)]
        seconds = run_by_hand(new_platform(new_database(), folder / "all"), statements)
        if number >= 0:
            ours["plan"].append(planned - began)
            ours["publish"].append(published - planned)
            bare.append(seconds)
    for step, seconds in ours.items():
        show_ratio(f"all objects at once: {step}", bare, seconds)
    title = f"all objects at once ({len(statements)} statements): publish"
    return show_ratio(title, bare, ours["publish"], bar=BARS["all at once"])


@contextlib.contextmanager
def recorded(engine: sa.Engine) -> Iterator[list[str]]:
    """Give the statements that run meanwhile."""
    seen: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", keep)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", keep)


def run_by_hand(platform: Platform, statements: Sequence[str]) -> float:
    """Run plain statements in one transaction of an empty database and return the seconds."""
    try:
        began = time.perf_counter()
        with platform.database.publishing() as work:
            raw: Any = work.connection.connection.driver_connection
            cursor = raw.cursor()
            for statement in statements:
                cursor.execute(statement)
        return time.perf_counter() - began
    finally:
        platform.close()


# -- reading ---------------------------------------------------------------------------------------


def measure_reading(options: Options, narrow: Side, wide: Side) -> bool:
    """Read one record by the API in turns."""
    callers = [reader_of(one) for one in (narrow, wide)]
    times: list[list[float]] = [[], []]
    for number in range(-1, options.rounds):
        for read, kept in zip(callers, times, strict=True):
            gc.collect()
            began = time.perf_counter()
            for _ in range(READS):
                read()
            if number >= 0:
                kept.append((time.perf_counter() - began) / READS)
    return show_ratio("get one", *times, bar=BARS["get one"])


def reader_of(one: Side) -> Callable[[], None]:
    """Make a record and return what reads it, by a seller with rights to it."""
    platform = one.platform

    def make(context: Any, work: Any) -> tuple[str, str]:
        customer = platform.store.create(context, work, HUB, {"code": "C1", "name": "Customer"})
        user = platform.identity.create_user(
            work,
            login="seller",
            name="Sam Seller",
            organisation=customer.id,
            roles=[RoleHolding("seller")],
        )
        return customer.id, platform.identity.create_token(work, user, "bench")

    record, token = platform.write_as_system(make)
    client = create_app(platform).test_client()
    headers = {"Authorization": f"Bearer {token}"}

    def read() -> None:
        answer = client.get(f"/api/v1/records/{HUB}/{record}", headers=headers)
        assert answer.status_code == 200, answer.data

    return read


def measure_sides(wide: Side) -> None:
    """Time what is asked for beside publishing."""
    platform = wide.platform
    number = platform.catalogs.current().version
    content = platform.catalogs.content_of()
    timed: dict[str, Callable[[], Any]] = {
        "plan that changes nothing": lambda: platform.publisher.plan_content(content),
        "plan of going back 5 versions": lambda: platform.publisher.plan_rollback(number - 5),
        "list of versions": platform.versions.all,
    }
    for name, action in timed.items():
        action()
        began = time.perf_counter()
        action()
        print(f"{name:44} {milliseconds([time.perf_counter() - began])}", flush=True)


# -- starting --------------------------------------------------------------------------------------


def measure_starting(options: Options, wide: Side) -> bool:
    """Start a server and a worker over the wide workspace; weigh the worker when it has nothing to do."""
    start_server(wide)  # compiles
    seconds = [start_server(wide) for _ in range(options.starts)]
    server = statistics.median(seconds)
    print(f"{'start of a server until it answers':44} {server:.2f} s", flush=True)
    seconds, weights = zip(*(start_worker(wide) for _ in range(options.starts)), strict=True)
    worker, weight = statistics.median(seconds), statistics.median(weights)
    print(f"{'start of a worker':44} {worker:.2f} s, then {weight:.0f} MiB", flush=True)
    return server <= START_SECONDS and weight <= IDLE_MIB


def start_server(wide: Side) -> float:
    """Return the seconds from the command to the first answer."""
    port = free_port()
    began = time.perf_counter()
    with started(wide, "serve", "--port", str(port)) as process:
        while process.poll() is None and time.perf_counter() - began < 60:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5),
            ):
                return time.perf_counter() - began
            time.sleep(0.01)
    raise TimeoutError("the server does not answer")


def start_worker(wide: Side) -> tuple[float, float]:
    """Return the seconds until a worker works, and its memory in MiB a while later."""
    began = time.perf_counter()
    with started(wide, "worker") as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.perf_counter() - began
        time.sleep(IDLE_SECONDS)
        return seconds, resident(process.pid)


@contextlib.contextmanager
def started(wide: Side, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command of Headrace over the wide workspace while the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", *command],
        env=environment(wide),
        cwd=wide.folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with ending(process):
        yield process


def environment(wide: Side) -> dict[str, str]:
    """Return the variables of a command; what Python compiles is kept beside the modules."""
    left = {"PYTHONDONTWRITEBYTECODE"}
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in left and not key.startswith("HEADRACE_")
    }
    own = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(wide.folder.parent / "compiled")}
    return {**kept, **settings_for(wide.url), **own}


def resident(pid: int | str = "self") -> float:
    """Return the memory of a process in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(one for one in lines if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


# -- living ----------------------------------------------------------------------------------------


def measure_living(options: Options, wide: Side) -> None:
    """Publish many times in one process and print its memory on the way."""
    every = max(1, options.publishes // 10)
    weights: list[str] = []
    for number in range(options.publishes + 1):
        if number % every == 0:
            gc.collect()
            weights.append(f"{resident():.0f}")
        toggle(wide, number)
    print(f"{f'MiB, each {every} publishes':44} {' '.join(weights)}", flush=True)


def toggle(one: Side, number: int) -> None:
    """Give the object that changes another label, so that no table grows with the publishes."""
    live = one.platform.catalogs.content_of()

    def changed(document: Document) -> Document:
        if (document.kind, document.name) != ("object", CHANGING):
            return document
        label = {"en": f"Subject {number}", "zh": f"对象 {number}"}
        return Document(document.module, {**document.content, "label": label})

    content = Content(tuple(changed(document) for document in live.documents), live.rows)
    plan = one.platform.publisher.plan_content(content)
    one.platform.publisher.publish(plan, "another name", None)
    one.follower.refresh()


# -- showing ---------------------------------------------------------------------------------------


def show_ratio(
    title: str, less: Sequence[float], more: Sequence[float], bar: float | None = None
) -> bool:
    """Print both medians and how many times more the second is; say whether that is within the bar."""
    ratio = statistics.median(more) / statistics.median(less)
    within = bar is None or ratio <= bar
    asked = "" if bar is None else f" (at most {bar}{'' if within else ': MISSED'})"
    print(
        f"{title:44} {milliseconds(less)} {milliseconds(more)}  ratio {ratio:.2f}{asked}",
        flush=True,
    )
    return within


def milliseconds(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:8.1f} ms"


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--database", choices=Options.databases)
    for name in QUICK:
        parser.add_argument(f"--{name}", type=int)
    given = vars(parser.parse_args(arguments))
    chosen: dict[str, Any] = {**QUICK} if given.pop("quick") else {}
    database = given.pop("database")
    chosen |= {name: value for name, value in given.items() if value is not None}
    if database:
        chosen["databases"] = (database,)
    return Options(**chosen)


if __name__ == "__main__":
    sys.exit(0 if measure(read_options()) else 1)
