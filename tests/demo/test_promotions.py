"""Promotions: who approves them, and which orders they are for."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from tests.demo.test_behaviour import codes, create, line
from tests.demo.test_flow import asked, decide, fire, state
from tests.demo.world import World

REDUCTION = {
    "name": "清仓满减",
    "promo_type": "full_reduction",
    "start_date": "2025-06-30",
    "end_date": "2025-07-31",
    "from_amount": "10000.00",
    "reduce_by": "300.00",
}


@pytest.fixture(scope="module")
def world(busy_demo: World) -> World:
    """The workspace that tests add records to."""
    return busy_demo


def promotion(world: World, **more: Any) -> str:
    store = world.platform.store
    data = {**REDUCTION, **more}
    saved = world.does(
        "tangke", lambda context, work: store.create(context, work, "promotion", data)
    )
    return saved.id


def submitted(world: World, record_id: str) -> str:
    chosen = {"region": [world.user_id("chenyu")]}
    fired = fire(world, "tangke", "promotion", record_id, "submit", approvers=chosen)
    assert fired.run_id is not None
    return fired.run_id


@pytest.mark.parametrize(
    ("budget", "rounds"),
    [
        ("100000.00", [{"chenyu"}]),
        ("500000.00", [{"chenyu"}, {"zhoumuzhi"}]),
        ("500000.01", [{"chenyu"}, {"zhoumuzhi", "sunmin"}]),
    ],
)
def test_the_budget_says_who_approves_after_who_was_chosen(
    world: World, budget: str, rounds: list[set[str]]
) -> None:
    # For one partner who orders nothing here: other tests of this workspace are left alone.
    one = promotion(world, budget=budget, partners=[{"key": "PTN-00036"}])
    run_id = submitted(world, one)
    for people in rounds:
        assert set(asked(world, run_id)) == people
        for login in sorted(people):
            decide(world, login, run_id)
    assert state(world, "promotion", one)["status"] == "approved"
    fire(world, "tangke", "promotion", one, "activate")
    assert state(world, "promotion", one)["status"] == "active"
    fire(world, "tangke", "promotion", one, "end")
    row = state(world, "promotion", one)
    assert (row["status"], str(row["end_date"])) == ("ended", "2025-06-30")


def test_a_promotion_says_what_it_gives(world: World) -> None:
    for missing, path in (("reduce_by", "/reduce_by"), ("from_amount", "/from_amount")):
        with pytest.raises(RefusedError) as refused:
            promotion(world, **{missing: None})
        assert codes(refused.value) == {("value.required", path)}
    with pytest.raises(RefusedError) as refused:
        promotion(world, reduce_by="10000.00")
    assert codes(refused.value) == {("rule.broken", "/reduce_by")}


@pytest.mark.parametrize(
    ("login", "quantity", "source", "reduced", "incentive"),
    [
        ("wuxiaoman", 20, "portal", "1500.00", "374.80"),
        ("wuxiaoman", 20, "phone", "1500.00", "0.00"),  # not placed online
        ("wuxiaoman", 14, "portal", "0.00", "272.86"),  # 27,286 is below 30,000
        ("gurun", 20, None, "0.00", "0.00"),  # silver, and no pilot
    ],
)
def test_an_order_gets_what_it_is_for(
    world: World, login: str, quantity: int, source: str | None, reduced: str, incentive: str
) -> None:
    data: dict[str, Any] = {"lines": [line(quantity)]}
    if source:
        data |= {"partner": {"key": "PTN-00002"}, "source": source}
    order = state(world, "sales_order", create(world, login, data).id)
    assert (str(order["full_reduction"]), str(order["online_incentive"])) == (reduced, incentive)


def test_an_order_without_goods_of_a_reduction_is_submitted_all_the_same(world: World) -> None:
    # The incentive is for all goods, the reduction for water purifiers alone.
    saved = create(world, "xumiao", {"lines": [line(2, "CL-WH-G16-GY")]})
    fired = fire(world, "xumiao", "sales_order", saved.id, "submit")
    order = state(world, "sales_order", saved.id)
    assert order["full_reduction"] == 0
    assert order["online_incentive"] > 0
    assert order["status"] == "confirmed"
    assert fired.run_id is None
