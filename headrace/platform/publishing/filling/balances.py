"""Gives the entries of a ledger their positions and balances, in one statement over the table."""

from __future__ import annotations

import sqlalchemy as sa

from headrace.platform.database.tables import ObjectTable
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import LedgerModel
from headrace.platform.publishing.filling.rows import Filled


def fill_balances(
    work: UnitOfWork, table: ObjectTable, ledger: LedgerModel, *, placed: bool
) -> Filled:
    """Write position and balance of each live entry; return how many rows that changed.

    Entries that are `placed` keep their order; others stand in the order in which they were made.
    Empty amounts count as nothing, entries without an account are one of their own. Costs one pass
    over the table, sorted by account.
    """
    definition = ledger.definition
    rows = table.table.alias("rows")

    def column(name: str) -> sa.ColumnElement[object]:
        return rows.c[table.columns[name].name]

    amount = sa.func.coalesce(column(definition.amount), 0)
    order: list[sa.ColumnElement[object]] = [rows.c[table.columns["created_at"].name], rows.c.id]
    if placed:
        order.insert(0, column(definition.position).nulls_last())
    partition = [column(name) for name in definition.partition] or None
    live = table.deleted_at
    over = {"partition_by": partition, "order_by": order, "rows": (None, 0)}
    select = sa.select(
        rows.c.id.label("id"),
        sa.func.row_number().over(partition_by=partition, order_by=order).label("place"),
        sa.func.sum(amount).over(**over).label("total"),  # type: ignore[arg-type]  # SQLAlchemy
    )
    if live is not None:
        select = select.where(rows.c[live.name].is_(None))
    found = select.subquery("found")
    position, balance = table.columns[definition.position], table.columns[definition.balance]
    total = sa.cast(found.c.total, balance.type) if work.dialect == "postgresql" else found.c.total
    change = (
        sa.update(table.table)
        .where(table.id == found.c.id)
        .where(sa.or_(position.is_distinct_from(found.c.place), balance.is_distinct_from(total)))
        .values({position.name: found.c.place, balance.name: total})
    )
    return Filled(work.connection.execute(change).rowcount)
