"""Which different values of a field a conversion changes, where the field is stored as before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import sqlalchemy as sa

from headrace.platform.access.rows import Surroundings
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.metadata.conversions import NotConvertibleError, conversion
from headrace.platform.publishing.catalogs import Published
from headrace.platform.publishing.row_work import ConvertValues

MOST: Final = 200
"""Values that one statement tells apart; more are looked at row by row."""


class Sides(Protocol):
    """What is asked of the planned rows."""

    connection: sa.Connection
    live: Published
    catalog: Catalog

    @property
    def surroundings(self) -> Surroundings:
        """What statements over the planned rows are compiled for."""
        ...


def changed_values(
    rows: Sides, column: sa.Column[Any], earlier: FieldModel, field: FieldModel, work: ConvertValues
) -> Mapping[Any, Any] | None:
    """Return the driver values that become others; None where the rows must be looked at."""
    if work.restored or work.clear or work.fill is not None or earlier.storage != field.storage:
        return None
    catalogs = (rows.live.catalog, rows.catalog)
    way = conversion(earlier, field, catalogs=catalogs)
    if way is None or way.keys is not None or earlier.storage.kind not in SAME_IN_EVERY_ZONE:
        return None
    dialect = rows.live.tables.dialect
    read, write = earlier.storage.from_driver(dialect), field.storage.to_driver(dialect)
    changed: dict[Any, Any] = {}
    select = sa.select(column).where(column.is_not(None)).distinct()
    for value in rows.connection.execute(select).scalars():
        old = read(value)
        given = work.mapped(old, earlier.storage)
        try:
            new = write(way.convert(given).value)
        except NotConvertibleError:
            new = None
        if new != value:
            changed[value] = new
        if len(changed) > MOST:
            return None
    return changed


SAME_IN_EVERY_ZONE: Final = frozenset({"text", "integer", "decimal", "boolean"})
