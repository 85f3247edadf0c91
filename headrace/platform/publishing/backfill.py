"""The row work of a plan, in the order in which it is done."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import Literal
from headrace.platform.formulas.types import TEXT
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.publishing.failing.fills import fills_in_order
from headrace.platform.publishing.plan import Backfill, Plan
from headrace.platform.publishing.row_work import (
    Compute,
    FillBalances,
    FillEmpty,
    FillPaths,
    RowWork,
)


def work_of(plan: Plan, catalog: Catalog) -> tuple[RowWork, ...]:
    """Return what rows get by carrying out `plan`; each fill comes after those that it reads."""
    work = (*plan.work, *_of_backfill(plan.backfill, catalog))
    fills = iter(fills_in_order([one for one in work if isinstance(one, FillEmpty)], catalog))
    return tuple(next(fills) if isinstance(one, FillEmpty) else one for one in work)


def _of_backfill(needed: Backfill, catalog: Catalog) -> Iterator[RowWork]:
    models = {model.id: model for model in catalog.objects.values()}
    for object_id in needed.paths:
        yield FillPaths(object_id)
    for object_id, field_id in needed.defaults:
        model = models[object_id]
        field = next(one for one in model.fields.values() if one.id == field_id)
        fill = _initial(catalog, field) if field.computed == "workflow" else field.default
        if fill is not None:
            yield FillEmpty(object_id, field_id, fill)
    for object_id, placed in needed.balances:
        # The amount may be computed; what reads the balance is computed again after it.
        fields = models[object_id].fields.values()
        formulas = tuple(one.id for one in fields if one.stored and one.computed == "formula")
        if formulas:
            yield Compute(object_id, formulas)
        yield FillBalances(object_id, placed)
    for object_id in needed.computed:
        fields = models[object_id].fields.values()
        stored = (one.id for one in fields if one.stored and one.computed in {"formula", "rollup"})
        yield Compute(object_id, tuple(stored))


def _initial(catalog: Catalog, field: FieldModel) -> Expression:
    state = catalog.workflows[field.options.workflow].initial
    return Expression(repr(state), Literal(state, TEXT))
