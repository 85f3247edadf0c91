"""What administrators do with running approvals, and runs that follow a new version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.workflow.repairing import Repairs
from tests.database.test_ways_back import BOSS, FINANCE, MANAGER, REASON, asked, code, steps
from tests.support.approval_world import World, approval_world

WHY = "The manager is ill"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url, steps(MANAGER, BOSS, FINANCE)) as found:
        yield found


def repairs(world: World) -> Repairs:
    return Repairs(world.store, world.notifications)


def repair(world: World, run: str, act: str, login: str = "ann", **more: Any) -> Any:
    more = {"reason": WHY, **more}
    return world.does(login, lambda c, w: repairs(world).repair(c, w, run, act, **more))


def undo(world: World, run: str) -> Any:
    return world.does("ann", lambda c, w: repairs(world).undo(c, w, run, WHY))


def test_a_step_is_skipped_and_one_jumped_to(world):
    claim = world.claim()
    run = world.submit(claim)
    repair(world, run, "skip")
    assert asked(world, run) == {"bob"}
    repair(world, run, "jump", step="s2")
    assert asked(world, run) == {"fred", "faye"}
    repair(world, run, "jump", step="s0")
    assert asked(world, run) == {"mia"}
    assert world.decisions(run) == [("ann", "skip"), ("ann", "jump"), ("ann", "jump")]
    for _ in range(3):
        repair(world, run, "skip")
    assert (world.run(run).state, world.state(claim)) == ("approved", "paid")
    with pytest.raises(ConflictError):
        repair(world, run, "skip")


def test_a_task_is_reassigned(world):
    run = world.submit(world.claim())
    task = world.open_tasks(run)["mia"]
    # Nor a user of another company: a task opens its record.
    for to in ("mia", "dora", "olaf", "nobody"):
        with pytest.raises(RefusedError) as error:
            repair(world, run, "reassign", task=task.id, to=world.users.get(to, to))
        assert code(error) == "repair.wrong_person"
    repair(world, run, "reassign", task=task.id, to=world.users["rita"])
    assert asked(world, run) == {"rita"}
    world.decide("rita", run)
    assert asked(world, run) == {"bob"}


def test_a_run_is_cancelled_and_its_record_goes_back(world):
    claim = world.claim()
    run = world.submit(claim)
    repair(world, run, "cancel")
    assert (world.run(run).state, world.state(claim)) == ("cancelled", "draft")
    world.worker.drain()
    assert world.notifications.latest(world.users["dora"])[0].kind == "approval.ended"


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"act": "dance"}, RefusedError),
        ({"act": "jump", "step": "s9"}, RefusedError),
        ({"act": "skip", "reason": "why"}, RefusedError),
        ({"act": "reassign", "task": "x", "to": "y"}, NotFoundError),
        ({"act": "move"}, ConflictError),
        ({"act": "skip", "login": "dora"}, ForbiddenError),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(world, options, kind):
    run = world.submit(world.claim())
    with pytest.raises(kind):
        repair(world, run, **options)
    assert asked(world, run) == {"mia"}
    assert world.decisions(run) == []


NEW = [BOSS, MANAGER, FINANCE]
"""The same steps' people in another order, with other names of steps."""


def renamed(*names: str, approvers: Any = (MANAGER, BOSS, FINANCE)) -> Any:
    contents = steps(*approvers)
    for step, name in zip(contents["approval", "claim_by_amount"]["steps"], names, strict=True):
        step["name"] = name
    return contents


def test_a_decision_in_a_step_that_the_live_version_no_longer_has_stands(world):
    run = world.submit(world.claim())
    repair(world, run, "jump", step="s1")
    world.decide("bob", run)
    task = world._tasks(run, "approved")["bob"]
    world.publish(renamed("other", approvers=[FINANCE]))
    repair(world, run, "move")
    with pytest.raises(ConflictError) as error:
        world.does(
            "bob",
            lambda c, w: world.tasks.decide(c, w, task.id, "take_back", version=task.version),
        )
    assert code(error) == "task.not_taken_back"


def test_runs_are_grouped_by_version_and_step(world):
    runs = [world.submit(world.claim()) for _ in range(3)]
    world.decide("mia", runs[0])
    found = repairs(world).groups(world.context("ann"))
    assert [(one.step, one.count, one.is_live) for one in found] == [
        ("s0", 2, True),
        ("s1", 1, True),
    ]
    world.publish(renamed("s0", "s1", "more"))
    runs.append(world.submit(world.claim()))
    found = repairs(world).groups(world.context("ann"))
    shown = {(one.step, one.count, one.is_live, one.has_live) for one in found}
    assert shown == {("s0", 2, False, True), ("s1", 1, False, True), ("s0", 1, True, True)}
    old = next(one for one in found if one.count == 2)
    assert repairs(world).members(world.context("ann"), old.definition, "s0") == sorted(runs[1:3])


def test_a_run_follows_the_live_version_where_it_waits(world):
    run = world.submit(world.claim())
    world.decide("mia", run)
    world.publish(renamed("first", "s1", "s2", approvers=(MANAGER, FINANCE, BOSS)))
    repair(world, run, "move")
    assert asked(world, run) == {"fred", "faye"}
    view = world.engine.approvals(world.context("ann"), "claim", world.run(run).record_id)[0]
    assert [(one.name, one.state) for one in view.steps] == [
        ("s0", "approved"),
        ("s1", "closed"),
        ("s1", "open"),
        ("s2", "pending"),
    ]
    undo(world, run)
    assert asked(world, run) == {"bob"}
    world.decide("bob", run)
    assert asked(world, run) == {"fred", "faye"}
    with pytest.raises(ConflictError) as error:
        undo(world, run)
    assert code(error) == "repair.not_undone"
    world.decide("fred", run)
    assert world.run(run).state == "approved"


def test_a_step_that_is_gone_leads_to_the_first_that_was_not_approved(world):
    run = world.submit(world.claim())
    world.decide("mia", run)
    world.publish(renamed("s0", "other", "s2"))
    repair(world, run, "move")
    assert asked(world, run) == {"bob"}
    # And back to a step by the name that it had then is still possible.
    world.decide("bob", run, "return", to="s0", comment=REASON)
    assert asked(world, run) == {"mia"}


def test_what_was_approved_in_the_step_stands_when_it_is_moved(database_url):
    contents = steps(MANAGER)
    step = contents["approval", "claim_by_amount"]["steps"][0]
    step |= {"mode": "all", "approvers": [MANAGER, FINANCE]}
    with approval_world(database_url, contents) as world:
        run = world.submit(world.claim())
        world.decide("fred", run)
        step["approvers"] = [FINANCE, BOSS]
        world.publish(contents)
        repair(world, run, "move")
        assert asked(world, run) == {"faye", "bob"}
        undo(world, run)
        assert asked(world, run) == {"faye", "mia"}


def test_a_run_begins_again_by_the_live_version(world):
    run = world.submit(world.claim())
    world.decide("mia", run)
    world.publish(renamed("a", "b", "c", approvers=(FINANCE, BOSS, MANAGER)))
    repair(world, run, "restart", batch="b1")
    assert asked(world, run) == {"fred", "faye"}
    assert repairs(world).batch(world.context("ann"), "b1") == [run]
    undo(world, run)
    assert asked(world, run) == {"bob"}
