"""A task is given to a colleague, who is asked instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.workflow.delegations import Delegations
from headrace.platform.workflow.tables import DECISION
from tests.support.approval_world import World, approval_world

TODAY = date(2025, 6, 30)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url) as found:
        yield found


def give(world: World, login: str, task: Any, to: str, **more: Any) -> Any:
    given = {"version": task.version, "to": world.users.get(to, to), **more}
    return world.does(login, lambda c, w: world.tasks.decide(c, w, task.id, "transfer", **given))


def code(error: pytest.ExceptionInfo[Any]) -> str:
    return error.value.problems[0].code


def test_the_receiver_is_asked_instead_and_decides(world):
    claim = world.claim()
    run = world.submit(claim)
    task = world.open_tasks(run)["mia"]
    done = give(world, "mia", task, "faye", comment="Knows the dealer")
    assert (done.task_state, done.run_state) == ("transferred", "open")
    assert set(world.open_tasks(run)) == {"faye"}
    (row,) = world.rows(sa.select(DECISION).where(DECISION.c.task == task.id))
    assert (row.action, row.given_to, row.comment) == (
        "transfer",
        world.users["faye"],
        "Knows the dealer",
    )
    world.worker.drain()
    told = [one.kind for one in world.notifications.latest(world.users["faye"])]
    assert told == ["task.asked"]

    with pytest.raises(ConflictError) as error:
        world.does("mia", lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=1))
    assert code(error) == "task.transferred"
    world.decide("faye", run)
    assert world.state(claim) == "paid"
    assert world.decisions(run)[:2] == [("mia", "transfer"), ("faye", "approve")]


def test_all_of_a_step_still_decide_after_one_gave_the_task_on(world):
    run = world.submit(world.claim(amount="5000"))
    world.decide("mia", run)
    before = world.open_tasks(run)
    give(world, "bob", before["bob"], "rita")
    assert set(world.open_tasks(run)) == (set(before) - {"bob"}) | {"rita"}
    for login in sorted(world.open_tasks(run)):
        assert world.run(run).state == "open"
        world.decide(login, run)
    assert world.run(run).state == "approved"


@pytest.mark.parametrize("to", ["mia", "dora", "", "x", "ann"])
def test_nobody_gets_it_who_may_not_decide(world, to):
    claim = world.claim()
    version = world.version(claim)
    world.does(
        "ann", lambda c, w: world.store.update(c, w, "claim", claim, {"subject": "New"}, version)
    )
    run = world.submit(claim)
    task = world.open_tasks(run)["mia"]
    with pytest.raises(RefusedError) as error:
        give(world, "mia", task, to)
    assert code(error) == "task.wrong_receiver"
    assert set(world.open_tasks(run)) == {"mia"}


def test_who_is_asked_already_does_not_get_another(world):
    run = world.submit(world.claim(amount="5000"))
    world.decide("mia", run)
    tasks = world.open_tasks(run)
    with pytest.raises(RefusedError) as error:
        give(world, "bob", tasks["bob"], "fred")
    assert code(error) == "task.wrong_receiver"


def test_only_the_own_task_as_it_was_seen_is_given_on(world):
    run = world.submit(world.claim())
    task = world.open_tasks(run)["mia"]
    with pytest.raises(NotFoundError):
        give(world, "faye", task, "rita")
    with pytest.raises(StaleError):
        give(world, "mia", task, "faye", version=task.version + 1)
    assert set(world.open_tasks(run)) == {"mia"}


def test_a_delegate_gives_on_in_the_name_of_who_was_asked(world):
    run = world.submit(world.claim())
    task = world.open_tasks(run)["mia"]
    delegations = Delegations(world.notifications)
    faye = world.users["faye"]
    world.does("mia", lambda c, w: delegations.create(c, w, faye, TODAY, TODAY))
    give(world, "faye", task, "rita")
    (row,) = world.rows(sa.select(DECISION).where(DECISION.c.task == task.id))
    assert (row.user, row.acted_for) == (faye, world.users["mia"])
    assert set(world.open_tasks(run)) == {"rita"}


def test_who_may_not_decide_may_not_choose_who_does(world):
    claim = world.claim()
    version = world.version(claim)
    world.does(
        "ann", lambda c, w: world.store.update(c, w, "claim", claim, {"subject": "New"}, version)
    )
    run = world.submit(claim)
    task = world.open_tasks(run)["mia"]
    delegations = Delegations(world.notifications)
    ann = world.users["ann"]
    world.does("mia", lambda c, w: delegations.create(c, w, ann, TODAY, TODAY))
    with pytest.raises(ForbiddenError) as error:
        give(world, "ann", task, "faye")
    assert code(error) == "approval.self"
    assert set(world.open_tasks(run)) == {"mia"}
    (item,) = world.tasks.inbox(world.context("ann")).items
    assert not item.may_decide
    found = world.tasks.get(world.context("ann"), task.id)
    assert (found.actions, found.receivers, found.editable) == (("comment",), (), ())


def test_the_page_of_a_task_names_who_may_get_it(world):
    run = world.submit(world.claim())
    task = world.open_tasks(run)["mia"]
    found = world.tasks.get(world.context("mia"), task.id)
    assert {one.name for one in found.receivers} == {"Ann", "Fred", "Faye", "Bob", "Rita"}
    give(world, "mia", task, "faye")
    assert world.tasks.get(world.context("mia"), task.id).receivers == ()
