"""Records by the external ids that people write in files and commands."""

from __future__ import annotations

import sqlalchemy as sa

from headrace.platform.database.tables import Tables
from headrace.platform.metadata.catalog import ObjectModel


def ids_by_key(
    connection: sa.Connection, tables: Tables, model: ObjectModel | None
) -> dict[str, str]:
    """Return the ids of an object's live rows by their first external id."""
    if model is None or not model.external_ids:
        return {}
    table = tables.of(model.name)
    query = sa.select(table.columns[model.external_ids[0]], table.id).where(
        table.table.c["deleted_at"].is_(None)
    )
    return {str(key): str(row_id) for key, row_id in connection.execute(query)}
