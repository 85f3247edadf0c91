"""Publishes changes of a large table while people go on working; prints how long they had to wait.

    python -m benchmarks.publishing            1,000,000 rows on PostgreSQL, 50 requests a second
    python -m benchmarks.publishing --quick    a smoke run; its figures mean nothing

Each change is published by a process of its own, as from the command line. Latencies count from the
moment at which a request was due, so a pause of the server shows in every request that it delays.
The bare line is the same traffic without any publish, the hand line the same change written by hand
(`ALTER TABLE`, `UPDATE` of all rows, `CREATE INDEX`) in a transaction, for comparison.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.clients import Request, Target, call
from benchmarks.module import DOCUMENTS
from benchmarks.serving import ROOT, database_of, environment, served, wait_for
from benchmarks.wide import write_documents
from benchmarks.workloads import LIST, RECORDS, create_request, get_request
from benchmarks.workspace import Workspace, make_workspace
from headrace.platform.metadata.documents import Document

Documents = dict[tuple[str, str], dict[str, Any]]
MODULE = "bench"


@dataclass(frozen=True)
class Options:
    """How much is done."""

    database: str = "postgresql"
    orders: int = 1_000_000
    rate: int = 50
    clients: int = 10
    quiet: float = 10.0
    reader: float = 15.0


QUICK = {"orders": 3_000, "quiet": 1.0, "reader": 1.0}


# -- traffic ---------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What those who work saw: seconds of reads and of writes, and what was refused."""

    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[float]:
        return [*self.reads, *self.writes]


class Traffic:
    """Requests at a steady rate: half of them reads, the others create and change orders."""

    def __init__(self, target: Target, workspace: Workspace, options: Options) -> None:
        self._target = target
        self._workspace = workspace
        self._pause = options.clients / options.rate
        self._clients = options.clients

    @contextmanager
    def running(self) -> Iterator[Seen]:
        """Work until the block ends."""
        seen, stop = Seen(), threading.Event()
        threads = [
            threading.Thread(target=self._client, args=(number, seen, stop))
            for number in range(self._clients)
        ]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _client(self, number: int, seen: Seen, stop: threading.Event) -> None:
        chosen = random.Random()
        own: list[tuple[str, int]] = []
        due = time.monotonic() + self._pause * number / self._clients
        for turn in itertools.count():
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            request, position = self._request(turn, chosen, own)
            status, body = call(self._target, request)
            kind = seen.reads if request.method == "GET" else seen.writes
            kind.append(time.monotonic() - due)
            if status != request.ok:
                seen.refused.append(f"{request.method} {status} {body[:300]!r}")
            elif request.method == "POST":
                made = json.loads(body)
                own.append((made["id"], made["version"]))
            elif position is not None:
                own[position] = (own[position][0], own[position][1] + 1)
            due += self._pause

    def _request(
        self, turn: int, chosen: random.Random, own: list[tuple[str, int]]
    ) -> tuple[Request, int | None]:
        if turn % 4 == 0:
            return get_request(chosen.choice(self._workspace.purchases)), None
        if turn % 4 == 2:
            return LIST, None
        if turn % 8 == 1 or not own:
            made = create_request(chosen.choice(self._workspace.customers), turn)
            made.body["note"] = f"Made {chosen.getrandbits(60)}"
            return made, None
        position = chosen.randrange(len(own))
        record, version = own[position]
        body = {"discount": f"{version % 10}.50", "priority": version % 5}
        match = (("If-Match", f'"{version}"'),)
        return Request("PATCH", f"{RECORDS}/{record}", body, match), position


# -- changes ---------------------------------------------------------------------------------------


def bench_documents() -> Documents:
    """Return the documents as they are at the start."""
    return {(one["kind"], one["name"]): copy.deepcopy(one) for one in DOCUMENTS}


def _field(documents: Documents, name: str) -> dict[str, Any]:
    fields: list[dict[str, Any]] = documents["object", "purchase"]["fields"]
    return next(one for one in fields if one["name"] == name)


def _labelled(name: str, kind: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "label": {"en": name, "zh": name}, **keys}


def _required_with_fill(documents: Documents) -> None:
    documents["object", "purchase"]["fields"].append(
        _labelled(
            "handling", "text", length=40, required=True, default="CONCAT(source, '-', status)"
        )
    )


def _index(documents: Documents) -> None:
    documents["view", "by_note"] = {
        **documents["view", "open_purchases"],
        "name": "by_note",
        "sort": ["note"],
    }


def _unique(documents: Documents) -> None:
    _field(documents, "note")["unique"] = True


def _widen(documents: Documents) -> None:
    _field(documents, "note")["length"] = 400


def _retype(documents: Documents) -> None:
    _field(documents, "priority").update(type="quantity")


def _formula(documents: Documents) -> None:
    _field(documents, "payable")["formula"] = "amount - discount * 2"


def _reference(documents: Documents) -> None:
    documents["object", "purchase"]["fields"].append(_labelled("region", "lookup", to="area"))


def _rollup(documents: Documents) -> None:
    documents["object", "customer"]["fields"].append(
        _labelled("bought", "rollup", op="sum", of="purchase.payable", by="customer")
    )


CHANGES: dict[str, Callable[[Documents], None]] = {
    "required field with a fill": _required_with_fill,
    "index": _index,
    "unique": _unique,
    "widen": _widen,
    "retype": _retype,
    "formula": _formula,
    "reference": _reference,
    "roll-up": _rollup,
}

BY_HAND: dict[str, str] = {
    "required field with a fill": "ALTER TABLE {t} ADD COLUMN by_hand varchar; "
    "UPDATE {t} SET by_hand = {source} || '-' || {status}",
    "index": "CREATE INDEX by_hand_note ON {t} ({note}, id)",
    "unique": "CREATE UNIQUE INDEX by_hand_unique ON {t} ({note}) WHERE deleted_at IS NULL",
    "retype": "ALTER TABLE {t} ALTER COLUMN {priority} TYPE numeric(18,3)",
}
"""What a careful developer would have typed at the prompt, where it can be said in a line."""


# -- measuring -------------------------------------------------------------------------------------


class Bench:
    """One database with its server and its traffic."""

    def __init__(
        self, workspace: Workspace, traffic: Traffic, options: Options, folder: Path
    ) -> None:
        self.workspace = workspace
        self.traffic = traffic
        self.options = options
        self.folder = folder
        self.documents = bench_documents()

    def quiet(self) -> Seen:
        """Let people work without any publish."""
        with self.traffic.running() as seen:
            time.sleep(self.options.quiet)
        return seen

    def publish(self, change: Callable[[Documents], None]) -> tuple[float, Seen, str]:
        """Publish a change while people work; return seconds, what they saw, and an error."""
        change(self.documents)
        path = self.folder / MODULE
        write_documents(
            tuple(Document(MODULE, one) for one in self.documents.values()), self.folder
        )
        with self.traffic.running() as seen:
            time.sleep(1)
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "headrace", "publish", str(path), "--json"],
                cwd=ROOT,
                env=environment(self.workspace),
                capture_output=True,
                text=True,
                check=False,
            )
            seconds = time.monotonic() - began
            time.sleep(1)
        return seconds, seen, "" if done.returncode == 0 else (done.stderr + done.stdout)[-600:]

    @contextmanager
    def long_reader(self) -> Iterator[None]:
        """Hold the table of orders open in a snapshot, as a slow report does."""
        engine = sa.create_engine(
            sa.make_url(self.workspace.url).set(drivername="postgresql+psycopg"),
            isolation_level="REPEATABLE READ",
        )
        table = sa.table(
            json.loads(self.workspace.config.read_text())["names"]["purchase"]["table"]
        )
        stop = threading.Event()

        def read() -> None:
            with engine.connect() as connection:
                connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).all()
                stop.wait(self.options.reader)

        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.5)
        try:
            yield
        finally:
            stop.set()
            reader.join()
            engine.dispose()


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def line(name: str, seconds: float, seen: Seen) -> str:
    reads, writes, both = seen.reads, seen.writes, seen.all
    return (
        f"{name:<34}{seconds:>8.1f}{len(both):>9}{len(seen.refused):>9}"
        f"{percentile(both, 0.5) * 1000:>9.1f}{percentile(both, 0.99) * 1000:>9.1f}"
        f"{max(reads, default=0) * 1000:>11.0f}{max(writes, default=0) * 1000:>11.0f}"
    )


HEAD = (
    f"{'change':<34}{'seconds':>8}{'requests':>9}{'refused':>9}{'p50 ms':>9}{'p99 ms':>9}"
    f"{'max read':>11}{'max write':>11}"
)


def run(options: Options, chosen: Sequence[str]) -> bool:
    """Print the table; say whether nobody was refused and nothing failed."""
    fine = True
    with (
        tempfile.TemporaryDirectory() as made,
        database_of(options.database, Path(made)) as (url, _),
    ):
        folder = Path(made)
        workspace = make_workspace(url, options.orders, folder)
        application = ("--factory", "headrace.wsgi:application")
        with served(workspace, application, 2, 4) as (_, port):
            target = Target("headrace", port, workspace.token)
            wait_for(target)
            bench = Bench(
                workspace, Traffic(target, workspace, options), options, folder / "modules"
            )
            print(f"{options.database}, {options.orders} orders, {options.rate} requests a second")
            print(HEAD, flush=True)
            print(line("nothing published", 0, bench.quiet()), flush=True)
            for name in chosen:
                seconds, seen, error = bench.publish(CHANGES[name])
                print(line(name, seconds, seen), flush=True)
                fine = _said(seen, error) and fine
            if options.database == "postgresql":
                with bench.long_reader():
                    seconds, seen, error = bench.publish(_held_field)
                print(
                    line(f"a field, a reader for {options.reader:.0f} s", seconds, seen), flush=True
                )
                fine = _said(seen, error) and fine
                for name in (one for one in BY_HAND if one in chosen):
                    seconds, seen = _by_hand(bench, name)
                    print(line(f"by hand: {name}", seconds, seen), flush=True)
    return fine


def _held_field(documents: Documents) -> None:
    documents["object", "purchase"]["fields"].append(_labelled("remark", "text", length=40))


def _said(seen: Seen, error: str) -> bool:
    for one in (error, *seen.refused[:3]):
        if one:
            print("    " + one, flush=True)
    return not error and not seen.refused


def _by_hand(bench: Bench, name: str) -> tuple[float, Seen]:
    names = json.loads(bench.workspace.config.read_text())["names"]["purchase"]
    words = BY_HAND[name].format(t=names["table"], **names["columns"])
    engine = sa.create_engine(sa.make_url(bench.workspace.url).set(drivername="postgresql+psycopg"))
    with bench.traffic.running() as seen:
        time.sleep(1)
        began = time.monotonic()
        with engine.begin() as connection:
            for statement in words.split("; "):
                connection.exec_driver_sql(statement)
        seconds = time.monotonic() - began
        time.sleep(1)
    engine.dispose()
    return seconds, seen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 1 where somebody was refused or a publish failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; its figures mean nothing"
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--orders", type=int, default=None)
    parser.add_argument("--change", choices=tuple(CHANGES), action="append")
    given = parser.parse_args(arguments)
    values: dict[str, Any] = {"database": given.database, **(QUICK if given.quick else {})}
    if given.orders is not None:
        values["orders"] = given.orders
    return 0 if run(Options(**values), given.change or tuple(CHANGES)) else 1


if __name__ == "__main__":
    sys.exit(main())
