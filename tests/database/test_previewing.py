"""The chain before submitting: until when at the latest, and whose names are told to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from headrace.platform.core.errors import NotFoundError
from headrace.platform.workflow.previewing import ChainAhead, chain_ahead
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    contents = workspace()
    for step in contents["approval", "claim_by_amount"]["steps"]:
        step["time"] = {"limit": "2", "unit": "hours"}
    for place in (contents["permission", "claim"]["grants"], contents["workflow", "claim_flow"]):
        if isinstance(place, list):
            place.append(
                {"role": "admin", "actions": ["read"], "scope": "all", "transitions": ["submit"]}
            )
        else:
            place["transitions"][0]["by"] = ["dealer", "admin"]
    with approval_world(database_url, contents) as found:
        yield found


def ahead(world: World, login: str, claim: str, transition: str = "submit") -> ChainAhead:
    return chain_ahead(world.engine, world.context(login), "claim", claim, transition)


def test_each_step_is_due_after_the_one_before(world):
    claim = world.claim(amount="5000")
    first, second = (step.due_at for step in ahead(world, "dora", claim).steps)
    assert first is not None
    assert second is not None
    assert second - first == timedelta(hours=2)
    assert timedelta(hours=1) < first - world.clock.instant <= timedelta(hours=2)
    only, skipped = ahead(world, "dora", world.claim()).steps
    assert (only.state, skipped.state, skipped.due_at) == ("asked", "skipped", None)


def test_partners_are_told_roles_and_the_house_names(world):
    claim = world.claim(amount="5000")
    partner = [
        (step.people, [one.en for one in step.roles]) for step in ahead(world, "dora", claim).steps
    ]
    assert partner == [((), []), ((), ["Finance", "Boss"])]
    house = [step.people for step in ahead(world, "ann", claim).steps]
    assert house == [("Mia",), ("Faye", "Fred", "Bob")]


def test_nothing_is_told_of_what_is_not_the_callers_to_take(world):
    claim = world.claim()
    for login in ("olaf", "fred", "mia"):
        with pytest.raises(NotFoundError):
            ahead(world, login, claim)
    with pytest.raises(NotFoundError):
        ahead(world, "dora", claim, "nothing")
