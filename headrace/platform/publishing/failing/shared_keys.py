"""Which rows will have equal keys once the values in them are converted: each row is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.conversions import NotConvertibleError
from headrace.platform.publishing.failing.converting import Converter
from headrace.platform.publishing.failing.planned import PlannedRows
from headrace.platform.publishing.row_work import ConvertValues

REMEMBERED = 100_000
Convert = Callable[[Any], Any]


def converted_groups(
    rows: PlannedRows, model: ObjectModel, fields: Sequence[FieldModel]
) -> list[list[str]] | None:
    """Return the ids of live rows that will share a key; None where more than types changes."""
    known = rows.former[model.id]
    table = rows.live.tables.of(known.name)
    columns, converts = [], []
    for field in fields:
        earlier = rows.former_field(model, field)
        if earlier is None or not earlier.stored:
            return None
        convert = _convert(rows, model, earlier, field)
        if convert is None:
            return None
        columns.append(table.columns[earlier.name])
        converts.append(convert)
    select = sa.select(table.id, *columns).where(*(column.is_not(None) for column in columns))
    if table.deleted_at is not None:
        select = select.where(table.deleted_at.is_(None))
    first: dict[tuple[Any, ...], str] = {}
    shared: dict[tuple[Any, ...], list[str]] = {}
    options = {"yield_per": 1000}
    for row_id, *values in rows.connection.execute(select, execution_options=options):
        key = tuple(convert(value) for convert, value in zip(converts, values, strict=True))
        if None in key:
            continue
        if key in first:
            shared.setdefault(key, [first[key]]).append(str(row_id))
        else:
            first[key] = str(row_id)
    return list(shared.values())


def _convert(
    rows: PlannedRows, model: ObjectModel, earlier: FieldModel, field: FieldModel
) -> Convert | None:
    """Return what the value of a column becomes; None where that is not for its type to say."""
    if not rows.changes(model, field):
        return _same
    match rows.work_on(model, field):
        case (ConvertValues(restored=False, clear=False, fill=None, values=values),) if not values:
            return _converting(rows, earlier, field)
        case _:
            return None


def _converting(rows: PlannedRows, earlier: FieldModel, field: FieldModel) -> Convert:
    converter = Converter(rows, earlier, field)
    read = earlier.storage.from_driver(rows.live.tables.dialect)

    @lru_cache(REMEMBERED)
    def convert(value: Any) -> Any:
        try:
            return converter.convert(read(value)).value
        except NotConvertibleError:
            return None

    return convert


def _same(value: Any) -> Any:
    return value
