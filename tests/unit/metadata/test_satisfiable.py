"""Whether a condition can be true or false: certain answers only where they are certain."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.types import BOOLEAN
from headrace.platform.metadata.building import build_catalog, object_scope
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.satisfiable import Answer, can_be, constant_value, is_always
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import documents, field, workspace


@pytest.fixture(scope="module")
def subject() -> Subject:
    contents = workspace()
    contents["object", "claim"]["fields"] += [
        field("age", "integer", least=0, most=10),
        field("open", "boolean"),
        field("note", "text"),
    ]
    catalog = build_catalog(documents(contents), built_in(), 1).catalog
    assert catalog is not None
    return Subject(catalog)


def condition(subject: Subject, text: str):
    return analyse(text, object_scope(subject.catalog, "claim"), expected=BOOLEAN)


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("fee > 5", Answer.YES, Answer.YES),
        ("fee > 5 AND fee < 3", Answer.NO, Answer.YES),
        ("fee > 5 AND fee < 5.01", Answer.NO, Answer.YES),
        ("fee >= 5 AND fee <= 5", Answer.YES, Answer.YES),
        ("fee > 5 OR fee <= 5", Answer.YES, Answer.NO),
        ("NOT (fee > 5 OR fee <= 5)", Answer.NO, Answer.YES),
        ("5 < fee AND 5 > fee", Answer.NO, Answer.YES),
        ("age > 10", Answer.NO, Answer.YES),
        ("age >= 0", Answer.YES, Answer.NO),
        ("age > 0 AND age < 2 AND age != 1", Answer.NO, Answer.YES),
        ("kind = 'damage' AND kind = 'loss'", Answer.NO, Answer.YES),
        ("kind != 'damage' AND kind != 'loss'", Answer.NO, Answer.YES),
        ("kind IN ('damage', 'loss')", Answer.YES, Answer.NO),
        ("kind NOT IN ('damage')", Answer.YES, Answer.YES),
        ("kind IS NULL AND kind = 'loss'", Answer.NO, Answer.YES),
        ("note IS NULL OR note IS NOT NULL", Answer.YES, Answer.NO),
        ("status IS NULL", Answer.NO, Answer.YES),
        ("open AND NOT open", Answer.NO, Answer.YES),
        ("claimed_on > '2025-06-10' AND claimed_on < '2025-06-10'", Answer.NO, Answer.YES),
        ("note = 'a' AND note != 'a'", Answer.NO, Answer.YES),
        ("note > 'a' AND note < 'b'", Answer.YES, Answer.YES),
        ("1 > 2", Answer.NO, Answer.YES),
        ("fee > payable", Answer.MAYBE, Answer.MAYBE),
        ("ABS(fee) > 5 AND fee > 5 AND fee < 3", Answer.NO, Answer.MAYBE),
    ],
)
def test_what_is_certain_is_told(subject: Subject, text: str, true: Answer, false: Answer):
    found = condition(subject, text)

    assert can_be(True, [found], subject.domain) is true
    assert can_be(False, [found], subject.domain) in {false, Answer.YES}
    if false is Answer.NO:
        assert can_be(False, [found], subject.domain) is Answer.NO


def test_two_conditions_are_taken_together(subject: Subject):
    first, second = condition(subject, "fee > 100"), condition(subject, "fee <= 100")

    assert can_be(True, [first, second], subject.domain) is Answer.NO
    assert can_be(True, [first, None], subject.domain) is Answer.YES


def test_many_cases_are_left_alone(subject: Subject):
    text = " AND ".join(f"(fee = {n} OR fee = {n + 1})" for n in range(12))

    assert can_be(True, [condition(subject, text)], subject.domain) is Answer.MAYBE


@pytest.mark.parametrize(
    ("text", "always"),
    [
        ("status IS NOT NULL", True),
        ("status = 'draft' OR status != 'draft'", True),
        ("note IS NULL OR note IS NOT NULL", True),
        ("fee > 5 OR fee <= 5", False),
        ("fee > 5", False),
    ],
)
def test_always_means_that_null_cannot_spoil_it(subject: Subject, text: str, always: bool):
    assert is_always(condition(subject, text), subject.domain) is always


def test_written_values_are_computed(subject: Subject):
    scope = object_scope(subject.catalog, "claim")

    assert constant_value(analyse("ROUND(10 / 4, 1) + 1", scope).tree) == (True, Decimal("3.5"))
    assert constant_value(analyse("fee + 1", scope).tree) == (False, None)
    assert constant_value(analyse("TODAY()", scope).tree) == (False, None)


class Record:
    """The values of one record by field id (the environment of formulas that ask nothing else)."""

    def __init__(self, values: dict[str, object]) -> None:
        self.values = values

    def value(self, path: tuple[str, ...], *, outer: bool = False) -> object:
        return self.values[path[0]]


def some_condition(random: Random, depth: int = 0) -> str:
    if depth < 3 and random.random() < 0.6:
        one, other = (some_condition(random, depth + 1) for _ in range(2))
        return random.choice((f"({one} AND {other})", f"({one} OR {other})", f"NOT ({one})"))
    number = random.randint(-1, 11)
    operator = random.choice(("=", "!=", "<", "<=", ">", ">="))
    kinds = random.choice(("'damage'", "'loss'", "'damage', 'loss'"))
    return random.choice(
        (
            f"age {operator} {number}",
            f"{number} {operator} age",
            f"age {operator} {number}.5",
            f"kind {random.choice(('IN', 'NOT IN'))} ({kinds})",
            random.choice(("open", "NOT open", "open = FALSE")),
            f"{random.choice(('age', 'kind', 'open'))} IS {random.choice(('NULL', 'NOT NULL'))}",
        )
    )


def test_answers_agree_with_every_record_that_could_be(subject: Subject, deep: bool):
    fields = subject.catalog.objects["claim"].fields
    ages = (None, *map(Decimal, range(11)))
    records = [
        Record({fields["age"].id: age, fields["kind"].id: kind, fields["open"].id: is_open})
        for age in ages
        for kind in (None, "damage", "loss")
        for is_open in (None, True, False)
    ]
    for seed in range(5_000 if deep else 300):
        found = condition(subject, some_condition(Random(seed)))
        evaluate = compile_python(found.tree)
        results = {evaluate(record) for record in records}
        for wanted in (True, False):
            answer = can_be(wanted, [found], subject.domain)
            if answer is not Answer.MAYBE:
                assert (answer is Answer.YES) == (wanted in results), (seed, found.source)
        if is_always(found, subject.domain):
            assert results == {True}, (seed, found.source)
