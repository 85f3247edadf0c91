"""Accounts and payments at work: balances to the cent, what a payment may settle, and who sees what."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from headrace.platform.core.errors import ForbiddenError, NotFoundError, RefusedError
from headrace.platform.records import reader
from headrace.platform.records.periods import close_period, reopen_period
from headrace.platform.records.reversing import Reversing
from tests.demo.generate import TARGET
from tests.demo.test_behaviour import codes
from tests.demo.test_flow import fire
from tests.demo.test_reading import listed
from tests.demo.world import World

PAYMENT = "payment_receipt"
SAMPLE = TARGET / "accounts_core" / "records" / "sample"


@pytest.fixture(scope="module")
def world(busy_demo: World) -> World:
    """The workspace that tests add records to."""
    return busy_demo


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


ACCOUNTS = {row["account_no"]: row for row in rows("partner_account")}


def moved(until: str = "2025-06-30") -> dict[tuple[str, str], Decimal]:
    """Return the balances by partner and kind, added up from the files."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows("account_entry"):
        if row["entry_date"] <= until:
            account = ACCOUNTS[row["account"]]
            found[account["partner"], account["account_type"]] += Decimal(row["amount"])
    return found


def test_the_balances_of_the_plan() -> None:
    then, now = moved("2025-06-10"), moved()

    assert [then["PTN-00001", kind] for kind in ("ar", "prepay", "rebate", "deposit")] == [
        Decimal(182_400),
        Decimal(20_000),
        Decimal(23_400),
        Decimal(50_000),
    ]
    assert (then["PTN-00004", "ar"], then["PTN-00004", "prepay"]) == (Decimal(120_000), Decimal(0))
    assert now["PTN-00001", "ar"] == Decimal("215301.00")
    assert all(balance >= 0 for (_, kind), balance in now.items() if kind != "ar")


def test_every_balance_is_the_sum_of_its_entries(world: World) -> None:
    balances = moved()
    for number, row in ACCOUNTS.items():
        account = world.stored("partner_account", "account_no", number)[0]
        assert account["balance"] == balances[row["partner"], row["account_type"]]
    partner = world.stored("partner", "code", "PTN-00001")[0]
    assert (partner["ar_balance"], partner["rebate_balance"]) == (
        Decimal("215301.00"),
        Decimal("23400.00"),
    )


def test_partners_see_their_own_accounts_and_clerks_only_the_rebate(world: World) -> None:
    seen = listed(world.acting("fangchen"), "partner_account")
    assert {row["partner"]["title"] for row in seen} == {"杭州晨屿商贸有限公司"}
    assert len(seen) == 5
    kinds = {row["account_type"] for row in listed(world.acting("xumiao"), "partner_account")}
    assert kinds == {"rebate"}
    other = world.id_of("partner_account", "ZH-000016")
    for login in ("fangchen", "shaohui", "xumiao"):
        with pytest.raises(NotFoundError):
            reader.get(world.acting(login), "partner_account", other)
    assert "ar_balance" not in listed(world.acting("fangchen"), "partner")[0]


def pay(world: World, login: str, **values: Any) -> Any:
    data = {"amount": "1000.00", "pay_date": "2025-06-27", **values}
    return world.does(
        login,
        lambda context, work: world.platform.store.create(context, work, PAYMENT, data),
    )


def allocate(world: World, saved: Any, *parts: tuple[str, str]) -> Any:
    version = world.stored(PAYMENT, "id", saved.id)[0]["version"]
    given = [{"entry": {"key": entry}, "amount": amount} for entry, amount in parts]
    return world.does(
        "qianning",
        lambda context, work: world.platform.store.update(
            context, work, PAYMENT, saved.id, {"allocations": {"create": given}}, version
        ),
    )


def open_entry(partner: str) -> tuple[str, Decimal]:
    """Return a receivable of a partner with what is open of it, by the files."""
    settled: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows("payment_allocation"):
        settled[row["entry"]] += Decimal(row["amount"])
    for row in rows("account_entry"):
        account = ACCOUNTS[row["account"]]
        rest = Decimal(row["amount"]) - settled[row["entry_no"]]
        if (account["partner"], account["account_type"]) == (partner, "ar") and rest > 100:
            return row["entry_no"], rest
    raise AssertionError(f"{partner} owes nothing")


def test_a_payment_is_filed_by_the_partner_and_confirmed_by_finance(world: World) -> None:
    saved = pay(world, "shaohui", bank_ref="B-T-0001")
    fire(world, "shaohui", PAYMENT, saved.id, "submit")
    with pytest.raises(ForbiddenError):
        fire(world, "shaohui", PAYMENT, saved.id, "confirm")

    fire(world, "qianning", PAYMENT, saved.id, "confirm")

    payment = world.stored(PAYMENT, "id", saved.id)[0]
    assert payment["status"] == "confirmed"
    assert payment["partner"] == world.id_of("partner", "PTN-00001")
    assert str(payment["confirmed_at"]).startswith("2025-06-30")


def test_a_transfer_is_confirmed_with_its_bank_reference_only(world: World) -> None:
    saved = pay(world, "shaohui")
    fire(world, "shaohui", PAYMENT, saved.id, "submit")
    with pytest.raises(RefusedError):
        fire(world, "qianning", PAYMENT, saved.id, "confirm")
    fire(world, "qianning", PAYMENT, saved.id, "reject", comment="no such transfer at the bank")
    assert world.stored(PAYMENT, "id", saved.id)[0]["status"] == "rejected"


def test_no_more_is_settled_than_is_open_and_paid(world: World) -> None:
    entry, rest = open_entry("PTN-00001")
    saved = pay(world, "shaohui", amount=str(rest + 1000), bank_ref="B-T-0002")
    fire(world, "shaohui", PAYMENT, saved.id, "submit")

    with pytest.raises(RefusedError) as refused:
        allocate(world, saved, (entry, str(rest + Decimal("0.01"))))
    assert {code for code, _ in codes(refused.value)} == {"rule.broken"}
    assert "more is allocated" in refused.value.problems[0].message.en.lower()

    allocate(world, saved, (entry, str(rest)))
    settled = world.stored("account_entry", "entry_no", entry)[0]
    assert settled["settled_amount"] == settled["amount"]
    small = pay(world, "shaohui", amount="10.00", bank_ref="B-T-0003")
    other, _ = open_entry("PTN-00016")
    with pytest.raises(RefusedError) as refused:
        allocate(world, small, (other, "10.00"))
    assert {code for code, _ in codes(refused.value)} == {"reference.not_found"}


def post(world: World, number: str, login: str = "sunmin", **values: Any) -> dict[str, Any]:
    """Post an entry to an account and return it."""
    current = world.stored("partner_account", "account_no", number)[0]
    change = {"entries": {"create": [values]}}
    world.does(
        login,
        lambda context, work: world.platform.store.update(
            context, work, "partner_account", current["id"], change, current["version"]
        ),
    )
    entries = world.stored("account_entry", "account", current["id"])
    return max(entries, key=lambda one: one["position"])


def reverse(world: World, login: str, entry: dict[str, Any], reason: str = "wrong amount") -> Any:
    asked = Reversing(reason)
    return world.does(
        login,
        lambda context, work: world.platform.store.reverse(
            context, work, "account_entry", entry["id"], asked
        ),
    )


def test_running_balances_follow_the_entries_of_each_account(world: World) -> None:
    for number in ACCOUNTS:
        account = world.stored("partner_account", "account_no", number)[0]
        entries = world.stored("account_entry", "account", account["id"])
        entries.sort(key=lambda one: one["position"])
        total = Decimal(0)
        for place, entry in enumerate(entries, 1):
            total += entry["amount"]
            assert (entry["position"], entry["running_balance"]) == (place, total)
        assert account["balance"] == total


def test_an_entry_is_reversed_not_changed(world: World) -> None:
    account = world.stored("partner_account", "account_no", "ZH-000006")[0]
    entry = post(world, "ZH-000006", entry_type="adjust", amount="250.00", memo="wrong amount")
    given = {"entry_type": "adjust", "amount": "1.00", "reversal_of": {"key": entry["entry_no"]}}
    with pytest.raises(RefusedError) as refused:
        post(world, "ZH-000006", **given)
    assert {code for code, _ in codes(refused.value)} == {"field.read_only"}
    for change, code in (
        ({"update": [{"id": entry["id"], "amount": "200.00"}]}, "ledger.fixed"),
        ({"delete": [entry["id"]]}, "ledger.append_only"),
    ):
        current = world.stored("partner_account", "account_no", "ZH-000006")[0]
        with pytest.raises(RefusedError) as refused:
            world.does(
                "sunmin",
                lambda context, work, change=change, current=current: world.platform.store.update(
                    context,
                    work,
                    "partner_account",
                    current["id"],
                    {"entries": change},
                    current["version"],
                ),
            )
        assert {found for found, _ in codes(refused.value)} == {code}
    with pytest.raises(ForbiddenError):
        reverse(world, "qianning", entry)

    back = world.stored("account_entry", "id", reverse(world, "sunmin", entry).id)[0]

    assert (back["amount"], back["entry_type"]) == (Decimal("-250.00"), "reverse")
    assert back["reversal_of"] == entry["id"]
    after = world.stored("partner_account", "account_no", "ZH-000006")[0]
    assert after["balance"] == account["balance"]
    with pytest.raises(RefusedError) as refused:
        reverse(world, "sunmin", entry)
    assert {code for code, _ in codes(refused.value)} == {"ledger.already_reversed"}


def test_a_closed_month_takes_no_entries(world: World) -> None:
    world.does(
        "sunmin", lambda context, work: close_period(context, work, "account_entry", "2025-03")
    )
    with pytest.raises(RefusedError) as refused:
        post(world, "ZH-000006", entry_type="adjust", amount="1.00", entry_date="2025-03-31")
    assert {code for code, _ in codes(refused.value)} == {"period.closed"}
    with pytest.raises(NotFoundError):
        world.does(
            "qianning",
            lambda context, work: reopen_period(
                context, work, "account_entry", "2025-03", "late bills"
            ),
        )
    world.does(
        "sunmin",
        lambda context, work: reopen_period(
            context, work, "account_entry", "2025-03", "late bills"
        ),
    )
    late = post(world, "ZH-000006", entry_type="adjust", amount="1.00", entry_date="2025-03-31")
    reverse(world, "sunmin", late)
