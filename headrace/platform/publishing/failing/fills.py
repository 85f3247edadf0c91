"""Values that rows get or get back by a publish: of new required fields, of fields that return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from headrace.platform.database.diff import Difference
from headrace.platform.database.operations import RestoreColumn
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.plan import Backfill
from headrace.platform.publishing.row_work import FillEmpty


def planned_fills(backfill: Backfill, catalog: Catalog) -> Iterator[FillEmpty]:
    """Yield how rows get the values that new required fields must have."""
    models = {model.id: model for model in catalog.objects.values()}
    for object_id, field_id in backfill.defaults:
        fields = models[object_id].fields.values()
        default = next(one.default for one in fields if one.id == field_id)
        if default is not None:
            yield FillEmpty(object_id, field_id, default)


def fills_in_order(fills: Sequence[FillEmpty], catalog: Catalog) -> tuple[FillEmpty, ...]:
    """Return fills so that each comes after those that it reads, through formulas too.

    A new record gets its defaults in the same order.
    """
    waiting = {one.field_id: one for one in fills}
    objects = {one.object_id for one in fills}
    models = (model for model in catalog.objects.values() if model.id in objects)
    fields = {field.id: field for model in models for field in model.fields.values()}
    ordered: dict[str, FillEmpty] = {}
    seen: set[str] = set()

    def visit(field_id: str) -> None:
        if field_id in seen or field_id not in fields:
            return
        seen.add(field_id)
        fill = waiting.get(field_id)
        read = fill.fill if fill is not None else fields[field_id].expression
        for path in sorted(read.references()) if read is not None else ():
            visit(path[0])
        if fill is not None:
            ordered[field_id] = fill

    for one in fills:
        visit(one.field_id)
    return tuple(ordered.values())


def kept_columns_of(difference: Difference, catalog: Catalog) -> Mapping[str, str]:
    """Return the columns of fields that come back with the values that they had, by field id."""
    found: dict[str, str] = {}
    for one in difference.operations:
        if isinstance(one, RestoreColumn):
            field = catalog.objects[one.object].fields.get(one.field)
            if field is not None:
                found[field.id] = one.column.name
    return found
