"""Ledgers: balances in posting order under any number of writers; entries stay, whatever the door."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import PlatformError, RefusedError
from headrace.platform.records.bulk import write_many
from tests.support.ledger_world import LEDGER, Books, books, codes
from tests.support.publishing import platform_at
from tests.support.rollup_world import refused


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Books]:
    with platform_at(database_url) as platform:
        yield books(platform, tmp_path / "modules")


def told(act: Callable[[], Any]) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as error:
        act()
    return codes(error.value.problems)


def test_balances_follow_posting_order_and_not_dates(world: Books) -> None:
    one, other = world.create("account", code="a"), world.create("account", code="b")
    first = world.post(one, "100.00", day="2025-06-10")
    world.post(other, "7.77")
    second = world.post(one, "-30.50", day="2025-01-02")
    third = world.post(one, "0.00", day="2025-06-11")
    rows = world.rows("entry")
    assert [(rows[i]["place"], rows[i]["balance"]) for i in (first, second, third)] == [
        (1, Decimal("100.00")),
        (2, Decimal("69.50")),
        (3, Decimal("69.50")),
    ]
    assert world.rows("account")[one]["last_balance"] == Decimal("69.50")
    world.check()


def test_many_entries_of_one_request_count_on_in_their_order(world: Books) -> None:
    ids = [world.create("account", code=str(number)) for number in range(5)]
    chance = random.Random(5)
    for _ in range(4):
        items = [
            {"account": chance.choice(ids), "amount": str(chance.randint(-900, 900))}
            for _ in range(40)
        ]
        world.create_many("entry", items)
    world.check()


def test_a_computed_amount_of_details_is_summed_and_a_floor_holds(world: Books) -> None:
    account = world.create("account", code="a")
    world.create("turn", account=account, qty="3", price="10")
    world.create("turn", account=account, qty="-2", price="10")
    again = lambda: world.create("turn", account=account, qty="-1.001", price="10")  # noqa: E731 - called twice
    assert told(again) == [("ledger.below_floor", "/value")]
    world.create("turn", account=account, qty="-1", price="10")
    assert told(again) == [("ledger.below_floor", "/value")]
    assert len(world.rows("turn")) == 3
    world.check()


def test_nothing_that_balances_rest_on_changes_by_any_door(world: Books) -> None:
    account, other = world.create("account", code="a"), world.create("account", code="b")
    entry = world.post(account, "5")
    turn = world.create("turn", account=account, qty="3", price="10")
    for name, value in (("amount", "6"), ("account", other), ("day", "2020-01-01")):
        change = {name: value}
        assert told(lambda change=change: world.update("entry", entry, **change)) == [
            ("ledger.fixed", f"/{name}")
        ]
    for name in ("balance", "place", "reverses"):
        assert refused(lambda name=name: world.update("entry", entry, **{name: None})) is not None
    found = told(lambda: world.update("turn", turn, qty="4"))
    assert ("ledger.fixed", "/qty") in found
    # Half the price for twice the quantity is another entry too.
    assert ("ledger.fixed", "/qty") in told(lambda: world.update("turn", turn, qty="6", price="5"))
    world.update("entry", entry, memo="said otherwise", kind="out", document="x")
    assert told(lambda: world.delete("entry", entry)) == [("ledger.append_only", "")]
    assert refused(lambda: world.delete("turn", turn)) == "ledger.append_only"
    # A master takes its entries along, and so stays.
    assert refused(lambda: world.delete("account", account)) is not None
    lone = world.create("account", code="c")
    world.create("turn", account=lone, qty="1")
    assert told(lambda: world.delete("account", lone)) == [("ledger.append_only", "")]

    def many(mode: str, records: list[Any], **options: Any) -> Any:
        return world.platform.write_as_system(
            lambda context, unit: write_many(
                world.platform.store, context, unit, "entry", mode, records, **options
            )
        )

    version = world.rows("entry")[entry]["version"]
    row = {"id": entry, "version": version, "amount": "9"}
    assert refused(lambda: many("update", [row])) == "ledger.fixed"
    assert refused(lambda: many("delete", [{"id": entry, "version": version}])) == (
        "ledger.append_only"
    )
    upsert = {"document": "x", "amount": "9"}
    (item,) = many("upsert", [upsert], key="document", partial=True)
    assert [one.code for one in item.problems] == ["ledger.fixed"]
    (item,) = many("upsert", [{"document": "x", "memo": "m"}], key="document", partial=True)
    assert item.status == "updated"
    store = world.platform.store
    system = world.platform.write_as_system
    assigned = {"amount": Decimal(9)}
    assert (
        refused(
            lambda: system(
                lambda context, unit: store.apply_system(
                    context, unit, "entry", entry, assigned, action="x", checked=False
                )
            )
        )
        == "ledger.fixed"
    )
    world.check()


def test_nobody_gives_balances_not_even_who_migrates(world: Books) -> None:
    account = world.create("account", code="a")
    store = world.platform.store
    for name in ("balance", "place"):
        row = {"account": account, "amount": "5", name: 7}
        for mode in ("normal", "migration"):

            def load(context: Any, unit: Any, row: Any = row, mode: str = mode) -> Any:
                return store.create(context, unit, "entry", row, mode=mode)

            found = told(lambda load=load: world.platform.write_as_system(load))
            assert found == [("field.read_only", f"/{name}")]
    world.check()


def test_a_reversal_is_the_opposite_once(world: Books) -> None:
    account = world.create("account", code="a")
    entry = world.post(account, "12.34", day="2025-01-05", document="D1", kind="out")
    world.post(account, "1")
    saved = world.reverse(entry)
    row = world.rows("entry")[saved.id]
    assert (row["amount"], row["reverses"], row["memo"], row["kind"]) == (
        Decimal("-12.34"),
        entry,
        "typed wrongly",
        "back",
    )
    # What is unique occurs once.
    assert row["document"] is None
    assert row["day"] == world.platform.perform_as_system(lambda context: context.today())
    assert told(lambda: world.reverse(entry)) == [("ledger.already_reversed", "")]
    assert told(lambda: world.reverse(saved.id)) == [("ledger.is_reversal", "")]
    other = world.post(account, "3")
    assert told(lambda: world.reverse(other, "  ")) == [("value.required", "/reason")]
    assert told(lambda: world.reverse(other, "x" * 41))[0][1] == "/reason"
    assert told(lambda: world.reverse(other, 5))[0][1] == "/reason"
    assert told(lambda: world.reverse(other, "late", "yesterday"))[0][1] == "/date"
    back = world.reverse(other, "late", "2025-02-01")
    assert str(world.rows("entry")[back.id]["day"]) == "2025-02-01"
    world.check()
    assert world.rows("account")[account]["total"] == 1


def race(act: Callable[[int], None], threads: int) -> list[str]:
    said: list[str] = []

    def run(number: int) -> None:
        try:
            act(number)
        except PlatformError as error:
            said.append(error.problems[0].code)
        except BaseException as error:  # noqa: BLE001 - shown by the test
            said.append(repr(error))

    workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return said


def test_sixteen_writers_never_let_a_balance_drift(world: Books, deep: bool) -> None:
    accounts = [world.create("account", code=str(number)) for number in range(4)]
    each = 400 if deep else 12

    def act(number: int) -> None:
        chance = random.Random(number)
        for turn in range(each):
            some = chance.sample(accounts, 3)
            amounts = [str(chance.randint(-10_000, 10_000) / 100) for _ in some]
            if turn % 3:
                items = [
                    {"account": one, "amount": amount}
                    for one, amount in zip(some, amounts, strict=True)
                ]
                world.create_many("entry", items)
            elif turn % 2:
                world.reverse(world.post(some[0], amounts[0]))
            else:
                world.create("turn", account=some[0], qty="1.5")

    assert race(act, 16) == []
    world.check()


def test_one_of_many_reverses_and_a_floor_holds_in_a_race(world: Books, deep: bool) -> None:
    account = world.create("account", code="a")
    for _ in range(10 if deep else 2):
        entry = world.post(account, "5")
        said = race(lambda _, entry=entry: world.reverse(entry) and None, 8)
        assert said == ["ledger.already_reversed"] * 7
        world.create("turn", account=account, qty="3")
        said = race(lambda _: world.create("turn", account=account, qty="-1") and None, 8)
        assert said == ["ledger.below_floor"] * 5
    world.check()


def test_recount_finds_and_mends_what_was_changed_past_the_platform(world: Books) -> None:
    account, other = world.create("account", code="a"), world.create("account", code="b")
    entries = [world.post(account, str(number)) for number in range(1, 5)]
    world.post(other, "1")

    def spoil(context: Any, unit: Any) -> None:
        table = context.tables.of("entry")
        columns = table.columns
        wrong = {columns["balance"].name: 777, columns["place"].name: None}
        unit.connection.execute(sa.update(table.table).where(table.id == entries[3]).values(wrong))
        wrong = {columns["balance"].name: -1}
        unit.connection.execute(sa.update(table.table).where(table.id == entries[1]).values(wrong))

    world.platform.write_as_system(spoil)
    found = {(one.record_id, one.field) for one in world.recount()}
    assert {(entries[1], "balance"), (entries[3], "balance"), (entries[3], "place")} <= found
    world.recount(mends=True)
    world.check()


def test_a_plan_makes_a_ledger_of_rows_that_are_there_and_takes_it_back(world: Books) -> None:
    account = world.create("account", code="a")
    world.post(account, "1")
    entry = world.work.contents["object", "entry"]
    del entry["ledger"]
    plan = world.work.plan()
    line = next(one for one in plan.lines if one.code == "ledger.remove")
    assert line.rows == 1
    world.work.publish()
    free = world.post(account, "5")
    world.post(account, "2")
    world.update("entry", free, amount="6")
    gone = world.post(account, "50")
    world.delete("entry", gone)
    assert world.rows("entry")[free]["place"] is None
    entry["ledger"] = dict(LEDGER)
    plan = world.work.plan()
    line = next(one for one in plan.lines if one.code == "ledger.add")
    assert line.rows == 3
    world.work.publish()
    world.check()
    world.post(account, "-2")
    world.check()


def test_accounts_of_a_ledger_that_are_told_apart_otherwise_are_made_anew(world: Books) -> None:
    account, other = world.create("account", code="a"), world.create("account", code="b")
    for number in range(6):
        world.post((account, other)[number % 2], str(number))
    entry = world.work.contents["object", "entry"]
    entry["ledger"] = {**LEDGER, "partition": []}
    assert [one.rows for one in world.work.plan().lines if one.code == "ledger.change"] == [6]
    world.work.publish()
    rows = sorted(world.rows("entry").values(), key=lambda one: one["place"])
    assert [one["place"] for one in rows] == [1, 2, 3, 4, 5, 6]
    assert [one["balance"] for one in rows] == [0, 1, 3, 6, 10, 15]
    entry["ledger"] = dict(LEDGER)
    world.work.publish()
    world.check()


def test_what_was_loaded_last_can_be_taken_back_in_order_only(world: Books) -> None:
    account = world.create("account", code="a")
    first, second = world.post(account, "1"), world.post(account, "2")

    def retract(entry: str) -> None:
        version = world.rows("entry")[entry]["version"]
        world.platform.write_as_system(
            lambda context, unit: world.platform.store.delete(
                context, unit, "entry", entry, version, retracting=True
            )
        )

    assert refused(lambda: retract(first)) == "ledger.append_only"
    retract(second)
    third = world.post(account, "4")
    assert world.rows("entry")[third]["place"] == 2
    world.check()
    store = world.platform.store
    version = 2
    undelete = lambda context, unit: store.undelete(context, unit, "entry", second, version)  # noqa: E731 - used once
    assert refused(lambda: world.platform.write_as_system(undelete)) == "ledger.append_only"
