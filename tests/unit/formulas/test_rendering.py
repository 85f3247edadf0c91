"""Stored trees shown as text again, with the names of today."""

from __future__ import annotations

import pytest

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.rendering import to_text
from headrace.platform.formulas.tree import FieldRef
from tests.support.formula_generator import random_formulas
from tests.support.formulas import PythonEngine, SampleScope, sample_rows


@pytest.mark.parametrize(
    "text",
    [
        "amount - (discount - 1.00)",
        "(amount + 1.00) * 2",
        "-(amount + 1.00)",
        "NOT (active OR urgent) AND active",
        "(amount > 1.00) = active",
        "code NOT IN ('a', 'it''s')",
        "amount IS NOT NULL",
        "partner.amount * $C.vat_rate",
        "CASE WHEN active THEN 'a' ELSE NULL END",
        "FIRST(price.amount WHERE code = this.code AND days <= 3 ORDER BY start_date DESC, days)",
        "start_date > '2025-06-10'",
        "code IN LIST(price.code WHERE active)",
    ],
)
def test_text_survives(text: str) -> None:
    assert to_text(analyse(text, SampleScope(), queries=True).tree) == text


def test_a_rename_shows() -> None:
    def renamed(field: FieldRef) -> tuple[str, ...]:
        return tuple(name.removeprefix("f_").upper() for name in field.path)

    tree = analyse("partner.amount + amount", SampleScope()).tree
    assert to_text(tree, renamed) == "PARTNER.AMOUNT + AMOUNT"


def test_text_means_what_the_tree_meant() -> None:
    formulas = random_formulas(seed=5, count=200)
    again = [
        analyse(to_text(formula.tree), SampleScope(), expected=formula.type) for formula in formulas
    ]
    assert [to_text(formula.tree) for formula in again] == [to_text(f.tree) for f in formulas]
    rows = sample_rows(count=6)
    before, after = (
        PythonEngine().results([formula.tree for formula in group], rows)
        for group in (formulas, again)
    )
    # A parameter of a named expression has a type: a value may be too large for it that the text, where
    # the argument itself stands in its place, goes on with.
    told = [
        [(one, other) for one, other in zip(*values, strict=True) if one != "overflow"]
        for values in zip(before, after, strict=True)
    ]
    assert sum(map(len, told)) > 1000
    for formula, values in zip(formulas, told, strict=True):
        assert all(one == other for one, other in values), to_text(formula.tree)
