"""Which stored formulas and roll-ups must be computed again when their definitions change, and how.

Publishing does this in SQL over whole tables; single rows are the business of the record store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NoReturn

import sqlalchemy as sa

from headrace.platform.database.tables import ObjectTable, Tables
from headrace.platform.database.totals import select_figure
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import SQL_ENGINES
from headrace.platform.formulas.sql import compile_sql
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel, RollupModel
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.publishing.filling.rows import Rows


def computed_changes(old: Catalog, new: Catalog, touched: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of objects to compute again, each after those whose rows it sums.

    `touched` are objects whose rows get values by the publish itself.
    """
    before = {model.id: model for model in old.objects.values()}
    changed = set(touched) | {
        model.id
        for model in new.objects.values()
        if (former := before.get(model.id)) is not None
        and former is not model
        and _computing(former) != _computing(model)
    }
    pending = [model for model in new.objects.values() if model.id in changed]
    while pending:
        for feed in pending.pop().feeds:
            owner = new.objects[feed.owner]
            if owner.id not in changed:
                changed.add(owner.id)
                pending.append(owner)
    return tuple(one for one in _details_first(new) if one in changed and one in before)


def _computing(model: ObjectModel) -> dict[str, Any]:
    """Return how each stored computed field is made, by field id."""
    made: dict[str, Any] = {
        field.id: field.expression.tree
        for field in model.fields.values()
        if field.stored and field.expression is not None
    }
    for rollup in model.stored_rollups:
        where = rollup.where.tree if rollup.where else None
        made[model.fields[rollup.field].id] = (
            *(rollup.source, rollup.by, rollup.on, rollup.op, rollup.of),
            *(rollup.last_by, rollup.scale, where),
        )
    return made


def _details_first(catalog: Catalog) -> Iterator[str]:
    seen: set[str] = set()

    def visit(model: ObjectModel) -> Iterator[str]:
        if model.id in seen:
            return
        seen.add(model.id)
        for rollup in model.stored_rollups:
            yield from visit(catalog.objects[rollup.source])
        yield model.id

    for model in catalog.objects.values():
        yield from visit(model)


def compute_fields(
    connection: sa.Connection,
    catalog: Catalog,
    tables: Tables,
    model: ObjectModel,
    names: Collection[str],
    rows: Rows,
    zone: str,
    row_by_row: Callable[[FieldModel, Expression], int],
) -> int:
    """Compute stored roll-ups and formulas of rows of an object again, and return how many rows.

    Roll-ups come first, then formulas in the order in which they read each other. `zone` is the
    workspace's, by which instants count as days; `row_by_row` computes a formula that no database can say.
    """
    table = tables.of(model.name)
    count = 0
    totals = {
        table.columns[rollup.field].name: rollup_value(catalog, tables, rollup, zone)
        for rollup in model.stored_rollups
        if rollup.field in names
    }
    chosen = rows.where(table.id)
    if totals:
        # Rows that have it already are left alone: a write would look like a change to who watches.
        other = sa.or_(*(table.table.c[one].is_distinct_from(to) for one, to in totals.items()))
        change = sa.update(table.table).where(chosen, other).values(totals)
        count = connection.execute(change).rowcount
    for name in model.computed_order:
        field = model.fields[name]
        if name in names and field.stored and field.expression is not None:
            if not field.expression.engines() >= SQL_ENGINES:
                count = max(count, row_by_row(field, field.expression))
                continue
            binder = RowBinder(model, table, tables.dialect, zone)
            column = table.columns[name]
            value = sa.cast(compile_sql(field.expression.tree, binder), column.type)
            other = column.is_distinct_from(value)
            change = sa.update(table.table).where(chosen, other).values({column.name: value})
            count = max(count, connection.execute(change).rowcount)
    return count


def rollup_value(
    catalog: Catalog, tables: Tables, rollup: RollupModel, zone: str
) -> sa.ScalarSelect[Any]:
    """Return the figure of a stored roll-up over all rows that belong to a row of its owner's table."""
    source_model, source = catalog.objects[rollup.source], tables.of(rollup.source)
    owner_model, owner = catalog.objects[rollup.owner], tables.of(rollup.owner)
    aliased = source.table.alias()
    binder = RowBinder(source_model, source, tables.dialect, zone, aliased)

    def column(name: str) -> sa.ColumnElement[Any]:
        return aliased.c[source.columns[name].name]

    conditions = [column(name) == owner.columns[name] for name in rollup.on]
    if rollup.by is not None and not rollup.on:
        conditions = [column(rollup.by) == owner.id]
    conditions.append(aliased.c["deleted_at"].is_(None))
    if rollup.where is not None:
        conditions.append(compile_sql(rollup.where.tree, binder))
    of = source_model.fields[rollup.of] if rollup.of else None
    field = owner_model.fields[rollup.field]
    select = select_figure(rollup, field, of, column, conditions, tables.dialect)
    return select.select_from(aliased).correlate(owner.table).scalar_subquery()


class RowBinder:
    """The columns of one row, for formulas that read nothing else: those are the stored ones."""

    def __init__(
        self,
        model: ObjectModel,
        table: ObjectTable,
        dialect: Dialect,
        zone: str,
        source: sa.FromClause | None = None,
    ) -> None:
        self.dialect: Dialect = dialect
        self.zone = zone
        self._source = table.table if source is None else source
        self._table = table
        self._fields: dict[str, FieldModel] = {
            field.id: field for field in model.fields.values() if field.stored
        }

    def column(self, path: tuple[str, ...], /) -> sa.ColumnElement[Any]:
        """Return a column of the row itself."""
        field = self._fields[path[0]]
        column = self._source.c[self._table.columns[field.name].name]
        if self.dialect == "postgresql" and field.storage.kind == "integer":
            return sa.cast(column, sa.Numeric(18, 0))
        return column

    def outer(self, path: tuple[str, ...], /) -> NoReturn:
        self._nothing_else()

    def constant(self, name: str, /) -> NoReturn:
        self._nothing_else()

    def today(self) -> NoReturn:
        self._nothing_else()

    def now(self) -> NoReturn:
        self._nothing_else()

    def user(self) -> NoReturn:
        self._nothing_else()

    def organisation(self) -> NoReturn:
        self._nothing_else()

    def has_role(self, name: str, /) -> NoReturn:
        self._nothing_else()

    def in_subtree(self, node: Any, root: Any, /) -> NoReturn:
        self._nothing_else()

    def _nothing_else(self) -> NoReturn:
        raise TypeError("a stored formula reads its own row only")
