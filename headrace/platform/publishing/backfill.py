"""Values that rows get by the publish itself: defaults of new required fields, states, tree paths.

Defaults are formulas and are evaluated in Python over each row; stored formulas and roll-ups follow
in SQL. This and the switch of the version are one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.database.tables import ObjectTable
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.publishing.plan import Backfill
from headrace.platform.publishing.recomputing import recompute
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore

CHUNK: Final = 1000


def fill_rows(store: RecordStore, context: Context, work: UnitOfWork, needed: Backfill) -> None:
    """Bring the rows to what the catalog of `context` asks of them."""
    models = {model.id: model for model in context.catalog.objects.values()}
    for object_id in needed.paths:
        _fill_paths(work, context.tables.of(models[object_id].name))
    for object_id, field_id in needed.defaults:
        model = models[object_id]
        field = next(one for one in model.fields.values() if one.id == field_id)
        _fill_field(store, context, work, model, field)
    recompute(work.connection, context.catalog, context.tables, needed.computed, context.zone.key)


def _fill_paths(work: UnitOfWork, table: ObjectTable) -> None:
    """Let every row be a root: the parent's column is new and therefore empty."""
    if table.path is not None:
        own = sa.literal("/") + sa.cast(table.id, sa.String()) + sa.literal("/")
        work.connection.execute(sa.update(table.table).values({table.path.name: own}))


def _fill_field(
    store: RecordStore, context: Context, work: UnitOfWork, model: ObjectModel, field: FieldModel
) -> None:
    table = context.tables.of(model.name)
    column = table.columns[field.name]
    live = table.table.c["deleted_at"].is_(None)
    empty = sa.and_(live, column.is_(None))
    if field.computed == "workflow":
        initial = context.catalog.workflows[field.options.workflow].initial
        work.connection.execute(sa.update(table.table).where(empty).values({column.name: initial}))
        return
    ids = work.connection.execute(sa.select(table.id).where(empty)).scalars().all()
    for start in range(0, len(ids), CHUNK):
        _fill_chunk(store, context, work, (model, field), ids[start : start + CHUNK])


def _fill_chunk(
    store: RecordStore,
    context: Context,
    work: UnitOfWork,
    target: tuple[ObjectModel, FieldModel],
    ids: Sequence[str],
) -> None:
    model, field = target
    if field.default is None:
        return
    evaluate = compile_python(field.default.tree)
    to_driver = field.storage.to_driver(context.database.dialect)
    table = context.tables.of(model.name)
    changed: list[dict[str, Any]] = []
    for row_id in ids:
        row = store.lock(context, work, model.name, row_id)
        value = evaluate(store.environment(context, work, model.name, row))
        changed.append({"row": row_id, "value": to_driver(value)})
    update = (
        sa.update(table.table)
        .where(table.id == sa.bindparam("row"))
        .values({table.columns[field.name].name: sa.bindparam("value")})
    )
    work.connection.execute(update, changed)
