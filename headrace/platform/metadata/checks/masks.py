"""Checks of masked fields: nothing else may show or tell what they hide."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import FieldRef, Query, walk
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject

NOT_A_TEXT = Message(
    "field.masked_type",
    "“{field}” cannot be masked: only texts that people enter, and formulas and roll-ups that give texts, can.",
    "“{field}”不能脱敏显示：只有用户填写的文本，以及返回文本的公式和汇总可以。",
    "Take `masked` away, or limit who may read the field by a permission.",
    "请去掉 masked，或用权限限制该字段的读取。",
)
TELLS = Message(
    "field.masked_key",
    "“{field}” cannot be masked: it is {use}, by which anybody could find out its values.",
    "“{field}”不能脱敏显示：它是{use}，他人可借此推出其值。",
    "Use another field for that.",
    "请改用其他字段。",
)
SHOWS = Message(
    "field.masked_shown",
    "“{field}” is computed from the masked field “{source}” and would show what that hides.",
    "“{field}”由脱敏字段“{source}”计算得出，会泄露其内容。",
    "Mask it too, or compute it from something else.",
    "请同样设置 masked，或改用其他字段计算。",
)
_TITLE = Text("the title of its records", "记录的标题字段")
_EXTERNAL = Text("the key by which other systems find records", "其他系统查找记录所用的标识")


def check_masks(subject: Subject) -> Iterator[Problem]:
    """Yield what would make a mask do nothing."""
    yield from subject.each("masks", "objects", partial(_of_object, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for field in model.fields.values():
        if field.system:
            continue
        if field.definition.masked is not None:
            yield from _of_field(subject, model, field)
        elif field.value_type.kind is Kind.TEXT:
            yield from _of_made(subject, model, field)


def _of_field(subject: Subject, model: ObjectModel, field: FieldModel) -> Iterator[Problem]:
    place = subject.field(model.name, field.name, "masked")
    made = field.computed in {"formula", "rollup"}
    entered = field.computed is None and "contains" in field.type.operators
    if field.storage.kind != "text" or not (made or entered):
        yield NOT_A_TEXT.at(place, field=field.label)
    elif model.title == field.name:
        yield TELLS.at(place, field=field.label, use=_TITLE)
    elif field.definition.external_id:
        yield TELLS.at(place, field=field.label, use=_EXTERNAL)


def _of_made(subject: Subject, model: ObjectModel, field: FieldModel) -> Iterator[Problem]:
    """Yield where an unmasked text is made from a masked one: by formula, default or roll-up."""
    for part, ids in (
        ("formula", _read(field.expression)),
        ("default", _read(field.default)),
        ("of", _rolled_up(subject, model, field)),
    ):
        for field_id in ids:
            source = subject.fields_by_id.get(field_id)
            if source is not None and source.definition.masked is not None:
                place = subject.field(model.name, field.name, part)
                yield SHOWS.at(place, field=field.label, source=source.label)
                break


def _read(expression: Expression | None) -> Iterator[str]:
    """Yield the ids of the fields that a formula reads, those that it asks other objects for too."""
    for node in walk(expression.tree) if expression is not None else ():
        if isinstance(node, FieldRef):
            yield node.path[-1]
        elif isinstance(node, Query):
            yield from (one.path[-1] for one in (node.field, *node.more) if one is not None)


def _rolled_up(subject: Subject, model: ObjectModel, field: FieldModel) -> Iterator[str]:
    for rollup in model.rollups:
        source = subject.catalog.objects.get(rollup.source)
        if rollup.field == field.name and rollup.of is not None and source is not None:
            yield source.fields[rollup.of].id
