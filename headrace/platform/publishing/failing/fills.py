"""Values that new required fields get by a publish, as row work."""

from __future__ import annotations

from collections.abc import Iterator

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
