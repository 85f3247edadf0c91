"""Roll-ups seen from both sides, and the order in which formula fields are computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import partial

from headrace.platform.metadata.building.messages import FORMULA_CYCLE, UNKNOWN_OBJECT
from headrace.platform.metadata.building.parts import ANY
from headrace.platform.metadata.building.workbench import (
    Workbench,
    unknown_field,
    with_former_fields,
)
from headrace.platform.metadata.catalog import FieldModel, ObjectModel, RollupModel


def is_sum(field: FieldModel) -> bool:
    """Say whether a field adds up values of other rows, so that its type is theirs."""
    return field.computed == "rollup" and field.options.op == "sum"


def give_sum_types(work: Workbench, sums: Mapping[str, Iterable[str]]) -> None:
    """Give each sum the type of what it sums, before any formula reads it; `sums` names them."""
    bare = dict(work.objects)
    for name in work.stale("sums", "object", sums):
        make = partial(_with_sum_types, work, bare, name, sums[name])
        typed = work.part("sums", name, (), make, about=name)
        work.note_object(name, work.former("sums", name), typed)
    work.objects.update(work.results("sums", sums))


def _with_sum_types(
    work: Workbench, bare: Mapping[str, ObjectModel], name: str, sums: Iterable[str]
) -> ObjectModel:
    model = bare[name]
    typed = {one: _typed_sum(work, bare, model.fields[one]) for one in sums}
    changed = dataclasses.replace(model, fields={**model.fields, **typed})
    return with_former_fields(changed, work.former("sums", name))


def _typed_sum(work: Workbench, bare: Mapping[str, ObjectModel], field: FieldModel) -> FieldModel:
    """Return a sum with the type of the first field down its chain that is none itself."""
    seen = {field.id}
    summed = _summed(work, bare, field)
    while summed is not None and is_sum(summed) and summed.id not in seen:
        seen.add(summed.id)
        summed = _summed(work, bare, summed)
    if summed is None or is_sum(summed):
        return field
    return dataclasses.replace(field, storage=summed.storage, value_type=summed.value_type)


def _summed(
    work: Workbench, bare: Mapping[str, ObjectModel], field: FieldModel
) -> FieldModel | None:
    source, _, of = field.options.of.partition(".")
    work.reads.add((source, of))
    return bare[source].fields.get(of) if source in bare else None


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
    """Give each object the roll-ups of others that its rows go into."""
    feeds: dict[str, tuple[RollupModel, ...]] = {}
    for model in finished.values():
        for rollup in model.rollups:
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
    source_name, _, of = field.options.of.partition(".")
    source = work.objects.get(source_name)
    if source is None:
        work.problems.append(UNKNOWN_OBJECT.at("/of", name=source_name).below(place))
        return None
    names = (field.options.by, of) if of else (field.options.by,)
    for name, key_name in zip(names, ("by", "of"), strict=False):
        if work.find(source_name, name) is None:
            problem = unknown_field(source, name).below("/" + key_name).below(place)
            work.problems.append(problem)
            return None
    where = work.expression(field.options.where, source_name, place + "/where")
    return RollupModel(
        owner=model.name,
        field=field.name,
        source=source_name,
        by=field.options.by,
        op=field.options.op,
        of=of or None,
        where=where,
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
