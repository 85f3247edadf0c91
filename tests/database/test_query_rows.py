"""Rows that formulas ask for: ladders and shares in defaults, limits, and what is told when they cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.records.queries import MAX_LIST
from tests.support.documents import field, label, workspace
from tests.support.publishing import Publishing, published_at

RUNG: dict[str, Any] = {
    "kind": "object",
    "name": "rung",
    "label": label("Rung", "档位"),
    "fields": [
        field("company", "lookup", to="company", required=True),
        field("starts_at", "money", required=True),
        field("rate", "percent"),
    ],
}
LADDER = "LIST(rung.starts_at, rate WHERE company = this.company)"
BONUS: dict[str, Any] = {
    "kind": "object",
    "name": "bonus",
    "label": label("Bonus", "奖励"),
    "fields": [
        field("company", "lookup", to="company", required=True),
        field("basis", "money", required=True),
        field("earned", "money", default=f"TIER({LADDER}, basis, 'marginal')"),
        field("gap", "money", default=f"TIER_GAP({LADDER}, basis)"),
        field(
            "share",
            "money",
            default="PRORATE(basis, LIST(rung.id, rate WHERE company = this.company ORDER BY starts_at),"
            " FIRST(rung.id WHERE company = this.company ORDER BY starts_at DESC))",
        ),
        field("base", "money", default="SUM(rung.starts_at WHERE company = this.company)"),
    ],
}


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = workspace()
    for one in (RUNG, BONUS):
        contents["object", one["name"]] = one
    with published_at(database_url, tmp_path / "modules", contents) as publishing:
        yield publishing


def company(work: Publishing, code: str, *rungs: tuple[str, str | None]) -> str:
    made = work.create("company", code=code, name=code)
    for starts_at, rate in rungs:
        work.create("rung", company=made, starts_at=starts_at, rate=rate)
    return made


def bonus(work: Publishing, owner: str, basis: str) -> list[Any]:
    one = work.create("bonus", company=owner, basis=basis)
    return [work.value("bonus", one, name) for name in ("earned", "gap", "share", "base")]


def test_a_ladder_of_rows_is_asked_of_the_record_at_hand(work: Publishing) -> None:
    rungs = (("1000000", "3"), ("0", "1"), ("500000", "2"))
    acme, other = company(work, "acme", *rungs), company(work, "other", ("0", None))
    assert bonus(work, acme, "499999.99") == [
        Decimal("5000.00"), Decimal("0.01"), Decimal("250000.00"), Decimal("1500000.00"),
    ]  # fmt: skip
    assert bonus(work, acme, "1280000")[:2] == [Decimal("23400.00"), None]
    assert bonus(work, other, "100") == [
        Decimal("0.00"), None, Decimal("100.00"), Decimal("0.00"),
    ]  # fmt: skip


def refused(work: Publishing, owner: str) -> dict[str, str]:
    with pytest.raises(RefusedError) as error:
        work.create("bonus", company=owner, basis="7")
    return {problem.path: problem.code for problem in error.value.problems}


def test_rungs_that_overlap_are_told_at_the_field(work: Publishing) -> None:
    owner = company(work, "acme", ("0", "1"), ("0.00", "2"))
    assert refused(work, owner) == {"/earned": "formula.rows"}


def test_without_rows_a_key_is_missing_and_so_is_its_share(work: Publishing) -> None:
    assert bonus(work, company(work, "acme"), "7") == [Decimal("0.00"), None, None, Decimal("0.00")]


def test_more_rows_than_a_list_holds_are_refused_not_cut(work: Publishing) -> None:
    owner = company(work, "acme")
    rows = [{"company": owner, "starts_at": str(number)} for number in range(MAX_LIST + 1)]
    work.platform.write_as_system(
        lambda context, unit: work.platform.store.create_many(context, unit, "rung", rows)
    )
    assert refused(work, owner) == {"/earned": "formula.rows"}


def test_a_sum_beyond_eighteen_digits_is_an_overflow_on_both(work: Publishing) -> None:
    largest = "9999999999999999.99"
    owner = company(work, "acme", ("0", "1"), (largest, "2"), ("9999999999999999.98", "2"))
    assert refused(work, owner) == {"/base": "formula.overflow"}


def test_questions_of_one_transaction_see_what_it_wrote(work: Publishing) -> None:
    owner = company(work, "acme", ("0", "1"))

    def both(context: Any, unit: Any) -> Any:
        store = work.platform.store
        store.create(context, unit, "rung", {"company": owner, "starts_at": "50", "rate": "2"})
        made = store.create(context, unit, "bonus", {"company": owner, "basis": "60"}).id
        return store.lock(context, unit, "bonus", made)["base"]

    assert work.platform.write_as_system(both) == Decimal("50.00")
