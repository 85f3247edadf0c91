"""Types, scales, names and refusals, all before anything is evaluated."""

from __future__ import annotations

import pytest

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression, query_references
from headrace.platform.formulas.functions.base import EVERYWHERE, SQL_ENGINES
from headrace.platform.formulas.messages import FormulaError
from headrace.platform.formulas.tree import Case, FieldRef, Literal, Query, from_json, to_json
from headrace.platform.formulas.types import DATE, TEXT, Type, number, reference
from tests.support.formula_generator import random_formulas
from tests.support.formulas import SampleScope


def typed(text: str, **options: object) -> Expression:
    return analyse(text, SampleScope(), **options)  # type: ignore[arg-type]


def refused(text: str, **options: object) -> FormulaError:
    with pytest.raises(FormulaError) as caught:
        typed(text, **options)
    return caught.value


def codes(text: str, **options: object) -> list[str]:
    return [problem.code for problem in refused(text, **options).problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount + qty", "number:3"),
        ("amount * rate", "number:6"),
        ("qty * rate", "number:6"),
        ("amount * 2", "number:2"),
        ("days / days", "number:6"),
        ("amount % days", "number:2"),
        ("ROUND(amount * 0.3, 1)", "number:1"),
        ("FLOOR(amount, 0.25)", "number:2"),
        ("MIN(days, amount)", "number:2"),
        ("IF(active, 1, 2.50)", "number:2"),
        ("IF(active, NULL, '')", "text"),
        ("IF(active, partner)", "reference:partner"),
        ("NULL", "null"),
        ("COALESCE(start_date, created_at)", "date"),
        ("vat_rate + $C.bonus", "number:4"),
        ("partner.amount", "number:2"),
        ("USER()", "reference:user"),
        ("CASE code WHEN 'a' THEN 1 END", "number:0"),
        ("CASE(code, 'a', 1, 'b', 2.5, 3)", "number:1"),
        ("DATEADD(created_at, 1, 'hour')", "datetime"),
        ("DATEADD(start_date, 1, 'month')", "date"),
    ],
)
def test_every_node_has_a_type_and_scale(text: str, expected: str) -> None:
    assert typed(text).type.to_json() == expected


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("amuont + 1", "formula.unknown_field", "amuont"),
        ("partner.nothing", "formula.unknown_field", "partner.nothing"),
        ("$C.nothing", "formula.unknown_field", "$C.nothing"),
        ("code + 1", "formula.type", "code"),
        ("start_date + 1", "formula.type", "start_date"),
        ("amount AND active", "formula.type", "amount"),
        ("IF(amount, 1, 2)", "formula.type", "amount"),
        ("IF(active, 1, 'x')", "formula.type", "'x'"),
        ("active > TRUE", "formula.type", "active"),
        ("partner < payer", "formula.type", "partner"),
        ("partner = order", "formula.type", "order"),
        ("code = NULL", "formula.type", "NULL"),
        ("code IN ('a', NULL)", "formula.type", "NULL"),
        ("start_date > 'soon'", "formula.type", "'soon'"),
        ("created_at > '2025-06-10T08:00:00'", "formula.type", "'2025-06-10T08:00:00'"),
        ("start_date = code", "formula.type", "code"),
        ("LEN(amount)", "formula.type", "amount"),
        ("RUOND(amount)", "formula.unknown_function", "RUOND(amount)"),
        ("ROUND()", "formula.arguments", "ROUND()"),
        ("ROUND(amount, 1, 2)", "formula.arguments", "ROUND(amount, 1, 2)"),
        ("ROUND(amount, days)", "formula.arguments", "days"),
        ("ROUND(amount, 7)", "formula.arguments", "7"),
        ("ROUND(amount, -1)", "formula.arguments", "-1"),
        ("LEFT(code, 0)", "formula.arguments", "0"),
        ("FLOOR(amount, days + 1)", "formula.arguments", "days + 1"),
        ("DATEADD(start_date, 1, 'fortnight')", "formula.arguments", "'fortnight'"),
        ("DATEADD(start_date, 1.5, 'day')", "formula.arguments", "1.5"),
        ("DATEADD(start_date, 1, 'hour')", "formula.arguments", "DATEADD(start_date, 1, 'hour')"),
        ("DATEADD(created_at, 1, 'month')", "formula.arguments", "DATEADD(created_at, 1, 'month')"),
        (
            "DATEDIFF(start_date, created_at, 'hour')",
            "formula.arguments",
            "DATEDIFF(start_date, created_at, 'hour')",
        ),
        ("OLD(partner.amount)", "formula.arguments", "partner.amount"),
        ("USER_HAS(code)", "formula.arguments", "code"),
        ("IF(active)", "formula.arguments", "IF(active)"),
        ("amount / 0", "formula.constant_error", "amount / 0"),
        ("amount % (1 - 1.0)", "formula.constant_error", "amount % (1 - 1.0)"),
        ("1234567890123456789", "formula.constant_error", "1234567890123456789"),
        ("999999999999 * 9999999", "formula.constant_error", "999999999999 * 9999999"),
        ("0.1234567", "formula.constant_error", "0.1234567"),
        ("EXISTS(price)", "formula.query_not_allowed", "EXISTS(price)"),
    ],
)
def test_refusals_point_to_the_part(text: str, code: str, part: str) -> None:
    error = refused(text)
    [problem], [span] = error.problems, error.spans
    assert problem.code == code
    assert text[span[0] : span[1]] == part
    assert problem.message.zh
    assert "{" not in problem.message.en + problem.message.zh + problem.hint.en + problem.hint.zh


def test_all_problems_are_told_at_once() -> None:
    assert codes("foo + bar + code * 2") == [
        "formula.unknown_field",
        "formula.unknown_field",
        "formula.type",
    ]


def test_a_near_name_is_suggested() -> None:
    assert "“amount”" in refused("amuont").problems[0].hint.en
    assert "“ROUND”" in refused("RUOND(1)").problems[0].hint.zh


def test_the_expected_type_is_reached_or_refused() -> None:
    assert typed("amount * rate", expected=number(2)).type == number(2)
    assert typed("NULL", expected=TEXT).type == TEXT
    assert typed("created_at", expected=DATE).type == DATE
    assert typed("'2025-06-10'", expected=DATE).tree.type == DATE
    assert typed("MY_ORGANISATION()", expected=reference("partner")).tree.type.kind == "reference"
    assert codes("code", expected=number(2)) == ["formula.type"]
    assert codes("start_date", expected=Type("datetime")) == ["formula.type"]  # type: ignore[arg-type]
    assert codes("order", expected=reference("partner")) == ["formula.type"]


def test_a_literal_takes_the_scale_of_its_column() -> None:
    tree = typed("amount > 50000").tree
    assert tree.right.type == number(2)  # type: ignore[union-attr]


def test_nulls_take_the_type_of_their_place() -> None:
    tree = typed("IF(active, IF(urgent, NULL), 2.5)").tree
    assert isinstance(tree, Case)
    inner = tree.branches[0].result
    assert isinstance(inner, Case)
    assert inner.otherwise == Literal(None, number(1), inner.otherwise.span)


# --- dependencies ------------------------------------------------------------------------------------


def test_references_are_paths_of_ids() -> None:
    formula = typed("partner.amount + amount + vat_rate")
    assert formula.references() == {("f_partner", "f_amount"), ("f_amount",)}
    assert formula.constants() == {"vat_rate"}
    assert not formula.uses_clock
    assert typed("end_date < TODAY()").uses_clock
    assert typed("partner = MY_ORGANISATION()").uses_user
    assert typed("CHANGED(amount)").uses_old


def test_engines_are_declared_and_checked() -> None:
    assert typed("amount + 1").engines() == EVERYWHERE
    assert typed("CN_CAPITAL(amount)").engines() == {"python", "typescript"}
    assert codes("CONCAT(CN_CAPITAL(amount), '')", engines=SQL_ENGINES) == [
        "formula.function_engine"
    ]
    assert codes("EXISTS(price)", engines=SQL_ENGINES, queries=True) == ["formula.function_engine"]


# --- queries -----------------------------------------------------------------------------------------

BEST_PRICE = (
    "FIRST(price.amount WHERE code = this.code AND days <= 3 ORDER BY start_date DESC, days)"
)


def test_a_query_keeps_its_rows_and_the_record_apart() -> None:
    formula = typed(BEST_PRICE, queries=True)
    [query] = formula.queries
    assert (query.function, query.object, query.name) == ("FIRST", "price_id", "price")
    assert query.type == number(2)
    assert [order.descending for order in query.order_by] == [True, False]
    assert formula.references() == {("f_code",)}
    assert query_references(query) == {("f_amount",), ("f_code",), ("f_days",), ("f_start_date",)}


def test_bare_this_is_the_record() -> None:
    query = typed("COUNT(line WHERE id = this)", queries=True).tree
    assert isinstance(query, Query)
    assert query.where.right == FieldRef(  # type: ignore[union-attr]
        ("f_id",), ("id",), reference("line"), outer=True, span=(22, 26)
    )


def test_a_field_of_the_record_needs_this() -> None:
    narrow = SampleScope(fields={"amount": number(2)})

    class Wide(SampleScope):
        def query_scope(self, object_name: str) -> SampleScope | None:
            return narrow

    with pytest.raises(FormulaError) as caught:
        analyse("EXISTS(price WHERE amount = qty)", Wide(), queries=True)
    assert "this.qty" in caught.value.problems[0].hint.en


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EXISTS(nothing)", "formula.unknown_object"),
        ("FIRST(price WHERE active)", "formula.arguments"),
        ("COUNT(price.amount)", "formula.arguments"),
        ("SUM(price.amount ORDER BY days)", "formula.arguments"),
        ("SUM(price.code)", "formula.type"),
        ("EXISTS(price WHERE amount)", "formula.type"),
        ("EXISTS(price WHERE EXISTS(line))", "formula.query_not_allowed"),
        ("COALESCE(LIST(price.code))", "formula.query_not_allowed"),
        ("EXISTS(price WHERE CN_CAPITAL(amount) = 'x')", "formula.function_engine"),
    ],
)
def test_refused_queries(text: str, code: str) -> None:
    assert codes(text, queries=True) == [code]


def test_a_list_stands_alone_or_after_in() -> None:
    assert typed("LIST(price WHERE active)", queries=True).type == reference("line")
    assert typed("code IN LIST(price.code)", queries=True).type.kind == "boolean"


# --- the stored form ---------------------------------------------------------------------------------


def test_trees_survive_json() -> None:
    formulas = [*random_formulas(seed=3, count=150), typed(BEST_PRICE, queries=True)]
    for formula in formulas:
        assert from_json(to_json(formula.tree)) == formula.tree
        assert Expression.from_json(formula.to_json()) == formula
