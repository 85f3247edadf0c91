"""Questions that formulas ask other objects (`FIRST`, `EXISTS`, `COUNT`, `SUM`, `LIST`), as SQL.

They run as the system principal over saved, live rows: what the writer of the formula discloses by
them is declared, not filtered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa

from headrace.platform.core.problems import Text
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.totals import select_figure
from headrace.platform.formulas.decimals import checked
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.messages import FormulaRowsError
from headrace.platform.formulas.sql import compile_sql
from headrace.platform.formulas.sql_types import (
    Column,
    bound,
    python_value,
    storage_type,
    storage_value,
)
from headrace.platform.formulas.tree import Binary, FieldRef, Node, Query, Value, walk
from headrace.platform.formulas.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    REFERENCE,
    Kind,
    Type,
    reference,
)
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.records.matching import Matching

if TYPE_CHECKING:
    from headrace.platform.records.shapes import ObjectShape, Shapes

Late = Callable[[Environment], Any]
"""Gives a parameter its value when the query is asked."""


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query ready to be asked. It keeps its tree alive, which is the key it is found by."""

    tree: Query
    prepared: Prepared
    parameters: tuple[tuple[str, Late], ...]
    read: Callable[[list[Any]], Value]

    def bound(self, row: Environment) -> dict[str, Any]:
        """Return the parameters for the record that `row` shows."""
        return {name: late(row) for name, late in self.parameters}


class QueryBinder:
    """Columns of the rows asked, with joins along lookups; values of the asking record as parameters."""

    def __init__(
        self,
        shapes: Shapes,
        asked: ObjectShape,
        asking: ObjectShape,
        zone: str,
        parameters: dict[str, Late] | None = None,
    ) -> None:
        self.shapes = shapes
        self.dialect: Dialect = shapes.dialect
        self.zone = zone
        self.asking = asking
        self.parameters: dict[str, Late] = {} if parameters is None else parameters
        self._table = asked.table.table.alias()
        self._asked = asked
        self._source: sa.FromClause = self._table
        self._joined: dict[tuple[str, ...], tuple[ObjectShape, sa.FromClause]] = {
            (): (asked, self._table)
        }

    @property
    def source(self) -> sa.FromClause:
        """The rows asked with everything joined so far."""
        return self._source

    def live(self) -> sa.ColumnElement[bool]:
        """Return the condition of rows that are not deleted."""
        deleted_at = self._asked.table.deleted_at
        return sa.true() if deleted_at is None else self._table.c[deleted_at.name].is_(None)

    def column(self, path: tuple[str, ...], /) -> Column:
        """Return a column of the rows asked, or of rows reached over lookups."""
        return self._column((), path)

    def physical(self, path: tuple[str, ...], /) -> Column:
        """Return the column as it is stored, not as formulas reckon with it."""
        shape, table = self._join(path[:-1])
        field = shape.by_id[path[-1]]
        if not field.stored:
            return self.column(path)
        column: Column = table.c[shape.table.columns[field.name].name]
        return column

    def _column(self, base: tuple[str, ...], path: tuple[str, ...]) -> Column:
        prefix = (*base, *path[:-1])
        shape, table = self._join(prefix)
        field = shape.by_id[path[-1]]
        if not field.stored:
            return self._computed(field, prefix)
        return self._stored(table.c[shape.table.columns[field.name].name], field)

    def _computed(self, field: FieldModel, prefix: tuple[str, ...]) -> Column:
        if field.expression is None:
            return self._figure(field, prefix)
        return compile_sql(field.expression.tree, _Rooted(self, prefix))

    def _figure(self, field: FieldModel, prefix: tuple[str, ...]) -> Column:
        """Return a roll-up that is computed on read, over the rows that belong to a row asked."""
        shape, table = self._join(prefix)
        rollup = shape.model.rollup(field.name)
        source = self.shapes.of(rollup.source)
        inner = QueryBinder(self.shapes, source, self.asking, self.zone, self.parameters)

        def column(name: str) -> Column:
            return inner.physical((source.fields[name].id,))

        def own(name: str) -> Column:
            found: Column = table.c[shape.table.columns[name].name]
            return found

        conditions = [column(name) == own(name) for name in rollup.on]
        if not rollup.on:
            conditions = [inner.physical(tuple(one.id for one in rollup.via)) == own("id")]
        if rollup.where is not None:
            conditions.append(compile_sql(rollup.where.tree, inner))
        conditions.append(inner.live())
        of = source.fields[rollup.of] if rollup.of else None
        select = select_figure(rollup, field, of, column, conditions, self.dialect)
        return select.select_from(inner.source).correlate(table).scalar_subquery()

    def _stored(self, column: sa.ColumnElement[Any], field: FieldModel) -> Column:
        if self.dialect == "postgresql" and field.storage.kind == "integer":
            return sa.cast(column, sa.Numeric(18, 0))
        return column

    def _join(self, prefix: tuple[str, ...]) -> tuple[ObjectShape, sa.FromClause]:
        found = self._joined.get(prefix)
        if found is not None:
            return found
        shape, _ = self._join(prefix[:-1])
        field = shape.by_id[prefix[-1]]
        target = self.shapes.of(str(field.target))
        joined = target.table.table.alias()
        reference_column = self.physical(prefix)
        self._source = self._source.outerjoin(
            joined, joined.c[target.table.id.name] == reference_column
        )
        self._joined[prefix] = (target, joined)
        return target, joined

    def outer(self, path: tuple[str, ...], /) -> Column:
        """Return a parameter for a field of the asking record."""
        type_ = self._type_of(path)
        return self._late(
            "outer_" + "_".join(str(len(self.parameters)).split()),
            type_,
            lambda row: row.value(path),
        )

    def _type_of(self, path: tuple[str, ...]) -> Type:
        shape = self.asking
        for step in path[:-1]:
            shape = self.shapes.of(str(shape.by_id[step].target))
        return shape.by_id[path[-1]].value_type

    def _late(self, name: str, type_: Type, value: Callable[[Environment], Value]) -> Column:
        dialect = self.dialect
        self.parameters[name] = lambda row: storage_value(value(row), type_, dialect)
        return sa.bindparam(name, type_=storage_type(type_.kind, dialect))

    def constant(self, name: str, /) -> Column:
        """Return a workspace constant, which this catalog fixes."""
        constant = self.shapes.catalog.constants[name]
        return bound(constant.value, constant.type, self.dialect)

    def today(self) -> Column:
        """Return the workspace's day as a parameter."""
        return self._late("today", DATE, lambda row: row.today)

    def now(self) -> Column:
        """Return the workspace's instant as a parameter."""
        return self._late("now", DATETIME, lambda row: row.now)

    def user(self) -> Column:
        """Return the acting user as a parameter."""
        return self._late("user", reference(USER_OBJECT), lambda row: row.user)

    def organisation(self) -> Column:
        """Return the acting user's organisation as a parameter."""
        return self._late("organisation", REFERENCE, lambda row: row.organisation)

    def has_role(self, name: str, /) -> Column:
        """Return whether the acting user holds a role, as a parameter."""
        return self._late("role_" + name, BOOLEAN, lambda row: row.has_role(name))

    def in_subtree(self, node: Column, root: Column, /) -> Column:
        """Return whether `node` is `root` or below it, in whichever tree holds them."""
        found: list[sa.ColumnElement[bool]] = []
        for shape in self.shapes.trees:
            below, above = shape.table.table.alias(), shape.table.table.alias()
            path_name = shape.table.path.name if shape.table.path is not None else ""
            reaches = below.c[path_name].startswith(above.c[path_name])
            found.append(
                sa.exists(
                    sa.select(sa.literal(1))
                    .select_from(below.join(above, reaches))
                    .where(below.c["id"] == node, above.c["id"] == root)
                )
            )
        return sa.or_(sa.false(), *found)


class _Rooted:
    """A binder seen from a row reached over lookups: for formulas that are computed on read."""

    def __init__(self, binder: QueryBinder, prefix: tuple[str, ...]) -> None:
        self._binder = binder
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._binder, name)

    def column(self, path: tuple[str, ...], /) -> Column:
        """Return a column as seen from the prefix."""
        return self._binder._column(self._prefix, path)  # noqa: SLF001 - part of the binder


def compile_query(shapes: Shapes, asking: ObjectShape, tree: Query, zone: str) -> CompiledQuery:
    """Compile a query that formulas over `asking` ask."""
    asked = shapes.of(tree.name)
    binder = QueryBinder(shapes, asked, asking, zone)
    result = binder.column(tree.field.path if tree.field else (asked.fields["id"].id,))
    more = [binder.column(one.path) for one in tree.more]
    where = compile_sql(tree.where, binder) if tree.where is not None else sa.true()
    order = [_ordered(binder.column(one.field.path), one.descending) for one in tree.order_by]
    order.append(binder.column((asked.fields["id"].id,)))
    conditions = [where, binder.live()]
    if tree.function == "BEST":
        conditions += _matched(tree, binder, asked)
        order = _ranked(binder, asked)
    statement = _STATEMENTS[tree.function](result, order, shapes.dialect)
    statement = statement.add_columns(*more).select_from(binder.source).where(*conditions)
    field_type = tree.field.type if tree.field else reference(tree.name)
    return CompiledQuery(
        tree=tree,
        prepared=prepare(statement, shapes.dialect),
        parameters=tuple(binder.parameters.items()),
        read=_reader(tree, field_type, shapes.dialect),
    )


def _matching(binder: QueryBinder, asked: ObjectShape) -> Matching:
    shapes = binder.shapes

    def column(name: str) -> Column:
        return binder.physical((asked.fields[name].id,))

    return Matching(shapes.catalog, asked.model, column, shapes.tables.of)


def _matched(tree: Query, binder: QueryBinder, asked: ObjectShape) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of rows that BEST chooses from."""
    given = {}
    for one in tree.matches:
        assert isinstance(one, Binary)  # noqa: S101 - the parser makes equalities
        value = compile_sql(one.right, binder)
        given[key_of(asked.model, one)] = value, compile_sql(one, binder)
    at = None if tree.at is None else compile_sql(tree.at, binder)
    return _matching(binder, asked).fits(given, at)


def _ranked(binder: QueryBinder, asked: ObjectShape) -> list[sa.ColumnElement[Any]]:
    return [one.clause for one in _matching(binder, asked).ranks()]


def key_of(model: ObjectModel, match: Node) -> str:
    """Return the name of the field that a part of FOR compares."""
    left = match.left if isinstance(match, Binary) else match
    by_id = {field.id: field.name for field in model.fields.values()}
    return next(
        by_id[one.path[0]] for one in walk(left) if isinstance(one, FieldRef) and not one.outer
    )


def _ordered(column: Column, descending: bool) -> sa.ColumnElement[Any]:  # noqa: FBT001 - data of the tree
    return (column.desc() if descending else column.asc()).nulls_last()


def _reader(tree: Query, type_: Type, dialect: Dialect) -> Read:
    if tree.more:
        return _read_rows((type_, *(one.type for one in tree.more)), dialect)
    return _READERS[tree.function](type_, dialect)


MAX_LIST: Final = 1_000
"""Rows that LIST gives at most; more are refused, never cut off."""
_TOO_MANY: Final = Text(f"LIST found more than {MAX_LIST} rows", f"LIST 查到的行超过 {MAX_LIST} 条")

Ordered = list[sa.ColumnElement[Any]]


def _first(result: Column, order: Ordered, _dialect: Dialect) -> sa.Select[Any]:
    return sa.select(result).order_by(*order).limit(1)


def _list(result: Column, order: Ordered, _dialect: Dialect) -> sa.Select[Any]:
    return sa.select(result).order_by(*order).limit(MAX_LIST + 1)


def _exists(_result: Column, _order: Ordered, _dialect: Dialect) -> sa.Select[Any]:
    return sa.select(sa.literal(1)).limit(1)


def _count(_result: Column, _order: Ordered, _dialect: Dialect) -> sa.Select[Any]:
    return sa.select(sa.func.count())


def _sum(result: Column, _order: Ordered, _dialect: Dialect) -> sa.Select[Any]:
    return sa.select(sa.func.coalesce(sa.func.sum(result), 0))


_STATEMENTS: dict[str, Callable[[Column, Ordered, Dialect], sa.Select[Any]]] = {
    "FIRST": _first,
    "BEST": _first,
    "LIST": _list,
    "EXISTS": _exists,
    "COUNT": _count,
    "SUM": _sum,
}

Read = Callable[[list[Any]], Value]


def _read_first(type_: Type, dialect: Dialect) -> Read:
    return lambda rows: python_value(rows[0][0], type_, dialect) if rows else None


def _few(rows: list[Any]) -> list[Any]:
    if len(rows) > MAX_LIST:
        raise FormulaRowsError(_TOO_MANY)
    return rows


def _read_list(type_: Type, dialect: Dialect) -> Read:
    return lambda rows: tuple(python_value(row[0], type_, dialect) for row in _few(rows))


def _read_rows(types: tuple[Type, ...], dialect: Dialect) -> Read:
    def read(rows: list[Any]) -> Value:
        return tuple(
            tuple(
                python_value(value, type_, dialect) for value, type_ in zip(row, types, strict=True)
            )
            for row in _few(rows)
        )

    return read


def _read_exists(_type: Type, _dialect: Dialect) -> Read:
    return bool


def _read_count(_type: Type, _dialect: Dialect) -> Read:
    return lambda rows: Decimal(rows[0][0])


def _read_sum(type_: Type, dialect: Dialect) -> Read:
    number = type_ if type_.kind is Kind.NUMBER else Type(Kind.NUMBER)
    return lambda rows: checked(
        cast("Decimal", python_value(rows[0][0], number, dialect)), number.scale
    )


_READERS: dict[str, Callable[[Type, Dialect], Read]] = {
    "FIRST": _read_first,
    "BEST": _read_first,
    "LIST": _read_list,
    "EXISTS": _read_exists,
    "COUNT": _read_count,
    "SUM": _read_sum,
}
