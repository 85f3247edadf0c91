"""Checks of choices: which of their values may be chosen, and which depend on another field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.building import closest
from headrace.platform.metadata.building.messages import UNKNOWN_FIELD
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.satisfiable import constant_value

DECIDERS: Final = frozenset({"choice", "boolean"})
"""Types of fields that may decide what another one allows: few values, listed in the definition."""

UNUSED_SET = Message(
    "choice_set.unused",
    "No field takes its values from the choice set “{name}”.",
    "没有字段使用选项集“{name}”。",
    "Use it, or remove it.",
    "请使用或删除该选项集。",
    severity="warning",
)
NOT_A_DECIDER = Message(
    "choice.cannot_depend",
    "“{field}” cannot depend on “{other}”, which is neither another choice nor a boolean.",
    "“{field}”不能依赖“{other}”：它不是另一个单选或布尔字段。",
    "Name another field of the types {types}.",
    "请指定类型为 {types} 的其他字段。",
)
HALF = Message(
    "choice.depends_half",
    "`depends_on` and `allowed` of “{field}” mean nothing without each other.",
    "“{field}”的 depends_on 与 allowed 必须同时填写。",
    "Write both, or neither.",
    "请同时填写，或都不填写。",
)
CIRCLE = Message(
    "choice.depends_circle",
    "The choices depend on each other: {circle}.",
    "选项之间循环依赖：{circle}。",
    "Break the circle.",
    "请打破循环。",
)
UNKNOWN_VALUE = Message(
    "choice.unknown_value",
    "“{value}” is no value of “{field}”.",
    "“{value}”不是“{field}”的可选值。",
    "Use one of {values}.",
    "请使用以下之一：{values}。",
)
NEVER_ALLOWED = Message(
    "choice.never_allowed",
    "“{value}” of “{field}” may be chosen with no value of “{other}”.",
    "无论“{other}”取何值，都不能选择“{field}”的“{value}”。",
    "Allow it with one of them, or let it be inactive.",
    "请至少在一个取值下允许它，或将其停用。",
    severity="warning",
)
DEFAULT_INACTIVE = Message(
    "default.invalid",
    "The default “{value}” of “{field}” is not active: no record may get it.",
    "“{field}”的默认值“{value}”已停用，新记录不能使用。",
    "Write a value that is active.",
    "请填写启用的值。",
)


def check_choices(subject: Subject) -> Iterator[Problem]:
    """Find what is wrong with choices; reads one object at a time, for sets which of them are used."""
    yield from subject.each("choices", "objects", partial(_of_object, subject))
    yield from _sets(subject)


def _sets(subject: Subject) -> Iterator[Problem]:
    catalog = subject.catalog
    if not catalog.choice_sets:
        return
    used: set[str] = set()
    for name in catalog.objects:
        made = partial(_sets_of, catalog.objects, name)
        used |= subject.once(("choice sets", name), made)
    for name in catalog.choice_sets:
        if name not in used:
            yield UNUSED_SET.at(subject.at("choice_set", name, "name"), name=name)


def _sets_of(objects: Mapping[str, ObjectModel], name: str) -> frozenset[str]:
    named = (getattr(one.options, "choice_set", None) for one in objects[name].fields.values())
    return frozenset(one for one in named if one is not None)


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for field in model.fields.values():
        if not hasattr(field.options, "depends_on"):
            continue
        yield from _default(subject, field)
        if field.options.depends_on is None or not field.options.allowed:
            yield from _half(subject, field)
        else:
            yield from _dependent(subject, model, field)


def _default(subject: Subject, field: FieldModel) -> Iterator[Problem]:
    known, value = constant_value(field.default.tree) if field.default else (False, None)
    if known and value in field.options.inactive:
        place = subject.field(field.object, field.name, "default")
        yield DEFAULT_INACTIVE.at(place, value=value, field=field.name)


def _half(subject: Subject, field: FieldModel) -> Iterator[Problem]:
    given = [key for key in ("depends_on", "allowed") if getattr(field.options, key)]
    if given:
        yield HALF.at(subject.field(field.object, field.name, given[0]), field=field.name)


def _dependent(subject: Subject, model: ObjectModel, field: FieldModel) -> Iterator[Problem]:
    place = subject.field(model.name, field.name, "depends_on")
    other = model.fields.get(field.options.depends_on)
    if other is None:
        name = field.options.depends_on
        suggestion = closest(name, model.fields)
        yield UNKNOWN_FIELD.at(place, object=model.name, name=name, suggestion=suggestion)
        return
    if other is field or other.type.key not in DECIDERS:
        types = ", ".join(sorted(DECIDERS))
        yield NOT_A_DECIDER.at(place, field=field.name, other=other.name, types=types)
        return
    circle = _circle(model, field)
    if circle:
        yield CIRCLE.at(place, circle=" → ".join(circle))
    yield from _table(subject, field, other)


def _circle(model: ObjectModel, field: FieldModel) -> list[str]:
    """Return the fields on the way back to a field, none where there is no way."""
    names = [field.name]
    while True:
        following = getattr(model.fields[names[-1]].options, "depends_on", None)
        if following is None or following not in model.fields:
            return []
        names.append(following)
        if following in names[:-1]:
            return names if following == field.name else []


def _table(subject: Subject, field: FieldModel, other: FieldModel) -> Iterator[Problem]:
    allowed = field.options.allowed
    deciding = _values(other)
    own = field.type.declared(field.options) or ()
    for value, values in allowed.items():
        place = subject.field(field.object, field.name, "allowed", value)
        if value not in deciding:
            listed = ", ".join(deciding)
            yield UNKNOWN_VALUE.at(place, value=value, field=other.name, values=listed)
        for position, one in enumerate(values):
            if one not in own:
                where, listed = f"{place}/{position}", ", ".join(own)
                yield UNKNOWN_VALUE.at(where, value=one, field=field.name, values=listed)
    reached = {one for values in allowed.values() for one in values} | field.options.inactive
    for value in own:
        if value not in reached:
            place = subject.field(field.object, field.name, "allowed")
            yield NEVER_ALLOWED.at(place, value=value, field=field.name, other=other.name)


def _values(field: FieldModel) -> tuple[str, ...]:
    return field.type.declared(field.options) or ("true", "false")
