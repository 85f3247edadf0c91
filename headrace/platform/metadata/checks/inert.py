"""Checks for what is written rightly and still changes nothing, because something else covers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, combinations
from typing import Any, Final, TypeAlias

from headrace.platform.core.problems import Message, Problem
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.tree import Call, Literal, walk
from headrace.platform.metadata.catalog import (
    ActionModel,
    ApprovalModel,
    AutomationModel,
    Catalog,
    GrantModel,
    ObjectModel,
    ReportModel,
    ViewModel,
    WorkflowModel,
)
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.satisfiable import is_always
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.references.formulas import mentions

COVERED_GRANT = Message(
    "perm.covered",
    "Another grant of “{role}” on “{object}” allows all of this already.",
    "“{role}”在“{object}”上的另一授权已包含此授权的全部内容。",
    "Remove one of them, or narrow the other.",
    "请删除其中之一，或收窄另一授权。",
    severity="warning",
)
NEVER_RUNS = Message(
    "approval.never_runs",
    "“{name}” never runs: “{first}” comes before it and always holds; it is only shown as a tag.",
    "“{name}”永远不会运行：优先级更高的“{first}”始终成立；它只会显示为标签。",
    "Give “{first}” a condition, or this one the higher priority.",
    "请为“{first}”设置条件，或提高此审批的优先级。",
    severity="warning",
)
SAME_RULE = Message(
    "rule.repeated",
    "The rule “{name}” asks the same as “{first}”.",
    "规则“{name}”与“{first}”的要求相同。",
    "Remove one of them.",
    "请删除其中之一。",
    severity="warning",
)
UNUSED_CONSTANT = Message(
    "constant.unused",
    "No formula uses the constant “{name}”.",
    "没有公式使用常量“{name}”。",
    "Use it, or remove it.",
    "请使用或删除该常量。",
    severity="warning",
)


UNUSED_EXPRESSION = Message(
    "expression.unused",
    "No formula calls the named expression “{name}”.",
    "没有公式调用命名表达式“{name}”。",
    "Call it, or remove it.",
    "请调用或删除该表达式。",
    severity="warning",
)
UNUSED_CALENDAR = Message(
    "calendar.unused",
    "No formula reckons in the working calendar “{name}”.",
    "没有公式使用工作日历“{name}”。",
    "Use it, or remove it.",
    "请使用或删除该日历。",
    severity="warning",
)
UNUSED_PARAMETER = Message(
    "parameter.unused",
    "The formula of “{expression}” does not use its parameter “{name}”.",
    "“{expression}”的公式没有使用参数“{name}”。",
    "Use it, or remove it here and in the calls.",
    "请使用该参数，或在此处及各调用处删除。",
    severity="warning",
)


def check_inert(subject: Subject) -> Iterator[Problem]:
    """Find what others cover; reads one object or workflow at a time, for what has a name in a module all formulas."""
    catalog = subject.catalog
    yield from subject.each("inert", "objects", partial(_of_object, subject))
    yield from subject.each("inert", "workflows", partial(_of_approvals, subject))
    # A module that is checked by itself may have constants for others (version 0).
    if catalog.version and (catalog.constants or catalog.expressions or catalog.calendars):
        yield from _named(subject)
    yield from subject.each_document("parameters", _parameters)


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    yield from _grants(subject, model)
    yield from _rules(subject, model)


def _of_approvals(subject: Subject, workflow: WorkflowModel) -> Iterator[Problem]:
    for approvals in workflow.approvals.values():
        yield from _approvals(subject, approvals)


def _grants(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    by_role: dict[str, list[tuple[GrantModel, str]]] = {}
    for grant, place in subject.grants_of(model):
        by_role.setdefault(grant.role, []).append((grant, place))
    for role, found in by_role.items():
        for position, (grant, place) in enumerate(found):
            others = ((other, at) for at, (other, _) in enumerate(found) if at != position)
            # Of two that are equal the later one is told.
            if any(
                _covers(other, grant) and (at < position or not _covers(grant, other))
                for other, at in others
            ):
                yield COVERED_GRANT.at(place, role=role, object=model.name)


def _covers(wide: GrantModel, narrow: GrantModel) -> bool:
    """Say whether `wide` certainly allows all that `narrow` does."""
    return (
        narrow.actions <= wide.actions
        and narrow.transitions <= wide.transitions
        and (wide.scope == narrow.scope or wide.scope.name == "all")
        and (wide.when is None or wide.when == narrow.when)
        and _within(narrow.read, wide.read)
        and _within(narrow.edit, wide.edit)
    )


def _within(narrow: frozenset[str] | None, wide: frozenset[str] | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)


def _rules(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    known: dict[tuple[str, str], str] = {}
    for position, rule in enumerate(model.rules):
        asked = (rule.unless.source, rule.when.source if rule.when else "")
        first = known.setdefault(asked, rule.name)
        if first != rule.name:
            place = subject.at("object", model.name, "rules", position)
            yield SAME_RULE.at(place, name=rule.name, first=first)


def _approvals(subject: Subject, approvals: tuple[ApprovalModel, ...]) -> Iterator[Problem]:
    told: set[str] = set()
    for one, other in combinations(approvals, 2):
        first, second = sorted((one, other), key=lambda each: -each.definition.priority)
        same = first.definition.priority == second.definition.priority
        always = first.when is None or is_always(first.when, subject.domain)
        if always and not same and second.name not in told:
            told.add(second.name)
            place = subject.at("approval", second.name, "priority")
            yield NEVER_RUNS.at(place, name=second.name, first=first.name)


def _named(subject: Subject) -> Iterator[Problem]:
    """Find constants and named expressions that no formula of the workspace uses."""
    catalog = subject.catalog
    used: set[str] = set()
    for part, formulas in _FORMULAS.items():
        for name in getattr(catalog, part):
            made = partial(_named_in, catalog, part, name, formulas)
            used |= subject.once(("named", part, name), made)
    for module in catalog.modules:
        for key, message in _NAMED.items():
            for position, one in enumerate(subject.content("module", module).get(key, ())):
                if f"{key}.{one['name']}" not in used:
                    yield message.at(subject.at("module", module, key, position), name=one["name"])


def _named_in(catalog: Catalog, part: str, name: str, formulas: Formulas) -> frozenset[str]:
    """Return the constants, named expressions and calendars that a definition uses, each behind its key."""
    found = [one for one in formulas(getattr(catalog, part)[name]) if one is not None]
    constants = (f"constants.{name}" for one in found for name in one.constants())
    expressions = (f"expressions.{name}" for one in found for name in one.named)
    held = {text for one in found for text in _calendars_of(one)}
    held |= _calendars_of_limits(catalog.workflows[name]) if part == "workflows" else set()
    calendars = (f"calendars.{name}" for name, one in catalog.calendars.items() if one.text in held)
    return frozenset((*constants, *expressions, *(calendars if held else ())))


def _calendars_of_limits(workflow: WorkflowModel) -> set[Any]:
    """Return the working calendars in which time limits are counted."""
    approvals = chain.from_iterable(workflow.approvals.values())
    return {limit.calendar for approval in approvals for limit in approval.limits()} - {None}


def _calendars_of(formula: Expression) -> Iterator[Any]:
    """Yield the working calendars that a formula holds."""
    for node in walk(formula.tree):
        if isinstance(node, Call):
            for parameter, argument in zip(
                FUNCTIONS[node.function].parameters, node.args, strict=False
            ):
                if parameter.calendar and isinstance(argument, Literal):
                    yield argument.value


def _parameters(document: Document) -> Iterator[Problem]:
    """Find parameters that the formula of their expression does not name."""
    if document.kind != "module":
        return
    for position, one in enumerate(document.content.get("expressions", ())):
        said = {part for mention in mentions(one["formula"]) for part in mention.parts[:2]}
        for number, parameter in enumerate(one.get("parameters", ())):
            if parameter["name"] not in said:
                place = f"/{document.file}/expressions/{position}/parameters/{number}"
                yield UNUSED_PARAMETER.at(place, name=parameter["name"], expression=one["name"])


def _of_model(model: ObjectModel) -> Iterator[Expression | None]:
    for field in model.fields.values():
        yield from (field.expression, field.default, field.lookup_filter)
    yield from chain.from_iterable((rule.unless, rule.when) for rule in model.rules)
    yield from (rule.when for rule in model.field_rules)
    yield from (rollup.where for rollup in model.rollups)


def _of_grants(grants: Iterable[GrantModel]) -> Iterator[Expression | None]:
    yield from chain.from_iterable((grant.when, grant.scope.criteria) for grant in grants)


def _of_where(one: ViewModel | ReportModel) -> Iterator[Expression | None]:
    yield one.where


def _of_workflow(workflow: WorkflowModel) -> Iterator[Expression | None]:
    for transition in workflow.transitions.values():
        yield transition.when
        yield from (one.value for one in transition.all_assignments)
        yield from (outcome.when for outcome in transition.outcomes.values())
    for approval in chain.from_iterable(workflow.approvals.values()):
        yield approval.when
        for step in approval.steps:
            yield step.when
        yield from (approver.formula for approver in approval.approvers())


def _of_automation(automation: AutomationModel) -> Iterator[Expression | None]:
    yield automation.when
    yield from automation.moments
    yield from chain.from_iterable(map(_of_action, automation.actions))


def _of_action(action: ActionModel) -> Iterator[Expression | None]:
    yield from action.formulas()
    yield from chain.from_iterable(map(_of_action, action.actions))


Formulas: TypeAlias = Callable[[Any], Iterator[Expression | None]]
_NAMED: Final[Mapping[str, Message]] = {
    "constants": UNUSED_CONSTANT,
    "expressions": UNUSED_EXPRESSION,
    "calendars": UNUSED_CALENDAR,
}
"""What the keys of a module give names to, with what is said when no formula uses one."""

_FORMULAS: Final[Mapping[str, Formulas]] = {
    "objects": _of_model,
    "workflows": _of_workflow,
    "automations": _of_automation,
    "permissions": _of_grants,
    "views": _of_where,
    "reports": _of_where,
}
"""The formulas of a definition, by the part of the catalog that it is in."""
