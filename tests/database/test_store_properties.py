"""Whatever is done in whatever order: stored formulas and roll-ups equal what one would reckon by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from headrace.platform.core.errors import PlatformError, RefusedError
from headrace.platform.records import rollups
from headrace.platform.records.drafts import Row
from tests.support.shop_world import Shop, open_shop

CENT = Decimal("0.01")
QUANTITIES = st.decimals("0.001", "40", places=3).map(str)
PRICES = st.none() | st.decimals("0", "99.99", places=2).map(str)
DISCOUNTS = st.none() | st.decimals("0", "20", places=2).map(str)
KINDS = st.sampled_from(["normal", "gift", None])
PLACES = st.integers(0, 1_000_000)


def live_rows(shop: Shop, name: str) -> dict[str, Row]:
    """Return all live rows of an object, read without the store."""
    table = shop.context.tables.of(name)
    model = shop.context.catalog.objects[name]
    fields = [field for field in model.fields.values() if field.stored]
    convert = [field.storage.from_driver(shop.database.dialect) for field in fields]
    select = sa.select(*(table.columns[field.name] for field in fields)).where(
        table.deleted_at.is_(None)
    )
    found = {}
    with shop.database.reading() as reading:
        for values in reading.connection.execute(select):
            row = {
                field.name: change(value)
                for field, change, value in zip(fields, convert, values, strict=True)
            }
            found[str(row["id"])] = row
        reading.connection.rollback()
    return found


def reckoned_differences(shop: Shop) -> list[str]:
    """Return every computed value that is not what the rows below it give."""
    lines, purchases = live_rows(shop, "purchase_line"), live_rows(shop, "purchase")
    companies, regions = live_rows(shop, "company"), live_rows(shop, "region")
    products = live_rows(shop, "product")
    wrong: list[str] = []

    def same(row: Row, field: str, expected: Any) -> None:
        if row[field] != expected:
            wrong.append(f"{field} of {row['id']}: {row[field]} for {expected}")

    for line in lines.values():
        amount = None
        if line["price"] is not None:
            amount = (line["qty"] * line["price"]).quantize(CENT, ROUND_HALF_UP)
        same(line, "amount", amount)
    for purchase in purchases.values():
        own = [one for one in lines.values() if one["purchase"] == purchase["id"]]
        counted = [one["amount"] for one in own if one["kind"] not in {None, "gift"}]
        same(purchase, "rows", len(own))
        same(purchase, "total", sum((one for one in counted if one is not None), Decimal(0)))
        discount = purchase["discount"]
        same(purchase, "payable", None if discount is None else purchase["total"] - discount)
    for company in companies.values():
        own = [one for one in purchases.values() if one["company"] == company["id"]]
        counted = [one["payable"] for one in own if one["status"] != "cancelled"]
        same(company, "purchases", len(own))
        same(company, "spent", sum((one for one in counted if one is not None), Decimal(0)))
        same(company, "available", company["credit"] - company["spent"])
    for region in regions.values():
        own = [one["available"] for one in companies.values() if one["region"] == region["id"]]
        same(region, "available", sum(own, Decimal(0)))
    for product in products.values():
        own = [one for one in lines.values() if one["product"] == product["id"]]
        same(product, "sold", sum((o["qty"] for o in own if o["kind"] == "normal"), Decimal(0)))
    return wrong


class ShopMachine(RuleBasedStateMachine):
    """Random work in a shop that goes on from example to example."""

    def __init__(self, shop: Shop, done: list[bool]) -> None:
        super().__init__()
        self.shop = shop
        self.done = done

    def pick(self, name: str, place: int) -> Row | None:
        rows = sorted(live_rows(self.shop, name).values(), key=lambda row: row["id"])
        return rows[place % len(rows)] if rows else None

    def attempt(self, act: Callable[[], Any]) -> None:
        before = None
        try:
            before = reckoned_differences(self.shop)
            act()
            self.done.append(True)
        except PlatformError:
            assert before == []

    def line(self, place: int, qty: str, price: str | None, kind: str | None) -> dict[str, Any]:
        product = ("pump", "valve")[place % 2]
        return {"product": self.shop.ids[product], "qty": qty, "price": price, "kind": kind}

    @rule(
        place=PLACES,
        discount=DISCOUNTS,
        rows=st.lists(st.tuples(PLACES, QUANTITIES, PRICES, KINDS), min_size=1, max_size=3),
    )
    def create(self, place: int, discount: str | None, rows: list[Any]) -> None:
        company = self.shop.ids[("north", "south", "below")[place % 3]]
        data = {
            "company": company,
            "discount": discount,
            "lines": [self.line(*one) for one in rows],
        }
        self.attempt(lambda: self.shop.create("boss", "purchase", data))

    @rule(
        place=PLACES, other=PLACES, qty=QUANTITIES, price=PRICES, kind=KINDS, what=st.integers(0, 3)
    )
    def change_lines(
        self, place: int, other: int, qty: str, price: str | None, kind: str | None, what: int
    ) -> None:
        purchase = self.pick("purchase", place)
        if purchase is None:
            return
        rows = self.shop.details(purchase["id"])
        change: dict[str, Any] = {}
        if what in {0, 3}:
            change["create"] = [self.line(other, qty, price, kind)]
        if what in {1, 3}:
            change["update"] = [{"id": rows[0]["id"], "qty": qty, "kind": kind}]
        if what >= 2:
            change["delete"] = [rows[-1]["id"]] if len(rows) > 1 else []
        version = purchase["version"]
        self.attempt(
            lambda: self.shop.update("boss", "purchase", purchase["id"], {"lines": change}, version)
        )

    @rule(place=PLACES, company=st.sampled_from(["north", "south", "below"]), discount=DISCOUNTS)
    def change(self, place: int, company: str, discount: str | None) -> None:
        purchase = self.pick("purchase", place)
        if purchase is not None:
            data = {"company": self.shop.ids[company], "discount": discount}
            version = purchase["version"]
            self.attempt(
                lambda: self.shop.update("boss", "purchase", purchase["id"], data, version)
            )

    @rule(place=PLACES, product=st.sampled_from(["pump", "valve"]))
    def change_one_line(self, place: int, product: str) -> None:
        line = self.pick("purchase_line", place)
        if line is not None:
            data = {"product": self.shop.ids[product]}
            version = line["version"]
            self.attempt(
                lambda: self.shop.update("boss", "purchase_line", line["id"], data, version)
            )

    @rule(place=PLACES, state=st.sampled_from(["sent", "cancelled", "draft"]))
    def move(self, place: int, state: str) -> None:
        purchase = self.pick("purchase", place)
        if purchase is not None:
            with self.shop.work() as work:
                self.shop.store.apply_system(
                    self.shop.as_("boss"),
                    work,
                    "purchase",
                    purchase["id"],
                    {"status": state},
                    action="moved",
                )

    @rule(place=PLACES, region=st.sampled_from(["east", "river", "west", None]))
    def move_company(self, place: int, region: str | None) -> None:
        company = self.pick("company", place)
        if company is not None:
            data = {"region": self.shop.ids[region] if region else None}
            version = company["version"]
            self.attempt(lambda: self.shop.update("boss", "company", company["id"], data, version))

    @rule(place=PLACES)
    def delete(self, place: int) -> None:
        purchase = self.pick("purchase", place) if place % 3 == 0 else None
        if purchase is not None:
            version = purchase["version"]
            self.attempt(lambda: self.shop.delete("boss", "purchase", purchase["id"], version))

    @invariant()
    def computed_values_are_right(self) -> None:
        assert reckoned_differences(self.shop) == []


def test_computed_values_always_equal_a_recomputation(
    backend: str, fresh_database: Callable[[str], str], deep: bool
) -> None:
    shop = open_shop(fresh_database(backend))
    done: list[bool] = []
    run_state_machine_as_test(
        lambda: ShopMachine(shop, done),
        settings=settings(
            max_examples=150 if deep else 30,
            stateful_step_count=30 if deep else 12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert len(done) >= (300 if deep else 15), len(done)
    shop.database.dispose()


def test_the_recomputation_finds_a_lost_difference(
    backend: str, fresh_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plant the bug: a roll-up that forgets what rows gave before."""
    shop = open_shop(fresh_database(backend))
    data = {"lines": [{"product": shop.ids["pump"], "qty": "2"}]}
    saved = shop.create("ann", "purchase", data)
    assert reckoned_differences(shop) == []
    only_what_came = property(lambda change: sum(one.value for one in change.came))
    monkeypatch.setattr(rollups._Change, "difference", only_what_came)
    shop.update("ann", "purchase", saved.id, {"discount": "1"}, 1)
    assert reckoned_differences(shop)
    shop.database.dispose()


def test_random_bodies_are_refused_or_saved_but_never_break(
    backend: str, fresh_database: Callable[[str], str], deep: bool
) -> None:
    """Send JSON of any shape: every outcome is a saved record or a refusal with a place."""
    shop = open_shop(fresh_database(backend))
    refusals: list[RefusedError] = []
    scalars = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    )
    names = st.sampled_from(
        [
            "company",
            "day",
            "discount",
            "external_no",
            "lines",
            "buyer",
            "priority",
            "status",
            "x",
            "id",
        ]
    )
    inner = st.sampled_from(
        ["product", "qty", "price", "kind", "purchase", "key", "by", "id", "create"]
    )
    values = st.recursive(
        scalars,
        lambda one: st.lists(one, max_size=3) | st.dictionaries(inner, one, max_size=3),
        max_leaves=6,
    )

    @settings(
        max_examples=2000 if deep else 120, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.dictionaries(names, values, max_size=5) | values)
    def send(data: Any) -> None:
        try:
            shop.create("boss", "purchase", data)
        except RefusedError as error:
            refusals.append(error)

    send()
    assert refusals
    for error in refusals:
        assert error.problems
        assert all(one.path == "" or one.path.startswith("/") for one in error.problems)
    shop.database.dispose()
