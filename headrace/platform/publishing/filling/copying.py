"""Takes values along from one column to another that is made of the same."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from headrace.platform.database.tables import ObjectTable
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.filling.rows import Filled, Rows


def copy_values(
    work: UnitOfWork, table: ObjectTable, target: sa.Column[Any], source: str, rows: Rows
) -> Filled:
    """Give the column `target` what the column `source` of the same row holds, deleted rows too."""
    copied: sa.ColumnElement[Any] = sa.column(source, target.type)
    chosen = sa.and_(rows.where(table.id), target.is_distinct_from(copied))
    change = sa.update(table.table).where(chosen).values({target.name: copied})
    return Filled(work.connection.execute(change).rowcount)
