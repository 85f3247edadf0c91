"""Values that rows get or get back by a publish: of new required fields, of fields that return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def kept_columns_of(difference: Difference, catalog: Catalog) -> Mapping[str, str]:
    """Return the columns of fields that come back with the values that they had, by field id."""
    found: dict[str, str] = {}
    for one in difference.operations:
        if isinstance(one, RestoreColumn):
            field = catalog.objects[one.object].fields.get(one.field)
            if field is not None:
                found[field.id] = one.column.name
    return found
