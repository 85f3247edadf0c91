"""Who decides in whose place: for the days named, by whoever may, told in the history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.records import reader
from headrace.platform.workflow.delegations import Delegations, delegates_of
from headrace.platform.workflow.tables import DECISION, DELEGATION, TASK
from headrace.platform.workflow.views import runs_view
from tests.support.approval_world import START, World, approval_world

TODAY = date(2025, 6, 30)
DAY = timedelta(days=1)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url) as found:
        yield found


def delegate(
    world: World, giver: str, to: str, first: date = TODAY, last: date = TODAY, **more: Any
) -> Any:
    delegations = Delegations(world.notifications)
    target = world.users.get(to, to)
    return world.does(giver, lambda c, w: delegations.create(c, w, target, first, last, **more))


def end(world: World, login: str, delegation_id: str) -> None:
    delegations = Delegations(world.notifications)
    world.does(login, lambda c, w: delegations.end(c, w, delegation_id))


def waiting(world: World, login: str) -> list[Any]:
    return list(world.tasks.inbox(world.context(login)).items)


def code(error: pytest.ExceptionInfo[Any]) -> str:
    return error.value.problems[0].code


def submitted(world: World) -> tuple[str, str, Any]:
    """A claim that waits for mia: its id, its run, his task."""
    claim = world.claim()
    run = world.submit(claim)
    return claim, run, world.open_tasks(run)["mia"]


def test_a_delegate_sees_decides_and_is_named_with_who_was_asked(world):
    claim, _, task = submitted(world)
    with pytest.raises(NotFoundError):
        world.tasks.get(world.context("faye"), task.id)
    delegate(world, "mia", "faye", reason="Travel")

    (item,) = waiting(world, "faye")
    assert (item.id, item.asked.name) == (task.id, "Mia")
    assert world.tasks.open_count(world.context("faye")) == 1
    assert world.tasks.get(world.context("faye"), task.id).record["id"] == claim
    # The task stays mia's too.
    assert [one.id for one in waiting(world, "mia")] == [task.id]

    world.does(
        "faye", lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=task.version)
    )
    (row,) = world.rows(sa.select(DECISION).where(DECISION.c.task == task.id))
    assert (row.user, row.acted_for) == (world.users["faye"], world.users["mia"])
    assert not waiting(world, "mia")
    done = world.tasks.inbox(world.context("faye"), "done").items
    assert [one.id for one in done] == [task.id]
    assert world.tasks.get(world.context("faye"), task.id).actions == ()

    context = world.context("ann")
    with context.database.reading() as reading:
        (view,) = runs_view(context, reading, world.catalog.objects["claim"], claim)
    (decision,) = view.steps[0].decisions
    assert (decision.person.name, decision.acted_for.name) == ("Faye", "Mia")


@pytest.mark.parametrize(("first", "last"), [(-2, -1), (1, 3)])
def test_only_the_days_named_count(world, first, last):
    _, _, task = submitted(world)
    made = delegate(world, "mia", "faye", TODAY, TODAY)
    with world.database.writing(world.catalog.version) as work:
        work.connection.execute(
            sa.update(DELEGATION)
            .where(DELEGATION.c.id == made.id)
            .values(first_day=TODAY + first * DAY, last_day=TODAY + last * DAY)
        )
    assert not waiting(world, "faye")
    with pytest.raises(NotFoundError):
        world.does(
            "faye", lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=task.version)
        )
    assert delegates_of_mia(world, TODAY) == {}
    inside = TODAY + first * DAY
    assert delegates_of_mia(world, inside) == {world.users["mia"]: world.users["faye"]}


def delegates_of_mia(world: World, day: date) -> dict[str, str]:
    with world.database.reading() as reading:
        return delegates_of(reading.connection, [world.users["mia"]], day)


def test_a_day_is_the_workspaces(world):
    delegate(world, "mia", "faye", TODAY, TODAY)
    submitted(world)
    # 16:30 in UTC is half past midnight of the next day in Shanghai.
    world.clock.instant = START.replace(hour=16, minute=30)
    assert not waiting(world, "faye")


def test_an_ended_delegation_gives_nothing_and_ends_once(world):
    _, _, task = submitted(world)
    made = delegate(world, "mia", "faye", TODAY, TODAY + 5 * DAY)
    for stranger in ("faye", "fred"):
        with pytest.raises(NotFoundError):
            end(world, stranger, made.id)
    end(world, "mia", made.id)
    assert not waiting(world, "faye")
    with pytest.raises(NotFoundError):
        world.tasks.get(world.context("faye"), task.id)
    with pytest.raises(ConflictError) as error:
        end(world, "mia", made.id)
    assert code(error) == "delegation.ended"
    # The days are free again.
    delegate(world, "mia", "fred", TODAY, TODAY + 5 * DAY)


def test_what_a_delegate_holds_is_not_handed_on(world):
    submitted(world)
    delegate(world, "mia", "faye")
    delegate(world, "faye", "fred")
    assert len(waiting(world, "faye")) == 1
    assert not waiting(world, "fred")


def test_who_has_a_part_in_a_record_decides_it_for_nobody(world):
    claim = world.claim()
    version = world.version(claim)
    world.does(
        "ann", lambda c, w: world.store.update(c, w, "claim", claim, {"subject": "New"}, version)
    )
    task = world.open_tasks(world.submit(claim))["mia"]
    delegate(world, "mia", "ann")
    with pytest.raises(ForbiddenError) as error:
        world.does(
            "ann", lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=task.version)
        )
    assert code(error) == "approval.self"


def test_the_first_decision_of_the_two_counts(world):
    _, _, task = submitted(world)
    delegate(world, "mia", "faye")
    world.does("mia", lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=1))
    with pytest.raises(ConflictError) as error:
        world.does("faye", lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=1))
    assert code(error) == "task.already_decided"


def test_a_delegate_is_told_what_is_asked_while_standing_in(world):
    delegate(world, "mia", "faye")
    submitted(world)
    world.worker.drain()
    assert "task.asked" in told(world, "faye")
    assert "task.asked" in told(world, "mia")
    assert "delegation.given" in told(world, "faye")


def told(world: World, login: str) -> list[str]:
    return [one.kind for one in world.notifications.latest(world.users[login])]


@pytest.mark.parametrize(
    ("to", "first", "last", "expected"),
    [
        ("mia", TODAY, TODAY, "delegation.wrong_delegate"),
        ("dora", TODAY, TODAY, "delegation.wrong_delegate"),
        ("x", TODAY, TODAY, "delegation.wrong_delegate"),
        ("faye", TODAY, TODAY - DAY, "delegation.wrong_days"),
        ("faye", TODAY - 3 * DAY, TODAY - DAY, "delegation.over"),
        ("faye", TODAY, TODAY + 366 * DAY, "delegation.too_long"),
    ],
)
def test_people_and_days_that_do_not_do_are_refused(world, to, first, last, expected):
    with pytest.raises(RefusedError) as error:
        delegate(world, "mia", to, first, last)
    assert code(error) == expected
    assert not world.rows(sa.select(DELEGATION))


def test_partners_name_colleagues_of_their_own_company_only(world):
    context = world.context("dora")
    names = {one.name for one in Delegations(world.notifications).candidates(context)}
    assert names == {"Dave"}
    with pytest.raises(RefusedError) as error:
        delegate(world, "dora", "olaf")
    assert code(error) == "delegation.wrong_delegate"


def test_one_person_stands_in_at_a_time(world):
    delegate(world, "mia", "faye", TODAY, TODAY + 5 * DAY)
    with pytest.raises(ConflictError) as error:
        delegate(world, "mia", "fred", TODAY + 5 * DAY, TODAY + 9 * DAY)
    assert code(error) == "delegation.overlaps"
    delegate(world, "mia", "fred", TODAY + 6 * DAY, TODAY + 9 * DAY)


def test_two_delegations_that_come_at_once_do_not_overlap(world):
    start, outcomes = Barrier(2), []

    def give(to: str) -> None:
        start.wait()
        try:
            delegate(world, "mia", to)
            outcomes.append("given")
        except ConflictError as error:
            outcomes.append(error.problems[0].code)

    threads = [Thread(target=give, args=(to,)) for to in ("faye", "fred")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["delegation.overlaps", "given"]


def test_records_are_read_by_delegates_while_the_task_is_open_only(world):
    claim, run, task = submitted(world)
    delegate(world, "mia", "faye")
    world.set_roles("faye")
    context = world.context("faye")
    found = reader.get(context, "claim", claim, by_task=True)
    assert found["id"] == claim
    world.does(
        "mia",
        lambda c, w: world.tasks.decide(c, w, task.id, "reject", version=1, comment="too much"),
    )
    assert not world.rows(sa.select(TASK).where(TASK.c.run == run, TASK.c.state == "open"))
    with pytest.raises(NotFoundError):
        reader.get(context, "claim", claim, by_task=True)


def test_an_inactive_colleague_cannot_be_named(world):
    with world.database.writing(world.catalog.version) as work:
        work.connection.execute(
            sa.update(USER).where(USER.c.id == world.users["faye"]).values(active=False)
        )
    with pytest.raises(RefusedError) as error:
        delegate(world, "mia", "faye")
    assert code(error) == "delegation.wrong_delegate"


def test_the_role_is_needed_by_who_was_asked_not_by_who_stands_in(world):
    run = world.submit(world.claim(amount="5000"))
    world.decide("mia", run)
    tasks = world.open_tasks(run)
    for giver in ("bob", "fred"):
        delegate(world, giver, "ann")
    world.set_roles("fred")
    with pytest.raises(ForbiddenError) as error:
        decide_as(world, "ann", tasks["fred"])
    assert code(error) == "task.role_lost"
    decide_as(world, "ann", tasks["bob"])
    assert "bob" not in world.open_tasks(run)


def decide_as(world: World, login: str, task: Any) -> None:
    version = task.version
    world.does(login, lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=version))
