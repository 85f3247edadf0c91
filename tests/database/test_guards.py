"""What is scarce is never taken twice: a rule of the record that gives, held against all who take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from tests.docs.test_howto_documents import blocks
from tests.support.documents import field, label
from tests.support.publishing import MODULE, published_at
from tests.support.rollup_world import Depots, refused, rollup
from tests.support.taking import takers

TAKERS = 4
ROUNDS = 1_000


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    """The stock of the how-to page, and credit that orders take by their lines, joined by the firm."""
    stock, hold = blocks("reserve-what-is-scarce.md")
    objects: list[dict[str, Any]] = [
        stock,
        hold,
        {"name": "firm", "fields": [field("code", "text", length=40)]},
        {
            "name": "account",
            "fields": [
                field("firm", "lookup", to="firm", unique=True),
                field("limit", "money", default="0"),
                rollup("reserved", "sum", "sale.amount", on=["firm"], where="cancelled = FALSE"),
                field("available", "formula", returns="money", formula="limit - reserved"),
            ],
            "rules": [
                {
                    "name": "within_limit",
                    "when": "reserved > OLD(reserved)",
                    "unless": "available >= 0",
                    "message": label("The credit is used up", "额度已用完"),
                }
            ],
        },
        {
            "name": "sale",
            "fields": [
                field("firm", "lookup", to="firm"),
                field("cancelled", "boolean", default="FALSE"),
                rollup("amount", "sum", "sale_line.amount", by="sale"),
            ],
            "children": [{"name": "lines", "object": "sale_line", "by": "sale"}],
        },
        {
            "name": "sale_line",
            "fields": [
                field("sale", "master_detail", to="sale", required=True),
                field("amount", "money"),
            ],
        },
    ]
    module = {"name": MODULE, "version": "1.0.0", "label": label("Guards", "控制")}
    made = {("module", MODULE): {"kind": "module", **module}}
    for one in objects:
        name = one["name"]
        made["object", name] = {"kind": "object", "label": label(name, name), **one}
    return made


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    with published_at(database_url, tmp_path / "modules", contents()) as work:
        yield Depots(work)


def credit(world: Depots, limit: str) -> tuple[str, str]:
    firm = world.create("firm", code="f")
    return firm, world.create("account", firm=firm, limit=limit)


def test_processes_never_take_the_last_units_or_the_last_credit_twice(
    world: Depots, database_url: str, deep: bool
) -> None:
    with takers(database_url, TAKERS) as processes:
        for number in range(ROUNDS if deep else ROUNDS // 50):
            if number % 2:
                stock = world.create("stock", on_hand="25")
                requests = [("hold", {"stock": stock, "qty": "10"})] * TAKERS
            else:
                firm, account = credit(world, "25")
                lines = [{"amount": "4"}, {"amount": "6"}]
                requests = [("sale", {"firm": firm, "lines": lines})] * TAKERS
            said = Counter(one.split(" ")[0] for one in processes.take(requests))
            assert said == {"saved": 2, "rule.broken": TAKERS - 2}, said
            if number % 2:
                assert world.read("stock", stock)["free"] == "5.000"
            else:
                assert world.read("account", account)["available"] == "5.00"
    assert world.recount() == []


def test_the_problem_stands_at_what_takes_and_nothing_is_written(world: Depots) -> None:
    stock = world.create("stock", on_hand="25")
    world.create("hold", stock=stock, qty="20")
    before = {name: world.rows(name) for name in ("stock", "hold")}
    with pytest.raises(RefusedError) as error:
        world.create("hold", stock=stock, qty="5.001")
    assert [(one.code, one.path) for one in error.value.problems] == [("rule.broken", "/qty")]
    assert error.value.problems[0].message.en == "Not enough is left"
    with pytest.raises(RefusedError) as error:
        world.create_many("hold", [{"stock": stock, "qty": "1"}, {"stock": stock, "qty": "9"}])
    assert [one.path for one in error.value.problems] == ["/0/qty"]
    firm, _ = credit(world, "25")
    with pytest.raises(RefusedError) as error:
        world.create("sale", firm=firm, lines=[{"amount": "20"}, {"amount": "6"}])
    assert [(one.code, one.path) for one in error.value.problems] == [("rule.broken", "")]
    assert {name: world.rows(name) for name in ("stock", "hold")} == before
    assert world.rows("sale") == {}


def test_the_last_of_it_can_be_taken_given_back_and_moved(world: Depots) -> None:
    first, second = (world.create("stock", on_hand="25") for _ in range(2))
    hold = world.create("hold", stock=first, qty="25")
    other = world.create("hold", stock=second, qty="1")
    assert refused(lambda: world.update("hold", hold, stock=second)) == "rule.broken"
    assert refused(lambda: world.update("hold", hold, qty="25.001")) == "rule.broken"
    world.delete("hold", other)
    world.update("hold", hold, stock=second)
    assert [world.read("stock", one)["free"] for one in (first, second)] == ["25.000", "0.000"]
    world.update("hold", hold, open=False)
    assert world.read("stock", second)["free"] == "25.000"


def test_less_than_nothing_may_be_left_but_nobody_takes_more(world: Depots) -> None:
    stock = world.create("stock", on_hand="25")
    hold = world.create("hold", stock=stock, qty="20")
    small = world.create("hold", stock=stock, qty="5")
    world.update("stock", stock, on_hand="10")
    assert refused(lambda: world.create("hold", stock=stock, qty="0.001")) == "rule.broken"
    world.delete("hold", small)
    assert refused(lambda: world.create("hold", stock=stock, qty="0.001")) == "rule.broken"
    world.update("hold", hold, qty="5")
    world.create("hold", stock=stock, qty="5")
    assert world.read("stock", stock)["free"] == "0.000"
