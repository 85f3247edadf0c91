"""Timers under restarts, clocks that jump, downtime, races and kills: none is lost, none rings twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from headrace.platform.core.clock import FixedClock
from headrace.platform.core.errors import ConflictError, UnavailableError
from headrace.platform.jobs.long_jobs import LEASE
from headrace.platform.jobs.tables import JOB, NOTIFICATION
from headrace.platform.records.context import CompiledParts
from headrace.platform.workflow.pinned import read_stored
from headrace.platform.workflow.tables import DECISION, DEFINITION, RUN, STEP, TASK
from headrace.platform.workflow.timing import TIMER, Milestone, milestones
from tests.database.test_workflow_races import in_threads
from tests.support import approval_world as worlds
from tests.support.approval_world import World, approval_world
from tests.support.ring_and_die import CONTENTS
from tests.support.timed import ADMIN, MANAGER, step, stop_clock, timed

LIMITS: list[dict[str, Any]] = [
    {"limit": "8", "remind": [50, 80], "then": "escalate", "escalate_to": [ADMIN]},
    {"limit": "30", "unit": "hours", "remind": [10, 20, 30, 90], "then": "reject"},
    {"limit": "2", "unit": "days", "remind": [50], "then": "approve"},
    {"limit": "3", "unit": "working_days", "remind": [33, 66, 99]},
]
ROUNDS = 10
"""Restarts, each after the clock was moved."""


@dataclass
class Expected:
    """What a reference says of one run: a pointer into what is due, and what was done so far."""

    marks: tuple[Milestone, ...]
    then: str
    following: int = 0
    is_over: bool = False
    done: list[tuple[str, str | None, datetime]] = field(default_factory=list)

    def ring(self, now: datetime) -> None:
        """Do the last thing that is due, once."""
        before = self.following
        while self.following < len(self.marks) and self.marks[self.following].at <= now:
            self.following += 1
        if self.is_over or self.following == before:
            return
        mark = self.marks[self.following - 1]
        if mark.percent == 100 and self.then in {"approve", "reject"}:
            self.is_over = True
            self.done.append((f"timeout_{self.then}", None, now))
            return
        self.done.append(("remind", f"{mark.percent} %", now))
        if mark.percent == 100 and self.then == "escalate":
            self.done.append(("escalate", None, now))


def restarted(world: World) -> None:
    """Forget all that a process keeps in memory."""
    world.worker = replace(world.worker, name=f"worker-{random.random()}")
    world.compiled = CompiledParts()


def submitted(world: World, count: int, start: datetime, zone: ZoneInfo) -> dict[str, Expected]:
    """Submit claims under each limit in turn, some minutes apart; return what to expect of them."""
    found = {}
    for number, limit in enumerate(LIMITS):
        world.publish(timed(step("one", MANAGER, time=limit)))
        for position in range(count // len(LIMITS)):
            world.clock.instant = start + timedelta(minutes=17 * position + number)
            run_id = world.submit(world.claim())
            statement = sa.select(DEFINITION.c.content).join(RUN)
            [row] = world.rows(statement.where(RUN.c.id == run_id))
            time = read_stored(row.content).steps[0].time
            assert time is not None
            marks = milestones(time, world.clock.instant, zone)
            found[run_id] = Expected(marks, limit.get("then", "remind"))
    return found


def done(world: World) -> dict[str, list[tuple[str, str | None, datetime]]]:
    found: dict[str, list[tuple[str, str | None, datetime]]] = {}
    for row in world.rows(sa.select(DECISION).order_by(DECISION.c.id)):
        if row.action != "approve":
            found.setdefault(row.run, []).append((row.action, row.comment, row.at))
    return found


@pytest.mark.parametrize(
    ("place", "start"),
    [
        ("Europe/Berlin", datetime(2025, 10, 24, 9, tzinfo=UTC)),
        ("America/New_York", datetime(2025, 3, 7, 15, tzinfo=UTC)),
    ],
)
def test_every_timer_rings_once_whatever_the_clock_does(
    database_url: str, deep: bool, place: str, start: datetime, monkeypatch: pytest.MonkeyPatch
):
    chance, zone = random.Random(place), ZoneInfo(place)
    monkeypatch.setattr(worlds, "ZONE", zone)
    contents = timed(step("one", MANAGER, time=LIMITS[0]))
    with approval_world(database_url, contents) as world:
        stop_clock(world, "2025-01-01 00:00")
        expected = submitted(world, 2_000 if deep else 16, start, zone)
        now = max(start, world.clock.instant)
        for number in range(ROUNDS):
            # A day back, a day of downtime, and whatever lies between.
            moved = {3: -24, 6: 24}.get(number, chance.choice([1, 5, 9, 17]))
            now += timedelta(hours=moved, minutes=chance.randrange(60))
            world.clock.instant = now
            restarted(world)
            in_threads(2, lambda _: restless(world))
            for one in expected.values():
                one.ring(now)
            for run_id in chance.sample(sorted(expected), len(expected) // 16):
                if not expected[run_id].is_over:
                    expected[run_id].is_over = True
                    world.decide("mia", run_id)
        world.clock.instant = now + timedelta(days=10)
        restarted(world)
        world.worker.drain(100_000)
        for one in expected.values():
            one.ring(world.clock.instant)
        found = done(world)
        wrong = {
            run_id: (one.done, found.get(run_id, []))
            for run_id, one in expected.items()
            if one.done != found.get(run_id, [])
        }
        assert not wrong
        states = sa.select(JOB.c.state).where(JOB.c.kind == TIMER)
        assert {row.state for row in world.rows(states)} <= {"done", "cancelled"}


def restless(world: World) -> None:
    """Work until nothing is due, as one of several workers."""
    replace(world.worker, name=f"worker-{random.random()}").drain(100_000)


def test_a_worker_that_is_killed_in_the_middle_loses_and_doubles_nothing(database_url: str):
    with approval_world(database_url, CONTENTS) as world:
        stop_clock(world, "2025-06-13 15:00")
        count = 6
        for _ in range(count):
            world.submit(world.claim())
        killed = 0
        for text, deadly in (("2025-06-16 10:30", 2), ("2025-06-16 14:00", 3)):
            world.clock.set(text)
            asked = (database_url, world.clock.instant.isoformat(), str(deadly))
            command = [sys.executable, "-m", "tests.support.ring_and_die", *asked]
            ended = subprocess.run(command, check=False, timeout=120)
            killed += ended.returncode == -signal.SIGKILL
            world.worker.real_clock = FixedClock(datetime.now(UTC) + LEASE + LEASE)
            world.worker.drain()
        assert killed == 2
        rows = world.rows(sa.select(DECISION.c.run, DECISION.c.action))
        per_run = Counter((row.run, row.action) for row in rows)
        assert set(per_run.values()) == {1, 2}
        assert Counter(action for _, action in per_run.elements()) == {
            "remind": 2 * count,
            "escalate": count,
        }
        kinds = world.rows(sa.select(NOTIFICATION.c.kind))
        told = Counter(row.kind for row in kinds)
        assert {one: told[one] for one in ("task.reminder", "task.overdue", "task.escalated")} == (
            dict.fromkeys(("task.reminder", "task.overdue", "task.escalated"), count)
        )


def test_of_a_decision_and_a_timer_at_the_same_moment_one_counts(database_url: str, deep: bool):
    contents = timed(step("one", MANAGER, time={"limit": "8", "then": "reject"}))
    with approval_world(database_url, contents) as world:
        stop_clock(world, "2025-06-13 15:00")
        for _ in range(200 if deep else 12):
            world.clock.set("2025-06-13 15:00")
            claim = world.claim()
            run_id = world.submit(claim)
            task = world.open_tasks(run_id)["mia"]
            world.clock.set("2025-06-16 14:00")

            def act(index: int, task: Any = task) -> None:
                try:
                    if index:
                        world.worker.drain()
                    else:
                        world.does(
                            "mia",
                            lambda c, w: world.tasks.decide(
                                c, w, task.id, "approve", version=task.version
                            ),
                        )
                except (ConflictError, UnavailableError):
                    pass

            in_threads(2, act)
            world.worker.real_clock = FixedClock(datetime.now(UTC) + LEASE)
            world.worker.drain()
            said = [
                row.action
                for row in world.rows(sa.select(DECISION).where(DECISION.c.run == run_id))
            ]
            ended = [one for one in said if one in {"approve", "timeout_reject"}]
            assert len(ended) == 1, said
            wanted = ("approved", "paid") if ended == ["approve"] else ("rejected", "rejected")
            assert (world.run(run_id).state, world.state(claim)) == wanted
            left = sa.select(TASK).where(TASK.c.run == run_id, TASK.c.state == "open")
            assert world.rows(left) == []
            steps = sa.select(STEP).where(STEP.c.run == run_id, STEP.c.state == "open")
            assert world.rows(steps) == []
