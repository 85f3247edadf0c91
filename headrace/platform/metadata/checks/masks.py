"""Checks of masked fields: nothing else may show or tell what they hide."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject

NOT_A_TEXT = Message(
    "field.masked_type",
    "“{field}” cannot be masked: only texts that people enter, and formulas that give texts, can.",
    "“{field}”不能脱敏显示:只有用户填写的文本和返回文本的公式可以。",
    "Take `masked` away, or limit who may read the field by a permission.",
    "请去掉 masked,或用权限限制该字段的读取。",
)
TELLS = Message(
    "field.masked_key",
    "“{field}” cannot be masked: it is {use}, by which anybody could find out its values.",
    "“{field}”不能脱敏显示:它是{use},他人可借此推出其值。",
    "Use another field for that.",
    "请改用其他字段。",
)
SHOWS = Message(
    "field.masked_shown",
    "“{field}” is computed from the masked field “{source}” and would show what that hides.",
    "“{field}”由脱敏字段“{source}”计算得出,会泄露其内容。",
    "Mask it too, or compute it from something else.",
    "请同样设置 masked,或改用其他字段计算。",
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
        elif field.expression is not None and field.value_type.kind is Kind.TEXT:
            yield from _of_formula(subject, field)


def _of_field(subject: Subject, model: ObjectModel, field: FieldModel) -> Iterator[Problem]:
    place = subject.field(model.name, field.name, "masked")
    textual = field.storage.kind == "text" and "contains" in field.type.operators
    if not textual or field.computed not in {None, "formula"}:
        yield NOT_A_TEXT.at(place, field=field.label)
    elif model.title == field.name:
        yield TELLS.at(place, field=field.label, use=_TITLE)
    elif field.definition.external_id:
        yield TELLS.at(place, field=field.label, use=_EXTERNAL)


def _of_formula(subject: Subject, field: FieldModel) -> Iterator[Problem]:
    assert field.expression is not None  # noqa: S101 - asked for computed fields only
    for path in field.expression.references():
        source = subject.fields_by_id.get(path[-1])
        if source is not None and source.definition.masked is not None:
            place = subject.field(field.object, field.name, "formula")
            yield SHOWS.at(place, field=field.label, source=source.label)
            return
