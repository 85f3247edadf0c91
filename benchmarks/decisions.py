"""Submissions, decisions and transitions per second beside the same by hand, and with many approvals running.

    python -m benchmarks.decisions [--quick] [--database sqlite|postgresql] [--running 100000] [--rounds 200]

Makes its own databases and removes them. What is done by hand stands below in `ByHand`: tables of its own in the
same database, the same rows and checks, each act in a transaction of its own, no metadata. Both take turns within a
round; the ratio is how many acts Headrace does while the other does one. Then the same acts with many other
approvals running. Ends with 1 where a ratio is beyond its bar.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from benchmarks.inbox import add_runs, own_database
from headrace.platform.database.system_tables import id_type, instant_type, json_type
from headrace.platform.workflow.tables import RUN, STEP, TASK
from tests.support.approval_world import World, approval_world

BATCH, WARM = 5_000, 10
LEAST = 0.5
"""The least ratio to the same by hand."""
MOST = 1.5
"""What an act may cost at most with many approvals running, beside none."""

Acts = dict[str, list[float]]


class ByHand:
    """What somebody would write for this one approval: a step of one person, by the amount."""

    def __init__(self, world: World) -> None:
        self._engine = world.database.engine
        self._new = world.ids.record_id
        self._now = world.clock.now
        self._manager, self._dealer = world.users["mia"], world.users["dora"]
        metadata = sa.MetaData()
        key = lambda: sa.Column("id", id_type(), primary_key=True)  # noqa: E731 - a column of each
        self.claim = sa.Table(
            "hand_claim",
            metadata,
            key(),
            sa.Column("status", sa.String(20), nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("amount", sa.BigInteger, nullable=False),
            sa.Column("manager", id_type(), nullable=False),
            sa.Column("updated_at", instant_type()),
            sa.Column("updated_by", id_type()),
        )
        self.run = sa.Table(
            "hand_run",
            metadata,
            key(),
            sa.Column("claim", id_type(), sa.ForeignKey(self.claim.c.id), index=True),
            sa.Column("state", sa.String(20), nullable=False),
            sa.Column("submitter", id_type(), nullable=False),
            sa.Column("started_at", instant_type(), nullable=False),
            sa.Column("ended_at", instant_type()),
        )
        self.step = sa.Table(
            "hand_step",
            metadata,
            key(),
            sa.Column("run", id_type(), sa.ForeignKey(self.run.c.id), index=True),
            sa.Column("state", sa.String(20), nullable=False),
            sa.Column("opened_at", instant_type(), nullable=False),
            sa.Column("ended_at", instant_type()),
        )
        self.task = sa.Table(
            "hand_task",
            metadata,
            key(),
            sa.Column("run", id_type(), sa.ForeignKey(self.run.c.id), index=True),
            sa.Column("step", id_type(), sa.ForeignKey(self.step.c.id), index=True),
            sa.Column("user", id_type(), nullable=False, index=True),
            sa.Column("state", sa.String(20), nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("ended_at", instant_type()),
        )
        self.decision = sa.Table(
            "hand_decision",
            metadata,
            key(),
            sa.Column("run", id_type(), sa.ForeignKey(self.run.c.id), index=True),
            sa.Column("task", id_type(), sa.ForeignKey(self.task.c.id)),
            sa.Column("user", id_type(), nullable=False),
            sa.Column("action", sa.String(20), nullable=False),
            sa.Column("at", instant_type(), nullable=False),
        )
        self.history = sa.Table(
            "hand_history",
            metadata,
            key(),
            sa.Column("claim", id_type(), nullable=False, index=True),
            sa.Column("action", sa.String(20), nullable=False),
            sa.Column("user", id_type(), nullable=False),
            sa.Column("at", instant_type(), nullable=False),
            sa.Column("changes", json_type(), nullable=False),
        )
        self.outbox = sa.Table(
            "hand_outbox",
            metadata,
            key(),
            sa.Column("state", sa.String(20), nullable=False),
            sa.Column("payload", json_type(), nullable=False),
            sa.Column("due", instant_type(), nullable=False),
        )
        metadata.create_all(self._engine)

    def make(self, count: int) -> list[str]:
        """Make claims to submit; return their ids."""
        rows = [
            {
                "id": self._new(),
                "status": "draft",
                "version": 1,
                "amount": 15_000,
                "manager": self._manager,
            }
            for _ in range(count)
        ]
        with self._engine.begin() as connection:
            connection.execute(sa.insert(self.claim), rows)
        return [row["id"] for row in rows]

    def submit(self, claim_id: str) -> str:
        """Submit a claim; return the task of its manager."""
        now = self._now()
        with self._engine.begin() as connection:
            claim = self._locked(connection, claim_id, "draft")
            people = [claim.manager] if claim.amount > 10_000 else []
            run, step, task = self._new(), self._new(), self._new()
            started = {"claim": claim_id, "submitter": self._dealer, "started_at": now}
            opened = {"id": step, "run": run, "state": "open", "opened_at": now}
            asked = {"id": task, "run": run, "step": step, "state": "open", "version": 1}
            connection.execute(sa.insert(self.run).values(id=run, state="open", **started))
            connection.execute(sa.insert(self.step).values(opened))
            connection.execute(sa.insert(self.task), [{**asked, "user": one} for one in people])
            self._move(connection, claim, "submitted", "submit", self._dealer)
            self._tell(connection, people, task)
        return task

    def approve(self, task_id: str) -> None:
        """Approve a task, and with it the claim."""
        now, task, run = self._now(), self.task, self.run
        with self._engine.begin() as connection:
            asked = sa.select(task, run.c.claim, run.c.submitter).join(run, run.c.id == task.c.run)
            found = connection.execute(asked.where(task.c.id == task_id).with_for_update()).one()
            assert (found.user, found.state, found.version) == (self._manager, "open", 1)
            claim = self._locked(connection, found.claim, "submitted")
            over = {"state": "approved", "ended_at": now}
            ended = sa.update(task).where(task.c.id == task_id, task.c.version == found.version)
            assert connection.execute(ended.values(version=2, **over)).rowcount == 1
            said = {"run": found.run, "task": task_id, "user": self._manager, "at": now}
            connection.execute(
                sa.insert(self.decision).values(id=self._new(), action="approve", **said)
            )
            waiting = sa.select(sa.func.count()).where(
                task.c.step == found.step, task.c.state == "open"
            )
            assert connection.execute(waiting).scalar() == 0
            step = sa.update(self.step).where(self.step.c.id == found.step)
            connection.execute(step.values(**over))
            connection.execute(sa.update(run).where(run.c.id == found.run).values(**over))
            self._move(connection, claim, "paid", "approve", self._manager)
            self._tell(connection, [found.submitter], task_id)

    def cancel(self, claim_id: str) -> None:
        """Cancel a draft."""
        with self._engine.begin() as connection:
            claim = self._locked(connection, claim_id, "draft")
            self._move(connection, claim, "cancelled", "cancel", self._dealer)

    def _locked(self, connection: sa.Connection, claim_id: str, state: str) -> Any:
        asked = sa.select(self.claim).where(self.claim.c.id == claim_id).with_for_update()
        claim = connection.execute(asked).one()
        assert claim.status == state
        return claim

    def _move(self, connection: sa.Connection, claim: Any, to: str, act: str, user: str) -> None:
        now, row = self._now(), self.claim.c
        change = sa.update(self.claim).where(row.id == claim.id, row.version == claim.version)
        values = {"status": to, "version": claim.version + 1, "updated_at": now}
        assert connection.execute(change.values(updated_by=user, **values)).rowcount == 1
        line = {"claim": claim.id, "action": act, "user": user, "at": now}
        changes = {"status": [claim.status, to]}
        connection.execute(sa.insert(self.history).values(id=self._new(), changes=changes, **line))

    def _tell(self, connection: sa.Connection, users: list[str], task: str) -> None:
        payload = {"users": users, "task": task}
        values = {"state": "waiting", "payload": payload, "due": self._now()}
        connection.execute(sa.insert(self.outbox).values(id=self._new(), **values))


class ByHeadrace:
    """The same acts on the platform, by who does them in the claims workspace."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dealer, self._manager = world.context("dora"), world.context("mia")

    def make(self, count: int) -> list[str]:
        """Make claims to submit; return their ids."""
        return [self._world.claim() for _ in range(count)]

    def submit(self, claim_id: str) -> str:
        """Submit a claim; return the id of its run."""
        fired = self._fire(claim_id, "submit")
        assert fired.run_id is not None
        return str(fired.run_id)

    def task_of(self, run_id: str) -> str:
        """Return the open task of a run."""
        (row,) = self._world.rows(sa.select(TASK.c.id).where(TASK.c.run == run_id))
        return str(row.id)

    def approve(self, task_id: str) -> None:
        """Approve a task, and with it the claim."""
        world = self._world
        with world.database.writing(world.catalog.version) as work:
            world.tasks.decide(self._manager, work, task_id, "approve", version=1)

    def cancel(self, claim_id: str) -> None:
        """Cancel a draft."""
        self._fire(claim_id, "cancel", comment="Made twice")

    def _fire(self, claim_id: str, transition: str, **options: Any) -> Any:
        world = self._world
        with world.database.writing(world.catalog.version) as work:
            return world.engine.fire(
                self._dealer, work, "claim", claim_id, transition, version=1, **options
            )


def main() -> int:
    """Measure on each database; return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="Decisions and transitions per second.")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--running", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    share = 10 if options.quick else 1
    rounds, running = options.rounds // share, options.running // share
    missed = False
    for database in options.database or ("sqlite", "postgresql"):
        with own_database(database) as url, approval_world(url) as world:
            hand, ours = ByHand(world), ByHeadrace(world)
            print(f"{database}: median of {rounds}")
            alone = _measure(ours, hand, rounds)
            for name, (mine, theirs) in alone.items():
                ratio = theirs / mine
                missed |= ratio < LEAST
                print(
                    f"  {name:11} {1 / mine:7.0f} a second, by hand {1 / theirs:7.0f}"
                    f"   ratio {ratio:5.2f}"
                )
            _run_others(world, running)
            many = _measure(ours, hand, rounds)
            for name, (mine, _) in many.items():
                ratio = mine / alone[name][0]
                missed |= ratio > MOST
                print(
                    f"  {name:11} with {running:,} approvals running: {ratio:5.2f} times the cost"
                )
    return int(missed)


def _measure(ours: ByHeadrace, hand: ByHand, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median seconds of each act, by Headrace and by hand."""
    count = rounds + WARM
    taken: dict[str, tuple[list[float], list[float]]] = {
        name: ([], []) for name in ("submission", "decision", "transition")
    }
    claims = zip(ours.make(2 * count), hand.make(2 * count), strict=True)
    for turn, (mine, theirs) in enumerate(claims):
        if turn % 2:
            acts = {"transition": (lambda: ours.cancel(mine), lambda: hand.cancel(theirs))}  # noqa: B023 - called at once
            _time(taken, acts, counted=turn // 2 >= WARM)
            continue
        submitted: list[str] = []
        _time(
            taken,
            {
                "submission": (
                    lambda: submitted.append(ours.submit(mine)),  # noqa: B023 - called at once
                    lambda: submitted.append(hand.submit(theirs)),  # noqa: B023 - called at once
                )
            },
            counted=turn // 2 >= WARM,
        )
        tasks = ours.task_of(submitted[0]), submitted[1]
        _time(
            taken,
            {"decision": (lambda: ours.approve(tasks[0]), lambda: hand.approve(tasks[1]))},  # noqa: B023 - called at once
            counted=turn // 2 >= WARM,
        )
    return {
        name: (statistics.median(mine), statistics.median(theirs))
        for name, (mine, theirs) in taken.items()
    }


def _time(
    taken: dict[str, tuple[list[float], list[float]]],
    acts: dict[str, tuple[Callable[[], object], Callable[[], object]]],
    *,
    counted: bool,
) -> None:
    for name, both in acts.items():
        for times, act in zip(taken[name], both, strict=True):
            begun = time.perf_counter()
            act()
            if counted:
                times.append(time.perf_counter() - begun)


def _run_others(world: World, count: int) -> None:
    """Let many other approvals wait for other people."""
    pattern = world.rows(sa.select(RUN).limit(1))[0]
    for start in range(0, count, BATCH):
        add_runs(world, "fred", pattern, min(BATCH, count - start), "open")
    with world.database.writing(None) as work:
        if work.dialect == "postgresql":
            for table in (RUN, STEP, TASK):
                work.connection.exec_driver_sql(f"ANALYZE {table.name}")


if __name__ == "__main__":
    sys.exit(main())
