"""Checks of workflows and approvals: every state reachable and left, every approver resolvable."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    ApproverModel,
    CopyModel,
    FieldModel,
    FieldPath,
    ObjectModel,
    OutcomeModel,
    StepModel,
    WorkflowModel,
)
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.definitions.workflows import ApproverDef, CopyDef, StepDef
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import HOLDS_FILES

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
    "请增加到达它的转换，或删除它。",
)
NO_EXIT = Message(
    "workflow.dead_end",
    "From the state “{state}” no final state can ever be reached.",
    "从状态“{state}”出发永远无法到达任何终态。",
    "Add a transition that leads out of the loop.",
    "请增加一个离开循环的转换。",
)
DEAD_END = Message(
    "workflow.dead_end",
    "The state “{state}” is not final and nothing leads out of it.",
    "状态“{state}”不是终态，却没有出路。",
    "Mark it final, or add a transition.",
    "请标记为终态，或增加转换。",
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
    "可用状态：{states}。",
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
    "“{transition}”需要审批，但未说明“{outcome}”后的去向。",
    'Add it under "on".',
    "请在该转换的结果中补充。",
)
UNDONE_APPROVED = Message(
    "workflow.undo_approved",
    "“{transition}” takes changes back although nobody refused them.",
    "“{transition}”在未被拒绝时也撤销修改。",
    "Take back only what is rejected, withdrawn or returned.",
    "请仅在驳回、撤回或退回时撤销修改。",
)
UNDONE_WITHOUT_HISTORY = Message(
    "workflow.undo_without_history",
    "“{transition}” takes changes back, but of these none are kept: {names}.",
    "“{transition}”要撤销修改，但以下内容未保留修改历史：{names}。",
    "Let the object keep the history of all changes.",
    "请为该对象启用修改历史。",
)
IDLE_OUTCOME = Message(
    "workflow.idle_outcome",
    "“{transition}” says what follows an approval, but no approval decides it.",
    "“{transition}”定义了审批结果，但没有审批。",
    "Add an approval or remove the outcomes.",
    "请增加审批或删除这些结果。",
    severity="warning",
)
UNUSED_OUTCOME = Message(
    "workflow.idle_outcome",
    "“{transition}” is always decided by the approval “{approval}”, so this never happens.",
    "“{transition}”总是由审批“{approval}”决定，此去向不会发生。",
    "Give the approval a condition, or remove this outcome.",
    "请为审批设置条件，或删除此去向。",
    severity="warning",
)
NOT_SETTABLE = Message(
    "workflow.not_settable",
    "“{field}” cannot be set: the platform makes its value.",
    "“{field}”不能设置：其值由平台生成。",
    "Set another field.",
    "请设置其他字段。",
)
NOBODY_MAY = Message(
    "workflow.nobody_may",
    "No role may take “{transition}”: a grant must list it, for one of its “Roles”.",
    "没有角色可以执行“{transition}”：须有授权列出它，且该角色在其“可执行的角色”之中。",
    "Add it to the transitions of a grant on “{object}”.",
    "请在“{object}”的权限中，为某个角色勾选此转换。",
    severity="warning",
)
NO_GRANT = Message(
    "workflow.role_without_grant",
    "“{role}” may not take “{transition}”: no grant of it lists the transition.",
    "“{role}”不能执行“{transition}”：该角色的授权未列出此转换。",
    "Add the transition to a grant of the role, or take the role from its “Roles”.",
    "请将转换加入该角色的授权，或将该角色从“可执行的角色”移除。",
    severity="warning",
)
SELF_APPROVAL = Message(
    "workflow.self_approval_possible",
    "The approver can be the one who submits; then somebody else is asked, or the fall-back role.",
    "审批人可能就是提交人；此时会改由他人或兜底审批角色审批。",
    "Name a field or role that the submitter does not hold.",
    "请指定提交人不会担任的字段或角色。",
    severity="warning",
)
TWO_STATES = Message(
    "object.two_states",
    "“{object}” has two state fields; only one workflow can move a record.",
    "“{object}”有两个状态字段，而一条记录只能由一个工作流驱动。",
    "Keep one; make the other a choice.",
    "请保留一个，另一个改为单选。",
)
APPROVER_SHAPE = Message(
    "approval.approver",
    "An approver is one of field, role, user, managers, formula; “within” goes with a role, “of” and “until” with managers.",
    "审批人只能是 field、role、user、managers、formula 之一；“within”与 role 同用，“of”和“until”与 managers 同用。",
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
RATIO_MISSING = Message(
    "approval.ratio",
    "The step “{step}” says no percentage of its approvers.",
    "步骤“{step}”未说明需要多少比例的审批人同意。",
    "Add “ratio”, or choose another mode.",
    "请填写 ratio，或选择其他方式。",
)
RATIO_IDLE = Message(
    "approval.ratio",
    "“{key}” does nothing here: the mode of “{step}” is “{mode}”.",
    "“{key}”在此不起作用：步骤“{step}”的方式为“{mode}”。",
    "Remove it, or choose the mode “ratio”.",
    "请删除它，或选择 ratio 方式。",
)
KEY_FIELD = Message(
    "approval.key_field",
    "“{field}” keeps no value of its own, so nobody can say whether it changed.",
    "“{field}”没有存储的值，无法判断是否变化。",
    "Name the stored fields from which it is made, or a relation of detail rows.",
    "请列出构成它的存储字段，或明细关系。",
)
KEY_FIELDS_IDLE = Message(
    "approval.key_fields_idle",
    "The key fields of “{approval}” do nothing: a new submission always asks everybody again.",
    "“{approval}”的关键字段不起作用：重新提交总是从头审批。",
    "Remove them, or let a submission resume.",
    "请删除它们，或将 resubmit 设为 resume。",
)
NOT_EDITABLE = Message(
    "approval.not_editable",
    "Nobody can change “{field}”: the platform makes it.",
    "“{field}”由系统生成，无法编辑。",
    "Take it from the list.",
    "请从列表中移除。",
)
NOT_OPENED = Message(
    "approval.not_opened",
    "“{field}” is needed to approve, but the step does not let the approver change it.",
    "“{field}”为同意时必填，但该步骤不允许审批人修改它。",
    "Add it to “editable”, or let the form ask the submitter for it.",
    "请将其加入“editable”，或在表单中要求提交人填写。",
)
STEP_ASKS_NOBODY = Message(
    "approval.step_shape",
    "The step “{step}” says neither who is asked nor which branches it has.",
    "步骤“{step}”既未指定审批人，也没有分支。",
    "Add “approvers”, or “branches” with steps of their own.",
    "请填写 approvers，或填写带有步骤的 branches。",
)
BLOCK_IDLE = Message(
    "approval.step_shape",
    "“{key}” does nothing here: the branches of “{step}” have steps of their own.",
    "“{key}”在此不起作用：步骤“{step}”的分支各有自己的步骤。",
    "Move it to the steps in the branches.",
    "请将其移到分支内的步骤。",
)
STEP_TWICE = Message(
    "approval.ambiguous_step",
    "Two steps of “{approval}” are called “{name}”.",
    "“{approval}”有两个步骤都名为“{name}”。",
    "Give each its own name, those in branches too.",
    "请使用不同的名称，分支内的步骤也一样。",
)

COPY_VETO = Message(
    "approval.copy_veto",
    "Who gets a copy decides nothing, so there is no veto.",
    "抄送人不参与审批，不能设置否决权。",
    "Take “veto” away.",
    "请删除“veto”。",
)
CHOICE_IDLE = Message(
    "approval.chosen",
    "Who submits chooses approvers of a step only: not who gets copies, nor who is asked when the time is up.",
    "提交人只能选择步骤的审批人，不能选择抄送人或升级审批人。",
    "Take “chosen” away.",
    "请删除“chosen”。",
)
CHOICE_TWICE = Message(
    "approval.chosen",
    "In the step “{step}” more than one source is chosen from.",
    "步骤“{step}”中有多个来源需要选择。",
    "Choose from one source; make another step of the other.",
    "请只从一个来源选择，另一个请设为单独的步骤。",
)
CHOICE_COUNT = Message(
    "approval.chosen",
    "At least {min} and at most {max} are to be chosen: no choice can be both.",
    "最少选择 {min} 人、最多选择 {max} 人，无法同时满足。",
    "Let “max” be no smaller than “min”.",
    "请使“max”不小于“min”。",
)
CHOICE_OF_ONE = Message(
    "approval.chosen",
    "There is nothing to choose: {why}.",
    "没有可选择的：{why}。",
    "Take “chosen” away, or choose another mode or source.",
    "请删除“chosen”，或更换方式或来源。",
)
CHOICE_HIDDEN = Message(
    "approval.chosen_hidden",
    "Partners who take “{transition}” are not shown who holds “{role}”: they choose nobody, and all are asked.",
    "执行“{transition}”的伙伴看不到“{role}”的成员姓名：他们无法选择，将请全部成员审批。",
    "Set “names”, if they may see them, or take “chosen” away.",
    "如可向其显示姓名，请设置“names”，否则请删除“chosen”。",
    severity="warning",
)
DEPENDS_ROWS = Message(
    "approval.depends_on",
    "“{name}” are not detail rows of the record: their changes are not its own.",
    "“{name}”不是该记录的明细，其变更不属于该记录。",
    "Name a relation of detail rows, or a roll-up over them.",
    "请填写明细关系，或汇总这些行的字段。",
)
DEPENDS_FIELD = Message(
    "approval.depends_on",
    "No edit of the record changes “{name}”.",
    "编辑该记录不会改变“{name}”。",
    "Name a field of the record itself that holds a value.",
    "请填写记录自身的、存有值的字段。",
)
ONE_USER = Text("one user is named", "只指定了一个用户")
FIRST_FOUND = Text("the mode “one” asks one person", "方式“one”只请一人审批")

OF_BLOCKS = frozenset({"name", "id", "label", "branches"})
"""What a step with branches has itself."""


def check_workflows(subject: Subject) -> Iterator[Problem]:
    """Find workflows that cannot run as drawn; reads one workflow with its object and grants."""
    yield from subject.each("workflows", "objects", partial(_states, subject))
    yield from subject.each("workflows", "workflows", partial(_of_workflow, subject))


def _states(subject: Subject, holder: ObjectModel) -> Iterator[Problem]:
    states = [field for field in holder.fields.values() if field.computed == "workflow"]
    for field in states[1:]:
        yield TWO_STATES.at(subject.field(holder.name, field.name), object=holder.name)


def _of_workflow(subject: Subject, model: WorkflowModel) -> Iterator[Problem]:
    yield from _shape(subject, model)
    yield from _transitions(subject, model)
    yield from _reach(subject, model)
    yield from _exits(subject, model)
    yield from _takers(subject, model)
    for transition, approvals in model.approvals.items():
        if transition in model.transitions:
            yield from _outcomes(subject, model, transition)
        for approval in approvals:
            yield from _approval(subject, model, approval)


def _shape(subject: Subject, model: WorkflowModel) -> Iterator[Problem]:
    count = sum(state.initial for state in model.definition.states)
    if count != 1:
        place = subject.at_list("workflow", model.name, "states")
        yield START_STATE.at(place, name=model.name, count=count)
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
            ("/on/returned", resolved.returned),
        )
        left = ("workflow", model.name, "transitions", position, "from")
        used = [(subject.at(*left, index), state) for index, state in enumerate(one.from_)]
        used += [(f"{place}/to", one.to)]
        used += [(place + key, found.to) for key, found in outcomes if found]
        for where, state in used:
            if state not in model.states:
                yield UNKNOWN_STATE.at(where, state=state, states=shown)
        for where, state in used[: len(one.from_)]:
            if state in model.states and model.states[state].final:
                yield FINAL_LEFT.at(where, state=state, transition=one.name)
        approvals = model.approvals.get(one.name, ())
        if one.on is not None and not approvals:
            yield IDLE_OUTCOME.at(place + "/on", transition=one.name)
        always = next((approval for approval in approvals if approval.when is None), None)
        if one.without_approval is not None and always is not None:
            yield UNUSED_OUTCOME.at(
                place + "/without_approval", transition=one.name, approval=always.name
            )
        for way, ending in outcomes:
            if ending is not None and ending.undo:
                yield from _undone(subject.catalog.objects[model.object], one.name, way, place)
        for way, outcome in (("", resolved), *outcomes):
            for name in (one.field for one in outcome.assignments) if outcome else ():
                yield from _settable(subject, model, name, f"{place}{way}/set/{name}")


def _undone(model: ObjectModel, transition: str, way: str, place: str) -> Iterator[Problem]:
    """Yield why changes cannot be taken back by an outcome."""
    if way in {"/without_approval", "/on/approved"}:
        yield UNDONE_APPROVED.at(f"{place}{way}/undo", transition=transition)
    if model.definition.history:
        return
    written = (one for one in model.fields.values() if one.stored and not one.system)
    names = [one.name for one in written if not (one.computed or one.definition.history)]
    names += [str(child.name) for child in model.children]
    if names:
        shown = ", ".join(names)
        yield UNDONE_WITHOUT_HISTORY.at(f"{place}{way}/undo", transition=transition, names=shown)


def _settable(subject: Subject, model: WorkflowModel, name: str, place: str) -> Iterator[Problem]:
    field = subject.catalog.objects[model.object].fields[name]
    if field.computed or field.system or field.storage.kind in HOLDS_FILES:
        yield NOT_SETTABLE.at(place, field=name)


def targets(model: WorkflowModel, name: str) -> set[str]:
    """Return the states that a transition can lead to, outcomes of its approval included."""
    one = model.transitions[name]
    outcomes: list[OutcomeModel | None] = [one.without_approval]
    if model.approvals.get(name):
        outcomes += [one.approved, one.rejected, one.withdrawn, one.returned]
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


def _exits(subject: Subject, model: WorkflowModel) -> Iterator[Problem]:
    """Find the states of a loop without an exit: others have an end, and these never get to it."""
    ends = {name for name, state in model.states.items() if state.final}
    ways: dict[str, set[str]] = {name: set() for name in model.states}
    for name, one in model.transitions.items():
        after = targets(model, name)
        waiting = {one.definition.to} if model.approvals.get(name) else set()
        for start in {*one.definition.from_} | waiting:
            ways.setdefault(start, set()).update(after)
    saved = set(ends)
    grown = True
    while grown:
        more = {start for start, after in ways.items() if after & saved} - saved
        saved |= more
        grown = bool(more)
    left = {start for start, after in ways.items() if after}
    for position, state in enumerate(model.definition.states):
        if ends and state.name not in saved and state.name in left:
            place = subject.at("workflow", model.name, "states", position)
            yield NO_EXIT.at(place, state=state.name)


def _takers(subject: Subject, model: WorkflowModel) -> Iterator[Problem]:
    grants = subject.catalog.permissions.get(model.object, ())
    for position, one in enumerate(model.definition.transitions):
        place = subject.at("workflow", model.name, "transitions", position)
        granted = {grant.role for grant in grants if one.name in grant.transitions}
        takers = granted & set(one.by) if one.by else granted
        if not takers:
            yield NOBODY_MAY.at(place, transition=one.name, object=model.object)
            continue
        for index, role in enumerate(one.by):
            if role not in granted:
                way = ("workflow", model.name, "transitions", position, "by", index)
                yield NO_GRANT.at(subject.at(*way), role=role, transition=one.name)


def _outcomes(subject: Subject, model: WorkflowModel, transition: str) -> Iterator[Problem]:
    one = model.transitions[transition]
    position = list(model.transitions).index(transition)
    for outcome, found in (("approved", one.approved), ("rejected", one.rejected)):
        if found is None:
            place = subject.at("workflow", model.name, "transitions", position, "on")
            yield NO_OUTCOME.at(place, transition=transition, outcome=outcome)


def _approval(subject: Subject, model: WorkflowModel, approval: ApprovalModel) -> Iterator[Problem]:
    fields = subject.catalog.objects[model.object].fields
    yield from _key_fields(subject, fields, approval)
    yield from _shapes(subject, approval)
    for step in approval.steps:
        place = subject.at("approval", approval.name, *step.way)
        yield from _ratio(step, place)
        yield from _choices(subject, model, approval, step, place)
        yield from _dependencies(subject, model, step, place)
        for index, name in enumerate(step.definition.editable):
            if fields[name].computed or fields[name].system:
                where = subject.at("approval", approval.name, *step.way, "editable", index)
                yield NOT_EDITABLE.at(where, field=name)
        for index, name in enumerate(step.definition.required):
            if name not in step.definition.editable:
                where = subject.at("approval", approval.name, *step.way, "required", index)
                yield NOT_OPENED.at(where, field=name)
        for index, approver in enumerate(step.approvers):
            where = f"{place}/approvers/{index}"
            declared = step.definition.approvers[index]
            yield from approver_problems(subject, approver, declared, where)
        yield from _copies(subject, step.definition.copies, step.copies, f"{place}/copies")
    place = subject.at_list("approval", approval.name, "copies")
    yield from _copies(subject, approval.definition.copies, approval.copies, place)


def _shapes(subject: Subject, approval: ApprovalModel) -> Iterator[Problem]:
    """Find steps that neither ask nor branch, and names of steps that are taken."""
    named: list[tuple[str, tuple[str | int, ...]]] = []
    for position, step in enumerate(approval.definition.steps):
        way: tuple[str | int, ...] = ("steps", position)
        place = subject.at("approval", approval.name, *way)
        named.append((step.name, way))
        if step.branches:
            for one in dataclasses.fields(StepDef):
                set_here = getattr(step, one.name) != one.default
                if one.name not in OF_BLOCKS and set_here:
                    yield BLOCK_IDLE.at(f"{place}/{one.name}", key=one.name, step=step.name)
        elif not step.approvers:
            yield STEP_ASKS_NOBODY.at(place, step=step.name)
    named += [(step.name, step.way) for step in approval.steps if step.block is not None]
    lists: dict[str, tuple[str | int, ...]] = {}
    for name, way in named:
        # Two in one list are told of lists in general.
        if lists.setdefault(name, way[:-1]) != way[:-1]:
            place = subject.at("approval", approval.name, *way, "name")
            yield STEP_TWICE.at(place, approval=approval.name, name=name)


def _copies(
    subject: Subject, declared: Sequence[CopyDef], copies: Sequence[CopyModel], place: str
) -> Iterator[Problem]:
    for position, copy in enumerate(copies):
        for index, source in enumerate(copy.to):
            where = f"{place}/{position}/to/{index}"
            if declared[position].to[index].veto:
                yield COPY_VETO.at(f"{where}/veto")
            if declared[position].to[index].chosen:
                yield CHOICE_IDLE.at(f"{where}/chosen")
            found = approver_problems(subject, source, declared[position].to[index], where)
            yield from (one for one in found if one.code != SELF_APPROVAL.code)


def approver_problems(
    subject: Subject, approver: ApproverModel, declared: ApproverDef, where: str
) -> Iterator[Problem]:
    """Find what is wrong with a source of approvers at the place `where`."""
    if not _is_whole(declared):
        yield APPROVER_SHAPE.at(where)
    if approver.of and approver.of[-1].pointed != USER_OBJECT:
        yield APPROVER_TARGET.at(where + "/of", path=declared.of, expected="user")
    if approver.field and _may_be_submitter(approver.field):
        yield SELF_APPROVAL.at(where + "/field")
    if approver.field and approver.field[-1].pointed != USER_OBJECT:
        yield APPROVER_TARGET.at(where + "/field", path=declared.field, expected="user")
    if approver.within:
        target = subject.catalog.objects.get(approver.within[-1].target or "")
        if target is None or target.acts_as != "territory":
            yield APPROVER_TARGET.at(where + "/within", path=declared.within, expected="territory")


def _is_whole(declared: ApproverDef) -> bool:
    """Say whether exactly one source is named, and what goes with another is not."""
    sources = (
        declared.field,
        declared.role,
        declared.user,
        declared.managers,
        declared.formula,
    )
    more = declared.of is not None or declared.until is not None
    return (
        sum(one is not None for one in sources) == 1
        and (declared.within is None or declared.role is not None)
        and (not more or declared.managers is not None)
    )


def _key_fields(
    subject: Subject, fields: Mapping[str, FieldModel], approval: ApprovalModel
) -> Iterator[Problem]:
    definition = approval.definition
    for index, name in enumerate(definition.key_fields):
        field = fields.get(name)
        if field is not None and not field.holds_value:
            place = subject.at("approval", approval.name, "key_fields", index)
            yield KEY_FIELD.at(place, field=name)
    if definition.key_fields and definition.resubmit == "restart":
        place = subject.at("approval", approval.name, "key_fields")
        yield KEY_FIELDS_IDLE.at(place, approval=approval.name)


def _ratio(step: StepModel, place: str) -> Iterator[Problem]:
    definition = step.definition
    if definition.mode == "ratio":
        if definition.ratio is None:
            yield RATIO_MISSING.at(place, step=step.name)
        return
    if definition.ratio is not None:
        key = "ratio"
        yield RATIO_IDLE.at(f"{place}/{key}", key=key, step=step.name, mode=definition.mode)
    for index, approver in enumerate(definition.approvers):
        if approver.veto:
            way = f"{place}/approvers/{index}/veto"
            yield RATIO_IDLE.at(way, key="veto", step=step.name, mode=definition.mode)


def _choices(
    subject: Subject, model: WorkflowModel, approval: ApprovalModel, step: StepModel, place: str
) -> Iterator[Problem]:
    """Find choices of approvers that cannot be made, or are none."""
    found = [(index, one) for index, one in enumerate(step.approvers) if one.chosen]
    for index, _ in found[1:]:
        yield CHOICE_TWICE.at(f"{place}/approvers/{index}/chosen", step=step.name)
    for index, approver in found[:1]:
        where = f"{place}/approvers/{index}/chosen"
        chosen = approver.chosen
        if chosen is None:
            continue
        if chosen.min > chosen.max:
            yield CHOICE_COUNT.at(where, min=chosen.min, max=chosen.max)
        if approver.user is not None:
            yield CHOICE_OF_ONE.at(where, why=ONE_USER)
        elif step.definition.mode == "one" and chosen.max > 1:
            yield CHOICE_OF_ONE.at(where + "/max", why=FIRST_FOUND)
        role = subject.catalog.roles.get(approver.role or "")
        taken = approval.definition.transition
        if (
            role is not None
            and role.audience == "internal"
            and not chosen.names
            and _partners_take(subject, model, taken)
        ):
            yield CHOICE_HIDDEN.at(where, transition=taken, role=role.name)


def _dependencies(
    subject: Subject, model: WorkflowModel, step: StepModel, place: str
) -> Iterator[Problem]:
    """Find what a step depends on although no edit changes it, or none of its rows is a detail."""
    of = subject.catalog.objects[model.object]
    for index, name in enumerate(step.definition.depends_on):
        first, _, more = name.partition(".")
        where = f"{place}/depends_on/{index}"
        child = of.child(first)
        if child is not None:
            rows = subject.catalog.objects.get(str(child.object))
            if rows is None or rows.master != child.by or "." in more:
                yield DEPENDS_ROWS.at(where, name=name)
        elif more or (of.fields[first].system or of.fields[first].computed == "workflow"):
            yield DEPENDS_FIELD.at(where, name=name)


def _partners_take(subject: Subject, model: WorkflowModel, transition: str) -> bool:
    definition = model.transitions[transition].definition
    return any(
        subject.catalog.roles[grant.role].audience == "partner"
        for grant in subject.catalog.permissions.get(model.object, ())
        if transition in grant.transitions
        and grant.role in subject.catalog.roles
        and (not definition.by or grant.role in definition.by)
    )


def _may_be_submitter(path: FieldPath) -> bool:
    """Whether a path leads to who made or changed the record, or to who was filled in as oneself."""
    last = path[-1]
    stamped = last.system and last.name in {"created_by", "updated_by"}
    filled = last.default is not None and last.default.uses_user
    return len(path) == 1 and last.pointed == USER_OBJECT and (stamped or filled)
