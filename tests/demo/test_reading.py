"""What people of the demo see: scopes, views and reports against sums over the files of rows."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.forms.menu import menu_for
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.reports import running
from tests.demo.promotions import payable_of
from tests.demo.test_demo import LINES, ORDERS, PARTNERS, SKUS, lines_by_order
from tests.demo.world import World

LIVE = [row for row in ORDERS if row["status"] not in {"draft", "rejected", "cancelled"}]
WITHOUT_ROWS = frozenset(
    {
        "my_notices",  # the administrator gets none
        *("all_shipments", "shipments_in_transit"),
        *("all_goods_receipts", "receipts_to_confirm", "receipts_with_differences"),
        *("all_returns", "open_returns", "returns_to_inspect", "all_intakes"),
        *("returns_by_month", "returns_by_product"),
        *("all_temporary_credit", "temporary_credit_now", "temporary_credit_to_decide"),
    }
)
"""Views and reports of which the demo has no rows."""
WAITING = {row["order_no"]: row for row in ORDERS if row["status"] == "in_approval"}


@pytest.fixture(scope="module")
def world(demo: World) -> World:
    """The demo as it was loaded; these tests only read."""
    return demo


def listed(context: Context, object_name: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {"limit": 200, **query, **({"cursor": cursor} if cursor else {})}
        page = reader.find(context, object_name, parse_query(context, object_name, asked))
        items += page.items
        cursor = page.next
        if cursor is None:
            return items


def payable(row: dict[str, str]) -> Decimal:
    return payable_of(row, lines_by_order()[row["order_no"]])


# -- scopes -------------------------------------------------------------------------------


def test_a_dealer_sees_itself_and_its_sub_dealers(world: World) -> None:
    context = world.acting("fangchen")
    seen = {row["code"] for row in listed(context, "partner")}
    assert seen == {"PTN-00001", "PTN-00012", "PTN-00013"}
    with pytest.raises(NotFoundError):
        reader.get(context, "partner", world.id_of("partner", "PTN-00004"))
    assert {row["code"] for row in listed(world.acting("shenhe"), "partner")} == {"PTN-00012"}
    assert {row["code"] for row in listed(world.acting("xumiao"), "partner")} == {"PTN-00001"}


def test_a_clerk_sees_own_orders_whole_and_those_of_sub_dealers_without_money(world: World) -> None:
    context = world.acting("xumiao")
    own = {row["order_no"] for row in ORDERS if row["partner"] == "PTN-00001"}
    below = {row["order_no"] for row in ORDERS if row["partner"] in {"PTN-00012", "PTN-00013"}}
    assert below
    seen = {row["order_no"]: row for row in listed(context, "sales_order")}
    assert set(seen) == own | below
    for number, row in seen.items():
        amounts = [
            row[name] for name in ("gross_amount", "payable_amount", "tax_amount", "freight")
        ]
        assert all(one is None for one in amounts) == (number in below)
        assert row["status"] is not None
        assert not {"internal_note", "ship_out_of_territory"} & set(row)
    lines = listed(context, "sales_order_line")
    assert len(lines) == sum(len(lines_by_order()[number]) for number in own)
    assert not {"margin_pct", "below_floor"} & set(lines[0])
    with pytest.raises(RefusedError) as caught:
        listed(context, "sales_order_line", sort="margin_pct")
    assert {one.code for one in caught.value.problems} == {"field.unknown"}


def test_finance_of_a_dealer_sees_own_orders_only(world: World) -> None:
    seen = {row["partner"]["title"] for row in listed(world.acting("shaohui"), "sales_order")}
    assert seen == {"杭州晨屿商贸有限公司"}


@pytest.mark.parametrize(
    ("login", "managers"),
    [("lixiaoqu", {"lixiaoqu"}), ("xuwan", {"xuwan"}), ("songyan", {"songyan"})],
)
def test_a_channel_manager_sees_own_partners(world: World, login: str, managers: set[str]) -> None:
    expected = {one for one, row in PARTNERS.items() if row["channel_manager"] in managers}
    context = world.acting(login)
    assert {row["code"] for row in listed(context, "partner")} == expected
    orders = {row["order_no"] for row in ORDERS if row["partner"] in expected}
    assert {row["order_no"] for row in listed(context, "sales_order")} == orders


def test_a_regional_manager_sees_the_region(world: World) -> None:
    east = {
        one for one, row in PARTNERS.items() if row["territory"][:2] in {"31", "32", "33", "34"}
    }
    assert {row["code"] for row in listed(world.acting("chenyu"), "partner")} == east


def test_price_books_and_costs_stay_inside(world: World) -> None:
    context = world.acting("fangchen")
    with pytest.raises(NotFoundError):
        listed(context, "price_book")
    with pytest.raises(NotFoundError):
        listed(context, "price_book_entry")
    sku = listed(context, "sku")[0]
    assert not {"floor_price", "unit_cost", "erp_code"} & set(sku)
    assert "floor_price" in listed(world.acting("sunmin"), "sku")[0]
    territory = listed(context, "territory")[0]
    assert not {"manager", "partner_count"} & set(territory)


# -- computed on read ---------------------------------------------------------------------


def test_values_across_lookups(world: World) -> None:
    context = world.acting("wuxiaoman")
    row = next(one for one in ORDERS if one["partner"] == "PTN-00001" and one["status"] == "closed")
    order = reader.get(
        context, "sales_order", world.id_of("sales_order", row["order_no"]), expand=("lines",)
    )
    amount = payable(row)
    assert order["payable_amount"] == f"{amount:.2f}"
    tax = (amount * 13 / 113).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert order["tax_amount"] == str(tax)
    cap = Decimal(order["net_amount"]) * 30 / 100
    assert order["rebate_cap"] == str(cap.quantize(Decimal("0.01"), "ROUND_HALF_UP"))
    assert order["ship_out_of_territory"] is False
    for line in order["lines"]:
        code = next(one for one, sku in SKUS.items() if sku["name"] == line["sku"]["title"])
        cost = Decimal(SKUS[code]["unit_cost"]) * Decimal(line["qty"])
        if line["line_type"] == "normal":
            margin = (Decimal(line["line_amount"]) - cost) * 100 / Decimal(line["line_amount"])
            assert abs(Decimal(line["margin_pct"]) - margin) <= Decimal("0.0051")
            assert line["below_floor"] is False


# -- tasks --------------------------------------------------------------------------------


def test_waiting_orders_are_in_the_inbox_of_their_manager(world: World) -> None:
    found: dict[str, str] = {}
    for login in {row["channel_manager"] for row in PARTNERS.values()}:
        for item in world.platform.tasks.inbox(world.acting(login)).items:
            found[str(item.title)] = login
    assert found == {
        number: PARTNERS[row["partner"]]["channel_manager"] for number, row in WAITING.items()
    }


# -- views and reports --------------------------------------------------------------------


def test_every_view_opens_and_its_condition_holds(world: World) -> None:
    context = world.acting("linzhixia")
    counts = {}
    for name, view in world.catalog.views.items():
        conditions = (view.where,) if view.where else ()
        asked = {"sort": ",".join(view.definition.sort), "limit": 200}
        query = parse_query(context, view.definition.object, asked, conditions)
        counts[name] = len(reader.find(context, view.definition.object, query).items)
    states = Counter(row["status"] for row in ORDERS)
    assert counts["orders_in_approval"] == len(WAITING)
    assert counts["draft_orders"] == states["draft"] + states["rejected"]
    assert counts["to_ship"] == states["confirmed"] + states["allocated"] + states["shipping"]
    assert counts["in_transit"] == states["shipping"] + states["shipped"]
    assert counts["active_partners"] == 35
    assert counts["incomplete_partners"] == 3
    assert counts["orderable_skus"] == 60
    assert counts["prices_below_floor"] == 0
    assert counts["new_skus"] == sum(bool(row["is_new_until"]) for row in SKUS.values())
    assert counts["overdue_orders"] > 0
    empty = {name for name, count in counts.items() if count == 0}
    assert empty - WITHOUT_ROWS == {
        "my_partners",  # the administrator manages none
        "prices_below_floor",
        "pending_price_books",
        "credit_exceeded",
    }


def test_modules_stand_in_the_menu_where_they_say(world: World) -> None:
    """The others follow: those that others build on come last."""
    context = world.acting("linzhixia")
    found = [group.name for group in menu_for(context.catalog, context.principal)]
    assert found[:4] == ["ordering", "channel_inventory", "returns", "accounts_core"]
    assert found[-1] == "foundation"


def test_every_report_runs_on_the_demo(world: World) -> None:
    for login in ("linzhixia", "chenyu"):
        context = world.acting(login)
        names = {report.name for report in running.available(context)}
        assert names == set(world.catalog.reports)
        for name in names:
            result = running.run(context, name)
            assert result.lines or name in WITHOUT_ROWS, name
            assert result.cut == 0, name


def test_monthly_orders_equal_the_sum_of_the_files(world: World) -> None:
    result = running.run(world.acting("linzhixia"), "monthly_orders")
    months = {}
    for line in result.lines:
        months[str(line.keys[0].value)[:7]] = (Decimal(line.total.values[0]), line.total.values[1])
    expected: dict[str, tuple[Decimal, int]] = {}
    for row in LIVE:
        month = row["order_date"][:7]
        amount, count = expected.get(month, (Decimal(0), 0))
        expected[month] = (amount + payable(row), count + 1)
    assert months == expected
    assert Decimal(result.total.values[0]) == sum(payable(row) for row in LIVE)


def test_a_manager_reports_on_own_rows_only(world: World) -> None:
    own = {one for one, row in PARTNERS.items() if row["channel_manager"] == "lixiaoqu"}
    result = running.run(world.acting("lixiaoqu"), "monthly_orders")
    assert result.record_count == sum(row["partner"] in own for row in LIVE)


def test_partner_mix_and_price_sources(world: World) -> None:
    mix = running.run(world.acting("linzhixia"), "partner_mix")
    assert mix.record_count == 35
    sources = running.run(world.acting("linzhixia"), "price_sources")
    counted = {line.keys[0].value: line.total.values[0] for line in sources.lines}
    assert counted == Counter(one["price_source"] for one in LINES if one["line_type"] == "normal")


def test_partners_open_no_report_of_the_brand(world: World) -> None:
    assert running.available(world.acting("fangchen")) == ()
