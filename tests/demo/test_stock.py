"""Stock and credit of the demo: what is kept for orders, that nobody takes what is gone, and who sees what."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.records import reader
from tests.demo.test_accounts import moved
from tests.demo.test_demo import ORDERS
from tests.demo.test_reading import listed, payable
from tests.demo.world import World

RO800_HERE = "KC-000001"
RESERVING = {"confirmed", "allocated", "shipping"}


@pytest.fixture(scope="module")
def world(busy_demo: World) -> World:
    """The workspace that tests add records to."""
    return busy_demo


def stock(world: World) -> Mapping[str, Any]:
    return world.stored("hq_stock", "stock_no", RO800_HERE)[0]


def reserve(world: World, quantity: int) -> Any:
    order = next(row["order_no"] for row in ORDERS if row["status"] == "confirmed")
    data = {"order": {"key": order}, "stock": {"key": RO800_HERE}, "qty": str(quantity)}
    return world.does(
        "wuxiaoman",
        lambda context, work: world.platform.store.create(context, work, "stock_reservation", data),
    )


def take_in(world: World, quantity: int) -> int:
    """Let the warehouse take more in; return what is free then."""
    row = stock(world)
    more = {"on_hand": str(row["on_hand"] + quantity)}
    store = world.platform.store
    world.does(
        "hecang",
        lambda context, work: store.update(
            context, work, "hq_stock", row["id"], more, row["version"]
        ),
    )
    return int(stock(world)["available"])


def test_the_stock_of_the_plan(demo: World) -> None:
    row = stock(demo)
    assert (row["on_hand"], row["reserved"], row["available"]) == (120, 95, 25)


def test_the_last_units_are_kept_once(world: World) -> None:
    free = take_in(world, 25)

    kept = reserve(world, free - 5)
    with pytest.raises(RefusedError) as refused:
        reserve(world, 20)
    rest = reserve(world, 5)

    assert [one.code for one in refused.value.problems] == ["rule.broken"]
    assert stock(world)["available"] == 0
    for saved, quantity in ((kept, free - 5), (rest, 5)):
        world.does(
            "wuxiaoman",
            lambda context, work, saved=saved, quantity=quantity: world.platform.store.update(
                context,
                work,
                "stock_reservation",
                saved.id,
                {"released_qty": str(quantity)},
                saved.version,
            ),
        )
    assert stock(world)["available"] == free


def test_credit_is_what_is_owed_and_what_is_ordered(demo: World) -> None:
    balances = moved()
    for row in listed(demo.acting("sunmin"), "credit_profile"):
        code = demo.stored("partner", "id", row["partner"]["id"])[0]["code"]
        ordered = [
            payable(one) for one in ORDERS if one["partner"] == code and one["status"] in RESERVING
        ]
        used = balances[code, "ar"] - balances[code, "prepay"] + sum(ordered)
        assert Decimal(row["used"]) == used
        assert Decimal(row["available"]) == Decimal(row["credit_limit"]) - used


def test_partners_see_their_own_credit_without_its_grade(world: World) -> None:
    context = world.acting("fangchen")
    [mine] = listed(context, "credit_profile")
    assert mine["partner"]["title"] == "杭州晨屿商贸有限公司"
    whole = reader.get(context, "credit_profile", mine["id"])
    assert "available" in whole
    assert {"grade", "frozen", "review_on"}.isdisjoint(whole)
    assert listed(world.acting("xumiao"), "partner_account") != []
