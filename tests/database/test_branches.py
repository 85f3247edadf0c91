"""Steps with branches: all of them at the same time, joined once, through all ways back and repairs."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, RefusedError, StaleError
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.repairing import Repairs
from headrace.platform.workflow.replaying import replay
from headrace.platform.workflow.simulating import Trial
from headrace.platform.workflow.tables import TASK
from tests.database.test_ways_back import BOSS, FINANCE, MANAGER, REASON, asked, code
from tests.support.approval_world import World, approval_world
from tests.support.documents import label, workspace

Contents = dict[tuple[str, str], dict[str, Any]]
RITA, ANN = {"user": "rita"}, {"user": "ann"}


def step(name: str, *approvers: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": label(name, name), "approvers": list(approvers), **more}


def block(name: str = "checks", **branches: list[dict[str, Any]]) -> dict[str, Any]:
    made = [{"name": key, "label": label(key, key), "steps": one} for key, one in branches.items()]
    return {"name": name, "label": label(name, name), "branches": made}


def approval(*steps: dict[str, Any], **more: Any) -> Contents:
    contents = deepcopy(workspace())
    contents["approval", "claim_by_amount"] |= {"steps": list(steps), **more}
    return contents


PREPARED = step("prepared", MANAGER)
MONEY = [step("counted", FINANCE), step("allowed", BOSS)]
LAW = [step("lawful", RITA)]
LAST = step("last", ANN)
USUAL = approval(PREPARED, block(money=MONEY, law=LAW), LAST)


@pytest.fixture(scope="module")
def shared(shared_database_url: str) -> Iterator[World]:
    with approval_world(shared_database_url, USUAL) as found:
        yield found


@pytest.fixture
def world(shared: World) -> World:
    shared.publish(USUAL)
    return shared


def submitted(world: World, *decided: str, **values: Any) -> str:
    run = world.submit(world.claim(**values))
    for login in decided:
        world.decide(login, run)
    return run


def names(world: World, run: str) -> list[tuple[str, str]]:
    """Return the steps in the order in which they were reached, with their states."""
    steps = world.catalog.workflows["claim_flow"].approvals["submit"][0].steps
    return [(steps[one.node].name, one.state) for one in world.rows_of_step(run)]


def back(world: World, run: str, login: str, to: str | None, course: str = "again") -> None:
    world.decide(login, run, "return", to=to, comment=REASON, course=course)


def take_back(world: World, run: str, login: str) -> None:
    found = [
        task
        for state in ("approved", "rejected", "returned")
        for task in [world._tasks(run, state).get(login)]
        if task
    ]
    task = found[0]
    world.does(
        login, lambda c, w: world.tasks.decide(c, w, task.id, "take_back", version=task.version)
    )


def repair(world: World, run: str, act: str, **more: Any) -> None:
    repairs = Repairs(world.store, world.notifications)
    world.does("ann", lambda c, w: repairs.repair(c, w, run, act, reason=REASON, **more))


def shown(world: World, run: str) -> list[tuple[str, str | None, str]]:
    """Return what the track shows."""
    record = world.run(run).record_id
    view = world.engine.approvals(world.context("ann"), "claim", record)[0]
    return [(one.name, one.branch and one.branch.en, one.state) for one in view.steps]


# -- forward -------------------------------------------------------------------------------------------


def test_branches_begin_together_and_the_step_behind_waits_for_all(world):
    run = submitted(world, "mia")
    assert asked(world, run) == {"fred", "faye", "rita"}
    world.decide("rita", run)
    assert asked(world, run) == {"fred", "faye"}
    world.decide("fred", run)
    assert asked(world, run) == {"bob"}
    world.decide("bob", run)
    assert asked(world, run) == {"ann"}
    world.decide("ann", run)
    assert (world.run(run).state, world.state(world.run(run).record_id)) == ("approved", "paid")
    assert names(world, run) == [
        (name, "approved") for name in ("prepared", "counted", "lawful", "allowed", "last")
    ]


def test_a_rejection_in_one_branch_ends_the_others(world):
    run = submitted(world, "mia", "fred")
    world.decide("rita", run, "reject", comment=REASON)
    assert (world.run(run).state, asked(world, run)) == ("rejected", set())
    assert names(world, run)[1:] == [
        ("counted", "approved"),
        ("lawful", "rejected"),
        ("allowed", "closed"),
    ]


def test_a_branch_that_asks_nobody_has_ended_and_so_has_a_block(world):
    never = {"when": "payable > 1000"}
    whole = block(
        "whole", money=[step("counted", FINANCE, **never)], law=[step("lawful", RITA, **never)]
    )
    half = block("half", left=[step("left", BOSS, **never)], right=[step("right", FINANCE)])
    world.publish(approval(whole, half, LAST))
    run = submitted(world)
    assert asked(world, run) == {"fred", "faye"}
    assert [state for _, state in names(world, run)] == ["skipped", "skipped", "skipped", "open"]
    world.decide("faye", run)
    assert asked(world, run) == {"ann"}
    world.publish(approval(whole, step("first", MANAGER, when="payable < 1")))
    run = submitted(world)
    assert world.run(run).state == "approved"


def test_who_approved_in_a_branch_passes_behind_it_but_not_beside_it(world):
    sides = block(left=[step("left", MANAGER)], right=[step("right", FINANCE)])
    world.publish(approval(step("first", RITA), sides, step("last", MANAGER)))
    run = submitted(world, "rita", "mia")
    assert asked(world, run) == {"fred", "faye"}
    world.decide("fred", run)
    # The manager approved in the block, though not last of all.
    assert world.run(run).state == "approved"
    assert names(world, run)[-1] == ("last", "passed")
    right = [step("right", FINANCE), step("next", MANAGER)]
    world.publish(approval(block(left=[step("left", MANAGER)], right=right)))
    run = submitted(world, "mia", "fred")
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert world.run(run).state == "approved"


def test_people_are_added_and_tasks_given_away_in_a_branch(world):
    run = submitted(world, "mia")
    world.decide("fred", run, "add_approver", to=world.users["ann"], place="after")
    world.decide("rita", run, "transfer", to=world.users["bob"])
    world.decide("fred", run)
    assert asked(world, run) == {"ann", "bob"}
    world.decide("ann", run)
    world.decide("bob", run)
    # The boss has a task in each branch; one is decided, the other waits.
    assert asked(world, run) == {"bob"}
    world.decide("bob", run)
    assert asked(world, run) == {"ann"}


def test_what_one_branch_changes_the_other_has_not_seen(world):
    sides = block(left=[step("left", FINANCE, editable=["fee"])], right=[step("right", RITA)])
    world.publish(approval(sides))
    run = submitted(world)
    before = world.open_tasks(run)["rita"].version
    world.decide("fred", run, values={"fee": "7"})
    with pytest.raises(StaleError):
        world.decide("rita", run, version=before)
    world.decide("rita", run)
    assert world.run(run).state == "approved"


def test_a_time_limit_ends_one_branch_and_the_last_of_them_the_block(world):
    limit = {"limit": "2", "unit": "days", "then": "approve"}
    sides = block(left=[step("left", BOSS, time=limit)], right=[step("right", RITA)])
    world.publish(approval(sides, LAST))
    run, other = submitted(world), submitted(world, "rita")
    world.clock.instant += timedelta(days=3)
    world.worker.drain()
    assert (asked(world, run), asked(world, other)) == ({"rita"}, {"ann"})
    assert names(world, run) == [("left", "approved"), ("right", "open")]


def test_who_leaves_is_replaced_in_their_branch(world):
    run = submitted(world, "mia", "fred")
    world.set_roles("bob")
    world.does("system", lambda c, w: world.approvals.release(c, w, world.users["bob"]))
    world.set_roles("bob", ("boss", "city"))
    # Rita, who also has the contract, is the boss above.
    tasks = world.rows(sa.select(TASK).where(TASK.c.run == run, TASK.c.state == "open"))
    assert [one.user for one in tasks] == [world.users["rita"]] * 2
    for _ in tasks:
        world.decide("rita", run)
    assert asked(world, run) == {"ann"}


def test_an_edit_that_another_branch_depends_on_reopens_it_and_its_own_goes_on(world):
    left = [step("left", MANAGER, depends_on=["fee"]), step("more", BOSS)]
    right = [step("right", FINANCE, editable=["fee"]), step("next", RITA)]
    world.publish(approval(block(left=left, right=right), LAST))
    run = submitted(world, "mia")
    assert asked(world, run) == {"bob", "fred", "faye"}
    world.decide("fred", run, values={"fee": "7"})
    assert asked(world, run) == {"mia", "rita"}
    for login in ("mia", "rita", "bob"):
        world.decide(login, run)
    assert asked(world, run) == {"ann"}
    assert [state for name, state in names(world, run) if name == "next"] == ["approved"]


def test_who_was_added_behind_an_edit_has_their_turn_though_another_branch_is_reopened(world):
    left = [step("left", MANAGER, depends_on=["fee"])]
    world.publish(approval(block(left=left, right=[step("right", RITA, editable=["fee"])])))
    run = submitted(world, "mia")
    world.decide("rita", run, "add_approver", to=world.users["fred"], place="after")
    world.decide("rita", run, values={"fee": "7"})
    assert asked(world, run) == {"mia", "fred"}
    for login in ("mia", "fred"):
        world.decide(login, run)
    assert world.run(run).state == "approved"


# -- back ----------------------------------------------------------------------------------------------


def test_a_return_within_a_branch_leaves_the_others_alone(world):
    run = submitted(world, "mia", "fred")
    task = world.open_tasks(run)["bob"]
    returns = world.tasks.get(world.context("bob"), task.id).returns
    assert [name for name, _ in returns] == ["prepared", "counted"]
    with pytest.raises(RefusedError) as error:
        back(world, run, "bob", "lawful")
    assert code(error) == "task.wrong_step"
    back(world, run, "bob", "counted")
    assert asked(world, run) == {"fred", "faye", "rita"}
    for login in ("rita", "faye", "bob"):
        world.decide(login, run)
    assert asked(world, run) == {"ann"}


def test_a_return_to_before_the_block_asks_all_of_it_again(world):
    run = submitted(world, "mia", "fred", "rita")
    back(world, run, "bob", "prepared")
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye", "rita"}


def test_a_return_straight_on_lets_the_other_branches_go_on_where_they_were(world):
    run = submitted(world, "mia", "fred")
    back(world, run, "rita", "prepared", "on")
    assert asked(world, run) == {"mia"}
    assert ("allowed", "closed") in names(world, run)
    world.decide("mia", run)
    # Finance has approved; the boss, who had not decided, is asked again.
    assert asked(world, run) == {"bob", "rita"}
    world.decide("bob", run)
    back(world, run, "rita", "prepared", "on")
    world.decide("mia", run)
    assert asked(world, run) == {"rita"}
    world.decide("rita", run)
    assert asked(world, run) == {"ann"}


@pytest.mark.parametrize("course", ["again", "on"])
def test_a_return_from_behind_into_one_branch_lets_the_others_stand(world, course):
    run = submitted(world, "mia", "fred", "rita", "bob")
    back(world, run, "ann", "counted", course)
    assert asked(world, run) == {"fred", "faye"}
    world.decide("fred", run)
    assert asked(world, run) == ({"ann"} if course == "on" else {"bob"})


def test_what_was_approved_in_branches_is_kept_for_the_next_submission(world):
    claim = world.claim()
    run = world.submit(claim)
    for login in ("mia", "rita", "fred"):
        world.decide(login, run)
    back(world, run, "bob", None)
    assert (world.run(run).state, world.state(claim)) == ("returned", "draft")
    run = world.submit(claim)
    assert asked(world, run) == {"bob"}
    assert names(world, run) == [
        ("prepared", "kept"),
        ("counted", "kept"),
        ("allowed", "open"),
        ("lawful", "kept"),
    ]
    world.decide("bob", run)
    assert asked(world, run) == {"ann"}


def test_a_decision_is_taken_back_whatever_the_other_branches_do(world):
    run = submitted(world, "mia", "rita", "fred")
    take_back(world, run, "rita")
    assert asked(world, run) == {"rita", "bob"}
    world.decide("rita", run)
    world.decide("bob", run)
    assert asked(world, run) == {"ann"}
    take_back(world, run, "rita")
    assert asked(world, run) == {"rita"}
    world.decide("rita", run)
    world.decide("ann", run)
    assert world.run(run).state == "approved"


def test_a_decision_stands_once_the_run_has_left_its_block_or_gone_beyond(world):
    run = submitted(world, "mia", "rita")
    back(world, run, "fred", "prepared")
    with pytest.raises(ConflictError) as error:
        take_back(world, run, "rita")
    assert code(error) == "task.not_taken_back"
    run = submitted(world, "mia", "rita", "fred")
    with pytest.raises(ConflictError) as error:
        take_back(world, run, "mia")
    assert code(error) == "task.not_taken_back"


# -- repairs -------------------------------------------------------------------------------------------


def test_of_several_steps_that_wait_the_one_to_skip_is_named(world):
    run = submitted(world, "mia")
    with pytest.raises(RefusedError) as error:
        repair(world, run, "skip")
    assert "counted, lawful" in str(error.value.problems[0].hint.within("en"))
    repair(world, run, "skip", step="counted")
    assert asked(world, run) == {"bob", "rita"}
    repair(world, run, "skip", step="lawful")
    repair(world, run, "skip")
    assert asked(world, run) == {"ann"}


def test_a_jump_within_the_block_moves_one_branch_and_one_out_of_it_all(world):
    run = submitted(world, "mia")
    repair(world, run, "jump", step="allowed")
    assert asked(world, run) == {"bob", "rita"}
    world.decide("rita", run)
    repair(world, run, "jump", step="lawful")
    assert asked(world, run) == {"bob", "rita"}
    repair(world, run, "jump", step="last")
    assert asked(world, run) == {"ann"}
    # Back into the block: both branches had been left, so both are asked again where they were.
    repair(world, run, "jump", step="lawful")
    assert asked(world, run) == {"bob", "rita"}


def test_a_jump_into_a_block_begins_its_other_branches(world):
    run = submitted(world)
    repair(world, run, "jump", step="allowed")
    assert asked(world, run) == {"bob", "rita"}
    repair(world, run, "restart")
    assert asked(world, run) == {"mia"}


def test_runs_in_several_branches_are_one_in_their_group(world):
    submitted(world, "mia")
    groups = Repairs(world.store, world.notifications).groups(world.context("ann"))
    live = [one for one in groups if one.is_live]
    assert sum(one.count for one in live) == len(
        {one for group in live for one in members(world, group)}
    )


def members(world: World, group: Any) -> list[str]:
    repairs = Repairs(world.store, world.notifications)
    return repairs.members(world.context("ann"), group.definition, group.step)


def test_runs_move_between_versions_with_other_branches_and_back(world):
    run = submitted(world, "mia", "rita", "fred")
    more = block(money=MONEY, law=[*LAW, step("signed", MANAGER)], tax=[step("taxed", FINANCE)])
    world.publish(approval(PREPARED, more, LAST))
    repair(world, run, "move")
    # The boss again, what is new behind the law, and the branch that is new.
    assert asked(world, run) == {"bob", "mia", "fred", "faye"}
    repairs = Repairs(world.store, world.notifications)
    world.does("ann", lambda c, w: repairs.undo(c, w, run, REASON))
    assert asked(world, run) == {"bob"}
    world.publish(approval(PREPARED, *MONEY, *LAW, LAST))
    repair(world, run, "move")
    assert asked(world, run) == {"bob"}
    world.decide("bob", run)
    assert asked(world, run) == {"rita"}


def test_what_somebody_approved_stands_in_a_moved_branch(world):
    sides = block(left=[step("left", FINANCE, mode="all")], right=[step("right", RITA)])
    world.publish(approval(sides))
    run = submitted(world, "fred")
    sides = block(left=[step("left", FINANCE, mode="all")], other=[step("right", RITA, BOSS)])
    world.publish(approval(sides))
    repair(world, run, "move")
    assert asked(world, run) == {"faye", "rita", "bob"}
    for login in ("faye", "bob"):
        world.decide(login, run)
    assert world.run(run).state == "approved"


# -- what is shown -------------------------------------------------------------------------------------


def test_the_track_shows_each_branch_with_what_comes_in_it(world):
    run = submitted(world, "mia")
    money, law = "checks · money", "checks · law"
    assert shown(world, run) == [
        ("prepared", None, "approved"),
        ("counted", money, "open"),
        ("allowed", money, "pending"),
        ("lawful", law, "open"),
        ("last", None, "pending"),
    ]
    world.decide("rita", run)
    world.decide("fred", run)
    assert shown(world, run)[1:] == [
        ("counted", money, "approved"),
        ("allowed", money, "open"),
        ("lawful", law, "approved"),
        ("last", None, "pending"),
    ]


def test_trying_lets_branches_begin_together_and_end_with_the_last(world):
    days = {"time": {"limit": "2", "unit": "days"}}
    day = {"time": {"limit": "1", "unit": "days"}}
    sides = block(
        left=[step("left", MANAGER, **days), step("next", MANAGER)],
        right=[step("right", FINANCE, **day)],
    )
    world.publish(approval(sides, step("last", MANAGER, RITA, mode="any", **day)))
    found = world.engine.try_out(world.context("ann"), Trial("claim", world.claim(), "submit"))
    assert [(one.name, one.state) for one in found.steps] == [
        ("left", "asked"),
        ("next", "passed"),
        ("right", "asked"),
        ("last", "passed"),
    ]
    left, _, right, _ = found.steps
    assert [one.due_at is not None for one in (left, right)] == [True, True]
    assert left.due_at > right.due_at
    world.publish(approval(sides, step("last", RITA, **day)))
    found = world.engine.try_out(world.context("ann"), Trial("claim", world.claim(), "submit"))
    assert found.steps[-1].due_at > left.due_at


def test_a_replay_of_branches_repeats_what_was(world):
    runs = [submitted(world, "mia", "rita", "fred", "bob", "ann")]
    runs.append(submitted(world, "mia", "fred", "bob"))
    world.decide("rita", runs[-1], "reject", comment=REASON)
    runs.append(submitted(world, "mia", "fred"))
    back(world, runs[-1], "rita", None)
    runs.append(submitted(world, "mia", "fred"))
    back(world, runs[-1], "bob", "counted")
    for login in ("faye", "rita", "bob", "ann"):
        world.decide(login, runs[-1])
    context = world.context("ann")
    with checked_snapshot(context) as reading:
        found = replay(context, reading, "claim_flow")
    verdicts = {one.run_id: one.verdict for one in found.runs}
    assert [verdicts[one] for one in runs] == ["same"] * len(runs)
