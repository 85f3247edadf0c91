"""Story S02: a re-order with three promotions, rebate and credit, to its own figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.publishing.workspace import stop_clock
from headrace.platform.records import reader
from tests.demo.test_behaviour import codes, create, line
from tests.demo.test_flow import fire, state
from tests.demo.world import World, make_world

ORDERED = datetime(2025, 6, 10, 2, 4, tzinfo=UTC)
RO800, T9, D5, FILTER = "CL-WP-RO800-WH", "CL-RH-T9-GY", "CL-GS-D5-BK", "CL-FC-RO-01"
LINES = ((RO800, 20), (T9, 8), (D5, 8), (FILTER, 40))
BEFORE = Decimal("101100.00")
"""What credit the partner has left before the story."""


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    """A demo of its own, at 10:04 on the day of the story, with the credit of the story."""
    made = make_world(shared_database_url)
    with made.platform.database.writing(None) as work:
        stop_clock(work, ORDERED)
    _give_credit(made)
    yield made
    made.platform.close()


def _give_credit(world: World) -> None:
    profile = _credit(world)
    limit = Decimal(profile["credit_limit"]) + BEFORE - Decimal(profile["available"])
    store = world.platform.store
    world.does(
        "sunmin",
        lambda context, work: store.update(
            context,
            work,
            "credit_profile",
            profile["id"],
            {"credit_limit": str(limit)},
            profile["version"],
        ),
    )


def _credit(world: World) -> dict[str, Any]:
    company = world.id_of("partner", "PTN-00001")
    profile = world.stored("credit_profile", "partner", company)[0]
    return {**profile, **reader.get(world.acting("sunmin"), "credit_profile", profile["id"])}


def _rebate(world: World) -> Decimal:
    company = world.id_of("partner", "PTN-00001")
    found = world.stored("partner_account", "partner", company)
    return Decimal(next(one["balance"] for one in found if one["account_type"] == "rebate"))


def _lines(world: World, order: str) -> dict[str, dict[str, Any]]:
    """Return the lines of an order by product; gifts are called so."""
    found = {}
    for row in world.stored("sales_order_line", "order", order):
        sku = state(world, "sku", row["sku"])["code"]
        found[sku if row["line_type"] == "normal" else "gift"] = row
    return found


def amounts(order: dict[str, Any]) -> dict[str, str]:
    names = ("gross_amount", "full_reduction", "online_incentive", "net_amount", "payable_amount")
    return {name: str(order[name]) for name in names}


def test_a_re_order_is_taken_off_reserved_and_shipped(world: World) -> None:
    lines = [line(quantity, sku) for sku, quantity in LINES]
    with pytest.raises(RefusedError) as refused:
        create(world, "xumiao", {"lines": lines, "rebate_requested": "22000"})
    assert codes(refused.value) == {("rule.broken", "/rebate_requested")}
    saved = create(world, "xumiao", {"lines": lines, "rebate_requested": "20000"})
    order = state(world, "sales_order", saved.id)
    assert amounts(order) == {
        "gross_amount": "75164.00",
        "full_reduction": "1500.00",
        "online_incentive": "736.64",
        "net_amount": "72927.36",
        "payable_amount": "52927.36",
    }
    rebate = _rebate(world)
    fire(world, "xumiao", "sales_order", saved.id, "submit")
    order = state(world, "sales_order", saved.id)
    assert order["status"] == "confirmed"
    assert str(order["payable_amount"]) == "52927.36"
    assert str(_credit(world)["available"]) == "48172.64"
    assert rebate - _rebate(world) == 20000
    own = _lines(world, saved.id)
    gift = own["gift"]
    assert (gift["qty"], gift["price"], gift["line_amount"]) == (4, 0, 0)
    shares = {
        sku: tuple(
            str(one[name]) for name in ("share_reduction", "share_incentive", "share_rebate")
        )
        for sku, one in own.items()
    }
    assert shares == {
        RO800: ("1500.00", "374.80", "10175.94"),
        T9: ("0.00", "187.12", "5080.36"),
        D5: ("0.00", "87.12", "2365.33"),
        FILTER: ("0.00", "87.60", "2378.37"),
        "gift": ("0.00", "0.00", "0.00"),
    }
    assert str(own[RO800]["payable"]) == "26929.26"
    assert sum(one["payable"] for one in own.values()) == Decimal("52927.36")
    _goods_are_reserved(world, own)
    _goods_are_shipped_in_two_parts(world, saved.id, own)


def _goods_are_reserved(world: World, own: dict[str, dict[str, Any]]) -> None:
    """Of T9 six are there, so two wait; the gift is kept like the rest."""
    kept = {sku: int(one["reserved_qty"]) for sku, one in own.items()}
    assert kept == {RO800: 20, T9: 6, D5: 8, FILTER: 40, "gift": 4}


def _ship(world: World, order: str, quantities: dict[str, str] | None = None) -> dict[str, Any]:
    buttons = world.platform.buttons
    version = state(world, "sales_order", order)["version"]
    world.does(
        "hecang",
        lambda context, work: buttons.press(
            context,
            work,
            "sales_order",
            order,
            "ship_goods",
            inputs={"carrier": "sf", "tracking_no": "SF0001"},
            quantities=quantities,
            version=version,
        ),
    )
    return world.stored("shipment", "order", order)[-1]


def _receivable(world: World) -> Decimal:
    company = world.id_of("partner", "PTN-00001")
    found = world.stored("partner_account", "partner", company)
    return Decimal(next(one["balance"] for one in found if one["account_type"] == "ar"))


def _goods_are_shipped_in_two_parts(
    world: World, order: str, own: dict[str, dict[str, Any]]
) -> None:
    owed, available = _receivable(world), _credit(world)["available"]
    with pytest.raises(RefusedError) as refused:
        _ship(world, order, {own[T9]["id"]: "7"})
    assert {code for code, _ in codes(refused.value)} == {"convert.too_much"}

    first = _ship(world, order)
    assert str(first["amount"]) == "49566.23"
    assert _receivable(world) - owed == Decimal("49566.23")
    assert state(world, "sales_order", order)["status"] == "shipping"
    assert _credit(world)["available"] == available, "what was reserved is owed now"

    _two_more_arrive(world, own[T9])
    _ship(world, order)
    amounts = sorted(str(one["amount"]) for one in world.stored("shipment", "order", order))
    assert amounts == ["3361.13", "49566.23"]
    assert _receivable(world) - owed == Decimal("52927.36")
    assert state(world, "sales_order", order)["status"] == "shipped"
    assert _credit(world)["available"] == available


def _two_more_arrive(world: World, row: dict[str, Any]) -> None:
    """The warehouse takes two in and keeps them for the line."""
    stock = state(world, "hq_stock", row["stock"])
    [kept] = world.stored("stock_reservation", "order_line", row["id"])
    store = world.platform.store
    for name, found, values in (
        ("hq_stock", stock, {"on_hand": str(stock["on_hand"] + 2)}),
        ("stock_reservation", kept, {"qty": "8"}),
    ):
        world.does(
            "hecang",
            lambda context, work, name=name, found=found, values=values: store.update(
                context, work, name, found["id"], values, found["version"]
            ),
        )
