"""Roll-ups seen from both sides, and the order in which formula fields are computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.types import Type, number
from headrace.platform.formulas.words import words
from headrace.platform.metadata.building.messages import FORMULA_CYCLE, UNKNOWN_OBJECT
from headrace.platform.metadata.building.parts import ANY
from headrace.platform.metadata.building.workbench import (
    Workbench,
    unknown_field,
    with_former_fields,
)
from headrace.platform.metadata.catalog import FieldModel, ObjectModel, RollupModel
from headrace.platform.metadata.field_types.computed import RollupOptions
from headrace.platform.metadata.storage_types import INTEGER, Storage, decimal_storage

TAKES_TYPE: Final = frozenset({"sum", "min", "max", "last"})
"""Roll-ups whose values are of the type of the field that they are made of."""

LEAST_SCALE: Final = 2
"""Digits after the point of an average that declares none, at least."""


def is_rollup(field: FieldModel) -> bool:
    """Say whether a field is made of values of other rows, so that its type follows from theirs."""
    return field.computed == "rollup"


def give_rollup_types(work: Workbench, rollups: Mapping[str, Iterable[str]]) -> None:
    """Give each roll-up its type and say whether it is stored, before any formula reads it.

    `rollups` names them by object.
    """
    bare = dict(work.objects)
    for name in work.stale("rollups", "object", rollups):
        make = partial(_with_types, work, bare, name, rollups[name])
        typed = work.part("rollups", name, (), make, about=name)
        work.note_object(name, work.former("rollups", name), typed)
    work.objects.update(work.results("rollups", rollups))


def _with_types(
    work: Workbench, bare: Mapping[str, ObjectModel], name: str, rollups: Iterable[str]
) -> ObjectModel:
    model = bare[name]
    typed = {one: _typed(work, bare, model.fields[one]) for one in rollups}
    changed = dataclasses.replace(model, fields={**model.fields, **typed})
    return with_former_fields(changed, work.former("rollups", name))


def _typed(work: Workbench, bare: Mapping[str, ObjectModel], field: FieldModel) -> FieldModel:
    """Return a roll-up with the type of the first field down its chain that is none itself."""
    storage, value_type = _result(work, bare, field, frozenset())
    stored = _is_stored(work, bare, field.options)
    return dataclasses.replace(field, storage=storage, value_type=value_type, stored=stored)


def _result(
    work: Workbench, bare: Mapping[str, ObjectModel], field: FieldModel, seen: frozenset[str]
) -> tuple[Storage, Type]:
    """Return how values are stored and what they are; a circle is found by a check."""
    made = (field.storage, field.value_type)
    if not is_rollup(field) or field.options.op == "count" or field.id in seen:
        return made
    source, _, of = field.options.of.partition(".")
    work.reads.add((source, of))
    put = bare[source].fields.get(of) if source in bare else None
    if put is None:
        return made
    storage, value_type = _result(work, bare, put, seen | {field.id})
    if field.options.op in TAKES_TYPE:
        return storage, value_type
    scale = average_scale(field.options.scale, value_type)
    return decimal_storage(scale) if scale else INTEGER, number(scale)


def average_scale(declared: int | None, averaged: Type) -> int:
    """Return the digits after the point of an average."""
    return max(LEAST_SCALE, averaged.scale) if declared is None else declared


def _is_stored(work: Workbench, bare: Mapping[str, ObjectModel], options: RollupOptions) -> bool:
    """Say whether a roll-up changes only when rows of its source do, or owners on their own.

    What depends on today, on constants or on rows further away would grow old in a column.
    """
    if options.via is not None:
        return False
    source = options.of.partition(".")[0]
    fields = bare[source].fields if source in bare else {}
    for kind, name in words(options.where):
        if kind == "name" and len(name) == 1:
            work.reads.add((source, name[0]))
            if name[0] in fields:
                continue
        if kind == "function" and "clock" not in _uses(name[0]):
            continue
        return False
    return True


def _uses(function: str) -> frozenset[str]:
    return frozenset(FUNCTIONS[function].uses) if function in FUNCTIONS else frozenset()


def with_rollups(work: Workbench, model: ObjectModel) -> ObjectModel:
    """Give an object its roll-ups and its order of computing."""
    made = [
        _rollup(work, model, field) for field in model.fields.values() if field.computed == "rollup"
    ]
    return dataclasses.replace(
        model,
        rollups=tuple(one for one in made if one is not None),
        computed_order=_order(work, model),
    )


def with_feeds(work: Workbench, finished: Mapping[str, ObjectModel]) -> dict[str, ObjectModel]:
    """Give each object the stored roll-ups of others that its rows go into."""
    feeds: dict[str, tuple[RollupModel, ...]] = {}
    for model in finished.values():
        for rollup in model.stored_rollups:
            feeds[rollup.source] = (*feeds.get(rollup.source, ()), rollup)
    return {name: _fed(work, model, feeds.get(name, ())) for name, model in finished.items()}


def _fed(work: Workbench, model: ObjectModel, feeds: tuple[RollupModel, ...]) -> ObjectModel:
    former: ObjectModel | None = work.before.objects.get(model.name)
    same = former is not None and former.feeds == feeds
    if former is not None and same and work.former("object", model.name) is model:
        return former
    if not same:
        work.changed.add((model.name, ANY))
    return dataclasses.replace(model, feeds=feeds) if feeds else model


def _rollup(work: Workbench, model: ObjectModel, field: FieldModel) -> RollupModel | None:
    place = work.field_place(model.name, field.name)
    options: RollupOptions = field.options
    source_name, _, of = options.of.partition(".")
    source = work.objects.get(source_name)
    if source is None:
        work.problems.append(UNKNOWN_OBJECT.at("/of", name=source_name).below(place))
        return None
    named = [("/last_by", options.last_by), ("/of", of or None)]
    named += [(f"/on/{position}", name) for position, name in enumerate(options.on)]
    for key, name in named:
        if name is not None and work.find(source_name, name) is None:
            work.problems.append(unknown_field(source, name).below(key).below(place))
            return None
    for position, name in enumerate(options.on):
        if name not in model.fields:
            problem = unknown_field(model, name).below(f"/on/{position}").below(place)
            work.problems.append(problem)
            return None
    key = "/by" if options.by is not None else "/via"
    via = work.path_at(place + key, source_name, options.by or options.via)
    if via is None and not options.on:
        return None
    averaged = source.fields[of].value_type if of else number(0)
    return RollupModel(
        owner=model.name,
        field=field.name,
        source=source_name,
        via=via or (),
        on=options.on,
        op=options.op,
        of=of or None,
        last_by=options.last_by,
        scale=average_scale(options.scale, averaged),
        where=work.expression(options.where, source_name, place + "/where"),
        stored=field.stored,
    )


def _order(work: Workbench, model: ObjectModel) -> tuple[str, ...]:
    """Return the formula fields so that each comes after those it reads."""
    formulas = {field.id: field for field in model.fields.values() if field.expression is not None}
    order: list[str] = []
    state: dict[str, int] = {}

    def visit(field: FieldModel, trail: tuple[str, ...]) -> None:
        if state.get(field.id) == 2:  # noqa: PLR2004 - 1 is being visited, 2 is done
            return
        if state.get(field.id) == 1:
            cycle = " → ".join((*trail[trail.index(field.name) :], field.name))
            place = work.field_place(model.name, field.name)
            work.problems.append(FORMULA_CYCLE.at("/formula", cycle=cycle).below(place))
            return
        state[field.id] = 1
        for path in sorted(field.expression.references()):  # type: ignore[union-attr]  # chosen above
            if path[0] in formulas:
                visit(formulas[path[0]], (*trail, field.name))
        state[field.id] = 2
        order.append(field.name)

    for field in formulas.values():
        visit(field, ())
    return tuple(order)
