"""Decisions under race: each task is decided exactly once, and every loser is told so.

With the conditional UPDATE taken out the same race finds anomalies: the test can fail.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import ConflictError, PlatformError, UnavailableError
from headrace.platform.records.tables import HISTORY
from headrace.platform.workflow import runs
from headrace.platform.workflow.tables import DECISION, RUN, TASK
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace

THREADS = 16
DECISIONS = ("approve", "reject")


def finance_contents() -> dict[tuple[str, str], dict[str, Any]]:
    contents = workspace()
    contents["approval", "claim_by_amount"]["steps"] = [
        {"name": "finance", "approvers": [{"role": "finance"}]}
    ]
    return contents


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in threads that start at the same moment; raise what one of them raised."""
    barrier = threading.Barrier(count)
    failures: list[BaseException] = []

    def run(index: int) -> None:
        try:
            barrier.wait()
            work(index)
        except BaseException as error:  # noqa: BLE001 - handed to the test below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def race(world: World, claims: int) -> list[str]:
    """Let 16 threads decide the tasks of `claims` claims; return what went wrong."""
    run_ids = [world.submit(world.claim()) for _ in range(claims)]
    tasks = [
        (login, task) for run_id in run_ids for login, task in world.open_tasks(run_id).items()
    ]
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()

    def attempt(context: Any, task: Any, action: str) -> str:
        try:
            with world.database.writing(world.catalog.version) as work:
                world.tasks.decide(
                    context, work, task.id, action, version=1, comment="because of that"
                )
        except PlatformError as error:
            return error.problems[0].code
        except Exception as error:  # noqa: BLE001 - an anomaly is what the test looks for
            return type(error).__name__
        return "decided"

    contexts = {login: world.context(login) for login in ("fred", "faye")}

    def work(index: int) -> None:
        login = ("fred", "faye")[index % 2]
        mine = [task for owner, task in tasks if owner == login]
        chance = random.Random(index)
        chance.shuffle(mine)
        mine.sort(key=lambda task: task.run)
        for task in mine:
            outcome = attempt(contexts[login], task, chance.choice(DECISIONS))
            with lock:
                outcomes[outcome] += 1

    in_threads(THREADS, work)
    return list(anomalies(world, run_ids, outcomes))


def anomalies(world: World, run_ids: list[str], outcomes: Counter[str]) -> list[str]:
    found = [
        f"{count} attempts ended with {outcome}"
        for outcome, count in outcomes.items()
        if outcome not in {"decided", "task.already_decided"}
    ]
    if outcomes["decided"] != len(run_ids):
        found.append(f"{outcomes['decided']} decisions for {len(run_ids)} runs")
    deciding = DECISION.c.action.in_(DECISIONS)
    per_run = Counter(row.run for row in world.rows(sa.select(DECISION.c.run).where(deciding)))
    found += [f"run {one}: {per_run[one]} decision rows" for one in run_ids if per_run[one] != 1]
    lines = world.rows(sa.select(HISTORY.c.record_id).where(HISTORY.c.action.in_(DECISIONS)))
    per_record = Counter(row.record_id for row in lines)
    for run in world.rows(sa.select(RUN).where(RUN.c.id.in_(run_ids))):
        expected = {"approved": "paid", "rejected": "rejected"}.get(run.state)
        if world.state(run.record_id) != expected:
            found.append(f"run {run.id} is {run.state}, its record {world.state(run.record_id)}")
        if per_record[run.record_id] != 1:
            found.append(f"record {run.record_id}: {per_record[run.record_id]} history lines")
    open_left = world.rows(sa.select(TASK.c.id).where(TASK.c.state == "open"))
    found += [f"task {row.id} is still open" for row in open_left]
    return found


def test_each_task_is_decided_exactly_once(database_url: str, deep: bool):
    with approval_world(database_url, finance_contents()) as world:
        assert race(world, 200 if deep else 25) == []


def test_without_the_conditional_update_the_race_is_noticed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runs, "still_open", lambda task_id, _version: TASK.c.id == task_id)
    with approval_world(database_url, finance_contents()) as world:
        assert race(world, 5) != []


def test_decision_withdrawal_and_edit_at_the_same_time_leave_one_winner(
    database_url: str, deep: bool
):
    with approval_world(database_url, finance_contents()) as world:
        contexts = {login: world.context(login) for login in ("fred", "faye", "dora", "ann")}
        for _ in range(100 if deep else 8):
            everybody_at_once(world, contexts)


def everybody_at_once(world: World, contexts: dict[str, Any]) -> None:
    claim = world.claim()
    run_id = world.submit(claim)
    tasks = world.open_tasks(run_id)
    version = world.version(claim)
    won: list[str] = []

    def decide(login: str, action: str) -> Any:
        return lambda c, w: world.tasks.decide(
            c, w, tasks[login].id, action, version=1, comment="as it should"
        )

    subject = {"subject": "Mine"}
    attempts: list[tuple[str, str, Any]] = [
        ("paid", "fred", decide("fred", "approve")),
        ("rejected", "faye", decide("faye", "reject")),
        ("draft", "dora", lambda c, w: world.engine.withdraw(c, w, run_id)),
        (
            "edited",
            "ann",
            lambda c, w: world.store.update(c, w, "claim", claim, subject, version),
        ),
    ]

    def attempt(index: int) -> None:
        name, login, action = attempts[index]
        try:
            with world.database.writing(world.catalog.version) as work:
                action(contexts[login], work)
        except (ConflictError, UnavailableError):
            return
        won.append(name)

    in_threads(len(attempts), attempt)
    assert len(won) == 1, won
    assert world.state(claim) == won[0]
    assert world.row(claim)["subject"] != "Mine"
    assert world.open_tasks(run_id) == {}


def test_two_submissions_at_once_begin_one_run(database_url: str):
    with approval_world(database_url, finance_contents()) as world:
        contexts = [world.context("dora"), world.context("dave")]
        for _ in range(5):
            submitted_at_once(world, contexts)


def submitted_at_once(world: World, contexts: list[Any]) -> None:
    claim = world.claim()
    outcomes: list[str] = []

    def submit(index: int) -> None:
        try:
            with world.database.writing(world.catalog.version) as work:
                world.engine.fire(contexts[index % 2], work, "claim", claim, "submit", version=1)
            outcomes.append("begun")
        except ConflictError as error:
            outcomes.append(error.problems[0].code)

    in_threads(8, submit)
    assert Counter(outcomes) == {"begun": 1, "record.stale": 7}
    assert len(world.rows(sa.select(RUN.c.id).where(RUN.c.record_id == claim))) == 1


def test_no_task_is_left_with_somebody_who_leaves_at_the_same_moment(database_url: str, deep: bool):
    """Submitting and deactivating at once: afterwards every open task is of an active user."""
    with approval_world(database_url) as world:
        contexts = {login: world.context(login) for login in ("dora", "ann")}
        for _ in range(60 if deep else 6):
            world.set_user("mia", active=True)
            leaves_while_asked(world, contexts)


def leaves_while_asked(world: World, contexts: dict[str, Any]) -> None:
    claims = [world.claim() for _ in range(4)]

    def deactivate() -> None:
        with world.database.writing(None) as work:
            change = sa.update(USER).where(USER.c.id == world.users["mia"]).values(active=False)
            work.connection.execute(change)
            world.approvals.release(contexts["ann"], work, world.users["mia"])

    def act(index: int) -> None:
        for _ in range(5):
            try:
                if index == len(claims):
                    return deactivate()
                with world.database.writing(world.catalog.version) as work:
                    world.engine.fire(
                        contexts["dora"], work, "claim", claims[index], "submit", version=1
                    )
            except UnavailableError:
                continue
            else:
                return None
        return None

    in_threads(len(claims) + 1, act)
    orphans = (
        sa.select(TASK.c.id)
        .join(USER, USER.c.id == TASK.c.user)
        .where(TASK.c.state == "open", sa.not_(USER.c.active))
    )
    assert world.rows(orphans) == []
    assert {world.state(claim) for claim in claims} == {"in_approval"}
