"""Conditions that ask how much is left: of those that ask at the same moment each sees the ones before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.test_workflow_races import in_threads
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace

ROUNDS = 4
AT_ONCE = 3
LEFT = "200"
SPENT = "SUM(claim.payable WHERE company = this.company AND status = 'paid'{others})"


def contents(others: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Claims are paid without asking as long as a company has spent less than it may."""
    found = workspace()
    spent = SPENT.format(others=others)
    found["approval", "claim_by_amount"]["when"] = f"payable + COALESCE({spent}, 0) > {LEFT}"
    return found


def company(world: World, number: int) -> str:
    data = {
        "code": f"firm{number}",
        "name": f"Firm {number}",
        "region": world.records["quarter"],
        "manager": world.users["mia"],
    }
    return str(world.does("system", lambda c, w: world.store.create(c, w, "company", data)).id)


@pytest.mark.parametrize("others", ["", " AND id != this.id", " AND NOT (this.id = id)"])
def test_what_is_left_is_not_given_twice_by_the_condition_of_an_approval(
    database_url: str, others: str
):
    with approval_world(database_url, contents(others)) as world:
        for number in range(ROUNDS):
            firm = company(world, number)
            claims = [world.claim("system", company=firm) for _ in range(AT_ONCE)]
            context = world.context("system")

            def submit(index: int, claims: list[str] = claims, context: Any = context) -> None:
                with world.database.writing(world.catalog.version) as work:
                    world.engine.fire(context, work, "claim", claims[index], "submit", version=1)

            in_threads(AT_ONCE, submit)
            states = sorted(world.state(one) for one in claims)
            assert states == [*["in_approval"] * (AT_ONCE - 1), "paid"]
