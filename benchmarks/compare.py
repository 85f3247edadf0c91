"""Headrace beside a hand-written application over the same tables, in one run, taking turns.

    python -m benchmarks.compare [--quick] [--database sqlite|postgresql] [--orders 100000] …

Makes an empty database on each kind of server, fills it, starts both applications under the same
server with the same settings, checks that they answer alike, measures, and removes everything.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.clients import Outcome, Request, Target, call, run_clients
from benchmarks.serving import ROOT, database_of, environment, served, wait_for
from benchmarks.workloads import (
    CREATE,
    GET_ONE,
    LIST,
    LIST_50,
    PATCH,
    REPORT,
    SUM,
    WORKLOADS,
    Workload,
    connections_of,
    create_request,
    get_request,
    patch_request,
)
from benchmarks.workspace import Workspace, make_workspace
from tests.support import postgres

OURS, THEIRS = "headrace", "hand-written"
BARS = {False: 0.8, True: 0.5}
"""The least ratio that is asked for, for reads and for writes."""
PATCHED_ROWS = 3_000
TICK = os.sysconf("SC_CLK_TCK")
CHANGING = ("id", "order_no", "created_at", "updated_at")
"""What differs between two rows that are made by the same request."""


@dataclass(frozen=True)
class Options:
    """How much is measured, and how both applications are served."""

    orders: int = 100_000
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    rounds: int = 5
    seconds: float = 4.0
    workers: int = 2
    threads: int = 4
    connections: int = 12
    clients: int = 2


QUICK = {"orders": 2_000, "rounds": 1, "seconds": 0.5}


@dataclass
class Measured:
    """What was measured of one workload of one application, over all rounds."""

    rates: list[float]
    latencies: list[float]
    cpu: list[float]
    statements: int = 0

    @property
    def rate(self) -> float:
        """Requests per second, in the middle round."""
        return statistics.median(self.rates)

    def percentile(self, share: float) -> float:
        """Return a percentile of the time of a request, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


@dataclass(frozen=True)
class Bench:
    """One database with both applications running on it."""

    workspace: Workspace
    targets: tuple[Target, Target]
    engine: sa.Engine
    pids: dict[str, int]
    database_pid: int | None

    def cpu(self, name: str) -> float:
        """Return the seconds of processor time that an application and the database have used."""
        used = tree_seconds(self.pids[name])
        return used + (tree_seconds(self.database_pid) if self.database_pid else 0.0)

    def versions(self) -> dict[str, int]:
        """Return the present versions of the rows that are patched."""
        table = json.loads(self.workspace.config.read_text())["names"]["purchase"]["table"]
        rows = sa.table(table, sa.column("id"), sa.column("version"))
        wanted = set(self.workspace.purchases[:PATCHED_ROWS])
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(rows.c.id, rows.c.version).order_by(rows.c.id))
            return {str(key): version for key, version in found if str(key) in wanted}


# -- running ---------------------------------------------------------------------------------------


def compare(options: Options) -> bool:
    """Measure on each database and print the tables; say whether all ratios are above the bar."""
    passed = True
    for database in options.databases:
        with (
            tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder,
            database_of(database, Path(folder)) as (url, server),
        ):
            began = time.perf_counter()
            workspace = make_workspace(url, options.orders, Path(folder))
            print(
                f"\n{database}: {options.orders:,} purchases, {len(workspace.purchases):,} visible,"
                f" loaded in {time.perf_counter() - began:.0f} s; granian, {options.workers}"
                f" processes with {options.threads} threads each; {options.clients} clients with"
                f" {options.connections} connections",
                flush=True,
            )
            counts = count_statements(workspace, Path(folder), server)
            with _bench(workspace, options, server) as bench:
                check_alike(bench)
                found = measure(bench, options)
            for workload, both in found.items():
                position = WORKLOADS.index(workload)
                both[OURS].statements = counts["headrace"][position]
                both[THEIRS].statements = counts["handwritten"][position]
            passed &= report(found)
    return passed


@contextlib.contextmanager
def _bench(
    workspace: Workspace, options: Options, server: postgres.PostgresServer | None
) -> Iterator[Bench]:
    address = sa.make_url(workspace.url)
    if server is not None:
        address = address.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(served(workspace, application, options.workers, options.threads))
            for application in (
                ("--factory", "headrace.wsgi:application"),
                ("benchmarks.handwritten:app",),
            )
        ]
        targets = tuple(
            Target(name, port, workspace.token)
            for name, (_, port) in zip((OURS, THEIRS), started, strict=True)
        )
        pids = {name: pid for name, (pid, _) in zip((OURS, THEIRS), started, strict=True)}
        for target in targets:
            wait_for(target)
        database_pid = None
        if server is not None:
            written = (server.directory / "data" / "postmaster.pid").read_text()
            database_pid = int(written.split()[0])
        yield Bench(workspace, (targets[0], targets[1]), engine, pids, database_pid)


# -- alike -----------------------------------------------------------------------------------------


def check_alike(bench: Bench) -> None:
    """Assert that both answer the same and leave the same in the database."""
    chosen = bench.workspace.purchases
    for request in (LIST, *map(get_request, (chosen[0], chosen[len(chosen) // 2], chosen[-1]))):
        ours, theirs = (call(target, request) for target in bench.targets)
        assert ours[0] == theirs[0] == 200, (ours, theirs)
        assert ours[1] == theirs[1], f"{request.path}: {_difference(ours[1], theirs[1])}"
    ours, theirs = (_sums(target) for target in bench.targets)
    assert ours == theirs, (ours, theirs)
    assert ours[1][1] >= len(chosen), ours[1]
    made = [
        _made(bench, target, create_request(bench.workspace.customers[0]))
        for target in bench.targets
    ]
    assert _same(made[0]) == _same(made[1]), made
    records = [one["id"] for one, _ in made]
    changed = [
        _made(bench, target, patch_request(record, 1))
        for target, record in zip(bench.targets, records, strict=True)
    ]
    assert _same(changed[0]) == _same(changed[1]), changed


def _difference(ours: bytes, theirs: bytes) -> str:
    """Return both texts from shortly before where they part."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    place = next((place for place, (one, other) in pairs if one != other), 0)
    place = max(0, place - 40)
    return f"{ours[place:][:160]!r} is not {theirs[place:][:160]!r}"


def _sums(target: Target) -> tuple[list[list[Any]], list[Any]]:
    """Return the sums of the report as rows of keys and numbers, whatever form they came in."""
    status, body = call(target, REPORT)
    assert status == 200, body
    data = json.loads(body)
    if target.name == THEIRS:
        return data["rows"], data["total"]
    rows = [[*(key["value"] for key in one["keys"]), *one["total"]] for one in data["rows"]]
    return rows, data["total"]


def _made(bench: Bench, target: Target, request: Request) -> tuple[dict[str, Any], list[Any]]:
    """Send a write; return its answer, and what it left in history and counters."""
    before = _tally(bench)
    status, body = call(target, request)
    assert status == request.ok, (target.name, body)
    answer = json.loads(body)
    after = _tally(bench)
    left = [after[0] - before[0], after[1] - before[1]]
    assert left == [1, 1 if request.method == "POST" else 0], (target.name, left)
    with bench.engine.connect() as connection:
        history = sa.table(
            "sys_history", *map(sa.column, ("record_id", "action", "version", "changes"))
        )
        line = connection.execute(
            sa.select(history.c.action, history.c.version, sa.cast(history.c.changes, sa.String()))
            .where(sa.cast(history.c.record_id, sa.String()) == answer["id"])
            .order_by(history.c.version.desc())
        ).first()
    assert line is not None
    changes = json.loads(line[2])
    number = answer["order_no"]
    return answer, [line[0], line[1], {k: v for k, v in changes.items() if number not in v}]


def _same(made: tuple[dict[str, Any], list[Any]]) -> Any:
    """Leave out what must differ."""
    answer, left = made
    return {key: value for key, value in answer.items() if key not in CHANGING}, left


def _tally(bench: Bench) -> tuple[int, int]:
    with bench.engine.connect() as connection:
        lines = connection.execute(
            sa.select(sa.func.count()).select_from(sa.table("sys_history"))
        ).scalar_one()
        counted = connection.execute(
            sa.select(sa.func.sum(sa.column("value"))).select_from(sa.table("sys_counter"))
        ).scalar_one()
    return lines, int(counted or 0)


# -- measuring -------------------------------------------------------------------------------------


def measure(bench: Bench, options: Options) -> dict[Workload, dict[str, Measured]]:
    """Let both work in turns, each workload in each round; the first turns only warm up."""
    found = {
        workload: {target.name: Measured([], [], []) for target in bench.targets}
        for workload in WORKLOADS
    }
    for number in range(-1, options.rounds):
        seconds = options.seconds / 4 if number < 0 else options.seconds
        for workload in WORKLOADS:
            # Who begins changes from round to round.
            for target in bench.targets if number % 2 else reversed(bench.targets):
                outcome, cpu = _turn(bench, target, workload, options, seconds * workload.share)
                if number >= 0:
                    measured = found[workload][target.name]
                    measured.rates.append(len(outcome.latencies) / outcome.seconds)
                    measured.latencies += outcome.latencies
                    measured.cpu.append(cpu * 1000 / len(outcome.latencies))
    return found


def _turn(
    bench: Bench, target: Target, workload: Workload, options: Options, seconds: float
) -> tuple[Outcome, float]:
    versions = bench.versions() if workload is PATCH else {}
    connections = connections_of(workload, bench.workspace, options.connections, versions)
    before = bench.cpu(target.name)
    outcome = run_clients(target, connections, options.clients, seconds)
    used = bench.cpu(target.name) - before
    assert not outcome.failures, (target.name, workload.name, outcome.failures[:3])
    return outcome, used


def tree_seconds(pid: int) -> float:
    """Return the processor seconds of a process and of all below it, also of those that ended."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            ticks[int(entry.name)] = sum(map(int, fields[11:15]))
    waiting, total = [pid], 0
    while waiting:
        one = waiting.pop()
        total += ticks.get(one, 0)
        waiting += children.get(one, [])
    return total / TICK


def count_statements(
    workspace: Workspace, folder: Path, server: postgres.PostgresServer | None
) -> dict[str, list[int]]:
    """Return the statements of each workload, counted in a process of its own."""
    requests = {
        name: _counted_requests(workspace, PATCHED_ROWS + offset)
        for offset, name in enumerate(("headrace", "handwritten"))
    }
    asked = {
        "folder": str(folder),
        "token": workspace.token,
        "log": None if server is None else str(server.directory / "log"),
        "requests": requests,
    }
    name = sa.make_url(workspace.url).database
    with contextlib.ExitStack() as stack:
        if server is not None:
            connection = stack.enter_context(server.connect())
            connection.execute(f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")
            stack.callback(connection.execute, f'ALTER DATABASE "{name}" RESET log_statement')
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.counting"],
            input=json.dumps(asked),
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(workspace),
            check=True,
        )
    counts: dict[str, list[int]] = json.loads(done.stdout)
    return counts


def _counted_requests(workspace: Workspace, row: int) -> list[list[Any]]:
    """Return some requests of each workload, in the order of the workloads."""
    patched = workspace.purchases[-1 - row % len(workspace.purchases)]
    kinds: dict[Workload, list[Request]] = {
        GET_ONE: [get_request(one) for one in workspace.purchases[:8]],
        LIST_50: [LIST] * 8,
        CREATE: [create_request(one) for one in workspace.customers[:8]],
        PATCH: [patch_request(patched, version) for version in range(1, 9)],
        SUM: [REPORT] * 8,
    }
    return [
        [(one.method, one.path, one.body, one.headers, one.ok) for one in kinds[workload]]
        for workload in WORKLOADS
    ]


# -- printing --------------------------------------------------------------------------------------


def report(found: dict[Workload, dict[str, Measured]]) -> bool:
    """Print the table of one database; say whether all of it is above the bar."""
    print(
        f"{'workload':<24}{'':<14}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}"
        f"{'statements':>12}{'ratio':>8}{'CPU ratio':>11}"
    )
    passed = True
    for workload, both in found.items():
        ours, theirs = both[OURS], both[THEIRS]
        ratio = ours.rate / theirs.rate
        spent = {name: statistics.median(one.cpu) for name, one in both.items()}
        enough = ratio >= BARS[workload.writes]
        one_statement = workload.writes or ours.statements <= 1
        passed &= enough and one_statement
        for name, one in both.items():
            line = (
                f"{workload.name if name == OURS else '':<24}{name:<14}{one.rate:>8.0f}"
                f"{one.percentile(0.5):>9.2f}{one.percentile(0.99):>9.2f}{spent[name]:>9.2f}"
                f"{one.statements:>12}"
            )
            if name == OURS:
                # Less processor time is better: above 1 ours takes less.
                line += f"{ratio:>8.2f}{spent[THEIRS] / spent[OURS]:>11.2f}"
                line += "" if enough and one_statement else "  below the bar"
            print(line, flush=True)
    return passed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; 1 where a ratio is below the bar (never with --quick)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; its figures mean nothing"
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    defaults = Options()
    for name in ("orders", "rounds", "seconds", "workers", "threads", "connections", "clients"):
        kind = type(getattr(defaults, name))
        parser.add_argument(f"--{name}", type=kind, default=None)
    given = vars(parser.parse_args(arguments))
    quick = given.pop("quick")
    databases = given.pop("database")
    chosen = {name: value for name, value in given.items() if value is not None}
    if databases:
        chosen["databases"] = tuple(databases)
    # An end by a signal cleans up like any other.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    passed = compare(Options(**({**QUICK, **chosen} if quick else chosen)))
    return 0 if passed or quick else 1


if __name__ == "__main__":
    sys.exit(main())
