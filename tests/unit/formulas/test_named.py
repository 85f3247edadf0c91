"""Named expressions: what a call stands for, and what is refused with its place."""

from __future__ import annotations

from decimal import Decimal

import pytest

from headrace.platform.formulas.analysis import MAX_CALLS, analyse, analyse_named
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import EVERYWHERE
from headrace.platform.formulas.messages import FormulaError
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.scope import NamedExpression, NamedParameter
from headrace.platform.formulas.tree import FieldRef, Query, walk
from headrace.platform.formulas.types import DATE, Type, number, reference
from tests.support.formulas import SampleEnvironment, SampleScope


def named(name: str, source: str, **parameters: Type) -> NamedExpression:
    given = tuple(NamedParameter(key, type_) for key, type_ in parameters.items())
    return NamedExpression(name, given, source)


NET = named("net", "PORTION(gross, 100, 100 + $C.vat_rate)", gross=number(2))
TWICE = named("twice_net", "net(gross) * 2", gross=number(2))
LARGE = named("is_large", "p.amount > least", p=reference("partner"), least=number(2))
SCOPED = named(
    "in_scope",
    "EXISTS(line WHERE partner = p AND start_date <= d AND amount > this.p.amount)",
    p=reference("partner"),
    d=DATE,
)
SCOPE = SampleScope(
    expressions={one.name: one for one in (NET, TWICE, LARGE, SCOPED)},
)


def codes(text: str, scope: SampleScope = SCOPE, **options: object) -> list[str]:
    with pytest.raises(FormulaError) as refused:
        analyse(text, scope, **options)  # type: ignore[arg-type]  # passed on
    return [problem.code for problem in refused.value.problems]


def test_a_call_stands_for_the_formula() -> None:
    found = analyse("twice_net(amount) + NET(1.13)", SCOPE, engines=EVERYWHERE)
    assert found.named == {"net", "twice_net"}
    assert found.constants() == {"vat_rate"}
    value = compile_python(found.tree)(SampleEnvironment({"amount": Decimal("113.00")}))
    assert value == Decimal("201.00")
    assert Expression.from_json(found.to_json()) == found


def test_arguments_are_brought_to_the_type_of_the_parameter() -> None:
    found = analyse("net(ratio)", SCOPE)
    row = {"ratio": Decimal("1.129999")}
    assert compile_python(found.tree)(SampleEnvironment(row)) == Decimal("1.00")


def test_a_field_of_the_given_record_is_reached_over_the_lookup() -> None:
    found = analyse("is_large(order.payer, 10)", SCOPE)
    assert found.references() == {("f_order", "f_payer", "f_amount")}


def test_a_query_sees_the_arguments_as_fields_of_the_asking_record() -> None:
    found = analyse("in_scope(payer, TODAY()) AND active", SCOPE, queries=True)
    [query] = found.queries
    assert {(one.path, one.outer) for one in walk(query) if isinstance(one, FieldRef)} == {
        (("f_partner",), False),
        (("f_start_date",), False),
        (("f_amount",), False),
        (("f_payer",), True),
        (("f_payer", "f_amount"), True),
    }
    assert found.references() == {("f_payer",), ("f_payer", "f_amount"), ("f_active",)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("net()", "formula.arguments"),
        ("net(amount, qty)", "formula.arguments"),
        ("net(code)", "formula.type"),
        ("nett(amount)", "formula.unknown_function"),
        ("is_large(MY_ORGANISATION(), 1)", "formula.named_refused"),
        ("is_large(order, 1)", "formula.type"),
        ("in_scope(partner, TODAY())", "formula.query_not_allowed"),
        ("net(nothing)", "formula.unknown_field"),
    ],
)
def test_calls_that_cannot_be(text: str, code: str) -> None:
    assert codes(text) == [code]


def test_a_query_inside_a_query_is_refused_where_it_is_called() -> None:
    text = "COUNT(line WHERE in_scope(partner, start_date)) > 0"
    assert codes(text, queries=True) == ["formula.query_not_allowed"]


def test_a_name_nearly_right_is_suggested() -> None:
    with pytest.raises(FormulaError) as refused:
        analyse("twice_nett(amount)", SCOPE)
    assert "TWICE_NET" in str(refused.value.problems[0].hint.en)


def test_a_circle_is_refused_with_its_steps() -> None:
    circle = {
        "a": named("a", "b(x) + 1", x=number(0)),
        "b": named("b", "c(x)", x=number(0)),
        "c": named("c", "a(x)", x=number(0)),
    }
    scope = SampleScope(expressions=circle)
    with pytest.raises(FormulaError) as refused:
        analyse("c(1)", scope)
    assert "c → a → b → c" in refused.value.problems[0].message.en
    with pytest.raises(FormulaError, match="cycle"):
        analyse_named(circle["a"], scope)


def test_calls_that_multiply_are_refused_at_once() -> None:
    chain = {"e0": named("e0", "x + 1", x=number(0))}
    for step in range(1, 30):
        before = f"e{step - 1}"
        chain[f"e{step}"] = named(f"e{step}", f"{before}(x) + {before}(x)", x=number(0))
    assert codes("e29(pieces)", SampleScope(expressions=chain)) == ["formula.too_complex"]
    assert MAX_CALLS < 1_000


def test_a_parameter_that_is_also_a_field_asked_is_ambiguous() -> None:
    both = named("both", "EXISTS(line WHERE partner = partner)", partner=reference("partner"))
    with pytest.raises(FormulaError, match="ambiguous"):
        analyse_named(both, SCOPE)
    clear = named("clear", "EXISTS(line WHERE partner = this.p)", p=reference("partner"))
    [query] = analyse_named(clear, SCOPE).queries
    assert isinstance(query, Query)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("amount + x", "formula.unknown_field"),
        ("this.amount", "formula.unknown_field"),
        ("CONCAT(x, 'a')", "formula.type"),
        ("x +", "formula.syntax"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_by_itself(body: str, code: str) -> None:
    with pytest.raises(FormulaError) as refused:
        analyse_named(named("wrong", body, x=number(0)), SCOPE)
    assert [problem.code for problem in refused.value.problems] == [code]
