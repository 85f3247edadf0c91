"""The SQL of fields that will hold other values: fills, maps, formulas and roll-ups over old rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, Protocol

import sqlalchemy as sa

from headrace.platform.access.parameters import (
    Column,
    now_parameter,
    organisation_parameter,
    today_parameter,
    user_parameter,
)
from headrace.platform.access.rows import Rows, Statement, Surroundings, field_by_id
from headrace.platform.database.tables import ObjectTable
from headrace.platform.database.totals import SUMMED, select_figure
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.sql import UnsupportedInSqlError, compile_sql
from headrace.platform.formulas.sql_types import bound
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.publishing.catalogs import Published
from headrace.platform.publishing.failing.changed import changed_values
from headrace.platform.publishing.failing.written_out import COLUMN, Size, written_out
from headrace.platform.publishing.row_work import ConvertValues, FillEmpty, MapValues

FieldWork = ConvertValues | FillEmpty | MapValues


class Planned(Protocol):
    """What columns ask of the planned rows that they belong to."""

    connection: sa.Connection
    live: Published
    catalog: Catalog
    kept: Mapping[str, str]

    @property
    def surroundings(self) -> Surroundings:
        """What statements over the planned rows are compiled for."""
        ...

    def next_prefix(self) -> str:
        """Return a prefix of aliases that no other part of a statement has."""
        ...

    def former_field(self, model: ObjectModel, field: FieldModel, /) -> FieldModel | None:
        """Return the field of the live version with the same id."""
        ...

    def changes(self, model: ObjectModel, field: FieldModel, /) -> bool:
        """Say whether a stored field will hold other values than its column does now."""
        ...

    def work_on(self, model: ObjectModel, field: FieldModel, /) -> tuple[FieldWork, ...]:
        """Return what becomes of the values of a field."""
        ...


class PlannedColumns:
    """The values that fields of one object will have, over its present rows (`base`)."""

    def __init__(
        self, rows: Planned, model: ObjectModel, table: ObjectTable, base: sa.FromClause
    ) -> None:
        self.rows = rows
        self.model = model
        self.base = base
        self._table = table
        self._dialect: Dialect = rows.live.tables.dialect
        self._made: dict[str, Column | None] = {}
        self._sizes: dict[str, Size] = {}

    def value(self, field: FieldModel) -> Column:
        """Return the value of a stored field.

        Raise UnsupportedInSqlError where SQL has none, and where no statement holds it.
        """
        if field.name not in self._made:
            try:
                self._made[field.name] = self._value(field)
            except UnsupportedInSqlError:
                self._made[field.name] = None
        value = self._made[field.name]
        if value is None:
            raise UnsupportedInSqlError(field.name)
        return value

    def size(self, path: tuple[str, ...]) -> Size:
        """Return how large the value is that a path leads to; what was not made is a column."""
        field = field_by_id(self.model, path[0])
        return self._sizes.get(field.name, COLUMN) if len(path) == 1 else COLUMN

    def _value(self, field: FieldModel) -> Column:
        earlier = field if field.built_in else self.rows.former_field(self.model, field)
        if not self.rows.changes(self.model, field) and earlier is not None:
            return self._stored(earlier)
        if field.computed == "formula" and field.expression is not None:
            return self._as_stored(self._formula(field, field.expression), field)
        if field.computed == "rollup":
            return self._rollup(field)
        value = self._present(earlier, field)
        for one in self.rows.work_on(self.model, field):
            match one:
                case ConvertValues():
                    value = self._converted(earlier, field, one)
                case MapValues():
                    mapped = [(value == old, _text(new)) for old, new in one.values.items()]
                    value = sa.case(*mapped, else_=value) if mapped else value
                case FillEmpty():
                    filled = self._formula(field, one.fill)
                    value = sa.func.coalesce(value, self._as_stored(filled, field))
        return value

    def _formula(self, field: FieldModel, expression: Expression) -> Column:
        """Return a formula with all that it reads written out in it.

        Values that read each other several times grow with each level, beyond what a database
        parses and what is worth sending to it.
        """
        value = compile_sql(expression.tree, _Binder(self))
        read = {path: self.size(path) for path in expression.references()}
        size = written_out(expression.tree, read)
        if not size.fits(self._dialect):
            raise UnsupportedInSqlError(field.name)
        self._sizes[field.name] = size
        return value

    def _present(self, earlier: FieldModel | None, field: FieldModel) -> Column:
        """Return what a row has now in a field that people write, in the form of the new version."""
        if earlier is not None and earlier.stored and earlier.storage == field.storage:
            return self._stored(earlier)
        if earlier is not None:
            raise UnsupportedInSqlError(field.name)
        if field.id in self.rows.kept:
            return self.base.c[self.rows.kept[field.id]]
        return sa.cast(sa.null(), field.storage.column_type(self._dialect))

    def _converted(
        self, earlier: FieldModel | None, field: FieldModel, work: ConvertValues
    ) -> Column:
        """Return the converted value where few different values become others."""
        changed = (
            None
            if earlier is None
            else changed_values(self.rows, self._table.columns[earlier.name], earlier, field, work)
        )
        if changed is None or earlier is None:
            raise UnsupportedInSqlError(field.name)
        column = self._stored(earlier)
        type_ = field.storage.column_type(self._dialect)
        cases = [(column == old, sa.cast(new, type_)) for old, new in changed.items()]
        return sa.case(*cases, else_=column) if cases else column

    def _stored(self, earlier: FieldModel) -> Column:
        return self.base.c[self._table.columns[earlier.name].name]

    def _as_stored(self, value: Column, field: FieldModel) -> Column:
        return sa.cast(value, field.storage.column_type(self._dialect))

    def _rollup(self, field: FieldModel) -> Column:
        rollup = self.model.rollup(field.name)
        statement = Statement(self.rows.surroundings, self.rows.next_prefix())
        source = statement.start(rollup.source)
        fields = source.model.fields
        conditions = [
            source.column(fields[name]) == self.value(self.model.fields[name]) for name in rollup.on
        ]
        if not rollup.on:
            conditions = [source.path_column(rollup.via) == self.base.c["id"]]
        if rollup.where is not None:
            conditions.append(source.holds(rollup.where))
        if source.is_live is not None:
            conditions.append(source.is_live)
        of = fields[rollup.of] if rollup.of else None
        select = select_figure(
            *(rollup, field, of, lambda name: source.column(fields[name])),
            *(conditions, self._dialect),
        )
        found = select.select_from(statement.from_clause()).correlate(self.base).scalar_subquery()
        return self._as_stored(found, field) if rollup.op in SUMMED else found

    def _one(
        self, statement: Statement, rows: Rows, value: Column, conditions: list[Any]
    ) -> Column:
        """Return a single value read for each present row."""
        if rows.is_live is not None:
            conditions.append(rows.is_live)
        select = sa.select(value).select_from(statement.from_clause()).where(*conditions)
        return select.correlate(self.base).scalar_subquery()

    def reached(self, path: tuple[str, ...]) -> Column:
        """Return the column that a path of field ids leads to from the present row."""
        field = field_by_id(self.model, path[0])
        if len(path) == 1:
            return self._read(field)
        statement = Statement(self.rows.surroundings, self.rows.next_prefix())
        rows = statement.start(str(field.target))
        first, *rest = path[1:]
        found = rows
        step = field_by_id(found.model, first)
        for following in rest:
            found = found.follow(step)
            step = field_by_id(found.model, following)
        value = found.column(step)
        return self._one(statement, rows, value, [rows.id == self._read(field)])

    def _read(self, field: FieldModel) -> Column:
        if not field.stored and field.expression is not None:
            return self._formula(field, field.expression)
        column = self.value(field) if field.stored else self._rollup(field)
        if self._dialect == "postgresql" and field.storage.kind == "integer":
            return sa.cast(column, sa.Numeric(18, 0))
        return column


class _Binder:
    """What formulas over a present row read (`formulas.sql.SqlBinder`)."""

    def __init__(self, columns: PlannedColumns) -> None:
        self._columns = columns

    @property
    def dialect(self) -> Dialect:
        return self._columns.rows.live.tables.dialect

    @property
    def zone(self) -> str:
        return self._columns.rows.surroundings.zone

    def column(self, path: tuple[str, ...], /) -> Column:
        return self._columns.reached(path)

    def outer(self, path: tuple[str, ...], /) -> NoReturn:
        raise UnsupportedInSqlError(".".join(path))

    def constant(self, name: str, /) -> Column:
        constant = self._columns.rows.catalog.constants[name]
        return bound(constant.value, constant.type, self.dialect)

    def today(self) -> Column:
        return today_parameter(self.dialect)

    def now(self) -> Column:
        return now_parameter(self.dialect)

    def user(self) -> Column:
        return user_parameter(self.dialect)

    def organisation(self) -> Column:
        return organisation_parameter(self.dialect)

    def has_role(self, name: str, /) -> Column:
        return sa.false()

    def in_subtree(self, node: Column, root: Column, /) -> NoReturn:
        raise UnsupportedInSqlError("IN_SUBTREE")


def _text(value: str | None) -> Column:
    return sa.null() if value is None else sa.literal(value, sa.String())
