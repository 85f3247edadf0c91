"""Checks of amounts in several currencies: they name their currency, and nobody adds them up unawares."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from headrace.platform.core.currencies import DIGITS
from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.building import closest
from headrace.platform.metadata.building.messages import UNKNOWN_FIELD
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject

NO_CURRENCY = Message(
    "field.currency",
    "“{other}” does not say what currency “{field}” is in: its values have to be ISO 4217 codes, such as CNY or "
    "usd.",
    "“{other}”不能说明“{field}”的币种：其可选值须为 ISO 4217 代码，如 CNY 或 usd。",
    "Name a field of the type choice with such values.",
    "请指定可选值均为此类代码的单选字段。",
)
MIXED = Message(
    "currency.mixed",
    "“{field}” may be in several currencies, and here they are taken together.",
    "“{field}”可能包含多种币种，此处却合并计算。",
    "Group by “{other}” too, or narrow the rows down to one currency.",
    "请同时按“{other}”分组，或将数据限定为一种币种。",
    severity="warning",
)
_COUNTED: Final = "count"


def check_currencies(subject: Subject) -> Iterator[Problem]:
    """Find currencies that nobody names, and sums over several.

    Reads one object at a time for the first; for the others each roll-up and report with its field.
    """
    yield from subject.each("currencies", "objects", partial(_of_object, subject))
    yield from _rollups(subject)
    yield from _reports(subject)


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for field in model.fields.values():
        named = getattr(field.options, "currency_field", None)
        if named is None:
            continue
        place = subject.field(model.name, field.name, "currency_field")
        other = model.fields.get(named)
        if other is None:
            suggestion = closest(named, model.fields)
            yield UNKNOWN_FIELD.at(place, object=model.name, name=named, suggestion=suggestion)
        elif not _tells_currencies(other):
            yield NO_CURRENCY.at(place, field=field.name, other=named)


def _tells_currencies(field: FieldModel) -> bool:
    values = field.type.declared(field.options) if not field.storage.many else None
    return bool(values) and all(one.upper() in DIGITS for one in values or ())


def _rollups(subject: Subject) -> Iterator[Problem]:
    for model in subject.catalog.objects.values():
        for rollup in model.rollups:
            if rollup.op == _COUNTED or rollup.of is None or rollup.where is not None:
                continue
            of = subject.catalog.objects[rollup.source].fields.get(rollup.of)
            named = None if of is None else getattr(of.options, "currency_field", None)
            if of is not None and named is not None and named not in rollup.on:
                place = subject.field(model.name, rollup.field, "of")
                yield MIXED.at(place, field=of.name, other=named)


def _reports(subject: Subject) -> Iterator[Problem]:
    for model in subject.catalog.reports.values():
        report = model.definition
        grouped = {one.field for one in (*report.group_rows, *report.group_columns)}
        for position, measure in enumerate(report.measures):
            path = (
                subject.catalog.path(report.object, measure.field)
                if measure.field and measure.op != _COUNTED and model.where is None
                else None
            )
            named = None if path is None else getattr(path[-1].options, "currency_field", None)
            if path is None or named is None:
                continue
            other = ".".join([*(one.name for one in path[:-1]), named])
            if other not in grouped:
                place = subject.at("report", report.name, "measures", position)
                yield MIXED.at(place, field=measure.field, other=other)
