"""A conversion with the keys of the records that its values stand for, read as they are needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.physical import DELETED_AT
from headrace.platform.database.tables import ObjectTable, Tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.metadata.conversions import Conversion, Converted, NotConvertibleError
from headrace.platform.publishing.filling.rows import CHUNK
from headrace.platform.records.context import Context


class Lookups:
    """Converts values; `read` those that will be asked for first."""

    def __init__(self, context: Context, work: UnitOfWork, found: Conversion) -> None:
        self._catalog: Catalog = context.catalog
        self._tables: Tables = context.tables
        self._work = work
        self._conversion = found
        self._keys: dict[Any, str] = {}
        self._ids: dict[Any, str] = {}

    @classmethod
    def of(cls, context: Context, work: UnitOfWork, found: Conversion | None) -> Lookups | None:
        """Return the conversion with its keys; None where there is none."""
        return None if found is None else cls(context, work, found)

    def convert(self, value: Any) -> Converted:
        """Return what `value` becomes; raise NotConvertibleError where it becomes nothing."""
        return self._conversion.convert(value, self._keys, self._ids)

    def read(self, values: Iterable[Any]) -> None:
        """Read what these values stand for."""
        keys = self._conversion.keys
        if keys is None:
            return
        wanted = {value for value in values if value is not None}
        if keys.source is not None:
            table, column, field = self._place(*keys.source)
            self._keys.update(self._found(table.id, column, field, wanted, by_id=True))
            wanted = {self._keys[one] for one in wanted if one in self._keys}
        if keys.target is not None:
            table, column, field = self._place(*keys.target)
            wanted = {key for key in map(self._key_of, wanted) if key is not None}
            self._ids.update(
                (key, record_id)
                for record_id, key in self._found(table.id, column, field, wanted, by_id=False)
            )

    def _key_of(self, value: Any) -> Any:
        """Return the text that a value is as a key."""
        try:
            return self._conversion.step(value).value
        except NotConvertibleError:
            return None

    def _place(
        self, object_id: str, field_id: str
    ) -> tuple[ObjectTable, sa.Column[Any], FieldModel]:
        models = (*self._catalog.objects.values(), *self._catalog.system_objects.values())
        model = next(one for one in models if one.id == object_id)
        field = next(one for one in model.fields.values() if one.id == field_id)
        table = self._tables.of(model.name)
        return table, table.columns[field.name], field

    def _found(
        self,
        record_id: sa.Column[Any],
        column: sa.Column[Any],
        field: FieldModel,
        wanted: set[Any],
        *,
        by_id: bool,
    ) -> Iterable[tuple[str, str]]:
        """Yield id and key of the live records that are meant."""
        to_driver = field.storage.to_driver(self._work.dialect)
        from_driver = field.storage.from_driver(self._work.dialect)
        live = record_id.table.c.get(DELETED_AT)
        ordered = sorted(wanted)
        for start in range(0, len(ordered), CHUNK):
            part = ordered[start : start + CHUNK]
            chosen = record_id.in_(part) if by_id else column.in_([to_driver(one) for one in part])
            query = sa.select(record_id, column).where(chosen)
            if live is not None and not by_id:
                query = query.where(live.is_(None))
            for found_id, key in self._work.connection.execute(query):
                if key is not None:
                    yield str(found_id), str(from_driver(key))
