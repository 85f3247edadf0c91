"""Checks of automations: triggers that can fire, actions that can be done, rights that are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final, NamedTuple

from headrace.platform.core.cron import is_cron
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import FieldRef, walk
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import (
    ActionModel,
    AutomationModel,
    FieldModel,
    ObjectModel,
    WorkflowModel,
)
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.conditions import ALWAYS, NEVER, choices
from headrace.platform.metadata.checks.queries import judged
from headrace.platform.metadata.checks.satisfiable import Answer, can_be, is_always
from headrace.platform.metadata.checks.workflows import APPROVER_TARGET, NOT_SETTABLE
from headrace.platform.metadata.definitions.automations import BeginDef, PeopleDef, TriggerDef
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.inputs import INPUT, inputs_in
from headrace.platform.metadata.storage_types import HOLDS_FILES

TRIGGER_KEY = Message(
    "automation.trigger_key",
    "“{key}” says nothing about the event “{event}”.",
    "“{key}”对事件“{event}”不起作用。",
    "Remove it, or choose the event that it belongs to.",
    "请删除，或改用对应的事件。",
)
NEVER_FIRES = Message(
    "automation.never_fires",
    "This trigger can never fire: {reason}.",
    "此触发器永远不会触发：{reason}。",
    "Choose another event, or remove it.",
    "请改用其他事件，或删除。",
)
KEY_NEEDED = Message(
    "automation.key_needed",
    "The event “{event}” needs “{key}”.",
    "“{event}”事件需要“{key}”。",
    "Add it.",
    "请补充。",
)
BAD_CRON = Message(
    "automation.cron",
    "“{cron}” is no time that ever comes.",
    "“{cron}”不是有效的定时。",
    "Write five fields: minute, hour, day of the month, month, day of the week: 0 8 * * MON.",
    "请填写五个字段：分、时、日、月、星期，例如 0 8 * * MON。",
)
NOT_A_MOMENT = Message(
    "automation.moment",
    "A moment is a date or an instant; this is {given}.",
    "时刻必须是日期或时间点，此处为{given}。",
    "Reckon from a date of the record: DATEADD(shipped_on, 7, 'day').",
    "请以记录中的日期计算。",
)
MOMENT_READS = Message(
    "automation.moment_reads",
    "A moment is made of stored fields of the record itself: of other things nobody would tell when they change.",
    "时刻只能由记录自身存储的字段得出：其他内容变化时无法得知。",
    "Keep what it needs in a field of the record.",
    "请将所需内容存于记录的字段中。",
)
NOT_A_JOB = Message(
    "automation.not_a_job",
    "What time starts is part of nobody's write; it runs as a job.",
    "由时间触发的自动化不属于任何写入，只能以任务运行。",
    "Remove “run”, or let it be “job”.",
    "请删除“run”或设为“job”。",
)
NO_ACTOR = Message(
    "automation.no_actor",
    "What time starts has no actor to run as.",
    "由时间触发的自动化没有操作用户。",
    "Let it run as the system, with the rights that it needs.",
    "请以系统身份运行并写明所需权限。",
)
NO_RECORD = Message(
    "automation.no_record",
    "A schedule has no record in hand.",
    "定时触发没有当前记录。",
    "Go through records by “for_each”, and speak of their fields there.",
    "请用“for_each”逐条处理记录，并在其中引用字段。",
)
UNKNOWN_TRANSITION = Message(
    "automation.unknown_transition",
    "“{object}” has no transition “{name}”.",
    "“{object}”没有转换“{name}”。",
    "Its transitions are: {known}.",
    "可用转换：{known}。",
)
NOT_BEFORE = Message(
    "automation.not_before",
    "Before the write only “set” and “refuse” can be done.",
    "写入之前只能执行“set”与“refuse”。",
    "Let the automation run “after”, or as a “job”.",
    "请将自动化改为“after”或“job”方式运行。",
)
ONLY_BEFORE = Message(
    "automation.only_before",
    "Only an automation that runs “before” the write can refuse it.",
    "只有以“before”方式运行的自动化才能拒绝写入。",
    "Let it run “before”, or remove the action.",
    "请改为“before”方式运行，或删除该动作。",
)
DELETE_AS_JOB = Message(
    "automation.delete_as_job",
    "A job comes after the commit, when the deleted record can no longer be read.",
    "任务在提交之后运行，此时已无法读取被删除的记录。",
    "Let the automation run “after”.",
    "请改为“after”方式运行。",
)
NOTHING_LEFT = Message(
    "automation.nothing_left",
    "The record is deleted: there is nothing left that this could speak of.",
    "记录已被删除，此动作已无对象。",
    "Remove the action, or choose another event.",
    "请删除该动作，或改用其他事件。",
)
STATE_SET = Message(
    "automation.state_set",
    "“{field}” is a state: it changes only by a transition.",
    "“{field}”是状态字段，只能通过转换更改。",
    "Use the action “take”.",
    "请使用“take”动作。",
)
ACTOR_CANNOT = Message(
    "automation.actor_cannot",
    "“{field}” is written by the system only, and this runs in the name of a person.",
    "“{field}”仅由系统写入，而此自动化以用户身份运行。",
    "Let the automation run as the system, with the right to update “{object}”.",
    "请让自动化以系统身份运行，并授予更新“{object}”的权限。",
)
PLACED_BEFORE = Message(
    "automation.placed_before",
    "“{field}” cannot be set before the write: what it decides has been looked at by then.",
    "“{field}”不能在写入前设置：此时依赖它的处理已完成。",
    "Let the automation run “after”, or set another field.",
    "请改为“after”方式运行，或设置其他字段。",
)
LEDGER_CREATED = Message(
    "automation.ledger_created",
    "“{object}” is a ledger: its entries are posted.",
    "“{object}”是账簿，应通过记账新增流水。",
    "Use the action “post”.",
    "请使用“post”动作。",
)
NO_LEDGER = Message(
    "automation.no_ledger",
    "“{object}” is no ledger: nothing can be posted to it.",
    "“{object}”不是账簿，不能记账。",
    "Use the action “create”.",
    "请使用“create”动作。",
)
REQUIRED_MISSING = Message(
    "automation.required_missing",
    "The record could never be made: “{field}” is required and gets no value.",
    "无法新建记录：“{field}”必填但未赋值。",
    "Set it.",
    "请设置该字段。",
)
COMMENT_MISSING = Message(
    "automation.comment_missing",
    "“{transition}” needs a comment, and none is given.",
    "执行“{transition}”须填写意见，此处未提供。",
    "Add a “comment”.",
    "请填写“comment”。",
)
NOT_ROLES = Message(
    "automation.not_roles",
    "“{field}” is not a multiple choice; it cannot name roles.",
    "“{field}”不是多选字段，无法列出角色。",
    "Name a multiple choice whose values are names of roles.",
    "请填写取值为角色名称的多选字段。",
)
NO_APPROVAL = Message(
    "automation.no_approval",
    "No approval decides the transition “{transition}”.",
    "没有审批决定转换“{transition}”。",
    "Use “take”, or name a transition that an approval decides.",
    "请使用“take”，或改用由审批决定的转换。",
)
RECIPIENT_SHAPE = Message(
    "automation.recipient",
    "A recipient is a field, a role or an endpoint.",
    "通知对象只能是字段、角色或端点之一。",
    "Give exactly one of them; “of” goes with a role only.",
    "请只填写其中之一；“of”只能与角色一起填写。",
)
OLD_IN_JOB = Message(
    "automation.old_in_job",
    "A job runs after the commit: it no longer sees what the record was before.",
    "任务在提交之后运行，已无法看到更改前的值。",
    "Ask for the change in the automation's own “when”, or let it run “after”.",
    "请在自动化自身的“when”中判断变化，或改为“after”方式运行。",
)
TRIGGERS_ITSELF = Message(
    "automation.triggers_itself",
    "The automation would start itself again and again.",
    "该自动化会不断触发自身。",
    "Say under “changed” which fields start it, or give it a “when” that no longer holds afterwards.",
    "请在“changed”中限定字段，或设置执行后不再成立的“when”。",
)
RIGHT_MISSING = Message(
    "automation.right_missing",
    "The automation runs as the system and has no right to {action} “{object}”.",
    "自动化以系统身份运行，但没有对“{object}”的 {action} 权限。",
    "Add it under “rights”.",
    "请在“rights”中补充。",
)
RIGHT_UNUSED = Message(
    "automation.right_unused",
    "No action of the automation needs the right to {action} “{object}”.",
    "没有动作需要对“{object}”的 {action} 权限。",
    "Remove it.",
    "请删除。",
    severity="warning",
)
RIGHTS_IDLE = Message(
    "automation.rights_idle",
    "“{key}” says nothing here: {reason}.",
    "“{key}”在此不起作用：{reason}。",
    "Remove it.",
    "请删除。",
)

BUTTON_ALONE = Message(
    "automation.button_alone",
    "A button is the only trigger of its automation.",
    "按钮只能是自动化唯一的触发器。",
    "Make another automation for what else starts it.",
    "请为其他触发方式另建自动化。",
)
BUTTON_BEFORE = Message(
    "automation.button_before",
    "Pressing a button is no write that this could come before.",
    "按钮不属于任何写入，不能以“before”方式运行。",
    "Let the automation run “after” (at once), or as a “job”.",
    "请改为“after”（立即）或“job”方式运行。",
)
BUTTON_ROLES = Message(
    "automation.button_roles",
    "The button runs as the system and everybody who reads the record could press it.",
    "该按钮以系统身份运行，且所有可读取记录的人都可使用。",
    "Say under “roles” who may press it.",
    "请在“roles”中限定可使用的角色。",
)
NOTHING_CHANGED = Message(
    "automation.nothing_changed",
    "Nothing changes when a button is pressed: there is no value before.",
    "按下按钮时没有任何变化，不存在更改前的值。",
    "Speak of the record as it is.",
    "请引用记录当前的值。",
)
UNKNOWN_STATE = Message(
    "automation.unknown_state",
    "“{object}” has no state “{name}”.",
    "“{object}”没有状态“{name}”。",
    "Its states are: {known}.",
    "可用状态：{known}。",
)
INPUT_OPTION = Message(
    "automation.input_option",
    "“{key}” says nothing of what a button asks: there are no other fields beside it.",
    "“{key}”对按钮的输入项不起作用：旁边没有其他字段。",
    "Remove it.",
    "请删除。",
)
INPUT_UNUSED = Message(
    "automation.input_unused",
    "No action uses what is entered as “{name}”.",
    "没有动作使用输入项“{name}”。",
    "Use it as input.{name}, or remove it.",
    "请以 input.{name} 引用，或删除。",
)
INPUT_NAME = Message(
    "automation.input_name",
    "“{object}” has a field “input”: formulas could not tell it from what is entered.",
    "“{object}”有名为“input”的字段，公式无法区分它与输入项。",
    "Rename the field, or ask nothing.",
    "请重命名该字段，或删除输入项。",
)
INPUT_IN_QUERY = Message(
    "automation.input_in_query",
    "What is entered cannot be used within a question to other objects.",
    "查询其他对象时不能使用输入项。",
    "Compare it with what the question gives.",
    "请将其与查询结果比较。",
)

NOT_CONVERTED = Message(
    "automation.convert_quantity",
    "“{name}” cannot say how much was taken: {reason}.",
    "“{name}”不能表示转换数量：{reason}。",
    "Name a field that people write, with as many digits as what is left has.",
    "请使用可录入的数值字段，其小数位数不少于剩余数量。",
)
NOT_SOURCE = Message(
    "automation.convert_source",
    "“{name}” does not point to rows of “{object}”.",
    "“{name}”未引用“{object}”的行。",
    "Name a lookup to them.",
    "请使用引用该对象的查找字段。",
)
NOTHING_TAKEN = Message(
    "automation.convert_remaining",
    "What is left would never grow less: “{remaining}” reads no roll-up over “{object}” by “{source}”.",
    "剩余数量不会减少：“{remaining}”未读取按“{source}”汇总“{object}”的汇总字段。",
    "Let the row sum up what was taken of it, and subtract that.",
    "请在行上汇总已转换数量，并从中扣减。",
)
ONE_CONVERT = Message(
    "automation.one_convert",
    "Quantities are entered for one conversion; this automation has several.",
    "只能为一个转换动作填写数量，此自动化有多个。",
    "Make an automation of its own for the other.",
    "请将其他转换拆为单独的自动化。",
)
UNGUARDED = Message(
    "automation.convert_unguarded",
    "Nothing but this action keeps to what is left: no rule of “{object}” reads “{taken}”.",
    "仅此动作遵守剩余数量：“{object}”没有规则读取“{taken}”。",
    "Add a rule that refuses to take more than there is.",
    "请添加规则，禁止超出可用数量。",
    severity="warning",
)

_KEYS_OF: Final[Mapping[str, str]] = {
    "changed": "update",
    "transitions": "transition",
    "results": "approval",
    "child": "child",
    "cron": "schedule",
    "at": "timer",
    **dict.fromkeys(("roles", "states", "inputs", "confirm", "told", "several"), "button"),
}
"""To which event a key of a trigger belongs."""
_BEFORE: Final = frozenset(("set", "refuse"))
OF_A_RECORD: Final = frozenset({"set", "take", "begin", "notify", "webhook", "convert"})
"""Actions on the record in hand."""
_OF_OTHERS: Final = ("depends_on", "allowed", "currency_field")
"""Options of types that speak of other fields of a record."""


class Need(NamedTuple):
    """A right that an action needs, and where the action stands."""

    object: str
    action: str
    place: str


def check_automations(subject: Subject) -> Iterator[Problem]:
    """Find automations that cannot work as written; reads one automation with the objects it touches."""
    yield from subject.each("automations", "automations", partial(_of_automation, subject))


def _of_automation(subject: Subject, automation: AutomationModel) -> Iterator[Problem]:
    model = subject.catalog.objects[automation.object]
    yield from _condition(subject, automation)
    for position, trigger in enumerate(automation.triggers):
        place = subject.at("automation", automation.name, "on", position)
        yield from _trigger(subject, model, trigger, place)
        yield from _moment(subject, trigger, automation.moments[position], place)
    yield from _timed(subject, automation)
    yield from _button(subject, automation, model)
    if automation.definition.run == "job" and any(
        one.event == "delete" for one in automation.triggers
    ):
        yield DELETE_AS_JOB.at(subject.at("automation", automation.name, "run"))
    walk = _Walk(subject, automation)
    for position, action in enumerate(automation.actions):
        place = subject.at("automation", automation.name, "actions", position)
        yield from walk.action(model, action, place)
    yield from _itself(subject, automation)
    yield from _rights(subject, automation, walk.needs)


def _condition(subject: Subject, automation: AutomationModel) -> Iterator[Problem]:
    place = subject.at("automation", automation.name, "when")
    if automation.when is not None:
        yield from choices(subject, automation.when, place)
        if can_be(True, [automation.when], subject.domain) is Answer.NO:
            yield NEVER.at(place)
        elif is_always(automation.when, subject.domain):
            yield ALWAYS.at(place)
        yield from judged(subject, (automation.when, place))


# -- triggers --------------------------------------------------------------------------------------


def _trigger(
    subject: Subject, model: ObjectModel, trigger: TriggerDef, place: str
) -> Iterator[Problem]:
    for key, event in _KEYS_OF.items():
        if getattr(trigger, key) and trigger.event != event:
            yield TRIGGER_KEY.at(f"{place}/{key}", key=key, event=trigger.event)
    workflow = subject.catalog.workflows.get(model.workflow or "")
    match trigger.event:
        case "child" | "schedule" | "timer":
            needed = next(key for key, event in _KEYS_OF.items() if event == trigger.event)
            if getattr(trigger, needed) is None:
                yield KEY_NEEDED.at(place, event=trigger.event, key=needed)
        case "update" | "delete" if model.ledger is not None:
            reason = Text("entries of a ledger are never changed", "账簿流水不可更改")
            yield NEVER_FIRES.at(place + "/event", reason=reason)
        case "transition" | "approval" if workflow is None:
            reason = Text("the object has no workflow", "该对象没有工作流")
            yield NEVER_FIRES.at(place + "/event", reason=reason)
        case "transition":
            for index, name in enumerate(trigger.transitions):
                yield from _known(workflow, model, name, f"{place}/transitions/{index}")
        case "approval" if workflow is not None and not any(workflow.approvals.values()):
            reason = Text(
                "no approval decides a transition of the object", "没有审批决定该对象的转换"
            )
            yield NEVER_FIRES.at(place + "/event", reason=reason)
    for index, name in enumerate(trigger.changed):
        field = model.fields[name]
        if not field.stored or field.key_of is not None:
            reason = Text("the field is computed when it is read", "该字段在读取时计算")
            yield NEVER_FIRES.at(f"{place}/changed/{index}", reason=reason)


def _moment(
    subject: Subject, trigger: TriggerDef, moment: Expression | None, place: str
) -> Iterator[Problem]:
    if trigger.cron is not None and not is_cron(trigger.cron):
        yield BAD_CRON.at(place + "/cron", cron=trigger.cron)
    if trigger.catch_up != "once" and trigger.event != "schedule":
        yield TRIGGER_KEY.at(place + "/catch_up", key="catch_up", event=trigger.event)
    if moment is None:
        return
    if moment.type.kind not in {Kind.DATE, Kind.DATETIME}:
        yield NOT_A_MOMENT.at(place + "/at", given=moment.type.shown())
    fields = [subject.fields_by_id.get(path[0]) for path in moment.references()]
    stored = all(one is not None and one.stored for one in fields)
    own = fields and stored and all(len(path) == 1 for path in moment.references())
    if not own or moment.queries or moment.uses_clock or moment.uses_user or moment.uses_old:
        yield MOMENT_READS.at(place + "/at")


def _timed(subject: Subject, automation: AutomationModel) -> Iterator[Problem]:
    """Find what automations that time starts cannot do."""
    events = {one.event for one in automation.triggers}
    if not events & {"schedule", "timer"}:
        return
    place = partial(subject.at, "automation", automation.name)
    if automation.definition.run != "job":
        yield NOT_A_JOB.at(place("run"))
    if automation.definition.runs_as == "actor":
        yield NO_ACTOR.at(place("runs_as"))
    if automation.when is not None and automation.when.uses_old:
        yield OLD_IN_JOB.at(place("when"))
    if "schedule" not in events:
        return
    if automation.when is not None and automation.when.references():
        yield NO_RECORD.at(place("when"))
    for position, action in enumerate(automation.actions):
        speaks = any(one.references() for one in action.formulas())
        inner = (one for each in action.actions for one in each.formulas())
        this = any(
            isinstance(node, FieldRef) and node.outer for one in inner for node in walk(one.tree)
        )
        if speaks or this or action.kind in OF_A_RECORD:
            yield NO_RECORD.at(place("actions", position, action.kind))


def _button(subject: Subject, automation: AutomationModel, model: ObjectModel) -> Iterator[Problem]:
    """Find what a button cannot be or do."""
    button = automation.button
    if button is None:
        return
    place = partial(subject.at, "automation", automation.name)
    if len(automation.triggers) > 1:
        yield BUTTON_ALONE.at(place("on"))
    if automation.definition.run == "before":
        yield BUTTON_BEFORE.at(place("run"))
    if automation.definition.runs_as == "system" and not button.roles:
        yield BUTTON_ROLES.at(place("on", 0))
    workflow = subject.catalog.workflows.get(model.workflow or "")
    for index, name in enumerate(button.states):
        if workflow is None or name not in workflow.states:
            known = ", ".join(workflow.states) if workflow else "–"
            where = place("on", 0, "states", index)
            yield UNKNOWN_STATE.at(where, object=model.name, name=name, known=known)
    if automation.when is not None and automation.when.uses_old:
        yield NOTHING_CHANGED.at(place("when"))
    for position, action in enumerate(automation.actions):
        if any(one.uses_old for one in _all_formulas(action)):
            yield NOTHING_CHANGED.at(place("actions", position))
    if sum(one.kind == "convert" for one in automation.actions) > 1:
        yield ONE_CONVERT.at(place("actions"))
    yield from _inputs(subject, automation, model)


def _inputs(subject: Subject, automation: AutomationModel, model: ObjectModel) -> Iterator[Problem]:
    """Find inputs that nothing uses, and what cannot be said of them."""
    place = partial(subject.at, "automation", automation.name)
    if automation.inputs and INPUT in model.fields:
        yield INPUT_NAME.at(place("on", 0, "inputs"), object=model.name)
    used: set[str] = set()
    for position, action in enumerate(automation.actions):
        for formula in _all_formulas(action):
            used |= inputs_in(formula.tree)
            if any(inputs_in(one) for one in formula.queries):
                yield INPUT_IN_QUERY.at(place("actions", position))
    for index, name in enumerate(automation.inputs):
        one, where = automation.inputs[name], place("on", 0, "inputs", index)
        for key in _OF_OTHERS:
            if getattr(one.options, key, None):
                yield INPUT_OPTION.at(f"{where}/{key}", key=key)
        if one.id not in used:
            yield INPUT_UNUSED.at(where, name=name)


def _all_formulas(action: ActionModel) -> Iterator[Expression]:
    """Yield the formulas of an action and of those within it."""
    yield from action.formulas()
    for one in action.actions:
        yield from _all_formulas(one)


def _known(
    workflow: WorkflowModel | None, model: ObjectModel, name: str, place: str
) -> Iterator[Problem]:
    known = workflow.transitions if workflow is not None else {}
    if name not in known:
        shown = ", ".join(known) or "–"
        yield UNKNOWN_TRANSITION.at(place, object=model.name, name=name, known=shown)


# -- actions ---------------------------------------------------------------------------------------


class _Walk:
    """Goes through the actions of an automation and notes the rights that they need."""

    def __init__(self, subject: Subject, automation: AutomationModel) -> None:
        self.subject = subject
        self.run = automation.definition.run
        self.actor = automation.definition.runs_as == "actor"
        self.deleted = all(one.event == "delete" for one in automation.triggers)
        self.needs: list[Need] = []
        self.subject_object = subject.catalog.objects.get(automation.object)

    def action(
        self, model: ObjectModel, action: ActionModel, place: str, *, inside: bool = False
    ) -> Iterator[Problem]:
        """Yield what is wrong with an action on records of `model`."""
        where = f"{place}/{action.kind}"
        yield from self._when(action, where, inside=inside)
        match action.kind:
            case "set":
                yield from self._set(model, action, where)
            case "create" | "post":
                yield from self._made(action, where)
            case "convert":
                yield from self._converted(model, action, where)
            case "take":
                yield from self._taken(model, action, where)
            case "begin":
                yield from self._begun(model, action.definition.begin, where)
            case "notify":
                yield from self._told(action, where)
            case "for_each":
                target = self.subject.catalog.objects[str(action.object)]
                for position, one in enumerate(action.actions):
                    below = f"{where}/actions/{position}"
                    yield from self.action(target, one, below, inside=True)

    def _when(self, action: ActionModel, place: str, *, inside: bool) -> Iterator[Problem]:
        """Yield what an action cannot do at the moment at which it runs."""
        if self.run == "before" and action.kind not in _BEFORE:
            yield NOT_BEFORE.at(place)
        if self.run != "before" and action.kind == "refuse":
            yield ONLY_BEFORE.at(place)
        gone = {"set", "take", "begin", "notify", "convert"}
        if self.deleted and not inside and action.kind in gone:
            yield NOTHING_LEFT.at(place)
        if self.run == "job" and any(one.uses_old for one in action.formulas()):
            yield OLD_IN_JOB.at(place)
        for formula in action.formulas():
            yield from judged(self.subject, (formula, place))

    def _set(self, model: ObjectModel, action: ActionModel, place: str) -> Iterator[Problem]:
        self.needs.append(Need(model.name, "update", place))
        for one in action.assignments:
            field, where = model.fields[one.field], f"{place}/{one.field}"
            yield from _settable(field, where)
            if self.run != "before" and self.actor and field.definition.written_by == "system":
                yield ACTOR_CANNOT.at(where, field=field.name, object=model.name)
            if self.run == "before" and _decides_early(model, field):
                yield PLACED_BEFORE.at(where, field=field.name)

    def _converted(self, model: ObjectModel, action: ActionModel, place: str) -> Iterator[Problem]:
        definition, remaining = action.definition.convert, action.rows
        if definition is None or remaining is None:
            return
        yield from self._made(action, place)
        objects = self.subject.catalog.objects
        lines, target = model.child(definition.lines), objects[str(action.object)]
        into = target.child(definition.into)
        if lines is None or into is None:
            return
        rows, made = objects[lines.object], objects[into.object]
        source, quantity = made.fields[definition.source], made.fields[definition.quantity]
        if source.target != rows.name or source.name == made.master:
            yield NOT_SOURCE.at(place + "/source", name=source.name, object=rows.name)
            return
        reason = _no_quantity(remaining, quantity)
        if reason is not None:
            yield NOT_CONVERTED.at(place + "/quantity", name=quantity.name, reason=reason)
        taken = self._sums(rows, remaining, made, source)
        if not taken:
            yield NOTHING_TAKEN.at(
                place + "/remaining",
                remaining=remaining.source,
                object=made.name,
                source=source.name,
            )
        read = {path[0] for rule in rows.rules for path in rule.unless.references()}
        computed = {one.id for one in rows.fields.values() if one.expression is not None}
        if taken and not read & (taken | computed):
            shown = next(one.name for one in rows.fields.values() if one.id in taken)
            yield UNGUARDED.at(place, object=rows.name, taken=shown)
        given = {one.field for one in action.each} | {source.name, quantity.name}
        for one in action.each:
            yield from _given(made.fields[one.field], f"{place}/each/{one.field}")
        yield from _missing(made, {*given, made.master or ""}, place)

    def _sums(
        self, rows: ObjectModel, remaining: Expression, made: ObjectModel, source: FieldModel
    ) -> frozenset[str]:
        """Return the stored roll-ups over what was made of a row that a formula reads, by their ids."""
        waiting, read = [remaining], set[str]()
        by_id = {one.id: one for one in rows.fields.values()}
        while waiting:
            for path in waiting.pop().references():
                field = by_id.get(path[0])
                if field is None or field.id in read:
                    continue
                read.add(field.id)
                if field.expression is not None:
                    waiting.append(field.expression)
        return frozenset(
            rows.fields[one.field].id
            for one in rows.stored_rollups
            if one.source == made.name
            and one.via
            and one.via[-1].id == source.id
            and rows.fields[one.field].id in read
        )

    def _made(self, action: ActionModel, place: str) -> Iterator[Problem]:
        model = self.subject.catalog.objects[str(action.object)]
        self.needs.append(Need(model.name, "create", place))
        if action.kind == "create" and model.ledger is not None:
            yield LEDGER_CREATED.at(place + "/object", object=model.name)
        if action.kind == "post" and model.ledger is None:
            yield NO_LEDGER.at(place + "/object", object=model.name)
        given = {one.field for one in action.assignments}
        created = action.definition.create
        people = created.each if created is not None else None
        if people is not None:
            yield from self._for_people(model, people, place + "/each")
        for name in given:
            yield from _given(model.fields[name], f"{place}/set/{name}")
        taken = set() if people is None else {people.person, people.organisation or ""}
        yield from _missing(model, given | taken, place)
        made = action.definition.convert or created or action.definition.post
        if made is not None:
            yield from self._begun(model, made.begin, place + "/begin")

    def _for_people(self, model: ObjectModel, people: PeopleDef, place: str) -> Iterator[Problem]:
        """Yield where what a person, an organisation or names of roles are put into is none for that."""
        company = self.subject.catalog.acting_as("organisation")
        expected = {"person": USER_OBJECT, "organisation": company.name if company else None}
        for part, name in (("person", people.person), ("organisation", people.organisation)):
            if name is not None and model.fields[name].pointed != expected[part]:
                shown = expected[part] or "–"
                yield APPROVER_TARGET.at(f"{place}/{part}", path=name, expected=shown)
        if self.run == "before":
            yield NOT_BEFORE.at(place)
        if people.among is not None and self.subject_object is not None:
            field = self.subject_object.fields[people.among]
            if field.definition.type != "multi_choice":
                yield NOT_ROLES.at(place + "/among", field=people.among)

    def _taken(self, model: ObjectModel, action: ActionModel, place: str) -> Iterator[Problem]:
        self.needs.append(Need(model.name, "transition", place))
        taken = action.definition.take
        if taken is None:
            return
        workflow = self.subject.catalog.workflows.get(model.workflow or "")
        yield from _known(workflow, model, taken.transition, place + "/transition")
        found = workflow.transitions.get(taken.transition) if workflow else None
        if found is not None and "comment" in found.definition.needs and not taken.comment:
            yield COMMENT_MISSING.at(place, transition=taken.transition)

    def _begun(self, model: ObjectModel, begun: BeginDef | None, place: str) -> Iterator[Problem]:
        """Find an approval of records of `model` that can never begin."""
        if begun is None:
            return
        self.needs.append(Need(model.name, "transition", place))
        workflow = self.subject.catalog.workflows.get(model.workflow or "")
        yield from _known(workflow, model, begun.transition, place + "/transition")
        found = workflow.transitions.get(begun.transition) if workflow else None
        if workflow is None or found is None:
            return
        if not workflow.approvals.get(begun.transition):
            yield NO_APPROVAL.at(place + "/transition", transition=begun.transition)
        if "comment" in found.definition.needs and not begun.comment:
            yield COMMENT_MISSING.at(place, transition=begun.transition)

    def _told(self, action: ActionModel, place: str) -> Iterator[Problem]:
        acting = self.subject.catalog.acting_as("organisation")
        company = acting.name if acting else "–"
        for position, one in enumerate(action.recipients):
            where = f"{place}/to/{position}"
            ways = (one.field, one.role, one.endpoint)
            if sum(way is not None for way in ways) != 1 or (one.of and one.role is None):
                yield RECIPIENT_SHAPE.at(where)
            for key, way, wanted in (("field", one.field, USER_OBJECT), ("of", one.of, company)):
                if way and way[-1].pointed != wanted:
                    path = ".".join(field.name for field in way)
                    yield APPROVER_TARGET.at(f"{where}/{key}", path=path, expected=wanted)


def _given(field: FieldModel, place: str) -> Iterator[Problem]:
    """Find a field that a new record cannot be given."""
    yield from _settable(field, place)
    if field.definition.written_by == "system":
        yield NOT_SETTABLE.at(place, field=field.name)


def _missing(model: ObjectModel, given: set[str], place: str) -> Iterator[Problem]:
    """Find required fields that a new record would not have."""
    for field in model.fields.values():
        made = field.computed or field.system or field.default is not None
        if field.definition.required and not made and field.name not in given:
            yield REQUIRED_MISSING.at(place, field=field.name)


def _no_quantity(remaining: Expression, quantity: FieldModel) -> Text | None:
    """Return why a field cannot hold how much was taken of what is left."""
    if Kind.NUMBER not in {remaining.type.kind} & {quantity.value_type.kind}:
        return Text("both must be numbers", "二者都必须是数值")
    if quantity.computed or quantity.system or quantity.definition.written_by == "system":
        return Text("the platform fills it", "该字段由系统填写")
    if remaining.type.scale > quantity.value_type.scale:
        return Text("it has fewer digits than what is left", "其小数位数少于剩余数量")
    return None


def _settable(field: FieldModel, place: str) -> Iterator[Problem]:
    if field.computed == "workflow":
        yield STATE_SET.at(place, field=field.name)
    elif field.computed or field.system or field.storage.kind in HOLDS_FILES:
        yield NOT_SETTABLE.at(place, field=field.name)


def _decides_early(model: ObjectModel, field: FieldModel) -> bool:
    """Say whether something was made of a field before its record's automations are asked."""
    return (
        model.ledger is not None
        or field.is_tree
        or field.name in {model.master, model.definition.period_date}
        or field.links is not None
    )


def _itself(subject: Subject, automation: AutomationModel) -> Iterator[Problem]:
    """Find what sets off the same automation each time, whatever the record says."""
    if automation.when is not None or automation.definition.run == "before":
        return
    sets = {
        one.field
        for action in automation.actions
        if action.kind == "set" and action.when is None
        for one in action.assignments
    }
    makes = any(
        action.kind in {"create", "post"}
        and action.when is None
        and action.object == automation.object
        for action in automation.actions
    )
    for position, trigger in enumerate(automation.triggers):
        again = trigger.event == "create" and makes
        if trigger.event == "update":
            again = bool(sets.intersection(trigger.changed) if trigger.changed else sets)
        if again:
            yield TRIGGERS_ITSELF.at(subject.at("automation", automation.name, "on", position))


def _rights(subject: Subject, automation: AutomationModel, needs: list[Need]) -> Iterator[Problem]:
    definition = automation.definition
    place = partial(subject.at, "automation", automation.name)
    if definition.run == "before" and definition.runs_as == "system":
        reason = Text("it is part of somebody's write", "它属于用户的写入")
        yield RIGHTS_IDLE.at(place("runs_as"), key="runs_as", reason=reason)
        return
    if definition.runs_as == "actor":
        if definition.rights:
            reason = Text("who wrote the record needs rights of their own", "用户须自有权限")
            yield RIGHTS_IDLE.at(place("rights"), key="rights", reason=reason)
        return
    has = {(one.object, action) for one in definition.rights for action in one.actions}
    for need in needs:
        if (need.object, need.action) not in has:
            yield RIGHT_MISSING.at(need.place, action=need.action, object=need.object)
    needed = {(one.object, one.action) for one in needs}
    for position, one in enumerate(definition.rights):
        for index, action in enumerate(one.actions):
            if (one.object, action) not in needed:
                where = place("rights", position, "actions", index)
                yield RIGHT_UNUSED.at(where, action=action, object=one.object)
