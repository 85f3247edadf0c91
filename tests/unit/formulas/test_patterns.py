"""Patterns in formulas: refused with their place, and written for PostgreSQL. The language: test_patterns of metadata."""

from __future__ import annotations

import pytest

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.messages import FormulaError
from headrace.platform.formulas.patterns import pattern_fault, postgresql_pattern
from tests.support.formulas import SampleScope


def test_a_formula_with_a_bad_pattern_is_refused() -> None:
    with pytest.raises(FormulaError) as refused:
        analyse("LEN(code) > 2 AND REGEX(code, '(a**')", SampleScope())
    [problem] = refused.value.problems
    assert problem.code == "formula.arguments"
    assert "character 4 of the pattern" in problem.message.en
    assert "第 4 个字符" in problem.message.zh
    assert refused.value.spans == ((30, 36),)


def test_a_pattern_stands_written_out() -> None:
    with pytest.raises(FormulaError):
        analyse("REGEX(code, 名称)", SampleScope())


@pytest.mark.parametrize("pattern", ["a" * 201, "a{256}", "(a{0}){256,}"])
def test_what_another_engine_could_not_hold_is_refused(pattern: str) -> None:
    assert pattern_fault(pattern) is not None


def test_sets_are_written_by_code_points() -> None:
    assert postgresql_pattern(r"^(?:a|[^\d-]{2})$") == (
        r"^(?:(?:[\U00000061]|[^\U00000030-\U00000039\U0000002d]{2}))$"
    )
