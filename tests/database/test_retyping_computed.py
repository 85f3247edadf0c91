"""Fields that are computed from now on, that no longer are, and numbers of rows that are there."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import back_to, line_of, planned, published, values, version


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Orders", "订单"),
        },
        ("object", "order"): {
            "kind": "object",
            "name": "order",
            "label": label("Order", "订单"),
            "fields": [
                field("no", "text", length=20, external_id=True),
                field("total", "rollup", op="sum", of="item.price", by="order"),
                field("note", "text", length=40),
            ],
        },
        ("object", "item"): {
            "kind": "object",
            "name": "item",
            "label": label("Item", "明细"),
            "fields": [
                field("order", "lookup", to="order"),
                field("price", "money"),
                field("double", "formula", returns="money", formula="price * 2"),
                field("of", "formula", returns="text", formula="CONCAT(order.no, '!')"),
            ],
        },
    }
    with published_at(database_url, tmp_path / "modules", contents) as made:
        yield made


def rows(work: Publishing) -> tuple[list[str], list[str]]:
    orders = [work.create("order", no=number) for number in ("A", "B")]
    prices = (("1.10", orders[0]), ("2.25", orders[0]), ("7.00", orders[1]))
    return orders, [work.create("item", order=order, price=price) for price, order in prices]


def become(work: Publishing, name: str, one: str, kind: str, **options: Any) -> None:
    chosen = work.field(name, one)
    kept = {key: chosen[key] for key in ("name", "label")}
    chosen.clear()
    chosen.update({**kept, "type": kind, **options})


@pytest.mark.parametrize(
    ("name", "one", "kind", "options", "expected"),
    [
        ("item", "double", "money", {}, [Decimal("2.20"), Decimal("4.50"), Decimal("14.00")]),
        ("item", "double", "text", {"length": 20}, ["2.20", "4.50", "14.00"]),
        ("item", "double", "integer", {}, [2, 5, 14]),
        ("item", "of", "text", {"length": 20}, ["A!", "A!", "B!"]),
        ("item", "of", "integer", {}, [None, None, None]),
        ("order", "total", "money", {}, [Decimal("3.35"), Decimal("7.00")]),
        ("order", "total", "text", {"length": 9}, ["3.35", "7.00"]),
    ],
)
def test_what_was_computed_stays_as_values(work, name, one, kind, options, expected):
    ids = dict(zip(("order", "item"), rows(work), strict=True))[name]
    before = version(work)
    become(work, name, one, kind, **options)
    plan = published(work)
    assert line_of(plan).rows == len(ids)
    assert values(work, ids, one, name) == expected
    change(work, name, ids[0], one, expected[1])
    back_to(work, before)
    if one != "of":
        stored = values(work, ids, one, name)
        doubled = [Decimal("2.20"), Decimal("4.50"), Decimal("14.00")]
        assert stored == (doubled if name == "item" else [Decimal("3.35"), Decimal("7.00")])


def change(work: Publishing, name: str, row_id: str, one: str, value: Any) -> None:
    sent = str(value) if isinstance(value, Decimal) else value
    count = int(values(work, [row_id], "version", name)[0])
    work.platform.write_as_system(
        lambda context, unit: work.platform.store.update(
            context, unit, name, row_id, {one: sent}, count
        )
    )


@pytest.mark.parametrize("formula", ["price * 2", "LEN(order.no) + 0.5"])
def test_typed_values_give_way_to_computed_ones_and_come_back(work, formula):
    work.contents["object", "item"]["fields"].append(field("typed", "money"))
    published(work)
    ids = rows(work)[1]
    change(work, "item", ids[0], "typed", "99.00")
    before = version(work)
    become(work, "item", "typed", "formula", returns="money", formula=formula)
    plan = planned(work)
    line = line_of(plan)
    assert [one.code for one in plan.refused] == ["type.values_computed"]
    assert (line.failing.count, line.failing.first, line.answers) == (1, (ids[0],), ("accept",))
    assert [one.code for one in plan.lines if one.code.startswith("field.")] == ["field.retype"]
    published(work)
    if "price" in formula:
        assert values(work, ids, "typed", "item")[0] == Decimal("2.20")
    new = work.create("item", price="5.00", order=values(work, ids, "order", "item")[0])
    back_to(work, before)
    again = Decimal("10.00") if "price" in formula else Decimal("1.50")
    assert values(work, [*ids, new], "typed", "item") == [Decimal("99.00"), None, None, again]


def test_a_total_takes_the_place_of_typed_values(work):
    orders, _ = rows(work)
    change(work, "order", orders[1], "note", "mine")
    before = version(work)
    become(work, "order", "note", "rollup", op="count", of="item", by="order")
    published(work)
    assert values(work, orders, "note", "order") == [2, 1]
    back_to(work, before)
    assert values(work, orders, "note", "order") == [None, "mine"]


def test_a_formula_gives_another_type_without_a_question(work):
    ids = rows(work)[1]
    before = version(work)
    become(work, "item", "double", "formula", returns="text", formula="CONCAT('x', order)")
    work.field("item", "double")["formula"] = "IF(price > 2, 'much', 'little')"
    plan = planned(work)
    assert plan.refused == ()
    published(work)
    assert values(work, ids, "double", "item") == ["little", "much", "much"]
    back_to(work, before)
    assert values(work, ids, "double", "item")[2] == Decimal("14.00")


def test_a_formula_that_is_no_longer_stored_asks_nothing(work):
    rows(work)
    become(work, "item", "double", "formula", returns="money", formula="price + LEN(order.no)")
    plan = planned(work)
    assert plan.refused == ()
    assert not [one for one in plan.lines if one.destructive]


# -- numbers -----------------------------------------------------------------------------------------


def test_rows_that_are_there_get_numbers_in_the_order_in_which_they_were_made(work):
    orders, _ = rows(work)
    orders.append(work.create("order", no="C"))
    work.contents["object", "order"]["fields"].append(field("nr", "auto_number", pattern="O-{000}"))
    plan = published(work)
    assert line_of(plan, "numbers.give").rows == 3
    assert values(work, orders, "nr", "order") == ["O-001", "O-002", "O-003"]
    assert values(work, [work.create("order", no="D")], "nr", "order") == ["O-004"]
    before = version(work)
    work.contents["object", "order"]["fields"].pop()
    published(work)
    late = work.create("order", no="E")
    back_to(work, before)
    assert values(work, [*orders, late], "nr", "order")[2:] == ["O-003", "O-005"]


def test_typed_numbers_stay_and_counting_goes_on_after_them(work):
    orders = [work.create("order", no=number) for number in ("A", "B", "C", "D")]
    notes = ("O-007", "old 3", None, "O-0012")
    for row_id, note in zip(orders, notes, strict=True):
        if note is not None:
            change(work, "order", row_id, "note", note)
    before = version(work)
    become(work, "order", "note", "auto_number", pattern="O-{000}")
    plan = published(work)
    assert line_of(plan, "numbers.give").rows == 1
    assert values(work, orders, "note", "order") == ["O-007", "old 3", "O-013", "O-0012"]
    assert values(work, [work.create("order", no="E")], "note", "order") == ["O-014"]
    numbered = version(work)
    become(work, "order", "note", "text", length=40)
    published(work)
    change(work, "order", orders[0], "note", "O-099")
    back_to(work, numbered)
    assert values(work, [work.create("order", no="F")], "note", "order") == ["O-100"]
    back_to(work, before)
    assert values(work, orders[1:], "note", "order") == ["old 3", None, "O-0012"]


def test_equal_texts_are_no_numbers(work):
    for number in ("A", "B"):
        work.create("order", no=number, note="same")
    become(work, "order", "note", "auto_number", pattern="O-{000}")
    assert [one.code for one in planned(work).refused] == ["constraint.existing_duplicates"]


def test_whole_numbers_become_numbers_with_a_pattern(work):
    work.contents["object", "order"]["fields"].append(field("count", "integer"))
    published(work)
    orders = [work.create("order", no=f"o{one}", count=one) for one in (5, 41)]
    orders.append(work.create("order", no="none"))
    before = version(work)
    become(work, "order", "count", "auto_number", pattern="{0}")
    published(work)
    assert values(work, orders, "count", "order") == ["5", "41", "42"]
    back_to(work, before)
    assert values(work, orders, "count", "order") == [5, 41, None]


def test_deleted_rows_get_numbers_too(work):
    orders, _ = rows(work)
    single = work.create("order", no="gone")
    work.platform.write_as_system(
        lambda context, unit: work.platform.store.delete(context, unit, "order", single, 1)
    )
    work.contents["object", "order"]["fields"].append(field("nr", "auto_number", pattern="O-{000}"))
    published(work)
    table = work.platform.catalogs.refresh().tables.of("order")
    with work.platform.database.reading() as reading:
        found = reading.connection.execute(sa.select(table.columns["nr"])).scalars().all()
    assert sorted(found) == ["O-001", "O-002", "O-003"]
    assert len(orders) == 2
