"""Finds the samples of what a formula is handed over: what was written for a try, else what somebody could enter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from marshmallow import ValidationError

from headrace.platform.core.errors import NOT_FOUND
from headrace.platform.core.problems import Text
from headrace.platform.forms.ahead import Ahead
from headrace.platform.forms.samples import Sample
from headrace.platform.formulas.scope import NamedExpression, NamedParameter
from headrace.platform.formulas.tree import Value
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.building.messages import BAD_CONSTANT
from headrace.platform.metadata.building.value_types import value_of
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.field_types.cells import Cell
from headrace.platform.records.environment import as_value

_MINUTE: Final = len("2025-06-10T08:00")


def of_inputs(
    ahead: Ahead, inputs: Iterable[FieldModel], given: Mapping[str, str]
) -> tuple[Sample, ...]:
    """Return what stands for each value that a button asks for; texts that were written go first."""
    return tuple(_of_input(ahead, one, given.get(one.name)) for one in inputs)


def of_parameters(
    ahead: Ahead, expression: NamedExpression, given: Mapping[str, str]
) -> tuple[Sample, ...]:
    """Return what stands for each parameter of a named expression; texts that were written go first."""
    return tuple(_of_parameter(ahead, one, given.get(one.name)) for one in expression.parameters)


def _of_input(ahead: Ahead, field: FieldModel, written: str | None) -> Sample:
    declared = field.type.declared(field.options) or ()
    choices = tuple((one, _shown(field, one)) for one in declared)
    label = field.label or Text(field.name, field.name)
    sample = Sample(field.id, field.name, label, field.value_type, choices=choices)
    if written is None:
        return _filled(ahead, sample, declared[0] if declared else _usual(ahead, sample))
    sample = replace(sample, text=written)
    if not written.strip():
        return sample
    try:
        raw = field.type.from_cell(Cell(written.strip()), field.options, ahead.live.zone)
        value = as_value(field.type.value_field(field.options).deserialize(raw))
    except ValidationError as refusal:
        problems: Any = refusal.messages
        return replace(sample, problem=problems[0])
    return replace(sample, value=value)


def _of_parameter(ahead: Ahead, one: NamedParameter, written: str | None) -> Sample:
    sample = Sample(f"${one.name}", one.name, Text(one.name, one.name), one.type)
    if written is None:
        return _filled(ahead, sample, _usual(ahead, sample))
    sample = replace(sample, text=written)
    text = written.strip()
    if not text:
        return sample
    if one.type.kind is Kind.DATETIME and len(text) == _MINUTE:
        value: Value = _in_zone(text, ahead)
    else:
        value = value_of(text, one.type)
    if value is None:
        wrong = BAD_CONSTANT.at(value=text, type=one.type.shown())
        return replace(sample, problem=wrong)
    return _titled(ahead, replace(sample, value=value))


def _in_zone(text: str, ahead: Ahead) -> datetime | None:
    """Return a minute of the workspace's clocks."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ahead.live.zone)
    except ValueError:
        return None


def _filled(ahead: Ahead, sample: Sample, value: Value) -> Sample:
    """Return a sample with a value that nobody wrote."""
    return _titled(ahead, replace(sample, value=value, text=_text(value, ahead)))


def _usual(ahead: Ahead, sample: Sample) -> Value:
    """Return what somebody could enter: one, yes, today, the newest record that is seen."""
    match sample.type.kind:
        case Kind.NUMBER:
            return Decimal(1).quantize(Decimal(1).scaleb(-sample.type.scale))
        case Kind.BOOLEAN:
            return True
        case Kind.DATE:
            return ahead.live.today()
        case Kind.DATETIME:
            return ahead.live.now()
        case Kind.TEXT:
            return sample.name
        case Kind.REFERENCE:
            target = ahead.catalog.object(sample.type.target or "")
            return None if target is None else ahead.newest(target)
        case _:
            return None


def _titled(ahead: Ahead, sample: Sample) -> Sample:
    """Return a sample with the title of the record that it refers to; one that is not seen is none."""
    target = sample.type.target
    if target is None or not isinstance(sample.value, str):
        return sample
    row = ahead.row_of(target, sample.value)
    if row is None:
        return replace(sample, value=None, problem=NOT_FOUND.at())
    return replace(sample, title=row.title() or sample.value)


def _shown(field: FieldModel, value: str) -> Text:
    en, zh = (str(field.type.shown(value, field.options, one)) for one in ("en", "zh"))
    return Text(en, zh)


def _text(value: Value, ahead: Ahead) -> str:
    """Return a value as somebody would write it; instants by the workspace's clocks."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(ahead.live.zone).replace(tzinfo=None).isoformat()[:_MINUTE]
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)
