"""Roll-ups as SQL: the figure over the rows that belong to one owner, the same wherever it is asked.

The record store keeps stored figures right and reads them anew by this; publishing fills columns and
readers compute by it what no column holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.formulas.functions.numbers import EXACT_DIGITS
from headrace.platform.metadata.catalog import FieldModel, RollupModel
from headrace.platform.metadata.storage_types import Dialect

Column = sa.ColumnElement[Any]
ColumnOf = Callable[[str], Column]
"""From the name of a field of the source to its column."""


def figure(
    rollup: RollupModel, of: FieldModel | None, column: ColumnOf, dialect: Dialect
) -> Column:
    """Return the aggregate over rows of the source, in the form in which the field stores it.

    `of` is the field that it is made of. Not for `last`, which is one row and no aggregate.
    """
    if of is None or rollup.of is None:
        return sa.func.count()
    value = column(rollup.of)
    if rollup.op == "avg":
        return average(sa.func.sum(value), sa.func.count(value), of, rollup.scale, dialect)
    if rollup.op == "sum":
        return sa.func.coalesce(sa.func.sum(value), 0)
    return sa.func.min(value) if rollup.op == "min" else sa.func.max(value)


def average(total: Column, count: Column, of: FieldModel, scale: int, dialect: Dialect) -> Column:
    """Return a quotient rounded once, half up, to `scale` digits; null over no values."""
    if dialect == "postgresql":
        exact = sa.func.round(sa.cast(total, sa.Numeric()), EXACT_DIGITS, type_=sa.Numeric())
        return sa.func.round(exact / sa.func.nullif(count, 0), scale, type_=sa.Numeric())
    up, down = 10 ** max(scale - of.storage.scale, 0), 10 ** max(of.storage.scale - scale, 0)
    return sa.func.fx_div(total, count * down, up, type_=sa.BigInteger())


def select_figure(
    rollup: RollupModel,
    field: FieldModel,
    of: FieldModel | None,
    column: ColumnOf,
    conditions: Sequence[Column],
    dialect: Dialect,
) -> sa.Select[Any]:
    """Return the select, without FROM, of the figure over the rows that `conditions` hold for.

    `field` is the roll-up's own one.
    """
    if rollup.op == "last":
        order = [column(str(rollup.last_by)).desc(), column("id").desc()]
        last = sa.select(column(str(rollup.of))).where(*conditions)
        return last.where(column(str(rollup.last_by)).is_not(None)).order_by(*order).limit(1)
    value = figure(rollup, of, column, dialect)
    if rollup.op in SUMMED and dialect == "postgresql":
        value = sa.cast(value, field.storage.column_type(dialect))
    return sa.select(value).where(*conditions)


SUMMED: Final = frozenset({"sum", "avg", "count"})
"""Figures whose SQL type is wider than their column."""


def nothing(rollup: RollupModel, field: FieldModel) -> Any:
    """Return the figure over no rows, as a Python value."""
    if rollup.op not in {"sum", "count"}:
        return None
    return 0 if field.storage.kind == "integer" else Decimal(0).scaleb(-field.storage.scale)
