"""Patterns of texts: what they mean, what is refused and where, and that no pattern takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.messages import FormulaError
from headrace.platform.formulas.patterns import fits, pattern_fault
from tests.support.formulas import SampleScope

ATOMS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\W", "订", r"\.", "-"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}|{both[1]})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,}"])).map(
            lambda both: f"({both[0]}){both[1]}"
        ),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.text("ab.1订-\n", max_size=6))
def test_patterns_mean_what_they_mean_elsewhere(pattern: str, text: str) -> None:
    expected = re.fullmatch(pattern, text, re.DOTALL | re.ASCII) is not None
    assert fits(text, pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("a(b", 4),
        ("a)b", 2),
        ("*a", 1),
        ("a**", 3),
        ("a+?", 3),
        ("a{2}{3}", 5),
        ("a{3,2}", 2),
        ("a{256}", 2),
        ("a{x}", 2),
        ("a{2", 2),
        ("[z-a]", 2),
        (r"[\d-z]", 2),
        ("[]", 1),
        ("[ab", 4),
        ("[[:alpha:]]", 2),
        (r"(a)\1", 4),
        (r"\bword", 1),
        ("(?=a)", 2),
        ("(?:a)", 2),
        ("a^b", 2),
        ("a$b", 2),
        ("ab\\", 4),
        ("a]", 2),
        ("((a{200}){200})", 1),
        ("(" * 20 + "a" + ")" * 20, 12),
        ("a" * 201, 201),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_place(pattern: str, place: int) -> None:
    fault = pattern_fault(pattern)
    assert fault is not None
    assert fault.en.startswith(f"character {place} of the pattern"), fault
    assert f"第 {place} 个字符" in fault.zh


def test_a_formula_with_a_bad_pattern_is_refused() -> None:
    with pytest.raises(FormulaError) as refused:
        analyse("LEN(code) > 2 AND REGEX(code, '(a')", SampleScope())
    [problem] = refused.value.problems
    assert problem.code == "formula.arguments"
    assert "character 3 of the pattern" in problem.message.en
    assert refused.value.spans == ((30, 34),)


def test_anchors_around_the_whole_say_nothing_new() -> None:
    assert fits("ab", "^ab$")
    assert fits("ab$", r"ab\$")
    assert not fits("xab", "^ab")


@pytest.mark.parametrize(
    "pattern", ["(a|a)*b", "(a*)*b", "(a+)+b", "(a?){200}a{200}", "(.*)*,(.*)*"]
)
def test_no_pattern_blows_up(pattern: str) -> None:
    start = time.perf_counter()
    assert not fits("a" * 5_000 + "c", pattern)
    assert time.perf_counter() - start < 2
