"""Inputs that conditions have in common: each is real, and "never" agrees with every record."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from headrace.platform.core.problems import Text
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.types import BOOLEAN
from headrace.platform.metadata.building import build_catalog, object_scope
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.soundness import _Frame
from headrace.platform.metadata.checks.witnesses import Found, Question, Witness
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import documents, field, workspace
from tests.unit.metadata.test_satisfiable import Record, some_condition

LABEL = Text("it", "它")


@pytest.fixture(scope="module")
def subject() -> Subject:
    contents = workspace()
    contents["object", "claim"]["fields"] += [
        field("age", "integer", least=0, most=10),
        field("open", "boolean"),
        field("note", "text"),
        field("count", "integer", least=0, most=10),
    ]
    catalog = build_catalog(documents(contents), built_in(), 1).catalog
    assert catalog is not None
    return Subject(catalog)


def question(subject: Subject) -> Question:
    model = subject.catalog.objects["claim"]
    workflow = subject.catalog.workflows["claim_flow"]
    return _Frame(subject, model, workflow, workflow.transitions["submit"], 0).question()


def condition(subject: Subject, text: str) -> Expression:
    return analyse(text, object_scope(subject.catalog, "claim"), expected=BOOLEAN)


def answer(subject: Subject, *texts: str) -> Witness | Found:
    asked = question(subject)
    parts = [asked.holds(LABEL, condition(subject, one), "") for one in texts]
    return asked.answer(parts)


@pytest.mark.parametrize(
    ("texts", "input_"),
    [
        (("payable >= 200000", "payable <= 200000"), "payable = 200,000.00"),
        (("payable > 200000", "payable < 200000.02"), "payable = 200,000.01"),
        (("NOT (fee <= 5) AND NOT (fee >= 5.02)",), "fee = 5.01"),
        (("kind NOT IN ('damage')",), "kind = Loss"),
        (("open = FALSE",), "open = no"),
        (("claimed_on >= '2026-06-30'", "claimed_on <= '2026-06-30'"), "claimed_on = 2026-06-30"),
        (("reserve IS NULL",), "reserve is empty"),
        (("ISBLANK(note)",), "note is empty"),
        (("note = 'a' OR note = 'b'", "note != 'a'"), "note = b"),
        (("fee > 2 * 50",), "fee = 100.01"),
        (("fee > $C.claim_limit",), "fee = 1,000.01"),
        (("IF(open, fee > 7, fee > 9)", "open"), "open = yes, fee = 9.00"),
        (("fee > reserve", "reserve > 5"), "fee = 6.00, reserve = 5.01"),
        (("company.name = 'A'",), "company › name = A"),
        (("LEN(note) > 0 AND note = 'abc'",), "note = abc"),
        (("fee > 7 OR claimed_on > TODAY()",), "fee = 7.01"),
    ],
)
def test_an_input_is_found(subject: Subject, texts: tuple[str, ...], input_: str):
    found = answer(subject, *texts)

    assert isinstance(found, Witness)
    assert sorted(found.shown().en.split(", ")) == sorted(input_.split(", "))


@pytest.mark.parametrize(
    "texts",
    [
        ("payable > 5", "payable < 5.01"),
        ("age > 3", "age < 4"),
        ("kind = 'loss'", "kind = 'damage'"),
        ("open", "NOT open"),
        ("note IS NULL", "note = 'a'"),
        ("status IS NULL",),
        ("fee > $C.claim_limit", "fee <= $C.claim_limit"),
        ("claimed_on > '2026-06-30'", "claimed_on < '2026-07-01'"),
    ],
)
def test_what_excludes_each_other_never_holds(subject: Subject, texts: tuple[str, ...]):
    assert answer(subject, *texts) is Found.NEVER


@pytest.mark.parametrize(
    "texts",
    [
        ("claimed_on > TODAY()",),
        ("fee > 5 AND claimed_on > TODAY()",),
        ("note > 'a'", "note < 'b'"),
        ("payable < 0",),  # a sum of what is never below zero
        ("payable > 100", "fee > 200"),  # one is made of the other
        ("fee * reserve > 0 AND fee * reserve < 0",),
        ("LEN(note) > 100",),
        ("EXISTS(claim_item WHERE claim = this.id AND price > 5)",),
        ("payable IS NULL",),
        ("company IS NULL",),
    ],
)
def test_nothing_is_said_where_it_is_beyond_the_analysis(subject: Subject, texts: tuple[str, ...]):
    scope = object_scope(subject.catalog, "claim")
    asked = question(subject)
    parts = [
        asked.holds(LABEL, analyse(one, scope, expected=BOOLEAN, queries=True), "") for one in texts
    ]
    assert asked.answer(parts) is Found.UNSURE


def test_answers_agree_with_every_record_that_could_be(subject: Subject, deep: bool):
    fields = subject.catalog.objects["claim"].fields
    names = ("age", "kind", "open")
    records = [
        dict(zip(names, values, strict=True))
        for values in (
            (age, kind, is_open)
            for age in (None, *map(Decimal, range(11)))
            for kind in (None, "damage", "loss")
            for is_open in (None, True, False)
        )
    ]

    def fits(record: dict[str, Any], evaluators: list[Any]) -> bool:
        row = Record({fields[name].id: value for name, value in record.items()})
        return all(one(row) is True for one in evaluators)

    told = {Found.NEVER: 0, Found.UNSURE: 0, "found": 0}
    for seed in range(4_000 if deep else 250):
        random = Random(seed)
        conditions = [
            condition(subject, some_condition(random)) for _ in range(random.randint(1, 3))
        ]
        asked = question(subject)
        found = asked.answer([asked.holds(LABEL, one, "") for one in conditions])
        evaluators = [compile_python(one.tree) for one in conditions]
        fitting = [one for one in records if fits(one, evaluators)]
        if isinstance(found, Witness):
            told["found"] += 1
            given = {one.reference.names[0]: value for one, value in found.values}
            same = [one for one in records if given.items() <= one.items()]
            assert same, (seed, given)
            assert all(fits(one, evaluators) for one in same), (seed, given)
        else:
            told[found] += 1
            assert found is Found.NEVER, seed
            assert not fitting, seed
    assert min(told["found"], told[Found.NEVER]) > 20


def test_holes_are_real_and_lie_between_two_conditions(subject: Subject, deep: bool):
    """Bands with borders drawn at random: a hole is told where, and only where, one value is left."""
    fields = subject.catalog.objects["claim"].fields
    seen = 0
    for seed in range(2_000 if deep else 150):
        random = Random(seed)
        borders = sorted(random.sample(range(1, 9), 2))
        low, high = random.choice(("<", "<=")), random.choice((">", ">="))
        texts = [f"count {low} {borders[0]}", f"count {high} {borders[1]}"]
        if random.random() < 0.5:
            between = random.choice((">", ">=")), random.choice(("<", "<="))
            texts.append(f"count {between[0]} {borders[0]} AND count {between[1]} {borders[1]}")
        conditions = [condition(subject, text) for text in texts]
        asked = question(subject)
        parts = [asked.holds(LABEL, one, "") for one in conditions]
        holes = [witness for _, witness in asked.hole(parts, ())]
        evaluators = [compile_python(one.tree) for one in conditions]
        covered = [
            any(one(Record({fields["count"].id: Decimal(n)})) is True for one in evaluators)
            for n in range(11)
        ]
        alone = {n for n in range(1, 10) if not covered[n] and covered[n - 1] and covered[n + 1]}
        told = {int(value) for one in holes for _, value in one.values}
        assert told == alone, (seed, texts)
        seen += bool(told)
    assert seen > 20


def test_a_search_that_grows_too_large_is_given_up(subject: Subject):
    asked = question(subject)
    text = " AND ".join(f"(fee = {n} OR reserve = {n} OR age = {n % 9})" for n in range(40))
    parts = [asked.holds(LABEL, condition(subject, text), "")]

    assert isinstance(asked.answer(parts), (Found, Witness))
