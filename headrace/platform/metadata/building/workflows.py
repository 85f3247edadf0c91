"""State machines and approvals: guards, assignments, outcomes, approvers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from headrace.platform.core.problems import Message
from headrace.platform.formulas.calendars import STANDARD
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.types import USER_OBJECT, references
from headrace.platform.metadata.building.assigning import assignments_of
from headrace.platform.metadata.building.messages import GUARD_FIELD, UNKNOWN_REFERENCE
from headrace.platform.metadata.building.workbench import Workbench, unknown_field
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    ApproverModel,
    CopyModel,
    ObjectModel,
    OutcomeModel,
    StepModel,
    TimeLimitModel,
    TransitionModel,
    WorkflowModel,
)
from headrace.platform.metadata.definitions.workflows import (
    ApprovalDef,
    ApproverDef,
    CopyDef,
    OutcomeDef,
    StepDef,
    TimeLimitDef,
    TransitionDef,
    WorkflowDef,
)

WORKING: Final = frozenset({"working_hours", "working_days"})
"""Units that are counted in a working calendar."""

UNKNOWN_CALENDAR: Final = Message(
    "timer.unknown_calendar",
    "There is no working calendar “{name}”.",
    "没有工作日历“{name}”。",
    "Add it under `calendars` of a module, name another one, or count in hours or days.",
    "请在模块的 `calendars` 中添加该日历、改用其他日历，或改以小时、自然日计时。",
)

GUARD: Final = {"formula.unknown_field": GUARD_FIELD}


def build_workflows(work: Workbench) -> dict[str, WorkflowModel]:
    """Resolve all workflows with their approvals."""
    approvals = _approvals(work)
    for name in work.stale("workflow", "workflow"):
        definition = work.know("workflow", name)
        own = [work.know("approval", one.name) for one in approvals.get(name, ())]
        work.part(
            "workflow",
            name,
            (definition, *own),
            partial(_found_workflow, work, definition, own),
            about=definition.object,
        )
    made = work.results("workflow", work.definitions.get("workflow", ()))
    result = {name: model for name, model in made.items() if model is not None}
    for one in work.objects.values():
        if one.workflow is not None and one.workflow not in result:
            place = work.field_place(one.name, str(one.state_field))
            problem = UNKNOWN_REFERENCE.at("/workflow", kind="workflow", name=one.workflow)
            work.problems.append(problem.below(place))
    return result


def _approvals(work: Workbench) -> dict[str, list[ApprovalDef]]:
    """Return the approvals of each workflow; a workflow that does not exist is a problem."""
    known = work.definitions.get("workflow", {})
    result: dict[str, list[ApprovalDef]] = {}
    for approval in work.definitions.get("approval", {}).values():
        if approval.workflow in known:
            result.setdefault(approval.workflow, []).append(approval)
        else:
            problem = UNKNOWN_REFERENCE.at("/workflow", kind="workflow", name=approval.workflow)
            work.report(problem, work.know("approval", approval.name))
    return result


def _found_workflow(
    work: Workbench, definition: WorkflowDef, approvals: Sequence[ApprovalDef]
) -> WorkflowModel | None:
    model = work.objects.get(definition.object)
    if model is None:
        work.report_unknown_object(definition, definition.object)
        return None
    if definition.field not in model.fields:
        work.report_unknown_field(definition, model, definition.field, "field")
        return None
    return _workflow(work, definition, approvals, model)


def _workflow(
    work: Workbench,
    definition: WorkflowDef,
    decided_by: Sequence[ApprovalDef],
    model: ObjectModel,
) -> WorkflowModel:
    states = {state.name: state for state in definition.states}
    initial = next((state.name for state in definition.states if state.initial), "")
    transitions = {
        one.name: _transition(work, definition, model, one, position)
        for position, one in enumerate(definition.transitions)
    }
    approvals: dict[str, list[ApprovalModel]] = {}
    for approval in decided_by:
        if approval.transition not in transitions:
            problem = UNKNOWN_REFERENCE.at(
                "/transition", kind="transition", name=approval.transition
            )
            work.report(problem, approval)
        approvals.setdefault(approval.transition, []).append(_approval(work, approval, model))
    return WorkflowModel(
        id=definition.id or definition.name,
        name=definition.name,
        object=definition.object,
        field=definition.field,
        definition=definition,
        states=states,
        initial=initial,
        transitions=transitions,
        approvals={
            name: tuple(sorted(many, key=lambda a: (-a.definition.priority, a.name)))
            for name, many in approvals.items()
        },
    )


def _transition(
    work: Workbench,
    workflow: WorkflowDef,
    model: ObjectModel,
    definition: TransitionDef,
    position: int,
) -> TransitionModel:
    place = work.place(workflow, "transitions", position)
    for index, role in enumerate(definition.by):
        work.role(role, work.place(workflow, "transitions", position, "by", index))
    outcomes = definition.on
    return TransitionModel(
        definition=definition,
        when=work.expression(
            definition.when, model.name, place + "/when", queries=True, recode=GUARD
        ),
        assignments=assignments_of(work, model, definition.set, place + "/set"),
        without_approval=_outcome(
            work, model, definition.without_approval, place + "/without_approval"
        ),
        approved=_outcome(
            work, model, outcomes.approved if outcomes else None, place + "/on/approved"
        ),
        rejected=_outcome(
            work, model, outcomes.rejected if outcomes else None, place + "/on/rejected"
        ),
        withdrawn=_outcome(
            work, model, outcomes.withdrawn if outcomes else None, place + "/on/withdrawn"
        ),
        returned=_outcome(
            work, model, outcomes.returned if outcomes else None, place + "/on/returned"
        ),
    )


def _outcome(
    work: Workbench, model: ObjectModel, definition: OutcomeDef | None, place: str
) -> OutcomeModel | None:
    if definition is None:
        return None
    return OutcomeModel(
        to=definition.to,
        when=work.expression(
            definition.when, model.name, place + "/when", queries=True, recode=GUARD
        ),
        assignments=assignments_of(work, model, definition.set, place + "/set"),
        undo=definition.undo,
    )


def _approval(work: Workbench, definition: ApprovalDef, model: ObjectModel) -> ApprovalModel:
    steps = tuple(_steps(work, definition, model))
    place = work.place(definition, "when")
    when = work.expression(definition.when, model.name, place, queries=True, recode=GUARD)
    details = {child.name for child in model.children}
    for position, name in enumerate(definition.key_fields):
        if name not in model.fields and name not in details:
            work.report(unknown_field(model, name), definition, "key_fields", position)
    time = _time(work, definition.time, model, work.place(definition, "time"))
    copies = _copies(work, definition.copies, model, work.place(definition, "copies"))
    return ApprovalModel(definition, when, steps, time, copies)


def _steps(work: Workbench, approval: ApprovalDef, model: ObjectModel) -> Iterator[StepModel]:
    """Yield the steps that ask people, those in branches too."""
    for position, step in enumerate(approval.steps):
        way: tuple[str | int, ...] = ("steps", position)
        if not step.branches:
            yield _step(work, approval, model, step, way)
        for index, branch in enumerate(step.branches):
            for number, inner in enumerate(branch.steps):
                inside = (*way, "branches", index, "steps", number)
                found = _step(work, approval, model, inner, inside)
                yield replace(found, block=step, branch=branch)


def _step(
    work: Workbench,
    approval: ApprovalDef,
    model: ObjectModel,
    definition: StepDef,
    way: tuple[str | int, ...],
) -> StepModel:
    place = work.place(approval, *way)
    for index, name in enumerate(definition.editable):
        if name not in model.fields:
            work.report(unknown_field(model, name), approval, *way, "editable", index)
    for index, name in enumerate(definition.required):
        if name not in model.fields:
            work.report(unknown_field(model, name), approval, *way, "required", index)
    approvers = tuple(
        _approver(work, one, model, f"{place}/approvers/{index}")
        for index, one in enumerate(definition.approvers)
    )
    when = work.expression(definition.when, model.name, place + "/when", queries=True, recode=GUARD)
    time = _time(work, definition.time, model, place + "/time")
    copies = _copies(work, definition.copies, model, place + "/copies")
    depends_on = tuple(
        found
        for index, name in enumerate(definition.depends_on)
        if (found := _member(work, model, name, f"{place}/depends_on/{index}"))
    )
    return StepModel(definition, when, approvers, time, copies, way, depends_on=depends_on)


def _member(work: Workbench, model: ObjectModel, name: str, place: str) -> tuple[str, ...] | None:
    """Return a field by its id; a relation by its name, with the id of a field of its rows."""
    first, _, field = name.partition(".")
    child = model.child(first)
    if child is None:
        found = work.path_at(place, model.name, name)
        return (found[0].id,) if found else None
    if not field:
        return (first,)
    of_row = work.path_at(place, str(child.object), field)
    return (first, of_row[0].id) if of_row else None


def _time(
    work: Workbench, definition: TimeLimitDef | None, model: ObjectModel, place: str
) -> TimeLimitModel | None:
    if definition is None:
        return None
    calendar = None
    if definition.unit in WORKING or definition.calendar is not None:
        name = definition.calendar or STANDARD
        calendar = work.scope(model.name).calendar(name)
        if calendar is None:
            work.problems.append(UNKNOWN_CALENDAR.at(place + "/calendar", name=name))
    escalate_to = tuple(
        _approver(work, one, model, f"{place}/escalate_to/{index}")
        for index, one in enumerate(definition.escalate_to)
    )
    return TimeLimitModel(definition, calendar, escalate_to)


def _copies(
    work: Workbench, copies: Sequence[CopyDef], model: ObjectModel, place: str
) -> tuple[CopyModel, ...]:
    return tuple(
        CopyModel(
            one.at,
            tuple(
                _approver(work, source, model, f"{place}/{position}/to/{index}")
                for index, source in enumerate(one.to)
            ),
        )
        for position, one in enumerate(copies)
    )


USERS: Final = references(USER_OBJECT)


def _users(
    work: Workbench, definition: ApproverDef, model: ObjectModel, place: str
) -> Expression | None:
    """Return the formula that gives the users who are asked."""
    return work.expression(definition.formula, model.name, place, expected=USERS, queries=True)


def _approver(
    work: Workbench, definition: ApproverDef, model: ObjectModel, place: str
) -> ApproverModel:
    if definition.role is not None:
        work.role(definition.role, place + "/role")
    if definition.until is not None:
        work.role(definition.until, place + "/until")
    return ApproverModel(
        field=work.path_at(place + "/field", model.name, definition.field),
        role=definition.role,
        within=work.path_at(place + "/within", model.name, definition.within),
        veto=definition.veto,
        user=definition.user,
        managers=definition.managers,
        of=work.path_at(place + "/of", model.name, definition.of),
        until=definition.until,
        formula=_users(work, definition, model, place + "/formula"),
        chosen=definition.chosen,
    )
