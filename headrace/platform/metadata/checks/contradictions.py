"""Checks for conditions that can each hold, but never together where both are asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from headrace.platform.core.problems import Message, Problem
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import Unary
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.satisfiable import Answer, can_be

NEVER_BROKEN = Message(
    "rule.constant",
    "The rule “{name}” can never be broken: where its “when” holds, its “unless” is not false.",
    "规则“{name}”永远不会被违反：其“when”成立时，“unless”不可能为假。",
    "Correct the values that the two compare with, or remove the rule.",
    "请更正两个条件中比较的值，或删除此规则。",
)
NEVER_GRANTED = Message(
    "condition.never",
    "The grant covers no row: its “when” and the criteria of its scope exclude each other.",
    "此授权不涵盖任何行：其“when”与范围条件互斥。",
    "Correct one of the two, or remove the grant.",
    "请更正其中之一，或删除此授权。",
)


def check_contradictions(subject: Subject) -> Iterator[Problem]:
    """Find conditions that exclude each other; reads one object or grant at a time."""
    yield from subject.each("contradictions", "objects", partial(_of_object, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    yield from _rules(subject, model)
    for grant, place in subject.grants_of(model):
        if _exclude(subject, grant.when, grant.scope.criteria):
            yield NEVER_GRANTED.at(place + "/when")


def _rules(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for position, rule in enumerate(model.rules):
        # A rule is broken where `unless` is false; null passes, as it does behind NOT.
        tree = Unary("NOT", rule.unless.tree, rule.unless.type)
        if _exclude(subject, rule.when, Expression(rule.unless.source, tree)):
            place = subject.at("object", model.name, "rules", position)
            yield NEVER_BROKEN.at(place + "/unless", name=rule.name)


def _exclude(subject: Subject, first: Expression | None, second: Expression | None) -> bool:
    """Say whether both certainly never hold in one record, though each can."""
    if first is None or second is None:
        return False
    return can_be(True, [first, second], subject.domain) is Answer.NO and all(
        can_be(True, [one], subject.domain) is not Answer.NO for one in (first, second)
    )
