"""Story S02: a re-order with three promotions, rebate and credit, to its own figures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from headrace.platform.automation.tables import WEBHOOK_DELIVERY
from headrace.platform.core.errors import ConflictError, NotFoundError, RefusedError
from headrace.platform.files.store import Upload
from headrace.platform.publishing.workspace import stop_clock
from headrace.platform.records import reader
from tests.demo.test_behaviour import codes, create, line
from tests.demo.test_flow import approved_by, decide, fire, state
from tests.demo.world import World, make_world
from tests.support.files import png

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
    _bands_are_told_and_no_numbers(world, saved.id)
    order = state(world, "sales_order", saved.id)
    assert amounts(order) == {
        "gross_amount": "75164.00",
        "full_reduction": "1500.00",
        "online_incentive": "736.64",
        "net_amount": "72927.36",
        "payable_amount": "52927.36",
    }
    rebate = _rebate(world)
    _the_erp_is_connected(world)
    fire(world, "xumiao", "sales_order", saved.id, "submit")
    _the_erp_is_told(world, order["order_no"])
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
    _goods_are_received_one_damaged(world, saved.id)
    _damage_is_returned_and_credited(world, saved.id, own[RO800]["id"])
    _the_rest_comes_back_in_parts(world, saved.id, own[RO800]["id"])


def _the_erp_is_connected(world: World) -> None:
    put = world.platform.webhooks.put_endpoint
    world.does("linzhixia", lambda c, w: put(c, w, "erp", "https://erp.example.com/orders"))


def _the_erp_is_told(world: World, order_no: str) -> None:
    """One event waits to be sent; without an endpoint, as before, orders pass without one."""
    [row] = world.rows(sa.select(WEBHOOK_DELIVERY.c.event, WEBHOOK_DELIVERY.c.body))
    sent = orjson.loads(row.body)["data"]
    assert row.event == "order_confirmed"
    assert (sent["order_no"], sent["payable_amount"]) == (order_no, "52927.36")
    assert sent["partner.code"] == "PTN-00001"


def _bands_are_told_and_no_numbers(world: World, order: str) -> None:
    """The partner sees whether the goods are there; how many only the house does."""
    read = reader.get(world.acting("xumiao"), "sales_order", order, expand=["lines"])
    told = {str(one["sku"]["title"]): one["stock_band"] for one in read["lines"]}
    found = {sku: told[state(world, "sku", world.id_of("sku", sku))["name"]] for sku in (RO800, T9)}
    assert found == {RO800: "有货", T9: "紧张"}
    [row] = [one for one in world.stored("sales_order_line", "order", order) if one["qty"] == 20]
    with pytest.raises(NotFoundError):
        reader.get(world.acting("xumiao"), "hq_stock", row["stock"])


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


def _press(world: World, login: str, name: str, record: str, button: str, **more: Any) -> None:
    version = state(world, name, record)["version"]
    world.does(
        login,
        lambda context, work: world.platform.buttons.press(
            context, work, name, record, button, version=version, **more
        ),
    )


def _change(world: World, login: str, name: str, record: str, values: dict[str, Any]) -> None:
    version = state(world, name, record)["version"]
    world.does(
        login,
        lambda context, work: world.platform.store.update(
            context, work, name, record, values, version
        ),
    )


def _row(row: dict[str, Any], **values: str) -> dict[str, Any]:
    """Return a change of one row of a child grid."""
    return {"update": [{"id": row["id"], **values}]}


def _photograph(world: World, login: str) -> str:
    upload = Upload("damage.png", io.BytesIO(png()))
    keep, user = world.platform.files.keep, world.user_id(login)
    return world.does(login, lambda _, work: keep(work, user, upload)).id


def _shelf(world: World) -> dict[str, int]:
    """Return what the partner has of the products of the story."""
    company = world.id_of("partner", "PTN-00001")
    found = {RO800: 0, T9: 0, D5: 0, FILTER: 0}
    for one in world.stored("partner_stock", "partner", company):
        sku = state(world, "sku", one["sku"])["code"]
        if sku in found:
            found[sku] = int(one["on_hand"])
    return found


def _goods_are_received_one_damaged(world: World, order: str) -> None:
    """The partner counts; what is damaged becomes the draft of a return."""
    before = _shelf(world)
    first, second = sorted(world.stored("shipment", "order", order), key=lambda one: -one["amount"])
    for shipment in (second, first):
        _press(world, "xumiao", "shipment", shipment["id"], "receive_goods")
        with pytest.raises(ConflictError):
            _press(world, "xumiao", "shipment", shipment["id"], "receive_goods")
        [receipt] = world.stored("receipt", "shipment", shipment["id"])
        values: dict[str, Any] = {"signed_by": "许苗"}
        if shipment is first:
            rows = world.stored("receipt_line", "receipt", receipt["id"])
            damaged = next(one for one in rows if one["shipped_qty"] == 20)
            values["lines"] = _row(damaged, accepted_qty="19", damaged_qty="1")
        _change(world, "xumiao", "receipt", receipt["id"], values)
        if shipment is first:
            with pytest.raises(RefusedError) as refused:
                fire(world, "xumiao", "receipt", receipt["id"], "confirm")
            assert codes(refused.value) == {("rule.broken", "/photos")}
            _change(
                world,
                "xumiao",
                "receipt",
                receipt["id"],
                {"photos": [_photograph(world, "xumiao")]},
            )
        fire(world, "xumiao", "receipt", receipt["id"], "confirm")
        assert state(world, "shipment", shipment["id"])["status"] == "received"
    assert state(world, "sales_order", order)["status"] == "received"
    after = _shelf(world)
    assert {sku: after[sku] - before[sku] for sku in after} == {RO800: 19, T9: 8, D5: 8, FILTER: 44}


def _damage_is_returned_and_credited(world: World, order: str, order_line: str) -> None:
    """Service approves, the warehouse finds scrap; amount and rebate come back to the cent."""
    [back] = world.stored("return_order", "order", order)
    assert (back["status"], back["return_type"], str(back["total_amount"])) == (
        "draft",
        "transit",
        "1346.46",
    )
    [row] = world.stored("return_line", "return_order", back["id"])
    assert (row["order_line"], row["qty"]) == (order_line, 1)
    assert state(world, "sales_order", order)["close_at"] is None, "not before the return has ended"
    owed, rebate = _receivable(world), _rebate(world)
    fired = fire(world, "xumiao", "return_order", back["id"], "submit")
    assert approved_by(world, fired.run_id) == ["fengfu"]
    _change(world, "xumiao", "return_order", back["id"], {"carrier": "SF", "tracking_no": "SF9"})
    fire(world, "xumiao", "return_order", back["id"], "send_back")
    with pytest.raises(RefusedError):
        fire(world, "hecang", "return_order", back["id"], "inspect")
    lines = _row(row, accepted_qty="1", grade="c")
    _change(world, "hecang", "return_order", back["id"], {"lines": lines})
    fire(world, "hecang", "return_order", back["id"], "inspect")
    assert state(world, "return_order", back["id"])["status"] == "credited"
    assert owed - _receivable(world) == Decimal("1346.46")
    assert _rebate(world) - rebate == Decimal("508.80")
    assert str(_credit(world)["available"]) == "49519.10"
    assert state(world, "sales_order", order)["close_at"] is not None


def _the_rest_comes_back_in_parts(world: World, order: str, order_line: str) -> None:
    """The nineteen others, one by one and in a heap: together exactly what the line cost."""
    before = _shelf(world)[RO800]
    stock = state(world, "sales_order_line", order_line)["stock"]
    assert state(world, "hq_stock", stock)["intake"] == 0, "scrap is not put back"
    for quantity in ("1", "1", "7", "10"):
        _press(
            world,
            "xumiao",
            "sales_order",
            order,
            "return_goods",
            inputs={"return_type": "unsold", "reason": "滞销"},
            quantities={order_line: quantity},
        )
        [back] = [
            one for one in world.stored("return_order", "order", order) if one["status"] == "draft"
        ]
        fired = fire(world, "xumiao", "return_order", back["id"], "submit")
        assert fired.run_id is not None
        for login in ("lixiaoqu", "sunmin", "chenyu"):
            decide(world, login, fired.run_id)
        fire(world, "xumiao", "return_order", back["id"], "send_back")
        [line_back] = world.stored("return_line", "return_order", back["id"])
        lines = _row(line_back, accepted_qty=quantity, grade="a")
        _change(world, "hecang", "return_order", back["id"], {"lines": lines})
        fire(world, "hecang", "return_order", back["id"], "inspect")
    row = state(world, "sales_order_line", order_line)
    assert (row["returned_qty"], str(row["returned_amount"])) == (20, "26929.26")
    assert str(row["restored_rebate"]) == "10175.94"
    with pytest.raises(RefusedError) as refused:
        _press(
            world,
            "xumiao",
            "sales_order",
            order,
            "return_goods",
            inputs={"return_type": "unsold", "reason": "滞销"},
            quantities={order_line: "1"},
        )
    assert {code for code, _ in codes(refused.value)} == {"convert.too_much"}
    assert before - _shelf(world)[RO800] == 19, "what was damaged never came to the shelf"
    taken = world.stored("stock_intake", "stock", stock)
    assert sorted(one["qty"] for one in taken) == [1, 1, 7, 10]
    assert state(world, "hq_stock", stock)["intake"] == 19, "as good as new: it can be sold again"
