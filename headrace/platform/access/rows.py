"""Occurrences of objects' tables in one statement, joined along lookups as paths are followed.

Nothing here asks what somebody may see: these are the plain columns that predicates and formulas
are made of. Readers get their columns from `records.source`, which guards them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import sqlalchemy as sa

from headrace.platform.access.parameters import (
    Column,
    Condition,
    now_parameter,
    organisation_parameter,
    today_parameter,
    user_parameter,
)
from headrace.platform.access.principals import Rights
from headrace.platform.database.tables import ObjectTable, Tables
from headrace.platform.database.totals import select_figure
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.sql import compile_sql
from headrace.platform.formulas.sql_types import bound
from headrace.platform.metadata.catalog import (
    Catalog,
    FieldModel,
    FieldPath,
    ObjectModel,
    RollupModel,
)
from headrace.platform.metadata.storage_types import Dialect

T = TypeVar("T")
OuterColumn = Callable[[tuple[str, ...]], Column]


class TaskAccess(Protocol):
    """Tells which records a user may read because a task on them is open (wired by the runtime).

    Statements are compiled once and run for many users, so the answer is a condition over the
    expressions given, not over a principal.
    """

    def __call__(
        self, object_id: str, record: Column, user: Column, today: Column, /
    ) -> Condition | None:
        """Return the condition on which `user` may decide about `record` on a day; None for never."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What statements are compiled for: content, database and rights, but nobody in particular."""

    catalog: Catalog
    tables: Tables
    dialect: Dialect
    zone: str
    rights: Rights
    task_access: TaskAccess | None = None

    def object(self, name: str) -> ObjectModel:
        """Return an object that is known to exist."""
        model = self.catalog.object(name)
        if model is None:
            raise LookupError(name)
        return model


@dataclass(frozen=True, slots=True)
class Picked:
    """Rows that a subquery picked by id; a statement that starts with them joins the rest to few."""

    rows: sa.FromClause
    id: Column


class Statement:
    """The FROM clause of one statement; it grows as paths are followed."""

    def __init__(self, surroundings: Surroundings, prefix: str = "t") -> None:
        self.surroundings = surroundings
        self._prefix = prefix
        self._count = 0
        self._from: sa.FromClause | None = None

    def start(self, object_name: str, picked: Picked | None = None) -> Rows:
        """Begin with the rows of an object, or with those of them that were picked before."""
        rows = self._occurrence(object_name)
        if picked is None:
            self._from = rows.alias
        else:
            self._from = picked.rows.outerjoin(rows.alias, rows.id == picked.id)
        return rows

    def join(self, object_name: str, on: Callable[[Rows], Condition]) -> Rows:
        """Join the rows of an object that `on` holds for, or nulls."""
        if self._from is None:
            raise RuntimeError("nothing to join to")
        rows = self._occurrence(object_name)
        self._from = self._from.outerjoin(rows.alias, on(rows))
        return rows

    def nested(self) -> Statement:
        """Return a statement within this one, whose aliases are none of its own."""
        self._count += 1
        return Statement(self.surroundings, f"{self._prefix}{self._count - 1}n")

    def from_clause(self) -> sa.FromClause:
        """Return what was joined so far."""
        if self._from is None:
            raise RuntimeError("nothing to select from")
        return self._from

    def _occurrence(self, object_name: str) -> Rows:
        alias = f"{self._prefix}{self._count}"
        self._count += 1
        return Rows(self, self.surroundings.object(object_name), alias)


class Rows:
    """One occurrence of an object's table: its columns, its formulas, and what it refers to."""

    def __init__(self, statement: Statement, model: ObjectModel, alias: str) -> None:
        self.statement = statement
        self.model = model
        self.table: ObjectTable = statement.surroundings.tables.of(model.name)
        self.alias = self.table.table.alias(alias)
        self._columns: dict[str, Column] = {}
        self._followed: dict[str, Rows] = {}

    @property
    def surroundings(self) -> Surroundings:
        """What the statement is compiled for."""
        return self.statement.surroundings

    @property
    def id(self) -> Column:
        """The id of the row."""
        return self.physical(self.table.columns["id"])

    @property
    def path(self) -> Column | None:
        """The path of ids from the root of the tree to the row; None where there is no tree."""
        return None if self.table.path is None else self.physical(self.table.path)

    @property
    def is_live(self) -> Condition | None:
        """Whether the row is not deleted; None where rows never are."""
        if self.table.deleted_at is None:
            return None
        return self.physical(self.table.deleted_at).is_(None)

    def physical(self, column: sa.Column[object]) -> Column:
        """Return this occurrence's column for a column of the table."""
        found = self._columns.get(column.key)
        if found is None:
            found = self._columns[column.key] = column_of(self.alias, column)
        return found

    def column(self, field: FieldModel) -> Column:
        """Return the stored column of a field, or what it is where it is computed on read."""
        if field.stored:
            return self.physical(self.table.columns[field.name])
        if field.expression is None:
            return self._figure(self.model.rollup(field.name))
        return self.value_of(field.expression)

    def _figure(self, rollup: RollupModel) -> Column:
        """Return a roll-up over the rows that belong to this one, as a subquery."""
        statement = self.statement.nested()
        source = statement.start(rollup.source)
        conditions = [source.is_live] if source.is_live is not None else []
        if rollup.on:
            fields = self.model.fields
            conditions += [
                source.column(source.model.fields[name]) == self.column(fields[name])
                for name in rollup.on
            ]
        else:
            conditions.append(source.path_column(rollup.via) == self.id)
        if rollup.where is not None:
            conditions.append(source.holds(rollup.where))
        select = select_figure(
            rollup,
            self.model.fields[rollup.field],
            source.model.fields[rollup.of] if rollup.of else None,
            lambda name: source.column(source.model.fields[name]),
            conditions,
            self.surroundings.dialect,
        )
        return select.select_from(statement.from_clause()).correlate(self.alias).scalar_subquery()

    def follow(self, field: FieldModel) -> Rows:
        """Return the rows that a reference points to; deleted ones are nulls."""
        if field.target is None:
            raise LookupError(field.name)
        if field.name == "id":
            return self
        if field.name not in self._followed:
            reference = self.column(field)
            self._followed[field.name] = self.statement.join(
                field.target, lambda target: _matches(target, reference)
            )
        return self._followed[field.name]

    def at(self, path: FieldPath) -> Rows:
        """Return the rows on which the last field of `path` stands."""
        rows = self
        for field in path[:-1]:
            rows = rows.follow(field)
        return rows

    def path_column(self, path: FieldPath) -> Column:
        """Return the column of a field reached over lookups."""
        return self.at(path).column(path[-1])

    def value_of(self, expression: Expression, outer: OuterColumn | None = None) -> Column:
        """Return a formula over this row; `outer` gives what `this.` speaks of."""
        return compile_sql(expression.tree, RowsBinder(self, outer))

    def holds(self, expression: Expression, outer: OuterColumn | None = None) -> Condition:
        """Return whether a condition over this row is true."""
        return self.value_of(expression, outer)


def _matches(target: Rows, reference: Column) -> Condition:
    live = target.is_live
    return target.id == reference if live is None else sa.and_(target.id == reference, live)


class RowsBinder:
    """Gives the SQL of a formula its columns and session values (`formulas.sql.SqlBinder`)."""

    def __init__(self, rows: Rows, outer: OuterColumn | None = None) -> None:
        self._rows = rows
        self._outer = outer

    @property
    def dialect(self) -> Dialect:
        """The dialect to compile for."""
        return self._rows.surroundings.dialect

    @property
    def zone(self) -> str:
        """The name of the workspace's zone."""
        return self._rows.surroundings.zone

    def column(self, path: tuple[str, ...], /) -> Column:
        """Return the column that a path of field ids leads to."""
        rows = self._rows
        for field_id in path[:-1]:
            rows = rows.follow(field_by_id(rows.model, field_id))
        return rows.column(field_by_id(rows.model, path[-1]))

    def outer(self, path: tuple[str, ...], /) -> Column:
        """Return a field of the record that the formula is asked for."""
        if self._outer is None:
            raise LookupError(path)
        return self._outer(path)

    def constant(self, name: str, /) -> Column:
        """Return a constant of the catalog."""
        constant = self._rows.surroundings.catalog.constants[name]
        return bound(constant.value, constant.type, self.dialect)

    def today(self) -> Column:
        """Return the workspace's present day."""
        return today_parameter(self.dialect)

    def now(self) -> Column:
        """Return the workspace's present instant."""
        return now_parameter(self.dialect)

    def user(self) -> Column:
        """Return the id of the user who asks."""
        return user_parameter(self.dialect)

    def organisation(self) -> Column:
        """Return the id of the user's organisation."""
        return organisation_parameter(self.dialect)

    def has_role(self, name: str, /) -> Column:
        """Return whether the rights that are compiled for include a role."""
        return sa.true() if name in self._rows.surroundings.rights.roles else sa.false()

    def in_subtree(self, node: Column, root: Column, /) -> Column:
        """Return whether `node` is `root` or below it, in whichever tree they stand."""
        found = [
            _is_below(table, node, root)
            for table in _tree_tables(self._rows.surroundings)
            if table.path is not None
        ]
        return sa.or_(node == root, *found)


def column_of(alias: sa.FromClause, column: sa.Column[T]) -> sa.ColumnElement[T]:
    """Return one column of another occurrence of its table.

    `alias.c` would copy all columns of the table, most of which no statement asks for; to make a
    statement took half as long again.
    """
    found: sa.ColumnClause[T] = sa.column(column.name, column.type)
    found.table = alias
    return found


def field_by_id(model: ObjectModel, field_id: str) -> FieldModel:
    """Return the field with a stable id; formulas hold nothing else."""
    for field in model.fields.values():
        if field.id == field_id:
            return field
    raise LookupError(field_id)


def subtree_end(path: Column) -> Column:
    """Return the least text after all paths that begin with `path`.

    A path ends with `/`, so the next character in its place is behind everything below it; a
    range over the index of paths is then all that a subtree needs.
    """
    return sa.func.substr(path, 1, sa.func.length(path) - 1).concat("0")


def _tree_tables(surroundings: Surroundings) -> list[ObjectTable]:
    trees = [one for one in surroundings.catalog.objects.values() if one.tree_field]
    return [surroundings.tables.of(one.name) for one in trees]


def _is_below(table: ObjectTable, node: Column, root: Column) -> Condition:
    lower = table.table.alias()
    upper = table.table.alias()
    path = table.path
    if path is None:
        raise LookupError(table.table.name)
    above = column_of(upper, path)
    return sa.exists(
        sa.select(sa.literal(1))
        .where(column_of(lower, table.id) == node, column_of(upper, table.id) == root)
        .where(column_of(lower, path) >= above)
        .where(column_of(lower, path) < subtree_end(above))
    )
