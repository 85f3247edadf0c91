"""Patterns say what `re` says, refuse what they do not know with its place, and are never slow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.platform.core.patterns import MOST_PLACES, PatternError, compiled

ATOMS = st.sampled_from(["a", "b", ".", r"\d", r"\w", "[ab]", "[^a]", "[0-9b]", r"\.", "é", "杭"])
REPEATS = st.sampled_from(["", "", "?", "*", "+", "{2}", "{0,2}", "{1,}", "{0}"])
SOURCES = st.recursive(
    st.tuples(ATOMS, REPEATS).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(st.lists(inner, min_size=1, max_size=3).map("|".join), REPEATS).map(
            lambda parts: f"({parts[0]}){parts[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(SOURCES, st.text("ab1.é杭", max_size=8))
def test_a_pattern_says_what_the_standard_library_says(source: str, text: str):
    assert compiled(source).matches(text) == bool(re.fullmatch(source, text, re.ASCII))


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("a(b", 1), ("a)", 1), ("[ab", 0), ("[]", 0), ("*a", 0), ("a**", 2), ("a+?", 2), ("a{2", 1),
        ("a{5,2}", 1), ("a{x}", 1), (r"(a)\1", 3), ("(?=a)", 1), ("(?P<x>a)", 1), ("(?i)a", 1),
        (r"\bword", 0), ("a^b", 1), ("^a|b", 2), ("[z-a]", 1), ("a\\", 1), ("a{999}", 0),
        ("(a{50}){50}", 0), ("(" * 30, 20), ("}", 0), (r"\p{Latin}", 0),
    ],
)  # fmt: skip
def test_what_is_not_in_the_language_is_refused_with_its_place(source: str, position: int):
    with pytest.raises(PatternError) as refusal:
        compiled(source)

    assert refusal.value.position == position
    assert refusal.value.reason.en
    assert refusal.value.reason.zh


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        ("^[A-Z]{2}$", "AB", "ABC"),
        (r"^(a|b)\$$", "b$", "b"),
        (r"[\]\\^-]+", r"]\^-", "a"),
        (r"\p{Han}{2,4}", "欧阳修", "Ou"),
        ("", "", "a"),
        ("a||b", "", "c"),
        ("(?:x+x+)+y", "xxxy", "xxx"),
    ],
)
def test_patterns_that_people_write(source: str, right: str, wrong: str):
    assert compiled(source).matches(right)
    assert not compiled(source).matches(wrong)


@pytest.mark.parametrize(
    "source", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*){20}b", "(a?){100}a{100}", "(x+x+)+y"]
)
def test_patterns_that_blow_up_elsewhere_take_their_length(source: str):
    pattern = compiled(source)
    began = time.perf_counter()

    pattern.matches("a" * 4_000 + "c")

    assert time.perf_counter() - began < 2


def test_a_pattern_of_the_largest_size_is_compiled_at_once():
    began = time.perf_counter()

    assert compiled(f"({'a?' * 100}){{5}}").matches("a" * MOST_PLACES)

    assert time.perf_counter() - began < 2
