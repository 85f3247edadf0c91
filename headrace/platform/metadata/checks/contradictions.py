"""Checks for conditions that can each hold, but never together where both are asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain

from headrace.platform.core.problems import Message, Problem
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import Unary
from headrace.platform.metadata.catalog import ApprovalModel, ObjectModel, WorkflowModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.satisfiable import Answer, can_be

NEVER_BROKEN = Message(
    "rule.constant",
    "The rule “{name}” can never be broken: where its “when” holds, its “unless” is not false.",
    "规则“{name}”永远不会被违反:其“when”成立时,“unless”不可能为假。",
    "Correct the values that the two compare with, or remove the rule.",
    "请更正两个条件中比较的值,或删除此规则。",
)
NEVER_ASKED = Message(
    "guard.never",
    "The step “{step}” is never asked: its condition and that of “{approval}” exclude each other.",
    "步骤“{step}”永远不会执行:其条件与“{approval}”的条件互斥。",
    "Correct one of the conditions, or remove the step.",
    "请更正其中一个条件,或删除该步骤。",
)
NEVER_GRANTED = Message(
    "condition.never",
    "The grant covers no row: its “when” and the criteria of its scope exclude each other.",
    "此授权不涵盖任何行:其“when”与范围条件互斥。",
    "Correct one of the two, or remove the grant.",
    "请更正其中之一,或删除此授权。",
)


def check_contradictions(subject: Subject) -> Iterator[Problem]:
    """Find conditions that exclude each other; reads one object, grant or approval at a time."""
    yield from subject.each("contradictions", "objects", partial(_of_object, subject))
    yield from subject.each("contradictions", "workflows", partial(_of_workflow, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    yield from _rules(subject, model)
    for grant, place in subject.grants_of(model):
        if _exclude(subject, grant.when, grant.scope.criteria):
            yield NEVER_GRANTED.at(place + "/when")


def _of_workflow(subject: Subject, workflow: WorkflowModel) -> Iterator[Problem]:
    for approval in chain.from_iterable(workflow.approvals.values()):
        yield from _steps(subject, approval)


def _rules(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for position, rule in enumerate(model.rules):
        # A rule is broken where `unless` is false; null passes, as it does behind NOT.
        tree = Unary("NOT", rule.unless.tree, rule.unless.type)
        if _exclude(subject, rule.when, Expression(rule.unless.source, tree)):
            place = subject.at("object", model.name, "rules", position)
            yield NEVER_BROKEN.at(place + "/unless", name=rule.name)


def _steps(subject: Subject, approval: ApprovalModel) -> Iterator[Problem]:
    """Find steps that are never asked; the record stands still while nobody may edit it."""
    if any(step.definition.editable for step in approval.steps):
        return
    for position, step in enumerate(approval.steps):
        # What is read across a reference may be another value by the time of the step.
        still = step.when is not None and all(len(path) == 1 for path in step.when.references())
        if still and _exclude(subject, approval.when, step.when):
            place = subject.at("approval", approval.name, "steps", position, "when")
            yield NEVER_ASKED.at(place, step=step.name, approval=approval.name)


def _exclude(subject: Subject, first: Expression | None, second: Expression | None) -> bool:
    """Say whether both certainly never hold in one record, though each can."""
    if first is None or second is None:
        return False
    return can_be(True, [first, second], subject.domain) is Answer.NO and all(
        can_be(True, [one], subject.domain) is not Answer.NO for one in (first, second)
    )
