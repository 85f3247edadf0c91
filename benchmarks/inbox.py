"""What opening the inbox costs who has decided 100,000 tasks, beside who has decided 100.

    python -m benchmarks.inbox [--quick] [--database sqlite|postgresql] [--past 100000] [--rounds 30]

Makes its own databases and removes them. Both people wait for the same 40 tasks; they take turns within
a round, and the median of each is compared. Ends with 1 where a ratio is above its bar.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from headrace.platform.records.context import Context
from headrace.platform.workflow.tables import DECISION, RUN, STEP, TASK
from tests.support import postgres
from tests.support.approval_world import World, approval_world

FEW, WAITING, BATCH = 100, 40, 5_000
BAR = 1.5
"""The greatest ratio that is allowed."""


def main() -> int:
    """Measure on each database; return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="What opening the inbox costs.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the past, few rounds")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--past", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    past = options.past // 10 if options.quick else options.past
    rounds = min(options.rounds, 10) if options.quick else options.rounds
    missed = False
    for database in options.database or ("sqlite", "postgresql"):
        with own_database(database) as url, approval_world(url) as world:
            _fill(world, past)
            missed |= _measure(world, database, past, rounds)
    return int(missed)


@contextmanager
def own_database(kind: str) -> Iterator[str]:
    """Give the address of an empty database on a disk, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            yield f"sqlite:///{Path(folder) / 'inbox.sqlite'}"
            return
        directory = postgres.make_directory()
        try:
            with postgres.running_server(directory).database() as url:
                yield url
        finally:
            postgres.remove_directory(directory)


def _fill(world: World, past: int) -> None:
    """Give `mia` many past tasks and `fred` few, and both the same number of open ones."""
    world.submit(world.claim())
    (pattern,) = world.rows(sa.select(RUN))
    for login, many in (("mia", past), ("fred", FEW)):
        for start in range(0, many, BATCH):
            add_runs(world, login, pattern, min(BATCH, many - start), "approved")
        add_runs(world, login, pattern, WAITING, "open")
    with world.database.writing(None) as work:
        if work.dialect == "postgresql":
            for table in (RUN, STEP, TASK, DECISION):
                work.connection.exec_driver_sql(f"ANALYZE {table.name}")


def add_runs(world: World, login: str, pattern: Any, count: int, state: str) -> None:
    """Add runs like `pattern`, each with a step and a task of a user, all in `state`."""
    user, now = world.users[login], world.clock.now()
    values = {column.name: getattr(pattern, column.name) for column in RUN.columns}
    new = world.ids.record_id
    runs, steps, tasks, decisions = [], [], [], []
    over = None if state == "open" else now
    for _ in range(count):
        run, step, task, record = new(), new(), new(), new()
        runs.append({**values, "id": run, "record_id": record, "state": state, "ended_at": over})
        steps.append(
            {
                "id": step,
                "run": run,
                "position": 0,
                "state": state,
                "fallback": False,
                "opened_at": now,
                "ended_at": over,
            }
        )
        tasks.append(
            {
                "id": task,
                "run": run,
                "step": step,
                "user": user,
                "object_id": pattern.object_id,
                "record_id": record,
                "state": state,
                "version": 1,
                "record_version": 1,
                "opened_at": now,
                "ended_at": over,
            }
        )
        if state != "open":
            decisions.append(
                {
                    "id": new(),
                    "run": run,
                    "step": step,
                    "task": task,
                    "user": user,
                    "action": "approve",
                    "comment": f"Fine {len(decisions) % 7}",
                    "at": now,
                    "record_version": 1,
                    "metadata_version": 1,
                }
            )
    with world.database.writing(None) as work:
        for table, rows in ((RUN, runs), (STEP, steps), (TASK, tasks), (DECISION, decisions)):
            if rows:
                work.connection.execute(sa.insert(table), rows)


def _measure(world: World, database: str, past: int, rounds: int) -> bool:
    tasks = world.tasks
    asked: dict[str, Callable[[Context], object]] = {
        "to do": lambda context: tasks.inbox(context, "open"),
        "count of the shell": tasks.open_count,
        "done by me": lambda context: tasks.inbox(context, "done"),
        "last comments": tasks.last_comments,
    }
    missed = False
    print(f"{database}: {past:,} past tasks beside {FEW}, {WAITING} open, median of {rounds}")
    for name, act in asked.items():
        times: dict[str, list[float]] = {"mia": [], "fred": []}
        for turn in range(rounds + 2):
            for login, taken in times.items():
                context = world.context(login)
                begun = time.perf_counter()
                act(context)
                if turn > 1:
                    taken.append(time.perf_counter() - begun)
        much, few = (statistics.median(times[login]) * 1_000 for login in ("mia", "fred"))
        ratio = much / few
        missed |= ratio > BAR
        print(f"  {name:20} {much:8.2f} ms  {few:8.2f} ms  ratio {ratio:5.2f}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
