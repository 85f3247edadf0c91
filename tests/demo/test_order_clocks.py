"""What time does to orders: receipts and reservations that nobody ends, and what people are reminded of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import RandomIds
from headrace.platform.jobs.tables import NOTIFICATION
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.workspace import stop_clock
from headrace.platform.runtime import assemble
from tests.demo.test_behaviour import create, line
from tests.demo.test_flow import fire, state
from tests.demo.world import ZONE, World, make_world

HOOD = "CL-RH-T9-GY"
STOVE = "CL-GS-D5-BK"
PEOPLE = ("fangchen", "xumiao")


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A demo of each test's own: its clock never goes back."""
    made = make_world(database_url)
    yield made
    made.platform.close()


def at(world: World, text: str) -> None:
    """Let it be an instant of 2025: a new process does all that is due."""
    instant = datetime.fromisoformat(f"2025-{text}").replace(tzinfo=ZONE)
    database = world.platform.database
    with database.writing(None) as work:
        stop_clock(work, instant)
    world.platform = assemble(world.platform.settings, database, built_in(), RandomIds())
    world.platform.timing.look(world.platform)
    world.platform.worker().drain()


def told(world: World, record_id: str) -> list[tuple[str, str]]:
    """Return who was told what of a record, oldest first."""
    query = sa.select(USER.c.login, NOTIFICATION.c.text).join_from(
        NOTIFICATION, USER, USER.c.id == NOTIFICATION.c.user
    )
    rows = world.rows(
        query.where(NOTIFICATION.c.record_id == record_id).order_by(NOTIFICATION.c.id)
    )
    return [(row.login, row.text["zh"]) for row in rows]


def to_all(text: str) -> list[tuple[str, str]]:
    """Return what the people of the partner that orders are told."""
    return [(login, text) for login in PEOPLE]


def press(
    world: World, login: str, object_name: str, record: str, button: str, **more: Any
) -> None:
    version = state(world, object_name, record)["version"]
    buttons = world.platform.buttons
    world.does(
        login,
        lambda context, work: buttons.press(
            context, work, object_name, record, button, version=version, **more
        ),
    )


def confirmed(world: World) -> str:
    made = create(world, "xumiao", {"lines": [line(2)]}).id
    fire(world, "xumiao", "sales_order", made, "submit")
    assert state(world, "sales_order", made)["status"] == "confirmed"
    return made


def shipped(world: World) -> tuple[str, dict[str, Any]]:
    """Return an order and its shipment."""
    order = confirmed(world)
    inputs = {"carrier": "sf", "tracking_no": "SF0001"}
    press(world, "hecang", "sales_order", order, "ship_goods", inputs=inputs)
    [shipment] = world.stored("shipment", "order", order)
    return order, shipment


def test_a_shipment_that_nobody_receives_is_received_after_seven_days(world: World) -> None:
    at(world, "06-10 10:00")
    order, shipment = shipped(world)
    opened, damaged = shipped(world)[1]["id"], shipped(world)[1]["id"]
    for one in (opened, damaged):
        press(world, "xumiao", "shipment", one, "receive_goods")
    [receipt] = world.stored("receipt", "shipment", damaged)
    [row] = world.stored("receipt_line", "receipt", receipt["id"])
    change = {"lines": {"update": [{"id": row["id"], "accepted_qty": "1", "damaged_qty": "1"}]}}
    signed(world, receipt, change)
    at(world, "06-10 10:01")
    order_no = state(world, "sales_order", order)["order_no"]
    first = to_all(f"订单 {order_no} 已发货：顺丰 SF0001")
    again = to_all(f"请签收订单 {order_no} 的发货单 {shipment['shipment_no']}")
    assert sorted(told(world, shipment["id"])) == first
    for moment, times in (
        ("06-13 09:59", 0),
        ("06-13 10:00", 1),
        ("06-15 10:00", 2),
        ("06-16 10:00", 3),
    ):
        at(world, moment)
        assert sorted(told(world, shipment["id"])) == sorted([*first, *again * times])

    at(world, "06-17 09:59")
    assert state(world, "shipment", shipment["id"])["status"] == "shipped"
    at(world, "06-17 10:00")
    assert sorted(told(world, shipment["id"])) == sorted([*first, *again * 3])
    assert state(world, "sales_order", order)["status"] == "received"
    for one in (shipment["id"], opened):
        assert state(world, "shipment", one)["status"] == "received"
        [made] = world.stored("receipt", "shipment", one)
        assert (made["status"], made["auto_signed"]) == ("confirmed", True)
    assert state(world, "shipment", damaged)["status"] == "shipped", "who counted damage decides"
    assert state(world, "receipt", receipt["id"])["status"] == "draft"


def test_who_was_not_reminded_in_time_is_reminded_once(world: World) -> None:
    at(world, "06-18 10:00")
    shipment = shipped(world)[1]["id"]
    at(world, "06-24 11:00")
    assert len(told(world, shipment)) == 2 * len(PEOPLE), (
        "of the shipment, and of three reminders the last"
    )


def test_goods_are_kept_for_fifteen_days(world: World) -> None:
    at(world, "06-24 12:00")
    order = confirmed(world)
    [kept] = world.stored("stock_reservation", "order", order)
    fire(world, "wuxiaoman", "sales_order", order, "allocate")
    at(world, "07-09 11:59")
    assert state(world, "stock_reservation", kept["id"])["open_qty"] == 2
    at(world, "07-09 12:00")
    assert state(world, "stock_reservation", kept["id"])["open_qty"] == 0
    assert state(world, "sales_order", order)["status"] == "confirmed"
    assert [login for login, _ in told(world, kept["id"])] == ["wuxiaoman"]


def test_an_order_left_as_a_draft_is_asked_after_once(world: World) -> None:
    at(world, "07-10 08:00")
    draft = create(world, "xumiao", {"lines": [line(2)]}).id
    counts = []
    for day in range(12, 15):
        at(world, f"07-{day} 09:00")
        counts.append(len(told(world, draft)))
    assert counts == [0, 1, 1]


def partly_shipped(world: World) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return an order of which four stoves are under way and four open, with their line and shipment."""
    lines = [line(2), line(8, STOVE)]
    order = create(world, "xumiao", {"lines": lines, "rebate_requested": "1000"}).id
    fire(world, "xumiao", "sales_order", order, "submit")
    own = {row["qty"]: row for row in world.stored("sales_order_line", "order", order)}
    press(
        world,
        "hecang",
        "sales_order",
        order,
        "ship_goods",
        inputs={"carrier": "own"},
        quantities={own[2]["id"]: "2", own[8]["id"]: "4"},
    )
    [shipment] = world.stored("shipment", "order", order)
    return order, own[8], shipment


def received(world: World, shipment: str) -> None:
    press(world, "xumiao", "shipment", shipment, "receive_goods")
    [receipt] = world.stored("receipt", "shipment", shipment)
    signed(world, receipt, {"signed_by": "许苗"})
    fire(world, "xumiao", "receipt", receipt["id"], "confirm")


def signed(world: World, receipt: dict[str, Any], change: dict[str, Any]) -> None:
    store = world.platform.store
    world.does(
        "xumiao",
        lambda context, work: store.update(
            context, work, "receipt", receipt["id"], change, receipt["version"]
        ),
    )


def rebate(world: World) -> Decimal:
    found = world.stored("partner_account", "partner", world.id_of("partner", "PTN-00001"))
    return next(one["balance"] for one in found if one["account_type"] == "rebate")


def test_the_rest_of_an_order_is_closed_short_with_a_reason(world: World) -> None:
    at(world, "06-11 10:00")
    order, stoves, shipment = partly_shipped(world)
    stock, before = stoves["stock"], rebate(world)
    reserved = state(world, "hq_stock", stock)["reserved"]
    with pytest.raises(RefusedError):
        fire(world, "chenyu", "sales_order", order, "close_short")
    fire(world, "chenyu", "sales_order", order, "close_short", comment="工厂停产，不再补货")

    row, head = state(world, "sales_order_line", stoves["id"]), state(world, "sales_order", order)
    assert (row["shipped_qty"], row["cancelled_qty"], row["open_qty"]) == (4, 4, 0)
    assert (head["status"], head["open_qty"], head["unshipped_amount"]) == ("shipped", 0, 0)
    shared = state(world, "sales_order_line", stoves["id"])["share_rebate"]
    assert shared > 0
    assert rebate(world) - before == shared - (shared / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert state(world, "hq_stock", stock)["reserved"] == reserved - 4
    world.platform.worker().drain()
    rest = to_all(f"订单 {head['order_no']} 的未发余量已关闭，不再发货")
    assert set(rest) <= set(told(world, order))
    received(world, shipment["id"])
    assert state(world, "sales_order", order)["status"] == "received"


def test_a_received_order_is_closed_after_seven_days(world: World) -> None:
    at(world, "06-12 10:00")
    order, _, shipment = partly_shipped(world)
    received(world, shipment["id"])
    assert state(world, "sales_order", order)["status"] == "shipping"
    fire(world, "wuxiaoman", "sales_order", order, "close_short", comment="客户不要余量了")
    assert state(world, "sales_order", order)["status"] == "received", "nothing is under way"
    at(world, "06-19 09:59")
    assert state(world, "sales_order", order)["status"] == "received"
    at(world, "06-19 10:00")
    assert state(world, "sales_order", order)["status"] == "closed"


def test_a_partners_own_people_are_told_of_a_confirmed_order(world: World) -> None:
    """Neither other partners nor the dealer above, who may read the orders of those below."""
    at(world, "06-09 09:00")
    for login, partner, people in (
        ("xumiao", {}, PEOPLE),
        ("wuxiaoman", {"partner": {"key": "PTN-00012"}}, ("shenhe",)),
    ):
        order = create(world, login, {"lines": [line(2)], **partner}).id
        fire(world, login, "sales_order", order, "submit")
        world.platform.worker().drain()
        head = state(world, "sales_order", order)
        assert head["status"] == "confirmed"
        text = f"订单 {head['order_no']} 已确认，应付 {head['payable_amount']}"
        assert sorted(told(world, order)) == [(one, text) for one in people]


def test_what_arrives_is_kept_for_the_orders_that_wait(world: World) -> None:
    """Six hoods are there: of eight two wait, and three that are wanted earlier all do."""
    at(world, "06-09 10:00")
    orders = [
        create(world, "xumiao", {"lines": [line(count, HOOD)], "requested_date": wanted}).id
        for count, wanted in ((8, "2025-06-20"), (3, "2025-06-12"))
    ]
    for order in orders:
        fire(world, "xumiao", "sales_order", order, "submit")

    def kept() -> list[int]:
        world.platform.worker().drain()
        rows = [world.stored("stock_reservation", "order", one)[0] for one in orders]
        return [int(row["open_qty"]) for row in rows]

    assert kept() == [6, 0]
    [row] = world.stored("sales_order_line", "order", orders[0])
    stock = state(world, "hq_stock", row["stock"])
    store = world.platform.store
    more = {"on_hand": str(stock["on_hand"] + 4)}
    world.does(
        "hecang",
        lambda context, work: store.update(
            context, work, "hq_stock", stock["id"], more, stock["version"]
        ),
    )
    assert kept() == [7, 3], "first who wants them first"
    for one in orders:
        number = state(world, "sales_order", one)["order_no"]
        arrived = to_all(f"订单 {number} 的缺货已到货并预占")
        assert sorted(told(world, one)[-2:]) == arrived
    fire(world, "wuxiaoman", "sales_order", orders[1], "cancel", comment="客户取消")
    assert kept() == [8, 0], "what is released goes to who still waits"
    assert state(world, "hq_stock", row["stock"])["available"] == 2
