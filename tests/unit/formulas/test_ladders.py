"""Ladders and shares: the vectors of the rules to the cent, properties, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.ladders import prorated, tier, tier_gap
from headrace.platform.formulas.messages import FormulaError, FormulaRowsError
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.rendering import to_text
from headrace.platform.formulas.types import ROWS
from tests.support.formulas import SampleEnvironment, SampleScope

LADDER = [
    (Decimal(0), Decimal(1)),
    (Decimal(500_000), Decimal(2)),
    (Decimal(1_000_000), Decimal(3)),
]


@pytest.mark.parametrize(
    ("x", "marginal", "full", "gap"),
    [
        ("0", "0.00", "0.00", "500000.00"),
        ("499999.99", "5000.00", "5000.00", "0.01"),
        ("500000", "5000.00", "10000.00", "500000.00"),
        ("1000000", "15000.00", "30000.00", None),
        ("1250000", "22500.00", "37500.00", None),
        ("1280000", "23400.00", "38400.00", None),
        ("-0.01", "0.00", "0.00", "0.01"),
    ],
)
def test_the_vectors_of_ladders(x: str, marginal: str, full: str, gap: str | None) -> None:
    shuffled = [LADDER[2], LADDER[0], LADDER[1]]
    for rows in (LADDER, shuffled):
        assert str(tier(rows, Decimal(x), "marginal", 2)) == marginal
        assert str(tier(rows, Decimal(x), "full", 2)) == full
        found = tier_gap(rows, Decimal(x), 2)
        assert (None if found is None else str(found)) == gap


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("fixed", ["0.00", "0.00", "100.00", "250.00", "250.00"]),
        ("sum_fixed", ["0.00", "0.00", "100.00", "350.00", "350.00"]),
        ("per_unit", ["0.00", "0.00", "1000.00", "5000.00", "7500.00"]),
        ("marginal_unit", ["0.00", "0.00", "0.00", "1000.00", "3500.00"]),
    ],
)
def test_the_modes_with_amounts_and_a_first_tier_above_nothing(
    mode: str, expected: list[str]
) -> None:
    rows = [(Decimal(10), Decimal(100)), (Decimal(20), Decimal(250))]
    found = [str(tier(rows, Decimal(x), mode, 2)) for x in (-5, 9, 10, 20, 30)]
    assert found == expected


def test_a_marginal_sum_is_rounded_once() -> None:
    rows = [(Decimal(0), Decimal("0.5")), (Decimal("0.99"), Decimal("0.5"))]
    assert tier(rows, Decimal("1.00"), "marginal", 2) == Decimal("0.01")
    assert tier([], Decimal(7), "full", 2) == 0


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        ("100.00", "1 1 1", "33.34 33.33 33.33"),
        ("0.05", "1 1 1", "0.01 0.02 0.02"),
        ("736.64", "37480 18712 8712 8760", "374.80 187.12 87.12 87.60"),
        (
            "20000.00",
            "37105.20 18524.88 8624.88 8672.40",
            "10175.94 5080.36 2365.33 2378.37",
        ),
        ("-100.00", "1 1 1", "-33.34 -33.33 -33.33"),
        ("10.00", "0 0 0", "3.34 3.33 3.33"),
        ("10.00", "0 2 1", "0.00 6.67 3.33"),
        ("0.01", "1 3 3", "0.00 0.01 0.00"),
        ("9.00", "-1 -2 0", "3.00 6.00 0.00"),
        ("0.00", "1 2", "0.00 0.00"),
    ],
)
def test_the_vectors_of_shares(total: str, weights: str, expected: str) -> None:
    found = prorated(Decimal(total), [Decimal(one) for one in weights.split()], 2)
    assert " ".join(map(str, found)) == expected


AMOUNTS = st.decimals("-1000000", "1000000", places=2)
WEIGHTS = st.lists(st.one_of(st.none(), st.decimals("0", "100000", places=3)), min_size=1)


@given(AMOUNTS, WEIGHTS, st.integers(0, 6))
def test_shares_add_up_and_are_near_their_weight(
    total: Decimal, weights: list[Decimal | None], scale: int
) -> None:
    total = total.quantize(Decimal(1).scaleb(-scale))
    shares = prorated(total, weights, scale)
    assert sum(shares) == total
    whole = sum(one or 0 for one in weights)
    if whole:
        unit = Decimal(1).scaleb(-scale)
        largest = max(one or Decimal(0) for one in weights)
        for share, weight in zip(shares, weights, strict=True):
            if weight != largest:
                exact = total * (weight or 0) / Decimal(whole)
                assert abs(share - exact) <= unit / 2 + Decimal("1e-15")


@given(st.decimals("0", "2000000", places=2), st.decimals("0", "2000000", places=2))
def test_a_marginal_ladder_never_falls(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    assert tier(LADDER, low, "marginal", 2) <= tier(LADDER, high, "marginal", 2)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: tier([*LADDER, (Decimal("0.00"), Decimal(9))], Decimal(1), "full", 2),
        lambda: tier_gap([(None, Decimal(9))], Decimal(1), 2),
        lambda: prorated(Decimal(1), [], 2),
        lambda: prorated(Decimal(1), [Decimal(5), Decimal(-5)], 2),
    ],
)
def test_rows_that_cannot_be_reckoned_with(wrong: object) -> None:
    with pytest.raises(FormulaRowsError) as refused:
        wrong()  # type: ignore[operator]  # a function
    [problem] = refused.value.problems
    assert problem.code == "formula.rows"
    assert problem.message.zh != problem.message.en


# --- in formulas -------------------------------------------------------------------------------------

TIERED = "TIER(LIST(price.amount, rate WHERE partner = this.partner AND active), qty, 'marginal')"


def test_rows_are_asked_as_a_list_of_several_fields() -> None:
    found = analyse(TIERED, SampleScope(), queries=True)
    [query] = found.queries
    assert query.type == ROWS
    assert [one.names for one in query.more] == [("rate",)]
    assert Expression.from_json(found.to_json()) == found
    assert to_text(found.tree).startswith(
        "TIER(LIST(price.amount, rate WHERE partner = this.partner"
    )
    rows = ((Decimal(0), Decimal(10)), (Decimal(5), Decimal(20)))
    environment = SampleEnvironment({"qty": Decimal("7.000")}, answers={"LIST": rows})
    assert compile_python(found.tree)(environment) == Decimal("0.90")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("TIER(LIST(price.amount), qty, 'full')", "formula.type"),
        ("TIER(LIST(price.amount, code), qty, 'full')", "formula.arguments"),
        ("TIER(LIST(price.amount, rate, qty), qty, 'full')", "formula.arguments"),
        ("TIER(LIST(price.amount, rate), qty, 'half')", "formula.arguments"),
        ("TIER(amount, qty, 'full')", "formula.type"),
        ("TIER(LIST(price.amount, nothing), qty, 'full')", "formula.unknown_field"),
        ("PRORATE(amount, LIST(price.code, qty), partner)", "formula.arguments"),
        ("LIST(price.amount, rate) IS NULL", "formula.query_not_allowed"),
        ("qty IN LIST(price.amount, rate)", "formula.type"),
        ("COALESCE(ROWS(1, 2), ROWS(1, 2))", "formula.type"),
        ("SUM(price.amount, rate)", "formula.arguments"),
        ("TIER(ROWS(1, 2, 3), qty, 'full')", "formula.arguments"),
        ("TIER(ROWS(1, 2, 1, 3), 5, 'full')", "formula.constant_error"),
    ],
)
def test_rows_of_another_shape_are_refused(text: str, code: str) -> None:
    with pytest.raises(FormulaError) as refused:
        analyse(text, SampleScope(), queries=True)
    assert [one.code for one in refused.value.problems] == [code]


def test_rows_are_asked_where_queries_may_be_asked_only() -> None:
    with pytest.raises(FormulaError, match="query_not_allowed"):
        analyse(TIERED, SampleScope())
