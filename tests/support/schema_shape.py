"""The shape and the values of business tables by stable ids, so that two databases can be compared."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from headrace.platform.core.canonical import content_hash
from headrace.platform.database.names import load_names, stored_fields
from headrace.platform.runtime import Platform

Values = dict[str, dict[str, dict[str, Any]]]
"""By object id, record id and field id."""


def schema_shape(platform: Platform) -> dict[str, Any]:
    """What the live tables are, as the database itself tells: columns, references, indexes, by id.

    Kept columns and tables are left out, and so are physical names: those differ between databases.
    """
    catalog = platform.catalogs.refresh().catalog
    with platform.database.reading() as reading:
        names = load_names(reading.connection)
        inspector = sa.inspect(reading.connection)
        tables = {names.physical(model.id): model.id for model in catalog.objects.values()}
        return {
            model.id: _table_shape(inspector, names.physical(model.id), model, names, tables)
            for model in catalog.objects.values()
        }


def _table_shape(inspector: Any, table: str, model: Any, names: Any, tables: Any) -> dict[str, Any]:
    ids = {names.physical(field.id): field.id for field in stored_fields(model)}
    columns = {
        ids.get(one["name"], one["name"]): [str(one["type"]), one["nullable"]]
        for one in inspector.get_columns(table)
        if one["name"] in ids or "_" not in one["name"] or one["name"] in SYSTEM
    }
    references = {
        ids[one["constrained_columns"][0]]: tables.get(one["referred_table"], one["referred_table"])
        for one in inspector.get_foreign_keys(table)
        if one["constrained_columns"][0] in ids
    }
    indexes = sorted(
        [
            [ids.get(name, name) for name in one["column_names"] if name],
            bool(one["unique"]),
        ]
        for one in inspector.get_indexes(table)
    )
    return {"columns": columns, "references": references, "indexes": indexes}


SYSTEM = frozenset({"created_at", "created_by", "updated_at", "updated_by", "deleted_at"})


def schema_hash(platform: Platform) -> str:
    """One hash of `schema_shape`."""
    return content_hash(schema_shape(platform))


def all_values(platform: Platform) -> Values:
    """Every stored value of every live record, as the API would write it."""
    published = platform.catalogs.refresh()
    dialect = platform.database.dialect
    found: Values = {}
    with platform.database.reading() as reading:
        for model in published.catalog.objects.values():
            table = published.tables.of(model.name)
            fields = stored_fields(model)
            writers = [field.storage.to_json(dialect) for field in fields]
            query = sa.select(table.id, *(table.columns[field.name] for field in fields))
            rows = reading.connection.execute(query.where(table.table.c["deleted_at"].is_(None)))
            found[model.id] = {
                str(row[0]): {
                    field.id: _plain(write(value) if write else value)
                    for field, write, value in zip(fields, writers, row[1:], strict=True)
                }
                for row in rows
            }
    return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | bool | None) else str(value)
