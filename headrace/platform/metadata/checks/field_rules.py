"""Checks of field rules and `required_in`: what could never do anything, or never be satisfied."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.catalog import FieldModel, FieldRuleModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.satisfiable import Answer, can_be

NO_EFFECT = Message(
    "field_rule.no_effect",
    "The rule “{name}” can do nothing for “{field}”: {reason}.",
    "规则“{name}”对“{field}”不起作用：{reason}。",
    "Take the field out of the rule, or choose another effect.",
    "请从规则中移除该字段，或更换作用。",
)
ALLOWED_NEEDED = Message(
    "field_rule.allowed",
    "The rule “{name}” must say which values can be chosen, as “limit” does and nothing else.",
    "规则“{name}”须给出可选值；只有“limit”使用可选值。",
    "Give `allowed` with `limit`, and leave it out otherwise.",
    "使用 limit 时请填写 allowed，其他作用请删除。",
)
UNKNOWN_CHOICE = Message(
    "formula.unknown_choice",
    "“{value}” is none of the values of “{field}”.",
    "“{value}”不是“{field}”的取值。",
    "They are: {known}.",
    "可用取值：{known}。",
)
READS_ITSELF = Message(
    "field_rule.reads_itself",
    "“{field}” is shown only where its own value says so: while it is empty nobody can fill it.",
    "“{field}”是否显示取决于其自身的值：为空时无人能填写。",
    "Let the condition read other fields.",
    "请让条件读取其他字段。",
)
NEVER_MET = Message(
    "field_rule.never",
    "The rule “{name}” never counts: where it holds, “{other}” hides “{field}”.",
    "规则“{name}”永远不起作用：其成立时“{other}”会隐藏“{field}”。",
    "Correct one of the two conditions, or remove the rule.",
    "请更正其中一个条件，或删除该规则。",
)
NOTHING_LEFT = Message(
    "field_rule.nothing_left",
    "Where “{name}” and “{other}” both hold, nothing can be chosen for “{field}”.",
    "“{name}”与“{other}”同时成立时，“{field}”没有可选值。",
    "Let the conditions exclude each other, or allow a value in both.",
    "请让两个条件互斥，或允许至少一个共同的值。",
    severity="warning",
)
DISCLOSES = Message(
    "field_rule.discloses",
    "The rule “{name}” reads the internal “{field}”: how it decides tells partners something of it.",
    "规则“{name}”读取内部字段“{field}”：其结果会向伙伴透露部分信息。",
    "Read other fields, or make the fields it speaks of internal too, unless it is meant so.",
    "除非有意如此，请改读其他字段，或将其涉及的字段也设为内部。",
    severity="warning",
)
UNKNOWN_ROLE = Message(
    "ref.unknown_role",
    "There is no role “{name}”.",
    "没有角色“{name}”。",
    "Check the name.",
    "请检查名称。",
)
UNKNOWN_STATE = Message(
    "workflow.unknown_state",
    "“{name}” is no state of “{object}”.",
    "“{name}”不是“{object}”的状态。",
    "They are: {known}.",
    "可用的状态：{known}。",
)
STATE_NO_EFFECT = Message(
    "field.required_in",
    "“{field}” cannot be required in a state: {reason}.",
    "“{field}”不能按状态设为必填：{reason}。",
    "Remove `required_in`.",
    "请删除 required_in。",
)
COMPUTED = ("the platform fills it", "该字段由系统填写")
BY_SYSTEM = ("people never write it", "用户从不填写该字段")
ALWAYS_REQUIRED = ("it always needs a value", "该字段始终必填")
NO_CHOICES = ("it has no list of values", "该字段没有取值列表")
ALL_ALLOWED = ("all of its values are allowed", "已允许其全部取值")
MASTER = ("rows always have their master", "明细行始终属于主记录")
NO_WORKFLOW = ("the object has no workflow", "该对象没有工作流")

Reason = tuple[str, str]


def check_field_rules(subject: Subject) -> Iterator[Problem]:
    """Find field rules that do nothing or leave nothing to do; reads one object at a time."""
    yield from subject.each("field rules", "objects", partial(_of_object, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    places = {
        rule.name: subject.at("object", model.name, *rule.place(at))
        for at, rule in enumerate(model.definition.field_rules)
    }
    for rule in model.field_rules:
        if rule.definition.origin is None:
            yield from _rule(model, rule, places[rule.name])
    yield from _pairs(subject, model, places)
    yield from _record_types(subject, model)
    for field in model.fields.values():
        yield from _states(subject, model, field)


def _rule(model: ObjectModel, rule: FieldRuleModel, place: str) -> Iterator[Problem]:
    definition = rule.definition
    by_id = {field.id: field for field in model.fields.values()}
    if (definition.effect == "limit") is not bool(definition.allowed):
        yield ALLOWED_NEEDED.at(place + "/allowed", name=rule.name)
    for position, name in enumerate(definition.about):
        field = model.fields[name]
        where = f"{place}/about/{position}"
        reason = _inert(model, field, rule)
        if reason is not None:
            yield _told(NO_EFFECT, where, reason, name=rule.name, field=name)
        elif definition.effect == "limit":
            yield from _unknown_choices(field, rule, place)
        own = definition.effect == "show" and (field.id,) in rule.when.references()
        if own and not rule.when.uses_old:
            yield READS_ITSELF.at(place + "/when", field=name)
    if any(not model.fields[name].internal for name in definition.about):
        for path in sorted(rule.when.references()):
            read = by_id.get(path[0])
            if read is not None and read.internal:
                yield DISCLOSES.at(place + "/when", name=rule.name, field=read.name)


def _inert(model: ObjectModel, field: FieldModel, rule: FieldRuleModel) -> Reason | None:
    """Return why a rule does nothing for a field, in both languages."""
    effect = rule.definition.effect
    if field.name == model.master:
        return MASTER
    if effect == "show" and not field.system:
        return None
    if field.system or field.computed is not None:
        return COMPUTED
    if effect == "lock" and field.definition.written_by == "system":
        return BY_SYSTEM
    if effect == "require" and field.definition.required:
        return ALWAYS_REQUIRED
    if effect == "limit":
        return _limits_nothing(field, rule)
    return None


def _limits_nothing(field: FieldModel, rule: FieldRuleModel) -> Reason | None:
    choices = getattr(field.options, "choices", None)
    if not choices:
        return NO_CHOICES
    known = {one.value for one in choices}
    return ALL_ALLOWED if known <= set(rule.definition.allowed) else None


def _unknown_choices(field: FieldModel, rule: FieldRuleModel, place: str) -> Iterator[Problem]:
    known = [one.value for one in field.options.choices]
    for position, value in enumerate(rule.definition.allowed):
        if value not in known:
            shown = ", ".join(known[:20])
            where = f"{place}/allowed/{position}"
            yield UNKNOWN_CHOICE.at(where, value=value, field=field.name, known=shown)


def _record_types(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for position, one in enumerate(model.definition.record_types):
        for index, role in enumerate(one.roles):
            if role not in subject.catalog.roles:
                place = subject.at("object", model.name, "record_types", position, "roles", index)
                yield UNKNOWN_ROLE.at(place, name=role)


def _pairs(subject: Subject, model: ObjectModel, places: dict[str, str]) -> Iterator[Problem]:
    """Find rules of one field that exclude each other."""
    by_field: dict[str, list[FieldRuleModel]] = {}
    for rule in model.field_rules:
        for name in rule.definition.about:
            by_field.setdefault(name, []).append(rule)
    for name, rules in by_field.items():
        for first, second in combinations(rules, 2):
            yield from _pair(subject, name, first, second, places)


def _pair(
    subject: Subject,
    field: str,
    first: FieldRuleModel,
    second: FieldRuleModel,
    places: dict[str, str],
) -> Iterator[Problem]:
    answer = can_be(True, [first.when, second.when], subject.domain)
    effects = {first.definition.effect, second.definition.effect}
    if effects == {"limit"}:
        nothing = not set(first.definition.allowed) & set(second.definition.allowed)
        made = first.definition.origin and second.definition.origin
        if nothing and not made and answer is Answer.YES:
            place = f"{places[second.name]}/allowed"
            yield NOTHING_LEFT.at(place, name=second.name, other=first.name, field=field)
    elif "show" in effects and len(effects) > 1 and answer is Answer.NO:
        shows = first if first.definition.effect == "show" else second
        other = second if shows is first else first
        each = (can_be(True, [one.when], subject.domain) for one in (first, second))
        if all(one is not Answer.NO for one in each):
            place = f"{places[other.name]}/when"
            yield NEVER_MET.at(place, name=other.name, other=shows.name, field=field)


def _states(subject: Subject, model: ObjectModel, field: FieldModel) -> Iterator[Problem]:
    wanted = field.definition.required_in
    if not wanted:
        return
    place = subject.field(model.name, field.name, "required_in")
    workflow = subject.catalog.workflows.get(model.workflow or "")
    reason: Reason | None = None
    if field.computed is not None:
        reason = COMPUTED
    elif field.name == model.master:
        reason = MASTER
    elif field.definition.required and field.name not in model.hideable:
        reason = ALWAYS_REQUIRED
    elif model.workflow is None:
        reason = NO_WORKFLOW
    if reason is not None:
        yield _told(STATE_NO_EFFECT, place, reason, field=field.name)
        return
    for position, name in enumerate(wanted):
        if workflow is not None and name not in workflow.states:
            known = ", ".join(list(workflow.states)[:20])
            where = f"{place}/{position}"
            yield UNKNOWN_STATE.at(where, name=name, object=model.name, known=known)


def _told(message: Message, place: str, reason: Reason, **values: str) -> Problem:
    return message.at(place, reason=Text(*reason), **values)
