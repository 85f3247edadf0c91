"""Values of a field as its new definition would have them: what converts, what is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.tables import Tables
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.conversions import Converted, NotConvertibleError, conversion
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.publishing.failing.planned import PlannedRows
from headrace.platform.publishing.row_work import ConvertValues


class Converter:
    """Converts Python values of one field from the live version to the new one."""

    def __init__(self, rows: PlannedRows, earlier: FieldModel, field: FieldModel) -> None:
        self._rows = rows
        self.earlier = earlier
        catalogs = (rows.live.catalog, rows.catalog)
        self._way = conversion(earlier, field, zone=rows.context.zone, catalogs=catalogs)
        keys = None if self._way is None else self._way.keys
        self._key_of = self._keys(keys.source) if keys is not None else {}
        targets = self._keys(keys.target) if keys is not None else {}
        self._id_of = {key: row_id for row_id, key in targets.items()}

    def convert(self, value: Any) -> Converted:
        """Return what a value becomes; raise NotConvertibleError where it becomes nothing."""
        if self._way is None:
            raise NotConvertibleError
        return self._way.convert(value, self._key_of, self._id_of)

    def _keys(self, asked: tuple[str, str] | None) -> Mapping[str, str]:
        """Return the keys of the live records of an object by their ids."""
        found = None if asked is None else _keyed(self._rows.live.catalog, *asked)
        if found is None:
            return {}
        model, field = found
        tables: Tables = self._rows.live.tables
        table = tables.user if model.name == USER_OBJECT else tables.of(model.name)
        select = sa.select(table.id, table.columns[field.name])
        if table.deleted_at is not None:
            select = select.where(table.deleted_at.is_(None))
        return {str(row[0]): str(row[1]) for row in self._rows.connection.execute(select)}


def _keyed(
    catalog: Catalog, object_id: str, field_id: str
) -> tuple[ObjectModel, FieldModel] | None:
    for model in (*catalog.objects.values(), *catalog.system_objects.values()):
        if model.id == object_id:
            for field in model.fields.values():
                if field.id == field_id:
                    return model, field
    return None


class OldValues:
    """What rows hold now in fields whose values are converted, one row after another."""

    def __init__(self, rows: PlannedRows) -> None:
        self._rows = rows
        self._converter = lru_cache(None)(self._make)

    def converted(
        self, model: ObjectModel, field: FieldModel, row_id: str, work: ConvertValues
    ) -> Any:
        """Return the converted value of a row; None where it is empty or cannot be converted."""
        earlier = self._rows.former_field(model, field)
        known = self._rows.former.get(model.id)
        if earlier is None or known is None or work.clear:
            return None
        value = self._value(known, earlier, row_id)
        if isinstance(value, str):
            value = work.values.get(value, value)
        try:
            return self._converter(earlier, field).convert(value).value
        except NotConvertibleError:
            return None

    def _make(self, earlier: FieldModel, field: FieldModel) -> Converter:
        return Converter(self._rows, earlier, field)

    def _value(self, known: ObjectModel, earlier: FieldModel, row_id: str) -> Any:
        table = self._rows.live.tables.of(known.name)
        select = sa.select(table.columns[earlier.name]).where(table.id == row_id)
        read = earlier.storage.from_driver(self._rows.live.tables.dialect)
        return read(self._rows.connection.execute(select).scalar())


def refuses(
    rows: PlannedRows, earlier: FieldModel, field: FieldModel, *, lossy: bool
) -> Callable[[Any], bool]:
    """Return what says whether a driver value does not convert, or with `lossy` loses something."""
    converter = Converter(rows, earlier, field)
    read = earlier.storage.from_driver(rows.live.tables.dialect)

    def test(value: Any) -> bool:
        try:
            return converter.convert(read(value)).lossy and lossy
        except NotConvertibleError:
            return not lossy

    return test
