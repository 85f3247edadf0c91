"""What a user chose lately in a reference: taken from the newest records that they made or changed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.storage_types import typed_parts, values_in
from headrace.platform.records.context import Context

LOOKED_AT: Final = 500
"""Newest records of the object that are looked at, whoever made them: the cost has an end."""
MOST_RECENT: Final = 5


def recently_chosen(
    context: Context, object_name: str, field_name: str, target: ObjectModel
) -> list[str]:
    """Return ids of records of `target` that the caller's newest records refer to in a field, the latest first.

    The caller judges whether they may still be seen and chosen. Costs one statement over the index of
    the newest records.
    """
    prepared = context.compiled.get(
        context.catalog,
        ("recently chosen", object_name, field_name),
        lambda: _statement(context, object_name, field_name),
    )
    with context.database.reading() as reading:
        rows = reading.rows(prepared, {"user": context.principal.user_id})
    if context.catalog.objects[object_name].fields[field_name].targets:
        typed = (typed_parts(text) for (text,) in rows)
        ids = (record_id for object_id, record_id in typed if object_id == target.id)
    else:
        # A field with several references holds their ids as one text.
        ids = (one for (text,) in rows for one in values_in(str(text)) or ())
    return list(dict.fromkeys(ids))[:MOST_RECENT]


def _statement(context: Context, object_name: str, field_name: str) -> Prepared:
    table = context.tables.of(object_name)
    columns = table.columns
    newest = (
        sa.select(
            columns[field_name].label("chosen"),
            columns["created_by"].label("made_by"),
            columns["updated_by"].label("changed_by"),
            columns["created_at"].label("at"),
            table.id.label("id"),
        )
        .where(table.deleted_at.is_(None) if table.deleted_at is not None else sa.true())
        .order_by(columns["created_at"].desc(), table.id.desc())
        .limit(LOOKED_AT)
        .subquery("newest")
    )
    user = sa.bindparam("user", type_=columns["created_by"].type)
    mine = sa.or_(newest.c.made_by == user, newest.c.changed_by == user)
    select = (
        sa.select(newest.c.chosen)
        .where(newest.c.chosen.is_not(None), mine)
        .order_by(newest.c.at.desc(), newest.c.id.desc())
    )
    return prepare(select, context.database.dialect)
