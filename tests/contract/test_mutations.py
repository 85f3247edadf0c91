"""Modules changed at random: checking never fails, and what it says can be understood."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.judging import bases, judge, known_codes, unclear
from tests.support.mutations import Mutator

PLAIN, DEEP = {"claims": 400, "seeds": 100}, {"claims": 40_000, "seeds": 10_000}


@pytest.mark.parametrize("base", sorted(PLAIN))
def test_checking_takes_anything_and_says_what_is_wrong_and_where(base: str, deep: bool):
    documents, codes = bases()[base], known_codes()
    accepted = 0

    for seed in range((DEEP if deep else PLAIN)[base]):
        judgement = judge(Mutator(Random(seed), documents).mutated())
        assert not unclear(judgement, codes), f"{base} {seed}"
        accepted += judgement.accepted

    assert accepted > 0, "changes that nothing survives test nothing"


@pytest.mark.parametrize("base", sorted(PLAIN))
def test_the_bases_are_right(base: str):
    judgement = judge(bases()[base])

    assert judgement.problems == ()
    assert judgement.catalog is not None
