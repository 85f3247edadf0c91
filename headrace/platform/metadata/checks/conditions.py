"""Checks of conditions: those that can never hold, those that always do, values that are no choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from headrace.platform.core.problems import Message, Problem
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import Binary, Case, FieldRef, In, Literal, Node, walk
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import (
    FieldModel,
    ObjectModel,
    ReportModel,
    ViewModel,
    WorkflowModel,
)
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.satisfiable import Answer, can_be, is_always

NEVER = Message(
    "condition.never",
    "This condition can never hold, so nothing is ever chosen by it.",
    "此条件永远不成立，不会选中任何内容。",
    "Correct the values that it compares with, or remove it with what it guards.",
    "请更正比较的值，或连同其控制的内容一并删除。",
)
ALWAYS = Message(
    "condition.always",
    "This condition always holds.",
    "此条件始终成立。",
    "Remove it, or correct the values that it compares with.",
    "请删除，或更正比较的值。",
    severity="warning",
)
GUARD_NEVER = Message(
    "guard.never",
    "This condition can never hold.",
    "此条件永远不成立。",
    "Remove it or what it guards.",
    "请删除该条件或其控制的内容。",
)
CONSTANT_RULE = Message(
    "rule.constant",
    "The rule “{name}” always has the same result.",
    "规则“{name}”的结果恒定不变。",
    "Compare with a value that makes a difference, or remove the rule.",
    "请改为有意义的比较，或删除此规则。",
)
NO_CHOICE = Message(
    "formula.unknown_choice",
    "“{value}” is none of the values of “{field}”.",
    "“{value}”不是“{field}”的取值。",
    "They are: {known}.",
    "可用取值：{known}。",
)

Found = tuple[Expression | None, str]
"""A condition with its place."""


def check_conditions(subject: Subject) -> Iterator[Problem]:
    """Find conditions that make no difference; reads objects, workflows, grants, views, reports."""
    yield from subject.each("conditions", "objects", partial(_in_object, subject))
    yield from subject.each("conditions", "workflows", partial(_in_workflow, subject))
    yield from subject.each("conditions", "views", partial(_in_screen, subject, "view"))
    yield from subject.each("conditions", "reports", partial(_in_screen, subject, "report"))


def _in_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    yield from _rules(subject, model)
    for condition, place in (*_of_object(subject, model), *_of_grants(subject, model)):
        yield from _judged(subject, condition, place, NEVER)
    for field in model.fields.values():
        for value, key in ((field.expression, "formula"), (field.default, "default")):
            if value is not None:
                yield from choices(subject, value, subject.field(model.name, field.name, key))


def _in_workflow(subject: Subject, workflow: WorkflowModel) -> Iterator[Problem]:
    for condition, place in of_workflow(subject, workflow):
        yield from _judged(subject, condition, place, GUARD_NEVER)
    for position, one in enumerate(workflow.definition.transitions):
        place = subject.at("workflow", workflow.name, "transitions", position)
        for assignment in workflow.transitions[one.name].assignments:
            yield from choices(subject, assignment.value, f"{place}/set/{assignment.field}")


def _in_screen(subject: Subject, kind: str, one: ViewModel | ReportModel) -> Iterator[Problem]:
    yield from _judged(subject, one.where, subject.at(kind, one.name, "where"), NEVER)


def _judged(
    subject: Subject, condition: Expression | None, place: str, never: Message
) -> Iterator[Problem]:
    if condition is None:
        return
    wrong = list(choices(subject, condition, place))
    yield from wrong
    if wrong:
        return
    if can_be(True, [condition], subject.domain) is Answer.NO:
        yield never.at(place)
    elif is_always(condition, subject.domain):
        yield ALWAYS.at(place)


def _rules(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for position, rule in enumerate(model.rules):
        place = subject.at("object", model.name, "rules", position)
        yield from _judged(subject, rule.when, place + "/when", NEVER)
        wrong = list(choices(subject, rule.unless, place + "/unless"))
        yield from wrong
        if wrong:
            continue
        reads = rule.unless.references() or rule.unless.uses_clock or rule.unless.uses_user
        kept = can_be(False, [rule.unless], subject.domain) is Answer.NO
        if kept or not reads:
            yield CONSTANT_RULE.at(place + "/unless", name=rule.name)


# -- where conditions stand --------------------------------------------------------------------------


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Found]:
    for field in model.fields.values():
        if field.lookup_filter is not None:
            yield field.lookup_filter, subject.filter_place(field)
    for position, rule in enumerate(model.definition.field_rules):
        model_rule = next((one for one in model.field_rules if one.name == rule.name), None)
        if rule.origin is None:
            place = subject.at("object", model.name, "field_rules", position, "when")
            yield (model_rule.when if model_rule else None), place
    for rollup in model.rollups:
        yield rollup.where, subject.field(model.name, rollup.field, "where")
    for position, ban in enumerate(model.bans):
        if ban.condition is not None:
            place = subject.at("object", model.name, "no_overlap", position, "where")
            yield _held(model.fields[ban.condition]), place
    for position, names in enumerate(model.uniques):
        held = model.fields[names[-1]]
        if held.key_of is not None and model.definition.unique[position].where is not None:
            yield _held(held), subject.at("object", model.name, "unique", position, "where")


def _held(field: FieldModel) -> Expression | None:
    """Return the condition in the formula that says whether a key holds."""
    expression = field.expression
    tree = None if expression is None else expression.tree
    if expression is None or not isinstance(tree, Case):
        return None
    return replace(expression, tree=tree.branches[0].condition)


def of_workflow(subject: Subject, model: WorkflowModel) -> Iterator[Found]:
    """Yield the conditions of a workflow and its approvals with their places."""
    for position, one in enumerate(model.definition.transitions):
        place = subject.at("workflow", model.name, "transitions", position)
        found = model.transitions[one.name]
        yield found.when, place + "/when"
        for outcome, resolved in found.outcomes.items():
            way = outcome if outcome == "without_approval" else f"on/{outcome}"
            yield resolved.when, f"{place}/{way}/when"
    for approvals in model.approvals.values():
        for approval in approvals:
            yield approval.when, subject.at("approval", approval.name, "when")
            for step in approval.steps:
                yield step.when, subject.at("approval", approval.name, *step.way, "when")


def _of_grants(subject: Subject, model: ObjectModel) -> Iterator[Found]:
    for grant, place in subject.grants_of(model):
        yield grant.when, place + "/when"
        yield grant.scope.criteria, place + "/scope/criteria"


# -- values that are no choice -------------------------------------------------------------------------


def choices(subject: Subject, formula: Expression, place: str) -> Iterator[Problem]:
    """Find comparisons of a choice or state with a text that it never is."""
    for node in walk(formula.tree):
        for reference, value in _compared(node):
            field = subject.fields_by_id.get(reference.path[-1])
            known = subject.values_of(field) if field else None
            if field is not None and known is not None and value not in known:
                shown = ", ".join(sorted(known)[:20])
                yield NO_CHOICE.at(place, value=value, field=field.name, known=shown)
                return


def _compared(node: Node) -> Iterator[tuple[FieldRef, str]]:
    match node:
        case Binary(operator="=" | "!=", left=FieldRef() as field, right=Literal() as literal):
            pairs = [(field, literal)]
        case Binary(operator="=" | "!=", left=Literal() as literal, right=FieldRef() as field):
            pairs = [(field, literal)]
        case In(operand=FieldRef() as field, items=items):
            pairs = [(field, item) for item in items if isinstance(item, Literal)]
        case _:
            pairs = []
    for field, literal in pairs:
        if literal.type.kind is Kind.TEXT and field.type.kind is Kind.TEXT:
            yield field, str(literal.value)
