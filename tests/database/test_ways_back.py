"""Runs that go back: to a step, to the submitter and on from there; decisions taken back."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from headrace.platform.core.errors import ConflictError, RefusedError
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace

REASON = "Please look again"


def steps(*approvers: Any, **more: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the workspace with an approval that asks `approvers` one step after the other."""
    contents = deepcopy(workspace())
    approval = contents["approval", "claim_by_amount"]
    approval["steps"] = [
        {"name": f"s{number}", "label": {"en": f"S{number}"}, "approvers": [one]}
        for number, one in enumerate(approvers)
    ]
    approval |= more
    return contents


MANAGER, FINANCE = {"field": "company.manager"}, {"role": "finance"}
BOSS = {"role": "boss", "within": "company.region"}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url, steps(MANAGER, BOSS, FINANCE)) as found:
        yield found


def code(error: pytest.ExceptionInfo[Any]) -> str:
    return error.value.problems[0].code


def asked(world: World, run: str) -> set[str]:
    return set(world.open_tasks(run))


def test_a_run_returns_to_a_step_and_takes_all_in_between_again(world):
    run = world.submit(world.claim())
    world.decide("mia", run)
    world.decide("bob", run)
    task = world.open_tasks(run)["fred"]
    seen = world.tasks.get(world.context("fred"), task.id)
    assert [name for name, _ in seen.returns] == ["s0", "s1"]
    world.decide("fred", run, "return", to="s0", comment=REASON)
    assert asked(world, run) == {"mia"}
    assert world.steps(run) == ["approved", "approved", "returned", "open"]
    for login, following in (("mia", {"bob"}), ("bob", {"fred", "faye"})):
        world.decide(login, run)
        assert asked(world, run) == following
    world.decide("faye", run)
    assert world.run(run).state == "approved"


def test_a_run_goes_straight_on_to_the_step_that_returned_it(world):
    run = world.submit(world.claim())
    world.decide("mia", run)
    world.decide("bob", run)
    world.decide("fred", run, "return", to="s0", comment=REASON, course="on")
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye"}
    view = world.engine.approvals(world.context("fred"), "claim", world.run(run).record_id)[0]
    assert [one.name for one in view.steps] == ["s0", "s1", "s2", "s0", "s2"]


def test_a_run_only_goes_back_to_what_was_taken(world):
    run = world.submit(world.claim())
    for to in ("s1", "s2", "s0", "nowhere"):
        with pytest.raises(RefusedError) as error:
            world.decide("mia", run, "return", to=to, comment=REASON)
        assert code(error) == "task.wrong_step"
    with pytest.raises(RefusedError) as error:
        world.decide("mia", run, "return", comment="no")
    assert code(error) == "approval.reason_needed"
    with pytest.raises(RefusedError) as error:
        world.decide("mia", run, "return", comment=REASON, course="sideways")
    assert code(error) == "task.wrong_course"
    assert asked(world, run) == {"mia"}


def test_who_just_approved_is_asked_again_after_a_return(database_url):
    with approval_world(database_url, steps(FINANCE, FINANCE, BOSS)) as world:
        run = world.submit(world.claim())
        world.decide("fred", run)
        assert world.steps(run) == ["approved", "passed", "open"]
        world.decide("bob", run, "return", to="s1", comment=REASON)
        assert asked(world, run) == {"fred", "faye"}


def returned(world: World, claim: str) -> str:
    """Return a claim to its submitter after the first step; return the run."""
    run = world.submit(claim)
    world.decide("mia", run)
    world.decide("bob", run, "return", comment=REASON)
    assert world.state(claim) == "draft"
    assert world.run(run).state == "returned"
    return run


def test_the_submitter_gets_it_back_and_what_was_approved_stands(world):
    claim = world.claim()
    returned(world, claim)
    world.worker.drain()
    told = world.notifications.latest(world.users["dora"])[0]
    assert "returned" in told.text.en

    again = world.submit(claim)
    assert asked(world, again) == {"bob"}
    assert world.steps(again) == ["kept", "open"]
    assert world.decisions(again) == [("mia", "keep")]


@pytest.mark.parametrize(
    "change", [{"fee": "9"}, {"items": {"create": [{"what": "Hose", "qty": "1", "price": "1"}]}}]
)
def test_every_change_starts_again_without_key_fields(world, change):
    claim = world.claim()
    returned(world, claim)
    edit(world, claim, change)
    assert asked(world, world.submit(claim)) == {"mia"}


def edit(world: World, claim: str, change: dict[str, Any]) -> None:
    version = world.version(claim)
    world.does("dora", lambda c, w: world.store.update(c, w, "claim", claim, change, version))


@pytest.mark.parametrize(
    ("change", "first"),
    [({"subject": "Said better"}, "bob"), ({"fee": "9"}, "mia"), ({"items": "more"}, "mia")],
)
def test_only_key_fields_start_again(database_url, change, first):
    contents = steps(MANAGER, BOSS, key_fields=["fee", "items"])
    if change == {"items": "more"}:
        change = {"items": {"create": [{"what": "Hose", "qty": "1", "price": "1"}]}}
    with approval_world(database_url, contents) as world:
        claim = world.claim()
        returned(world, claim)
        edit(world, claim, change)
        assert asked(world, world.submit(claim)) == {first}


def test_an_approval_may_say_that_everybody_is_asked_again(database_url):
    with approval_world(database_url, steps(MANAGER, BOSS, resubmit="restart")) as world:
        claim = world.claim()
        returned(world, claim)
        assert asked(world, world.submit(claim)) == {"mia"}


def test_a_rejected_record_resumes_at_the_step_that_rejected(world):
    claim = world.claim()
    run = world.submit(claim)
    world.decide("mia", run)
    world.decide("bob", run, "reject", comment=REASON)
    world.fire("dora", claim, "revise")
    again = world.submit(claim)
    assert asked(world, again) == {"bob"}
    # Once more: what stands was approved two submissions before.
    world.decide("bob", again, "reject", comment=REASON)
    world.fire("dora", claim, "revise")
    assert asked(world, world.submit(claim)) == {"bob"}


def test_an_approval_of_who_has_changed_the_record_since_does_not_stand(world):
    claim = world.claim(login="dave")
    run = world.submit(claim)
    world.decide("mia", run)
    world.decide("bob", run, "return", comment=REASON)
    world.set_roles("mia", ("admin", None))
    version = world.version(claim)
    change = {"subject": "Mine now"}
    world.does("mia", lambda c, w: world.store.update(c, w, "claim", claim, change, version))
    again = world.submit(claim)
    assert world.steps(again)[0] == "open"
    assert "mia" not in asked(world, again)


def test_a_decision_is_taken_back_until_the_next_step_is_decided(world):
    run = world.submit(world.claim())
    task = world.open_tasks(run)["mia"]
    world.decide("mia", run)
    assert asked(world, run) == {"bob"}

    def take_back(login: str, version: int) -> Any:
        return world.does(
            login, lambda c, w: world.tasks.decide(c, w, task.id, "take_back", version=version)
        )

    seen = world.tasks.get(world.context("mia"), task.id)
    assert seen.actions == ("take_back",)
    assert seen.item.version is not None
    take_back("mia", seen.item.version)
    assert asked(world, run) == {"mia"}
    assert world.steps(run) == ["open", "closed"]
    # The submitter may withdraw again: nothing is decided.
    view = world.engine.approvals(world.context("dora"), "claim", world.run(run).record_id)[0]
    assert view.can_withdraw

    world.decide("mia", run)
    world.decide("bob", run)
    version = world.tasks.get(world.context("mia"), task.id).item.version
    assert version is not None
    with pytest.raises(ConflictError) as error:
        take_back("mia", version)
    assert code(error) == "task.not_taken_back"
    assert [one for one in world.decisions(run) if one[0] == "mia"] == [
        ("mia", "approve"),
        ("mia", "take_back"),
        ("mia", "approve"),
    ]


def test_others_of_a_step_are_asked_again_when_its_decision_is_taken_back(database_url):
    with approval_world(database_url, steps(FINANCE, BOSS)) as world:
        run = world.submit(world.claim())
        task = world.open_tasks(run)["fred"]
        world.decide("fred", run)
        version = world.tasks.get(world.context("fred"), task.id).item.version
        world.does(
            "fred", lambda c, w: world.tasks.decide(c, w, task.id, "take_back", version=version)
        )
        assert asked(world, run) == {"fred", "faye"}
        world.decide("faye", run)
        assert asked(world, run) == {"bob"}
