"""Checks of the questions that formulas ask: each must find its rows by an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.by_index import asks_by_index
from headrace.platform.metadata.catalog import CopyModel, ObjectModel, WorkflowModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.conditions import Found, of_workflow

UNINDEXED = Message(
    "query.unindexed",
    "{function} goes through all rows of “{object}” each time: nothing in its condition finds them by an index.",
    "{function} 每次都会扫描“{object}”的全部行：条件中没有可用索引的比较。",
    "Compare a lookup, a unique field, the state, created_at, or a field that a view sorts by: with =, IN, <, <=, > or"
    " >=, in a condition that always applies.",
    "请在必然生效的条件中，用 =、IN、<、<=、>、>= 比较查找字段、唯一字段、状态、created_at 或某列表的排序字段。",
    severity="warning",
)


def check_queries(subject: Subject) -> Iterator[Problem]:
    """Find questions without an index; reads objects, workflows, and the views of objects asked."""
    yield from subject.each("queries", "objects", partial(_in_object, subject))
    yield from subject.each("queries", "workflows", partial(_in_workflow, subject))


def _in_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for field in model.fields.values():
        if field.default is not None and field.default.queries:
            place = subject.field(model.name, field.name, "default")
            yield from judged(subject, (field.default, place))
    for one in model.ledger.assignments if model.ledger else ():
        yield from judged(subject, (one.value, subject.at("object", model.name, "ledger", "set")))


def _in_workflow(subject: Subject, workflow: WorkflowModel) -> Iterator[Problem]:
    conditions, values = of_workflow(subject, workflow), assigned(subject, workflow)
    for found in chain(conditions, values, _approvers(subject, workflow)):
        yield from judged(subject, found)


def assigned(subject: Subject, workflow: WorkflowModel) -> Iterator[Found]:
    """Yield the formulas that the transitions of a workflow set fields by, with their places."""
    for position, one in enumerate(workflow.definition.transitions):
        place = subject.at("workflow", workflow.name, "transitions", position)
        transition = workflow.transitions[one.name]
        for assignment in transition.assignments:
            yield assignment.value, f"{place}/set/{assignment.field}"
        for outcome, resolved in transition.outcomes.items():
            way = outcome if outcome == "without_approval" else f"on/{outcome}"
            for assignment in resolved.assignments:
                yield assignment.value, f"{place}/{way}/set/{assignment.field}"


def _approvers(subject: Subject, workflow: WorkflowModel) -> Iterator[Found]:
    for approval in chain.from_iterable(workflow.approvals.values()):
        for step in approval.steps:
            place = subject.at("approval", approval.name, *step.way)
            for index, approver in enumerate(step.approvers):
                yield approver.formula, f"{place}/approvers/{index}/formula"
            for index, approver in enumerate(step.time.escalate_to if step.time else ()):
                yield approver.formula, f"{place}/time/escalate_to/{index}/formula"
            yield from _copies(step.copies, f"{place}/copies")
        place = subject.at("approval", approval.name, "time", "escalate_to")
        for index, approver in enumerate(approval.time.escalate_to if approval.time else ()):
            yield approver.formula, f"{place}/{index}/formula"
        yield from _copies(approval.copies, subject.at_list("approval", approval.name, "copies"))


def _copies(copies: Iterable[CopyModel], place: str) -> Iterator[Found]:
    for position, copy in enumerate(copies):
        for index, source in enumerate(copy.to):
            yield source.formula, f"{place}/{position}/to/{index}/formula"


def judged(subject: Subject, found: Found) -> Iterator[Problem]:
    """Yield a warning for each question of a formula that goes through all rows."""
    expression, place = found
    for query in expression.queries if expression is not None else ():
        model = subject.catalog.object(query.name)
        if model is not None and not asks_by_index(subject.catalog, model, query):
            yield UNINDEXED.at(place, function=query.function, object=query.name)
