"""Roll-ups seen from both sides, and the order in which formula fields are computed."""

from __future__ import annotations

import dataclasses

from headrace.platform.metadata.building.messages import FORMULA_CYCLE, UNKNOWN_OBJECT
from headrace.platform.metadata.building.workbench import Workbench, unknown_field
from headrace.platform.metadata.catalog import FieldModel, ObjectModel, RollupModel


def build_rollups(work: Workbench) -> None:
    """Give each object its roll-ups, those that it feeds, and its order of computing."""
    rollups: list[RollupModel] = []
    for model in work.objects.values():
        for field in model.fields.values():
            if field.computed == "rollup":
                rollup = _rollup(work, model, field)
                if rollup is not None:
                    rollups.append(rollup)
    for name, model in work.objects.items():
        work.objects[name] = dataclasses.replace(
            model,
            rollups=tuple(one for one in rollups if one.owner == name),
            feeds=tuple(one for one in rollups if one.source == name),
            computed_order=_order(work, model),
        )


def _rollup(work: Workbench, model: ObjectModel, field: FieldModel) -> RollupModel | None:
    place = work.field_files[model.name, field.name]
    source_name, _, of = field.options.of.partition(".")
    source = work.objects.get(source_name)
    if source is None:
        work.problems.append(UNKNOWN_OBJECT.at("/of", name=source_name).below(place))
        return None
    names = (field.options.by, of) if of else (field.options.by,)
    for name, key_name in zip(names, ("by", "of"), strict=False):
        if name not in source.fields:
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
            place = work.field_files[model.name, field.name]
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
