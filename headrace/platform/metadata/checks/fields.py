"""Checks of fields: keys that would do nothing, defaults that could never be taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from marshmallow import ValidationError

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.tree import instant_text
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.field_rules import UNKNOWN_ROLE
from headrace.platform.metadata.checks.satisfiable import constant_value
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import HOLDS_FILES

INERT_KEY = Message(
    "field.inert_key",
    "“{key}” does nothing on “{field}”: {reason}.",
    "“{key}”对“{field}”无效：{reason}。",
    "Remove it.",
    "请删除。",
)
DEFAULT_INVALID = Message(
    "default.invalid",
    "The default “{value}” is no value of “{field}”: {reason}",
    "默认值“{value}”不能用于“{field}”：{reason}",
    "Write a value that people could enter too.",
    "请填写用户也可以输入的值。",
)
DEFAULT_NOTHING = Message(
    "default.invalid",
    "The default of “{field}” never gives a value.",
    "“{field}”的默认值永远为空。",
    "Remove it, or write a value.",
    "请删除，或填写一个值。",
)
DEFAULT_CYCLE = Message(
    "formula.cycle",
    "The defaults wait for each other: {cycle}.",
    "默认值相互依赖：{cycle}。",
    "Break the circle.",
    "请打破循环。",
)
NEVER_GIVEN = Message(
    "field.never_given",
    "“{field}” is required, but only the system writes it and it has no default: no record"
    " could be made.",
    "“{field}”为必填，但只能由系统写入且无默认值：将无法创建记录。",
    "Give it a default, or take “required” away.",
    "请设置默认值，或取消必填。",
)
NEVER_WRITTEN = Message(
    "field.never_written",
    "Nothing ever writes “{field}”: people may not, and no default, transition or automation does.",
    "“{field}”永远不会被写入：用户不能写，也没有默认值、转换或自动化写入它。",
    "Set it in a transition or an automation, give it a default, or let people write it.",
    "请在转换或自动化中设置、提供默认值，或允许用户填写。",
    severity="warning",
)
SINGLE_CHOICE = Message(
    "choice.single",
    "“{field}” always has the same value: it is required, has a default and one choice.",
    "“{field}”的值恒定：必填、有默认值且只有一个选项。",
    "Add choices, or remove the field.",
    "请增加选项，或删除该字段。",
    severity="warning",
)
NOT_STORED = Text("its value is computed when it is read", "其值在读取时计算")
MADE = Text("the platform makes its value", "其值由平台生成")
OTHER_PEOPLE = Message(
    "user.other_people",
    "Only internal people may be chosen, but holders of “{role}” are partners.",
    "只能选择内部人员，而“{role}”的持有者是伙伴人员。",
    "Leave the role out, or let `people` be `partner` or `all`.",
    "请去掉该角色，或将 people 设为 partner 或 all。",
)
TARGET_UNTITLED = Message(
    "target.untitled",
    "Records of “{object}” have no title by which people could choose among them.",
    "“{object}”的记录没有标题，用户无法据此选择。",
    "Give the object a `title`, or leave it out here.",
    "请为该对象设置 title，或在此处去掉它。",
)
OF_OTHERS = Text("what it refers to has keys of its own", "它所引用的记录自有其标识")
SEVERAL_VALUES = Text("it has several values", "它可以有多个值")
UPLOADED = Text("people upload its files", "其文件由用户上传")
TWO_VALUES = Text("it has two values only", "它只有两个取值")


def check_fields(subject: Subject) -> Iterator[Problem]:
    """Find keys and defaults of fields that could never do anything.

    Reads one object at a time, and which workflows set its fields.
    """
    yield from subject.each("fields", "objects", partial(_of_object, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    written = _set_by_platform(subject, model)
    for field in model.fields.values():
        if field.system:
            continue
        for key, reason in _inert(field):
            place = subject.field(model.name, field.name, key)
            yield INERT_KEY.at(place, key=key, field=field.name, reason=reason)
        yield from _default(subject, field)
        yield from _writers(subject, field, written)
        yield from _single(subject, field)
        yield from _people(subject, field)
        yield from _untitled(subject, field)
    yield from _default_cycles(subject, model)


def _inert(field: FieldModel) -> Iterator[tuple[str, Text]]:
    definition = field.definition
    if field.computed is not None:
        if definition.default is not None:
            yield "default", MADE
        if definition.written_by == "system":
            yield "written_by", MADE
        if definition.required:
            yield "required", MADE
    if not field.stored:
        for key in ("unique", "external_id", "history"):
            if getattr(definition, key):
                yield key, NOT_STORED
    if field.storage.many:
        for key in ("unique", "external_id"):
            if getattr(definition, key):
                yield key, SEVERAL_VALUES
    if field.type.key == "boolean" and (definition.unique or definition.external_id):
        yield ("unique" if definition.unique else "external_id"), TWO_VALUES
    yield from _inert_on_values(field)


def _inert_on_values(field: FieldModel) -> Iterator[tuple[str, Text]]:
    if field.storage.kind in HOLDS_FILES:
        for key in ("default", "unique", "external_id"):
            if getattr(field.definition, key):
                yield key, UPLOADED
    if field.targets and field.definition.external_id:
        yield "external_id", OF_OTHERS


# -- defaults -----------------------------------------------------------------------------------------


def _default(subject: Subject, field: FieldModel) -> Iterator[Problem]:
    if field.default is None or field.computed is not None:
        return
    known, value = constant_value(field.default.tree)
    if not known:
        return
    place = subject.field(field.object, field.name, "default")
    if value is None:
        yield DEFAULT_NOTHING.at(place, field=field.name)
        return
    sent = _as_sent(value)
    try:
        taken = field.type.value_field(field.options).deserialize(sent)
    except ValidationError as error:
        reason = _reason(error)
        yield DEFAULT_INVALID.at(place, value=sent, field=field.name, reason=reason)
        return
    if taken is None:
        yield DEFAULT_NOTHING.at(place, field=field.name)


def _as_sent(value: Any) -> Any:
    """Return a value of a formula as a request would send it."""
    match value:
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case Decimal() if value == value.to_integral_value():
            return int(value)
        case Decimal():
            return format(value, "f")
        case _:
            return value


def _reason(error: ValidationError) -> Text:
    found = error.messages[0] if isinstance(error.messages, list) else error.messages
    return found.message if isinstance(found, Problem) else Text(str(found), str(found))


def _default_cycles(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    """Follow what defaults read within the row; one that comes back to itself is never known."""
    by_id = {field.id: field for field in model.fields.values()}
    reads = {
        field.id: {
            path[0]
            for one in (field.default, field.expression)
            if one is not None
            for path in one.references()
        }
        for field in by_id.values()
    }
    done: set[str] = set()

    def visit(one: str, trail: tuple[str, ...]) -> Iterator[Problem]:
        if one in trail:
            circle = [by_id[step] for step in (*trail[trail.index(one) :], one)]
            defaults = [field for field in circle if field.default is not None]
            if defaults:
                cycle = " → ".join(field.name for field in circle)
                place = subject.field(model.name, defaults[0].name, "default")
                yield DEFAULT_CYCLE.at(place, cycle=cycle)
            return
        if one in done:
            return
        for step in sorted(reads[one] & reads.keys()):
            yield from visit(step, (*trail, one))
        done.add(one)

    for start in by_id:
        yield from visit(start, ())


# -- who writes ---------------------------------------------------------------------------------------


def _set_by_platform(subject: Subject, model: ObjectModel) -> frozenset[str]:
    """Return the fields of an object that an automation, a transition or a ledger sets, or an approver may change."""
    found: set[str] = set(subject.set_by_automations(model.name))
    if model.ledger is not None:
        found |= model.ledger.kept
        found.update(one.field for one in model.ledger.assignments)
        found.update(filter(None, (model.ledger.definition.reason,)))
    for workflow in subject.workflows_of(model.name):
        for one in workflow.transitions.values():
            found.update(assignment.field for assignment in one.all_assignments)
        found.update(
            name
            for approvals in workflow.approvals.values()
            for approval in approvals
            for step in approval.steps
            for name in step.definition.editable
        )
    return frozenset(found)


def _writers(subject: Subject, field: FieldModel, written: frozenset[str]) -> Iterator[Problem]:
    by_system = field.definition.written_by == "system" and field.computed is None
    if not by_system or field.default is not None:
        return
    if field.definition.required:
        place = subject.field(field.object, field.name, "required")
        yield NEVER_GIVEN.at(place, field=field.name)
    elif field.name not in written:
        place = subject.field(field.object, field.name, "written_by")
        yield NEVER_WRITTEN.at(place, field=field.name)


def _people(subject: Subject, field: FieldModel) -> Iterator[Problem]:
    """Find roles that are not there, or whose holders are not the people that may be chosen."""
    if field.pointed != USER_OBJECT:
        return
    people = getattr(field.options, "people", "all")
    for position, name in enumerate(getattr(field.options, "roles", ())):
        place = f"{subject.field(field.object, field.name, 'roles')}/{position}"
        role = subject.catalog.roles.get(name)
        if role is None:
            yield UNKNOWN_ROLE.at(place, name=name)
        elif people == "internal" and role.audience == "partner":
            yield OTHER_PEOPLE.at(place, role=name)


def _untitled(subject: Subject, field: FieldModel) -> Iterator[Problem]:
    for position, name in enumerate(field.targets):
        target = subject.catalog.objects.get(name)
        if target is not None and target.title == "id":
            place = f"{subject.field(field.object, field.name, 'targets')}/{position}"
            yield TARGET_UNTITLED.at(place, object=name)


def _single(subject: Subject, field: FieldModel) -> Iterator[Problem]:
    choices = getattr(field.options, "choices", None)
    fixed = field.definition.required and field.default is not None
    if choices and len(choices) == 1 and fixed:
        yield SINGLE_CHOICE.at(subject.field(field.object, field.name, "choices"), field=field.name)
