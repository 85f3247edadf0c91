"""Values of a field as its new definition would have them: what converts, what is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.applying import kept_column
from headrace.platform.database.physical import ColumnSpec
from headrace.platform.database.tables import Tables
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.conversions import Converted, NotConvertibleError, conversion
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.publishing.failing.planned import PlannedRows
from headrace.platform.publishing.failing.reading import Cursor, ReadingBatch
from headrace.platform.publishing.filling.lookups import KeyForm, key_holder
from headrace.platform.publishing.filling.rows import CHUNK
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
        model = None if asked is None else key_holder(self._rows.live.catalog, asked[0])
        if asked is None or model is None:
            return {}
        field = next(one for one in model.fields.values() if one.id == asked[1])
        tables: Tables = self._rows.live.tables
        table = tables.user if model.name == USER_OBJECT else tables.of(model.name)
        column = table.columns[field.name]
        select = sa.select(table.id, column).where(column.is_not(None))
        if table.deleted_at is not None:
            select = select.where(table.deleted_at.is_(None))
        text = KeyForm.of(field, tables.dialect).text
        return {str(row[0]): text(row[1]) for row in self._rows.connection.execute(select)}


class OldValues:
    """What rows hold now in fields whose values are converted, read for many rows at once."""

    def __init__(self, rows: PlannedRows) -> None:
        self._rows = rows
        self._converter = lru_cache(None)(self._make)
        self._known: dict[tuple[str, str], Mapping[str, _Held]] = {}

    def converted(
        self, model: ObjectModel, field: FieldModel, row_id: str, work: ConvertValues
    ) -> Any:
        """Return the converted value of a row; None where it is empty or cannot be converted."""
        earlier = self._rows.former_field(model, field)
        if earlier is None or work.clear:
            return None
        held = self.held(model, field, row_id)
        if work.restored and self._stays(earlier, field, held, work):
            return held.kept
        value = held.value
        value = work.mapped(value, earlier.storage)
        return self._convert(earlier, field, value)

    def held(self, model: ObjectModel, field: FieldModel, row_id: str) -> _Held:
        """Return what a row holds now in a field."""
        key = (model.id, field.id)
        if row_id not in self._known.get(key, {}):
            self.read(model, (field,), (row_id,))
        return self._known[key].get(row_id, _NOTHING)

    def read(
        self, model: ObjectModel, fields: Iterable[FieldModel], row_ids: Sequence[str]
    ) -> None:
        """Read what these rows hold, in the place of what was read before."""
        for field in fields:
            earlier = self._rows.former_field(model, field)
            known = self._rows.former.get(model.id)
            if earlier is not None and known is not None:
                held = self._read(known, earlier, field, row_ids)
                self._known[model.id, field.id] = held

    def _read(
        self, known: ObjectModel, earlier: FieldModel, field: FieldModel, row_ids: Sequence[str]
    ) -> Mapping[str, _Held]:
        live = self._rows.live.tables
        table = live.of(known.name)
        kept = self._kept(known, field, live.dialect)
        changed = table.columns["updated_at"]
        source = table.columns[earlier.name] if earlier.stored else sa.null()
        select = sa.select(table.id, source, kept, changed)
        read = earlier.storage.from_driver(live.dialect)
        read_kept = field.storage.from_driver(live.dialect)
        instant = known.fields["updated_at"].storage.from_driver(live.dialect)
        today = self._computed(known, earlier, row_ids)
        found: dict[str, _Held] = {}
        for start in range(0, len(row_ids), CHUNK):
            part = row_ids[start : start + CHUNK]
            for row in self._rows.connection.execute(select.where(table.id.in_(part))):
                value = read(row[1]) if earlier.stored else today.get(str(row[0]))
                found[str(row[0])] = _Held(value, read_kept(row[2]), instant(row[3]))
        return found

    def _kept(self, known: ObjectModel, field: FieldModel, dialect: Dialect) -> Any:
        """Return the kept column that a field gets back; null where it gets a new one."""
        work = (one for one in self._rows.work_on(known, field) if isinstance(one, ConvertValues))
        name = next((one.kept for one in work if one.restored), "")
        if not name:
            return sa.null()
        if field.target is not None and dialect == "sqlite":
            name = kept_column(ColumnSpec(name, field.storage)).name
        return sa.column(name, field.storage.column_type(dialect))

    def _computed(
        self, known: ObjectModel, earlier: FieldModel, row_ids: Sequence[str]
    ) -> Mapping[str, Any]:
        """Return what rows show today in a field that is computed when it is read."""
        if earlier.stored or earlier.expression is None:
            return {}
        batch = ReadingBatch(self._rows.live_context, Cursor(self._rows.connection))
        batch.fetch(batch.shapes.of(known.name), row_ids)
        evaluate = compile_python(earlier.expression.tree)
        found = {one: batch.environment_of(known.name, one) for one in row_ids}
        return {one: evaluate(row) for one, row in found.items() if row is not None}

    def _stays(
        self, earlier: FieldModel, field: FieldModel, held: _Held, work: ConvertValues
    ) -> bool:
        """Say whether a kept column still holds what a row should have."""
        if work.rows_at is not None and held.changed is not None and held.changed <= work.rows_at:
            return True
        return held.kept is not None and self._convert(field, earlier, held.kept) == held.value

    def _convert(self, earlier: FieldModel, field: FieldModel, value: Any) -> Any:
        try:
            return self._converter(earlier, field).convert(value).value
        except NotConvertibleError:
            return None

    def _make(self, earlier: FieldModel, field: FieldModel) -> Converter:
        return Converter(self._rows, earlier, field)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a row holds: its value now, what a kept column has, when it was changed last."""

    value: Any = None
    kept: Any = None
    changed: datetime | None = None


_NOTHING = _Held()


def refuses(
    rows: PlannedRows, earlier: FieldModel, field: FieldModel, *, lossy: bool | None
) -> Callable[[Any], bool]:
    """Return what says whether a value does not convert, or with `lossy` loses something; None: both."""
    converter = Converter(rows, earlier, field)

    def test(value: Any) -> bool:
        try:
            return converter.convert(value).lossy and lossy is not False
        except NotConvertibleError:
            return not lossy

    return test


def restored_at(rows: PlannedRows, model: ObjectModel, field: FieldModel) -> datetime | None:
    """Return since when a row must have changed to lose the value that a kept column holds of it."""
    work = (one for one in rows.work_on(model, field) if isinstance(one, ConvertValues))
    return next((one.rows_at for one in work if one.restored), None)
