"""All pairs of acts on one run at the same moment: whatever wins, the rows agree with each other."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import PlatformError
from headrace.platform.workflow.repairing import Repairs
from headrace.platform.workflow.tables import TASK
from tests.database.test_ways_back import BOSS, FINANCE, MANAGER, steps
from tests.database.test_workflow_races import in_threads
from tests.support.agreeing_rows import disagreements
from tests.support.approval_world import World, approval_world

WHY = "Because of that"
Attempt = Callable[[World, str, dict[str, Any]], Any]


def on_task(login: str, action: str, **more: Any) -> Attempt:
    """Act on the task that was open when the round began."""

    def attempt(world: World, run: str, tasks: dict[str, Any]) -> Any:
        task = tasks[login]
        options = {**more, **({"to": world.users[more["to"]]} if "person" in more else {})}
        options.pop("person", None)
        return world.does(
            login,
            lambda c, w: world.tasks.decide(
                c, w, task.id, action, version=task.version, comment=WHY, **options
            ),
        )

    return attempt


def on_run(act: str, **more: Any) -> Attempt:
    def attempt(world: World, run: str, tasks: dict[str, Any]) -> Any:
        options = dict(more)
        if act == "reassign":
            options |= {"task": tasks["bob"].id, "to": world.users["rita"]}
        repairs = Repairs(world.store, world.notifications)
        return world.does("ann", lambda c, w: repairs.repair(c, w, run, act, reason=WHY, **options))

    return attempt


def withdraw(world: World, run: str, tasks: dict[str, Any]) -> Any:
    return world.does("dora", lambda c, w: world.engine.withdraw(c, w, run))


def leave(world: World, run: str, tasks: dict[str, Any]) -> Any:
    def act(context: Any, work: Any) -> Any:
        return world.approvals.release(context, work, world.users["bob"])

    world.set_roles("bob")
    return world.does("system", act)


ACTS: dict[str, Attempt] = {
    "approve": on_task("bob", "approve"),
    "reject": on_task("bob", "reject"),
    "return to a step": on_task("bob", "return", to="s0"),
    "return to the submitter": on_task("bob", "return"),
    "transfer": on_task("bob", "transfer", to="rita", person=True),
    "add before": on_task("bob", "add_approver", to="fred", place="before", person=True),
    "add beside": on_task("bob", "add_approver", to="faye", place="beside", person=True),
    "add after": on_task("bob", "add_approver", to="rita", place="after", person=True),
    "ask": on_task("bob", "ask_opinion", to="ann", person=True),
    "take back": on_task("mia", "take_back"),
    "withdraw": withdraw,
    "skip": on_run("skip"),
    "jump": on_run("jump", step="s2"),
    "reassign": on_run("reassign"),
    "restart": on_run("restart"),
    "cancel": on_run("cancel"),
    "leave": leave,
}
PAIRS = [*itertools.combinations(ACTS, 2), *((one, one) for one in ACTS)]


def wrongs(world: World, run_id: str, branches: int = 1) -> list[str]:
    """Return what is wrong with the rows of a run, which may wait in so many branches."""
    state = world.state(world.run(run_id).record_id)
    return list(disagreements(world.rows, run_id, state, branches))


def round_of(world: World, pair: tuple[str, str]) -> list[str]:
    """Let both acts of a pair begin at the same moment; return what went wrong."""
    world.set_roles("bob", ("boss", "city"))
    run = world.submit(world.claim())
    mine = world.open_tasks(run)["mia"]
    world.decide("mia", run)
    found = world.open_tasks(run)
    found["mia"] = world.rows(sa.select(TASK).where(TASK.c.id == mine.id))[0]
    outcomes: list[str] = []

    def work(index: int) -> None:
        try:
            ACTS[pair[index]](world, run, found)
            outcomes.append("done")
        except PlatformError as error:
            outcomes.append(error.problems[0].code)

    in_threads(2, work)
    wrong = wrongs(world, run)
    # Nobody withdraws once somebody has decided, and the manager has.
    if "done" not in outcomes and "leave" not in pair and set(pair) != {"withdraw"}:
        wrong.append("both were refused")
    return [f"{pair} {outcomes}: {one}" for one in wrong]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url, steps(MANAGER, BOSS, FINANCE)) as found:
        yield found


def test_pairs_of_acts_at_the_same_moment_leave_rows_that_agree(world: World, deep: bool):
    chance = random.Random(5)
    pairs = PAIRS * 30 if deep else chance.sample(PAIRS, 24)
    assert [wrong for pair in pairs for wrong in round_of(world, pair)] == []


def test_the_invariants_notice_a_row_that_disagrees(world: World):
    run = world.submit(world.claim())
    assert wrongs(world, run) == []
    with world.database.writing(None) as work:
        task = sa.update(TASK).where(TASK.c.run == run).values(state="approved")
        work.connection.execute(task)
    assert sorted(wrongs(world, run)) == [
        "0 decisions on a task that is approved",
        "an open run waits for nobody",
    ]


def branched() -> Any:
    """Return an approval with two branches, each at its last step once the manager has decided."""
    contents = steps(MANAGER, BOSS, FINANCE)
    first, *_ = contents["approval", "claim_by_amount"]["steps"]
    contents["approval", "claim_by_amount"]["steps"] = [
        first,
        {
            "name": "both",
            "branches": [
                {"name": "left", "steps": [{"name": "s1", "approvers": [BOSS]}]},
                {"name": "right", "steps": [{"name": "s2", "approvers": [{"user": "rita"}]}]},
            ],
        },
        {"name": "s3", "approvers": [FINANCE]},
    ]
    return contents


BESIDE: dict[str, Attempt] = {
    "approve": on_task("rita", "approve"),
    "reject": on_task("rita", "reject"),
    "return to before": on_task("rita", "return", to="s0"),
    "return straight on": on_task("rita", "return", to="s0", course="on"),
    "return to the submitter": on_task("rita", "return"),
    "skip": on_run("skip", step="s2"),
    "jump out": on_run("jump", step="s3"),
    "restart": on_run("restart"),
    "take back": on_task("mia", "take_back"),
}
OWN: tuple[str, ...] = ("approve", "reject", "return to a step", "transfer", "add beside")


def round_beside(world: World, pair: tuple[str, str]) -> list[str]:
    """Let an act in one branch and one in the other begin at the same moment."""
    run = world.submit(world.claim())
    mine = world.open_tasks(run)["mia"]
    world.decide("mia", run)
    found = world.open_tasks(run)
    found["mia"] = world.rows(sa.select(TASK).where(TASK.c.id == mine.id))[0]
    acts = (ACTS[pair[0]], BESIDE[pair[1]])
    outcomes: list[str] = []

    def work(index: int) -> None:
        try:
            acts[index](world, run, found)
            outcomes.append("done")
        except PlatformError as error:
            outcomes.append(error.problems[0].code)

    in_threads(2, work)
    wrong = wrongs(world, run, branches=2)
    if "done" not in outcomes:
        wrong.append("both were refused")
    behind = [one.state for one in world.rows_of_step(run) if one.node == 3]
    if pair == ("approve", "approve") and (outcomes, behind) != (["done"] * 2, ["open"]):
        wrong.append(f"the step behind both branches: {behind}")
    return [f"{pair} {outcomes}: {one}" for one in wrong]


@pytest.fixture
def beside(database_url: str) -> Iterator[World]:
    with approval_world(database_url, branched()) as found:
        yield found


def test_branches_that_end_at_the_same_moment_are_joined_once(beside: World, deep: bool):
    rounds = 200 if deep else 6
    last = ("approve", "approve")
    assert [wrong for _ in range(rounds) for wrong in round_beside(beside, last)] == []


def test_acts_in_two_branches_at_the_same_moment_leave_rows_that_agree(beside: World, deep: bool):
    pairs = list(itertools.product(OWN, BESIDE))
    chosen = pairs * 20 if deep else random.Random(7).sample(pairs, 14)
    assert [wrong for pair in chosen for wrong in round_beside(beside, pair)] == []
