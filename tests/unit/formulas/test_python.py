"""Evaluation on the server: nulls, exactness, laziness, session and change functions."""

from __future__ import annotations

import time
from decimal import Decimal, localcontext
from typing import Any

import pytest

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.chinese_amounts import capital_amount
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.messages import FormulaOverflowError
from headrace.platform.formulas.python import compile_python, holds, is_broken
from headrace.platform.formulas.tree import Value
from tests.support.formulas import FIELDS, USER, SampleEnvironment, SampleScope


def evaluated(text: str, before: dict[str, Value] | None = None, **row: Any) -> Value:
    values: dict[str, Value] = dict.fromkeys(FIELDS)
    values.update({name: _value(value) for name, value in row.items()})
    environment = SampleEnvironment(
        values, before or {}, frozenset({"clerk"}), {"FIRST": Decimal("9.90"), "LIST": ("a", None)}
    )
    return compile_python(analyse(text, SampleScope(), queries=True).tree)(environment)


def _value(given: Any) -> Value:
    return Decimal(given) if isinstance(given, int) and not isinstance(given, bool) else given


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TRUE AND amount > 1", None),
        ("FALSE AND amount > 1", False),
        ("amount > 1 AND FALSE", False),
        ("amount > 1 OR TRUE", True),
        ("amount > 1 OR FALSE", None),
        ("NOT (amount > 1)", None),
        ("amount IS NULL", True),
        ("code IN ('a', 'b')", None),
        ("3 IN (1, pieces)", None),
        ("3 IN (3, pieces)", True),
        ("3 NOT IN (3, pieces)", False),
        ("CASE WHEN amount > 1 THEN 'a' WHEN NULL THEN 'b' ELSE 'c' END", "c"),
        ("CASE amount WHEN 1 THEN 'a' END", None),
        ("amount + 1", None),
        ("COALESCE(amount, 1)", Decimal("1.00")),
        ("code IN LIST(price.code)", None),
        ("'a' IN LIST(price.code)", True),
        ("'z' IN LIST(price.code)", None),
    ],
)
def test_nulls_follow_sql(text: str, expected: Value) -> None:
    assert evaluated(text) == expected


def test_only_true_holds_and_only_false_breaks() -> None:
    assert [holds(value) for value in (True, False, None)] == [True, False, False]
    assert [is_broken(value) for value in (True, False, None)] == [False, True, False]


def test_results_have_the_digits_of_their_type() -> None:
    assert str(evaluated("ROUND(amount * 0.3, 2)", amount=Decimal("0.05"))) == "0.02"
    assert str(evaluated("ROUND(amount, 1)", amount=Decimal("-0.04"))) == "0.0"
    assert str(evaluated("IF(active, 1, 2.50)", active=True)) == "1.00"
    assert str(evaluated("amount * 0", amount=Decimal("-5.00"))) == "0.00"


def test_a_changed_decimal_context_changes_nothing() -> None:
    with localcontext() as context:
        context.prec = 30
        context.rounding = "ROUND_DOWN"
        assert evaluated("ROUND(ratio / 3, 2)", ratio=Decimal("0.500000")) == Decimal("0.17")


def test_overflow_is_an_error_and_lazy_branches_do_not_meet_it() -> None:
    large = Decimal(999_999_999_999_999_999)
    with pytest.raises(FormulaOverflowError) as caught:
        evaluated("days + 1", days=large)
    assert caught.value.problems[0].code == "formula.overflow"
    assert evaluated("IF(days > 0, 0, days + 1)", days=large) == 0
    assert evaluated("COALESCE(1, days + 1)", days=large) == 1


def test_what_a_change_did() -> None:
    before: dict[str, Value] = {"amount": Decimal("1.00")}
    assert evaluated("CHANGED(amount)", before, amount=Decimal("1.00")) is False
    assert evaluated("CHANGED(amount)", before, amount=Decimal("2.00")) is True
    assert evaluated("CHANGED(amount)", before) is True
    assert evaluated("CHANGED(amount)") is False
    assert evaluated("OLD(amount)", before) == Decimal("1.00")


def test_the_session() -> None:
    assert evaluated("USER()") == USER
    assert evaluated("USER_HAS('clerk') AND NOT USER_HAS('owner')") is True
    assert evaluated("IN_SUBTREE(partner, payer)", partner="p", payer="p") is True
    assert evaluated("IN_SUBTREE(partner, payer)", partner="p") is None


def test_queries_are_answered_by_the_environment() -> None:
    assert evaluated("FIRST(price.amount WHERE code = this.code) * 2") == Decimal("19.80")


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角"),
        ("1.05", "壹元零伍分"),
        ("10", "壹拾元整"),
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("100000000", "壹亿元整"),
        ("100010001", "壹亿零壹万零壹元整"),
        ("1000000000000", "壹万亿元整"),
        ("-72927.36", "负柒万贰仟玖佰贰拾柒元叁角陆分"),
    ],
)
def test_chinese_capitals(amount: str, expected: str) -> None:
    assert capital_amount(Decimal(amount)) == expected


def test_every_function_is_described() -> None:
    for function in FUNCTIONS:
        assert function.key == function.key.upper()
        assert function.summary.en.endswith(".")
        assert function.summary.zh.endswith("。")
        assert function.examples or function.uses or function.key == "IN_SUBTREE"
        assert function.signature.startswith(f"{function.key}(")


def test_small_formulas_are_fast() -> None:
    formula = compile_python(analyse("amount > 50000 AND code = 'draft'", SampleScope()).tree)
    environment = SampleEnvironment({"amount": Decimal("60000.00"), "code": "draft"})
    best = min(_seconds(formula, environment) for _ in range(5))
    assert best < 20e-6


def _seconds(formula: Any, environment: SampleEnvironment, times: int = 2_000) -> float:
    start = time.perf_counter()
    for _ in range(times):
        formula(environment)
    return (time.perf_counter() - start) / times
