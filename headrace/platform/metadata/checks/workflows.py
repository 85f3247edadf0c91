"""Checks of workflows and approvals: every state reachable and left, every approver resolvable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.catalog import ApprovalModel, OutcomeModel, WorkflowModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.field_types.references import USER_OBJECT

START_STATE = Message(
    "workflow.start_state",
    "The workflow “{name}” has {count} initial states.",
    "工作流“{name}”有 {count} 个初始状态。",
    "Mark exactly one state as initial.",
    "请只标记一个初始状态。",
)
UNREACHABLE = Message(
    "workflow.unreachable_state",
    "No way leads to the state “{state}”.",
    "没有任何路径到达状态“{state}”。",
    "Add a transition to it, or remove it.",
    "请增加到达它的转换,或删除它。",
)
DEAD_END = Message(
    "workflow.dead_end",
    "The state “{state}” is not final and nothing leads out of it.",
    "状态“{state}”不是终态,却没有出路。",
    "Mark it final, or add a transition.",
    "请标记为终态,或增加转换。",
)
FINAL_LEFT = Message(
    "workflow.final_left",
    "The final state “{state}” is left by “{transition}”.",
    "终态“{state}”被转换“{transition}”离开。",
    "Remove the mark or the transition.",
    "请取消终态标记或删除该转换。",
)
UNKNOWN_STATE = Message(
    "workflow.unknown_state",
    "There is no state “{state}”.",
    "没有状态“{state}”。",
    "The states are: {states}.",
    "可用状态:{states}。",
)
AMBIGUOUS = Message(
    "workflow.ambiguous",
    "The name “{name}” is used twice.",
    "名称“{name}”重复。",
    "Give each its own name.",
    "请使用不同的名称。",
)
WRONG_FIELD = Message(
    "workflow.wrong_field",
    "“{field}” of “{object}” is not a state field of this workflow.",
    "“{object}”的“{field}”不是此工作流的状态字段。",
    "Name a field of type state whose workflow is “{name}”.",
    "请指定类型为状态且工作流为“{name}”的字段。",
)
NO_OUTCOME = Message(
    "workflow.no_outcome",
    "“{transition}” is decided by an approval but says nothing for “{outcome}”.",
    "“{transition}”需要审批,但未说明“{outcome}”后的去向。",
    'Add it under "on".',
    "请在“on”中补充。",
)
IDLE_OUTCOME = Message(
    "workflow.idle_outcome",
    "“{transition}” says what follows an approval, but no approval decides it.",
    "“{transition}”定义了审批结果,但没有审批。",
    "Add an approval or remove the outcomes.",
    "请增加审批或删除这些结果。",
    severity="warning",
)
APPROVER_SHAPE = Message(
    "approval.approver",
    "An approver is either a field or a role; “within” goes with a role.",
    "审批人只能是字段或角色;“within”只能与角色一起使用。",
    "Give exactly one of them.",
    "请只填写其中之一。",
)
APPROVER_TARGET = Message(
    "approval.approver_target",
    "“{path}” does not lead to {expected}.",
    "“{path}”未指向 {expected}。",
    "Choose a path whose last field does.",
    "请选择末端正确的路径。",
)
NOT_EDITABLE = Message(
    "approval.not_editable",
    "Nobody can change “{field}”: the platform makes it.",
    "“{field}”由系统生成,无法编辑。",
    "Take it from the list.",
    "请从列表中移除。",
)


def check_workflows(subject: Subject) -> Iterator[Problem]:
    """Find workflows that cannot run as drawn."""
    for model in subject.catalog.workflows.values():
        yield from _shape(subject, model)
        yield from _transitions(subject, model)
        yield from _reach(subject, model)
        for transition, approvals in model.approvals.items():
            if transition in model.transitions:
                yield from _outcomes(subject, model, transition)
            for approval in approvals:
                yield from _approval(subject, model, approval)


def _shape(subject: Subject, model: WorkflowModel) -> Iterator[Problem]:
    count = sum(state.initial for state in model.definition.states)
    if count != 1:
        yield START_STATE.at(
            subject.at("workflow", model.name, "states"), name=model.name, count=count
        )
    field = subject.catalog.objects[model.object].fields[model.field]
    if field.computed != "workflow" or field.options.workflow != model.name:
        place = subject.at("workflow", model.name, "field")
        yield WRONG_FIELD.at(place, field=model.field, object=model.object, name=model.name)
    for key in ("states", "transitions"):
        names = Counter(one.name for one in getattr(model.definition, key))
        for position, one in enumerate(getattr(model.definition, key)):
            if names[one.name] > 1:
                yield AMBIGUOUS.at(subject.at("workflow", model.name, key, position), name=one.name)


def _transitions(subject: Subject, model: WorkflowModel) -> Iterator[Problem]:
    shown = ", ".join(model.states)
    for position, one in enumerate(model.definition.transitions):
        place = subject.at("workflow", model.name, "transitions", position)
        resolved = model.transitions[one.name]
        outcomes = (
            ("/without_approval", resolved.without_approval),
            ("/on/approved", resolved.approved),
            ("/on/rejected", resolved.rejected),
            ("/on/withdrawn", resolved.withdrawn),
        )
        used = [(f"/from/{index}", state) for index, state in enumerate(one.from_)]
        used += [("/to", one.to), *((key, found.to) for key, found in outcomes if found)]
        for key, state in used:
            if state not in model.states:
                yield UNKNOWN_STATE.at(place + key, state=state, states=shown)
        for key, state in used[: len(one.from_)]:
            if state in model.states and model.states[state].final:
                yield FINAL_LEFT.at(place + key, state=state, transition=one.name)
        if one.on is not None and not model.approvals.get(one.name):
            yield IDLE_OUTCOME.at(place + "/on", transition=one.name)


def targets(model: WorkflowModel, name: str) -> set[str]:
    """Return the states that a transition can lead to, outcomes of its approval included."""
    one = model.transitions[name]
    outcomes: list[OutcomeModel | None] = [one.without_approval]
    if model.approvals.get(name):
        outcomes += [one.approved, one.rejected, one.withdrawn]
    always = {one.definition.to} if model.approvals.get(name) or not one.without_approval else set()
    return always | {found.to for found in outcomes if found is not None}


def _reach(subject: Subject, model: WorkflowModel) -> Iterator[Problem]:
    reached = {model.initial} & set(model.states)
    grown = True
    while grown:
        grown = False
        for name, one in model.transitions.items():
            if reached & set(one.definition.from_):
                more = (targets(model, name) & set(model.states)) - reached
                reached |= more
                grown = grown or bool(more)
    waiting = {
        one.definition.to for name, one in model.transitions.items() if model.approvals.get(name)
    }
    left = {state for one in model.transitions.values() for state in one.definition.from_}
    for position, state in enumerate(model.definition.states):
        place = subject.at("workflow", model.name, "states", position)
        if reached and state.name not in reached:
            yield UNREACHABLE.at(place, state=state.name)
        if not state.final and state.name not in left and state.name not in waiting:
            yield DEAD_END.at(place, state=state.name)


def _outcomes(subject: Subject, model: WorkflowModel, transition: str) -> Iterator[Problem]:
    one = model.transitions[transition]
    position = list(model.transitions).index(transition)
    for outcome, found in (("approved", one.approved), ("rejected", one.rejected)):
        if found is None:
            place = subject.at("workflow", model.name, "transitions", position, "on")
            yield NO_OUTCOME.at(place, transition=transition, outcome=outcome)


def _approval(subject: Subject, model: WorkflowModel, approval: ApprovalModel) -> Iterator[Problem]:
    fields = subject.catalog.objects[model.object].fields
    for position, step in enumerate(approval.steps):
        place = subject.at("approval", approval.name, "steps", position)
        for index, name in enumerate(step.definition.editable):
            if fields[name].computed or fields[name].system:
                yield NOT_EDITABLE.at(f"{place}/editable/{index}", field=name)
        for index, approver in enumerate(step.approvers):
            where = f"{place}/approvers/{index}"
            declared = step.definition.approvers[index]
            if (approver.field is None) == (approver.role is None) or (
                approver.within and not approver.role
            ):
                yield APPROVER_SHAPE.at(where)
            if approver.field and approver.field[-1].target != USER_OBJECT:
                yield APPROVER_TARGET.at(where + "/field", path=declared.field, expected="user")
            if approver.within:
                target = subject.catalog.objects.get(approver.within[-1].target or "")
                if target is None or target.acts_as != "territory":
                    yield APPROVER_TARGET.at(
                        where + "/within", path=declared.within, expected="territory"
                    )
