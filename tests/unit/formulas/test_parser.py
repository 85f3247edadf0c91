"""What is written, what is understood, and how mistakes are told."""

from __future__ import annotations

import pytest

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.messages import FormulaError
from headrace.platform.formulas.parser import parse
from headrace.platform.formulas.syntax import Infix, Name, Syntax
from tests.support.formulas import SampleScope


def shape(tree: Syntax) -> str:
    """Show the tree with all brackets."""
    match tree:
        case Infix():
            return f"({shape(tree.left)} {tree.operator} {shape(tree.right)})"
        case Name():
            return ".".join(tree.parts)
        case _ if hasattr(tree, "operator"):
            return f"({tree.operator} {shape(tree.operand)})"
        case _ if hasattr(tree, "items"):
            items = ", ".join(shape(item) for item in tree.items)
            return f"({shape(tree.operand)} {'NOT ' * tree.negated}IN {items})"
        case _ if hasattr(tree, "value"):
            return str(tree.value)
        case _:
            return f"{tree.name}({', '.join(shape(arg) for arg in tree.args)})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("-a * b", "((- a) * b)"),
        ("a / b % c", "((a / b) % c)"),
        ("NOT a = b AND c", "((NOT (a = b)) AND c)"),
        ("a or b AND c", "(a OR (b AND c))"),
        ("a <> b", "(a != b)"),
        ("a AND b AND c AND d", "((a AND b) AND (c AND d))"),
        ("a + 1 > b IS NULL OR c", None),
        ("(a > b) IS NULL", "(IS NULL (a > b))"),
        ("a NOT IN (1, 'x')", "(a NOT IN 1, x)"),
        ("订单.金额 >= 1.50", "(订单.金额 >= 1.50)"),
        ("round(a,2)", "ROUND(a, 2)"),
        ("order.by + end - when", "((order.by + end) - when)"),
        ("'it''s' = a", "(it's = a)"),
        ("ROUND（a，2）＋ b", "(ROUND(a, 2) + b)"),
        ("a ＜＝ b", "(a <= b)"),
        ("（a － b）＊ c ＜＞ d", "(((a - b) * c) != d)"),
        ("a ！＝ '（，＞'", "(a != （，＞)"),
    ],
)
def test_precedence_and_words(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(FormulaError):
            parse(text)
    else:
        assert shape(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, "field, value or function"),
        ("a +", 4, "field, value or function"),
        ("(a + b", 7, ")"),
        ("a b", 3, "operator or the end"),
        ("ROUND(a 2)", 9, ","),
        ("a < b < c", 7, "AND or OR"),
        ("'open", 1, "closing quote"),
        ('a = "x"', 5, "single quotes"),
        ("a = “x”", 5, "single quotes"),
        ("a IS 3", 6, "NULL"),
        ("a.", 3, "name of a field"),
        ("$D.x", 2, "C"),
        ("$", 2, "C"),
        ("a IN ()", 7, "field, value or function"),
        ("CASE WHEN a THEN b", 19, "WHEN, ELSE or END"),
        ("CASE END", 9, "WHEN"),
        ("1 # 2", 3, "name, value or operator"),
        ("a = '\x00'", 5, "text that can be stored"),
        ("1 + \u0665", 5, "digits 0-9"),
        ("FIRST(price.amount ORDER price)", 26, "BY"),
        ("AND a", 1, "field, value or function"),
    ],
)
def test_mistakes_name_the_place_and_what_was_expected(
    text: str, position: int, expected: str
) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    [problem] = caught.value.problems
    assert problem.code == "formula.syntax"
    assert f"At character {position}:" in problem.message.en
    assert f"第 {position} 个字符" in problem.message.zh
    assert expected in problem.message.en
    assert caught.value.spans[0][0] == position - 1


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_001,
        "(" * 60 + "1" + ")" * 60,
        "NOT " * 60 + "active",
        "-" * 60 + "1",
        " + ".join(["days"] * 60),
        "CONCAT(" * 51 + "code" + ")" * 51,
        "days IN (" + ", ".join(["pieces"] * 2_100) + ")",
        # Doubles at each level unless the size is counted as it is written out.
        "CASE(" * 20 + "days" + ", 1, 2, 3, 4, 5)" * 20,
    ],
    ids=["length", "brackets", "not", "minus", "sum", "calls", "nodes", "switches"],
)
def test_what_is_too_large_is_refused_quickly(text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        analyse(text, SampleScope())
    assert {problem.code for problem in caught.value.problems} == {"formula.too_complex"}


def test_many_conditions_stay_shallow() -> None:
    text = " OR ".join(f"days = {index}" for index in range(400))
    assert analyse(text, SampleScope()).type.kind == "boolean"
