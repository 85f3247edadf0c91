"""Modules changed at random: checking never fails, and whatever it accepts works to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count, islice
from random import Random

import pytest

from headrace.platform.metadata.documents import Document
from tests.support.judging import bases, judge, known_codes, unclear
from tests.support.mutations import Mutator
from tests.support.trying import Trial

PLAIN = {"claims": 400, "extensions": 400, "seeds": 50}
DEEP = {"claims": 40_000, "extensions": 20_000, "seeds": 10_000}
TRIALS = {
    ("sqlite", "claims"): (10, 1400),
    ("postgresql", "claims"): (4, 200),
    ("sqlite", "extensions"): (4, 400),
    ("postgresql", "extensions"): (1, 50),
    ("sqlite", "seeds"): (1, 350),
    ("postgresql", "seeds"): (1, 50),
}
"""How many accepted workspaces are tried, plain and deep, by database and base."""


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


def accepted(base: str, start: int) -> Iterator[tuple[int, list[Document]]]:
    """Yield changed workspaces that checking accepts, with the numbers that make them again."""
    documents = bases()[base]
    for seed in count(start):
        changed = Mutator(Random(seed), documents).mutated()
        if judge(changed).accepted:
            yield seed, changed


@pytest.mark.parametrize("base", sorted(PLAIN))
def test_what_is_accepted_works_from_create_to_report_to_export(
    backend: str, base: str, deep: bool, fresh_database: Callable[[str], str]
):
    plain, many = TRIALS[backend, base]
    made = 0

    for seed, documents in islice(accepted(base, 50_000), many if deep else plain):
        try:
            with closing(Trial(fresh_database(backend), documents, Random(seed))) as trial:
                made += trial.run()
        except Exception as error:
            error.add_note(f"{base} changed by {seed}")
            raise

    assert made > 0, "no record was ever made"
