"""Gives rows that are there already their automatic numbers, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.publishing.filling.rows import CHUNK, Filled, Pair, Rows, write_values
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.records.numbering import next_numbers, raise_counters


def give_numbers(
    context: Context, work: UnitOfWork, model: ObjectModel, field: FieldModel, rows: Rows
) -> Filled:
    """Give each row without a number, deleted ones too, the number of the day on which it was made.

    Rows that have one already keep it, and the counters go on after those that fit the pattern.
    """
    table = context.tables.of(model.name)
    column = table.columns[field.name]
    if not rows.after:
        # What comes after the first rows of a table goes on from counters that know all of it.
        taken = sa.and_(column.is_not(None), Rows(ids=rows.ids).where(table.id))
        _count_on(context, work, field, sa.select(column).where(taken))
    created = table.columns["created_at"]
    query = (
        sa.select(table.id, created)
        .where(rows.where(table.id), column.is_(None))
        .order_by(created, table.id)
    )
    found = [(str(row_id), at) for row_id, at in work.connection.execute(query)]
    pairs = _numbered(context, work, model, field, found)
    return Filled(
        write_values(work.connection, work.dialect, table.table, column, field.storage, pairs)
    )


def _count_on(
    context: Context, work: UnitOfWork, field: FieldModel, numbers: sa.Select[Any]
) -> None:
    """Raise the counters above numbers that rows have."""
    batch = Batch(context, work)
    result = work.connection.execute(numbers, execution_options={"yield_per": CHUNK})
    for part in result.scalars().partitions():
        raise_counters(batch, field, [str(one) for one in part])


def _numbered(
    context: Context,
    work: UnitOfWork,
    model: ObjectModel,
    field: FieldModel,
    found: list[tuple[str, Any]],
) -> Iterator[Pair]:
    instant = model.fields["created_at"].storage.from_driver(work.dialect)
    batch = Batch(context, work)
    days = [(row_id, instant(at).astimezone(context.zone).date()) for row_id, at in found]
    for day, group in groupby(days, key=lambda one: one[1]):
        ids = [row_id for row_id, _ in group]
        yield from zip(ids, next_numbers(batch, field, day, len(ids)), strict=True)
