"""The shipped modules at work on both databases: prices, rules, rights, and every row loaded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ForbiddenError, RefusedError
from headrace.platform.records.drafts import Saved
from tests.demo.promotions import payable_of
from tests.demo.test_demo import LINES, ORDERS, lines_by_order
from tests.demo.world import World

RO800 = "CL-WP-RO800-WH"


@pytest.fixture(scope="module")
def world(busy_demo: World) -> World:
    """The workspace that tests add records to."""
    return busy_demo


def create(world: World, login: str, data: dict[str, Any]) -> Saved:
    store = world.platform.store
    return world.does(login, lambda context, work: store.create(context, work, "sales_order", data))


def update(world: World, login: str, saved: Saved, data: dict[str, Any]) -> Saved:
    store = world.platform.store
    return world.does(
        login,
        lambda context, work: store.update(
            context, work, "sales_order", saved.id, data, saved.version
        ),
    )


def line(quantity: Any, sku: str = RO800, **more: Any) -> dict[str, Any]:
    return {"sku": {"key": sku}, "qty": str(quantity), **more}


def codes(error: RefusedError) -> set[tuple[str, str]]:
    return {(one.code, one.path) for one in error.problems}


def refused(world: World, login: str, data: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(RefusedError) as caught:
        create(world, login, data)
    return codes(caught.value)


def test_all_rows_are_there_and_their_totals_add_up(world: World) -> None:
    tables = world.platform.catalogs.current().tables
    order, detail = tables.of("sales_order"), tables.of("sales_order_line")
    numbers = [row["order_no"] for row in ORDERS]
    known = sa.select(order.id).where(order.columns["order_no"].in_(numbers))
    assert len(world.rows(known)) == len(ORDERS)
    lines = sa.select(detail.id).where(detail.columns["order"].in_(known))
    assert len(world.rows(lines)) == len(LINES)
    own = lines_by_order()
    for row in ORDERS[::60]:
        found = world.stored("sales_order", "order_no", row["order_no"])[0]
        gross = sum(Decimal(one["qty"]) * Decimal(one["price"]) for one in own[row["order_no"]])
        payable = payable_of(row, own[row["order_no"]])
        assert (found["gross_amount"], found["payable_amount"]) == (gross, payable)
        assert found["status"] == row["status"]
        assert found["unpriced_lines"] == 0


@pytest.mark.parametrize(
    ("login", "partner", "quantity", "price", "book"),
    [
        ("xumiao", None, 20, "1949.00", "PB-DIST-GOLD"),
        ("xumiao", None, 50, "1899.00", "PB-DIST-GOLD"),
        ("gurun", None, 20, "2049.00", "PB-DIST"),
        ("wuxiaoman", "PTN-00010", 20, "2099.00", "PB-STD"),
        ("wuxiaoman", "PTN-00017", 20, "1899.00", "PB-DIST-DIA"),
    ],
)
def test_price_comes_from_the_best_book(
    world: World, login: str, partner: str | None, quantity: int, price: str, book: str
) -> None:
    data: dict[str, Any] = {"lines": [line(quantity)]}
    if partner:
        data["partner"] = {"key": partner}
    saved = create(world, login, data)
    row = world.stored("sales_order_line", "order", saved.id)[0]
    assert (str(row["price"]), row["price_source"]) == (price, book)
    assert (row["list_price"], row["line_type"]) == (Decimal("2999.00"), "normal")
    order = world.stored("sales_order", "id", saved.id)[0]
    assert order["gross_amount"] == Decimal(price) * quantity
    assert order["status"] == "draft"
    own = {"xumiao": "PTN-00001", "gurun": "PTN-00004"}
    expected = partner or own[login]
    assert order["partner"] == world.id_of("partner", expected)
    assert order["source"] == ("assist" if partner else "portal")
    assert str(order["order_date"]) == str(order["price_date"]) == "2025-06-30"
    address = world.stored("partner_address", "id", order["ship_to"])[0]
    assert address["partner"] == order["partner"]
    assert address["is_default"]


def test_a_price_follows_the_quantity(world: World) -> None:
    """Nobody keeps the price of a large lot for a small one."""
    saved = create(world, "xumiao", {"lines": [line(50)]})
    row = world.stored("sales_order_line", "order", saved.id)[0]
    assert row["price"] == Decimal("1899.00")
    change = {"lines": {"update": [{"id": row["id"], "version": row["version"], "qty": "2"}]}}
    saved = update(world, "xumiao", saved, change)
    row = world.stored("sales_order_line", "order", saved.id)[0]
    assert (row["qty"], row["price"]) == (Decimal("2.000"), Decimal("1949.00"))
    assert world.stored("sales_order", "id", saved.id)[0]["gross_amount"] == Decimal("3898.00")


def test_prices_follow_the_partner_and_the_day(world: World) -> None:
    """What the order says of all lines reaches lines that nobody touched."""
    data = {"partner": {"key": "PTN-00001"}, "lines": [line(20), line(4, "CL-FC-RO-01")]}
    saved = create(world, "wuxiaoman", data)
    other = {"partner": {"key": "PTN-00004"}}
    address = world.stored("partner_address", "partner", world.id_of("partner", "PTN-00004"))[0]
    saved = update(world, "wuxiaoman", saved, {**other, "ship_to": {"key": address["code"]}})
    rows = world.stored("sales_order_line", "order", saved.id)
    assert sorted(str(row["price"]) for row in rows) == ["2049.00", "239.00"]
    assert {row["price_source"] for row in rows} == {"PB-DIST"}
    order = world.stored("sales_order", "id", saved.id)[0]
    assert order["gross_amount"] == Decimal("41936.00")
    saved = update(world, "wuxiaoman", saved, {"order_date": "2024-12-31"})
    rows = world.stored("sales_order_line", "order", saved.id)
    assert [row["price"] for row in rows] == [None, None]  # no book was there yet
    order = world.stored("sales_order", "id", saved.id)[0]
    assert (str(order["price_date"]), order["unpriced_lines"]) == ("2024-12-31", 2)


def test_of_books_of_one_priority_the_newest_counts(world: World) -> None:
    """A new book that begins before the old one ends gives the price from that day on."""
    book = {
        "code": "PB-PTN-00008-NEW",
        "name": "New",
        "priority": 50,
        "partner": {"key": "PTN-00008"},
        "start_date": "2025-06-15",
        "status": "active",
        "entries": [{"sku": {"key": RO800}, "price": "1777.00"}],
    }
    old = {**book, "code": "PB-PTN-00008-OLD", "start_date": "2025-02-01"}
    old["entries"] = [{"sku": {"key": RO800}, "price": "1888.00"}]
    store = world.platform.store
    for one in (old, book):
        world.platform.write_as_system(
            lambda context, work, one=one: store.create(
                context, work, "price_book", one, mode="migration"
            )
        )
    data = {"partner": {"key": "PTN-00008"}, "lines": [line(20)]}
    saved = create(world, "wuxiaoman", data)
    row = world.stored("sales_order_line", "order", saved.id)[0]
    assert (str(row["price"]), row["price_source"]) == ("1777.00", "PB-PTN-00008-NEW")
    update(world, "wuxiaoman", saved, {"order_date": "2025-02-20"})
    row = world.stored("sales_order_line", "order", saved.id)[0]
    assert (str(row["price"]), row["price_source"]) == ("1888.00", "PB-PTN-00008-OLD")


def test_other_changes_leave_prices_alone(world: World) -> None:
    """A new list price or a note does not reach into what was ordered before."""
    saved = create(world, "xumiao", {"lines": [line(20)]})
    before = world.stored("sales_order_line", "order", saved.id)
    saved = update(world, "xumiao", saved, {"buyer_note": "please call first"})
    assert world.stored("sales_order_line", "order", saved.id) == before


def test_rules_of_orders_and_lines(world: World) -> None:
    assert ("rule.broken", "/lines/0/qty") in refused(world, "xumiao", {"lines": [line(3)]})
    filters = line(2, "CL-FC-RO-01")
    assert ("rule.broken", "/lines/0/qty") in refused(world, "xumiao", {"lines": [filters]})
    too_much = {"rebate_requested": "11131.57", "lines": [line(20)]}
    assert refused(world, "xumiao", too_much) == {("rule.broken", "/rebate_requested")}
    assert create(world, "xumiao", {**too_much, "rebate_requested": "11131.56"}).version == 1
    soon = {"requested_date": "2025-06-30", "lines": [line(20)]}
    assert refused(world, "xumiao", soon) == {("rule.broken", "/requested_date")}
    elsewhere = {"ship_to": {"key": "ADR-00040"}, "lines": [line(20)]}
    assert {path for _, path in refused(world, "xumiao", elsewhere)} == {"/ship_to"}


@pytest.mark.parametrize(
    "more",
    [
        {"source": "api"},
        {"freight": "0.00"},
        {"partner": {"key": "PTN-00001"}},
        {"order_date": "2025-06-01"},
        {"price_date": "2025-06-01"},
        {"internal_note": "x"},
        {"status": "confirmed"},
        {"lines": [line(20, line_type="gift")]},
        {"lines": [line(20, price="1.00")]},
        {"lines": [line(20, price_source="PB-STD")]},
    ],
    ids="-".join,
)
def test_a_clerk_writes_only_what_is_the_clerks(world: World, more: dict[str, Any]) -> None:
    assert refused(world, "xumiao", {"lines": [line(20)], **more})


def test_who_may_order_for_whom(world: World) -> None:
    data = {"partner": {"key": "PTN-00001"}, "lines": [line(20)]}
    assert create(world, "wuxiaoman", data).version == 1
    assert create(world, "lixiaoqu", data).version == 1
    with pytest.raises((RefusedError, ForbiddenError)):
        create(world, "songyan", data)  # another region's manager
    with pytest.raises(ForbiddenError):
        create(world, "shaohui", {"lines": [line(20)]})  # finance reads only


def test_gifts_cost_nothing(world: World) -> None:
    lines = [line(20), line(4, "CL-FC-RO-01", line_type="gift")]
    saved = create(world, "wuxiaoman", {"partner": {"key": "PTN-00001"}, "lines": lines})
    order = world.stored("sales_order", "id", saved.id)[0]
    assert (order["gross_amount"], order["normal_lines"]) == (Decimal("38980.00"), 1)


def test_partner_rules(world: World) -> None:
    data = {
        "name": "测试商行",
        "short_name": "测试",
        "uscc": "92330109TEXT000998",
        "channel_type": {"key": "sub_distributor"},
        "territory": {"key": "330109"},
        "channel_manager": {"key": "lixiaoqu"},
    }

    def make(**more: Any) -> Saved:
        given = {**data, **more}
        store = world.platform.store
        return world.does(
            "linzhixia", lambda context, work: store.create(context, work, "partner", given)
        )

    def attempt(**more: Any) -> set[tuple[str, str]]:
        with pytest.raises(RefusedError) as caught:
            make(**more)
        return codes(caught.value)

    assert attempt() == {("rule.broken", "/parent_partner")}
    outside = {"parent_partner": {"key": "PTN-00002"}}
    assert attempt(**outside) == {("rule.broken", "/territory")}
    inside = {"parent_partner": {"key": "PTN-00001"}}
    assert attempt(**inside, uscc="92330109TEXT00099A") == {("value.checksum", "/uscc")}
    assert attempt(**inside, uscc="91330100text 000017") == {("value.not_unique", "/uscc")}
    row = world.stored("partner", "id", make(**inside).id)[0]
    assert row["tier"] == world.id_of("partner_tier", "bronze")
    assert (row["payment_terms"], row["invoice_title"]) == ("cod", "测试商行")
    assert (row["code"], row["cooperation_status"]) == ("PTN-00037", "prospect")
