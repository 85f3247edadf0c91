"""Copies: who gets them, what they may read, who has read them, and never across partners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.records import reader
from headrace.platform.workflow.tables import COPY, DECISION
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    contents = workspace()
    approval = contents["approval", "claim_by_amount"]
    approval["copies"] = [
        {"at": "start", "to": [{"role": "boss", "within": "company.region"}]},
        {"to": [{"role": "dealer"}, {"field": "company.manager"}]},
    ]
    approval["steps"][1]["copies"] = [{"at": "start", "to": [{"field": "company.manager"}]}]
    with approval_world(database_url, contents) as found:
        yield found


def copied(world: World, run: str) -> list[tuple[str, bool]]:
    """Return who got a copy of a run, and whether they have read it."""
    logins = {user_id: login for login, user_id in world.users.items()}
    rows = world.rows(sa.select(COPY).where(COPY.c.run == run).order_by(COPY.c.id))
    return [(logins[row.user], row.read_at is not None) for row in rows]


def copies_of(world: World, login: str) -> Any:
    return world.tasks.inbox(world.context(login), "copied")


def may_read(world: World, login: str, claim: str) -> bool:
    try:
        reader.get(world.context(login), "claim", claim, by_task=True)
    except NotFoundError:
        return False
    return True


def open_copy(world: World, login: str) -> None:
    (item,) = copies_of(world, login).items
    world.does(login, lambda c, w: world.tasks.copies.mark_read(c, w, item.id))


def test_copies_go_at_their_moment_and_let_read_also_afterwards(world):
    claim = world.claim(amount="5000")
    run = world.submit(claim)
    assert copied(world, run) == [("bob", False)]
    world.decide("mia", run)
    assert copied(world, run) == [("bob", False), ("mia", False)]
    assert may_read(world, "mia", claim)
    for login in sorted(world.open_tasks(run)):
        world.decide(login, run)
    assert copied(world, run) == [("bob", False), ("mia", False), ("dave", False)]
    assert world.run(run).state == "approved"
    assert may_read(world, "mia", claim)
    world.worker.drain()
    told = [one.kind for one in world.notifications.latest(world.users["mia"])]
    assert told == ["task.copied", "task.copied", "task.asked"]


def test_partners_get_copies_of_their_own_records_only(world):
    claim = world.claim()
    run = world.submit(claim)
    world.decide("mia", run)
    assert ("dave", False) in copied(world, run)
    assert not {"olaf", "dora"} & {login for login, _ in copied(world, run)}
    assert copies_of(world, "olaf").items == ()
    assert not may_read(world, "olaf", claim)
    world.set_roles("dave")
    assert may_read(world, "dave", claim)
    world.set_user("dave", organisation=world.records["other"])
    assert not may_read(world, "dave", claim)
    assert copies_of(world, "dave").items == ()
    assert world.tasks.unread_copies(world.context("dave")) == 0
    with pytest.raises(NotFoundError):
        world.engine.approvals(world.context("dave"), "claim", claim)


def test_opening_marks_as_read_and_the_submitter_sees_it(world):
    claim = world.claim()
    run = world.submit(claim)
    world.decide("mia", run)
    page = copies_of(world, "dave")
    assert (page.count, page.unread, page.items[0].read_at) == (1, 1, None)
    assert page.items[0].state == "approved"
    with pytest.raises(NotFoundError):
        world.does("bob", lambda c, w: world.tasks.copies.mark_read(c, w, page.items[0].id))
    open_copy(world, "dave")
    assert copies_of(world, "dave").unread == 0
    assert ("dave", True) in copied(world, run)
    (view,) = world.engine.approvals(world.context("dora"), "claim", claim)
    assert {one.person.name: one.read_at is not None for one in view.copies} == {
        "Bob": False,
        "Dave": True,
        "Mia": False,
    }
    assert all(one.person.id is None for one in view.copies)


def test_what_was_read_comes_again_when_it_is_decided(world):
    world.set_user("bob", active=True)
    run = world.submit(world.claim(amount="5000"))
    world.decide("mia", run)
    open_copy(world, "mia")
    for login in sorted(world.open_tasks(run)):
        world.decide(login, run)
    assert [one for one in copied(world, run) if one[0] == "mia"] == [("mia", True), ("mia", False)]


def test_an_approver_sends_a_copy_by_hand(world):
    claim = world.claim(amount="5000")
    run = world.submit(claim)
    task = world.open_tasks(run)["mia"]
    found = world.tasks.get(world.context("mia"), task.id)
    assert {one.name for one in found.copy_receivers} == {"Ann", "Bob", "Faye", "Fred", "Rita"}
    world.decide("mia", run, copy_to=[world.users["rita"]])
    assert ("rita", False) in copied(world, run)
    (row,) = world.rows(sa.select(DECISION).where(DECISION.c.action == "copy"))
    assert (row.user, row.given_to) == (world.users["mia"], world.users["rita"])
    names = lambda login: {  # noqa: E731
        one.person.name
        for view in world.engine.approvals(world.context(login), "claim", claim)
        for one in view.copies
    }
    assert "Rita" in names("fred")
    assert "Rita" not in names("dora")
    said = world.engine.approvals(world.context("dora"), "claim", claim)[0].steps[0].decisions
    assert [one.action for one in said] == ["approve"]


@pytest.mark.parametrize("to", ["mia", "dora", "dave", "olaf", "", "x"])
def test_nobody_else_gets_one_by_hand_and_nothing_is_decided_then(world, to):
    run = world.submit(world.claim())
    with pytest.raises(RefusedError) as error:
        world.decide("mia", run, copy_to=[world.users.get(to, to)])
    problem = error.value.problems[0]
    assert (problem.code, problem.path) == ("copy.wrong_receiver", "/copy_to/0")
    assert world.run(run).state == "open"
    assert copied(world, run) == [("bob", False)]


def test_a_withdrawn_submission_sends_no_end(world):
    run = world.submit(world.claim())
    world.does("dora", lambda c, w: world.approvals.withdraw(c, w, run))
    assert copied(world, run) == [("bob", False)]
