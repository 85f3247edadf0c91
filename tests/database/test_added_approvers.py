"""Modes of a step, and people whom an approver asks too: before, beside, after, or for an opinion."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from headrace.platform.core.errors import ConflictError, ForbiddenError, RefusedError
from tests.database.test_ways_back import BOSS, FINANCE, MANAGER, REASON, asked, code, steps
from tests.support.approval_world import World, approval_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url, steps(MANAGER, BOSS)) as found:
        yield found


def mode(name: str, *approvers: Any, **more: Any) -> dict[tuple[str, str], dict[str, Any]]:
    contents = deepcopy(steps(MANAGER))
    step = contents["approval", "claim_by_amount"]["steps"][0]
    step |= {"mode": name, "approvers": list(approvers), **more}
    return contents


def add(world: World, run: str, login: str, to: str, place: str, **more: Any) -> Any:
    options = {"to": world.users[to], "place": place, **more}
    return world.decide(login, run, "add_approver", **options)


def test_a_sequence_asks_one_after_the_other(database_url):
    with approval_world(database_url, mode("sequence", MANAGER, FINANCE, BOSS)) as world:
        run = world.submit(world.claim())
        for login in ("mia", "faye", "fred", "bob"):
            assert asked(world, run) == {login}
            world.worker.drain()
            assert world.notifications.latest(world.users[login])[0].kind == "task.asked"
            world.decide(login, run)
        assert world.run(run).state == "approved"


def test_who_comes_later_in_a_sequence_may_not_decide_yet(database_url):
    with approval_world(database_url, mode("sequence", MANAGER, BOSS)) as world:
        claim = world.claim()
        run = world.submit(claim)
        waiting = world.waiting_tasks(run)["bob"]
        with pytest.raises(ConflictError) as error:
            world.does(
                "bob",
                lambda c, w: world.tasks.decide(
                    c, w, waiting.id, "approve", version=waiting.version
                ),
            )
        assert code(error) == "task.waits"
        world.set_user("bob", active=False)
        world.does("system", lambda c, w: world.approvals.release(c, w, world.users["bob"]))
        world.decide("mia", run)
        assert asked(world, run) == {"rita"}


def test_a_share_of_those_asked_decides(database_url):
    contents = mode("ratio", MANAGER, FINANCE, {**BOSS, "veto": True}, ratio=50)
    with approval_world(database_url, contents) as world:
        run = world.submit(world.claim())
        world.decide("mia", run, "reject", comment=REASON)
        assert world.run(run).state == "open"
        world.decide("fred", run)
        world.decide("faye", run)
        assert world.run(run).state == "approved"

        vetoed = world.submit(world.claim())
        world.decide("fred", vetoed)
        world.decide("bob", vetoed, "reject", comment=REASON)
        assert world.run(vetoed).state == "rejected"


def test_a_colleague_decides_before(world):
    run = world.submit(world.claim())
    add(world, run, "mia", "faye", "before", comment="Check the sum")
    assert asked(world, run) == {"faye"}
    world.decide("faye", run)
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert asked(world, run) == {"bob"}
    assert world.decisions(run)[0] == ("mia", "add_before")


def test_a_colleague_decides_beside_and_is_needed(world):
    run = world.submit(world.claim())
    add(world, run, "mia", "faye", "beside")
    world.decide("mia", run)
    assert asked(world, run) == {"faye"}
    world.decide("faye", run, "reject", comment=REASON)
    assert world.run(run).state == "rejected"


def test_a_colleague_decides_after_the_step(world):
    run = world.submit(world.claim())
    add(world, run, "mia", "faye", "after")
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert asked(world, run) == {"faye"}
    world.decide("faye", run)
    assert asked(world, run) == {"bob"}


def test_an_opinion_that_is_asked_keeps_nobody_from_being_asked_for_who_left(world):
    run = world.submit(world.claim())
    world.decide("mia", run)
    world.decide("bob", run, "ask_opinion", to=world.users["ann"])
    world.set_roles("bob")
    world.does("system", lambda c, w: world.approvals.release(c, w, world.users["bob"]))
    assert asked(world, run) == {"rita", "ann"}


def test_who_left_after_being_added_keeps_nobody_waiting(world):
    run = world.submit(world.claim())
    add(world, run, "mia", "faye", "before")
    world.set_user("faye", active=False)
    world.does("system", lambda c, w: world.approvals.release(c, w, world.users["faye"]))
    assert asked(world, run) == {"mia"}


@pytest.mark.parametrize("to", ["mia", "dora"])
def test_only_colleagues_without_a_part_are_added(world, to):
    run = world.submit(world.claim())
    for action, more in (("add_approver", {"place": "beside"}), ("ask_opinion", {})):
        with pytest.raises(RefusedError) as error:
            world.decide("mia", run, action, to=world.users[to], **more)
        assert code(error) == "task.wrong_receiver"
    with pytest.raises(RefusedError) as error:
        add(world, run, "mia", "faye", "under")
    assert code(error) == "task.wrong_place"
    assert asked(world, run) == {"mia"}


def test_an_opinion_is_given_and_decides_nothing(world):
    claim = world.claim()
    run = world.submit(claim)
    world.decide("mia", run, "ask_opinion", to=world.users["rita"], comment="Is it usual?")
    task = world.open_tasks(run)["rita"]
    seen = world.tasks.get(world.context("rita"), task.id)
    assert (seen.opinion, seen.actions, seen.editable) == (True, ("comment",), ())
    assert seen.record is not None
    for action in ("approve", "transfer", "add_approver", "return"):
        with pytest.raises(ForbiddenError) as error:
            world.decide("rita", run, action, comment=REASON, to=None, place="beside")
        assert code(error) == "task.opinion_only"
    world.decide("rita", run, "comment", comment="Quite usual")
    assert asked(world, run) == {"mia"}
    assert world.decisions(run) == [("mia", "ask_opinion"), ("rita", "opinion")]
    world.worker.drain()
    assert world.notifications.latest(world.users["mia"])[0].kind == "task.opinion"
    # What colleagues say to each other is not for the dealer.
    view = world.engine.approvals(world.context("dora"), "claim", claim)[0]
    assert [one.action for one in view.steps[0].decisions] == []
    # Who gave an opinion no longer reads the record by it, and decides nothing afterwards.
    world.decide("mia", run)
    assert asked(world, run) == {"bob"}


def test_who_decided_before_takes_it_back_while_the_asker_has_not_decided(world):
    run = world.submit(world.claim())
    add(world, run, "mia", "faye", "before")
    task = world.open_tasks(run)["faye"]

    def take_back() -> Any:
        version = world.tasks.get(world.context("faye"), task.id).item.version
        return world.does(
            "faye", lambda c, w: world.tasks.decide(c, w, task.id, "take_back", version=version)
        )

    world.decide("faye", run)
    take_back()
    assert asked(world, run) == {"faye"}
    world.decide("faye", run)
    world.decide("mia", run)
    with pytest.raises(ConflictError) as error:
        take_back()
    assert code(error) == "task.not_taken_back"
