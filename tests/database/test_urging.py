"""Urging: only who submitted, each task once within the interval, told to who is asked and who stands in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    StaleError,
    TooManyRequestsError,
)
from headrace.platform.database.system_tables import SETTING
from headrace.platform.workflow.delegations import Delegations
from headrace.platform.workflow.urging import INTERVAL_SETTING, Urging
from tests.support.approval_world import World, approval_world

TODAY = date(2025, 6, 30)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url) as found:
        yield found


def urge(world: World, login: str, task: Any, **more: Any) -> Any:
    version = more.get("version", task.version)
    urging = Urging(world.notifications)
    return world.does(login, lambda c, w: urging.urge(c, w, task.id, version=version))


def urge_all(world: World, login: str, run: str) -> Any:
    urging = Urging(world.notifications)
    return world.does(login, lambda c, w: urging.urge_all(c, w, run))


def told(world: World, login: str) -> list[str]:
    world.worker.drain()
    return [one.text.en for one in world.notifications.latest(world.users[login], 3)]


def test_who_is_asked_and_who_stands_in_are_told_once_in_two_hours(world):
    claim = world.claim()
    run = world.submit(claim)
    task = world.open_tasks(run)["mia"]
    faye = world.users["faye"]
    delegations = Delegations(world.notifications)
    world.does("mia", lambda c, w: delegations.create(c, w, faye, TODAY, TODAY))
    urge(world, "dora", task)
    number = world.row(claim)["claim_no"]
    assert told(world, "mia")[0] == f"Dora reminds you: {number} (Manager)"
    assert told(world, "faye")[0] == f"Dora reminds you: {number} (Manager)"
    with pytest.raises(TooManyRequestsError) as error:
        urge(world, "dora", task)
    assert error.value.problems[0].code == "task.urged_already"
    assert 7_000 < error.value.retry_after <= 7_200
    (view,) = world.engine.approvals(world.context("dora"), "claim", claim)
    assert not view.can_urge
    assert view.steps[0].tasks[0].urged_at is not None
    assert world.decisions(run) == [("dora", "urge")]
    assert view.can_withdraw
    (item,) = world.tasks.inbox(world.context("mia")).items
    assert item.urged_at is not None
    world.clock.instant += timedelta(hours=2)
    assert world.engine.approvals(world.context("dora"), "claim", claim)[0].can_urge
    urge(world, "dora", task)
    assert world.decisions(run) == [("dora", "urge")] * 2


def test_a_workspace_chooses_its_own_interval(world):
    run = world.submit(world.claim())
    task = world.open_tasks(run)["mia"]
    with world.database.writing(None) as work:
        work.connection.execute(sa.insert(SETTING).values(key=INTERVAL_SETTING, value=10))
    urge(world, "dora", task)
    world.clock.instant += timedelta(minutes=9)
    with pytest.raises(TooManyRequestsError):
        urge(world, "dora", task)
    world.clock.instant += timedelta(minutes=1)
    urge(world, "dora", task)


def test_all_who_wait_are_reminded_of_whom_it_is_time(world):
    run = world.submit(world.claim(amount="5000"))
    world.decide("mia", run)
    tasks = world.open_tasks(run)
    urge(world, "dora", tasks["bob"])
    assert urge_all(world, "dora", run) == len(tasks) - 1
    with pytest.raises(TooManyRequestsError):
        urge_all(world, "dora", run)


def test_nobody_else_reminds_nor_learns_that_there_is_a_task(world):
    run = world.submit(world.claim())
    task = world.open_tasks(run)["mia"]
    for login in ("dave", "mia", "fred"):
        with pytest.raises(ForbiddenError):
            urge(world, login, task)
        with pytest.raises(ForbiddenError):
            urge_all(world, login, run)
    with pytest.raises(NotFoundError):
        urge(world, "olaf", task)
    with pytest.raises(NotFoundError):
        urge_all(world, "olaf", run)
    with pytest.raises(StaleError):
        urge(world, "dora", task, version=9)
    world.decide("mia", run)
    with pytest.raises(ConflictError):
        urge(world, "dora", task)
    with pytest.raises(ConflictError):
        urge_all(world, "dora", run)
