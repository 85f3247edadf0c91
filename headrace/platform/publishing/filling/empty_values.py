"""Gives rows without a value the value of a formula: in SQL where it can say it, else row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.tables import ObjectTable
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.publishing.filling.rows import CHUNK, Filled, Pair, Rows, write_values
from headrace.platform.publishing.filling.sql_values import sql_value
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context


def fill_empty(
    context: Context,
    work: UnitOfWork,
    model: ObjectModel,
    field: FieldModel,
    fill: Expression,
    rows: Rows,
) -> Filled:
    """Write the value of `fill` into the live rows that have none."""
    table = context.tables.of(model.name)
    column = table.columns[field.name]
    empty = sa.and_(rows.where(table.id), column.is_(None), _live(table))
    value = sql_value(fill, model, table, field, work.dialect, context.zone.key)
    if value is not None:
        change = sa.update(table.table).where(empty)
        result = work.connection.execute(change.values({column.name: sa.cast(value, column.type)}))
        return Filled(result.rowcount)
    ids = [str(one) for one in work.connection.execute(sa.select(table.id).where(empty)).scalars()]
    pairs = evaluated(context, work, model, field, fill, ids)
    count = write_values(work.connection, work.dialect, table.table, column, field.storage, pairs)
    return Filled(count)


def compute_row_by_row(
    context: Context,
    work: UnitOfWork,
    model: ObjectModel,
    rows: Rows,
    field: FieldModel,
    formula: Expression,
) -> int:
    """Compute a stored formula of live rows that no database can say; return how many rows change.

    Costs a select for every `CHUNK` rows and one evaluation each.
    """
    table = context.tables.of(model.name)
    column = table.columns[field.name]
    select = sa.select(table.id, column).where(rows.where(table.id), _live(table))
    known = {str(record_id): value for record_id, value in work.connection.execute(select)}
    found = evaluated(context, work, model, field, formula, list(known))
    pairs = (pair for pair in found if pair[1] != known[pair[0]])
    return write_values(work.connection, work.dialect, table.table, column, field.storage, pairs)


def evaluated(
    context: Context,
    work: UnitOfWork,
    model: ObjectModel,
    field: FieldModel,
    formula: Expression,
    ids: Sequence[str],
) -> Iterator[Pair]:
    """Yield what a formula gives for live rows, as driver values of the field's column."""
    evaluate = compile_python(formula.tree)
    to_driver = field.storage.to_driver(work.dialect)
    for start in range(0, len(ids), CHUNK):
        batch = Batch(context, work)
        part = ids[start : start + CHUNK]
        batch.fetch(batch.shapes.of(model.name), part)
        for record_id in part:
            environment = batch.environment_of(model.name, record_id)
            if environment is not None:
                yield record_id, to_driver(evaluate(environment))


def map_values(
    work: UnitOfWork,
    table: ObjectTable,
    field: FieldModel,
    values: dict[str, str | None],
    rows: Rows,
) -> Filled:
    """Put other values in the place of some, all at once, in deleted rows too."""
    column = table.columns[field.name]
    if not values:
        return Filled()
    chosen = sa.and_(rows.where(table.id), column.in_(list(values)))
    mapped: sa.ColumnElement[Any] = sa.case(
        *((column == old, sa.literal(new, column.type)) for old, new in values.items())
    )
    change = sa.update(table.table).where(chosen).values({column.name: mapped})
    return Filled(work.connection.execute(change).rowcount)


def _live(table: ObjectTable) -> sa.ColumnElement[bool]:
    return sa.true() if table.deleted_at is None else table.deleted_at.is_(None)
