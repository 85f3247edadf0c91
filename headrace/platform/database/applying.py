"""Runs operations: the only place that changes business tables.

A publish widens the tables (nothing that is there is touched), gives rows their values, then narrows
them and makes the indexes. Each part may run in the transaction of the switch or before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable as CreateTableElement

from headrace.platform.database.alterations import alterations
from headrace.platform.database.dialects import CAPABILITIES
from headrace.platform.database.indexes import create_index, drop_index, make_index
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    CreateTable,
    DropIndex,
    KeepColumn,
    KeepTable,
    Operation,
    ReplaceColumn,
    RestoreColumn,
    RestoreTable,
)
from headrace.platform.database.physical import ColumnSpec, TableSpec
from headrace.platform.database.tables import column_of
from headrace.platform.metadata.storage_types import Dialect


def apply_operations(
    connection: sa.Connection, dialect: Dialect, operations: Iterable[Operation]
) -> None:
    """Run `operations`, which need no values of rows, in the open transaction of `connection`."""
    applier = Applier(connection, dialect)
    ordered = tuple(operations)
    applier.release_indexes(ordered)
    applier.widen(ordered)
    applier.narrow(ordered)
    applier.make_indexes(ordered)


class Applier:
    """Changes tables in the transaction of a connection, or by single statements without one."""

    def __init__(self, connection: sa.Connection, dialect: Dialect) -> None:
        self.connection = connection
        self.dialect: Dialect = dialect
        self.alters_constraints = CAPABILITIES[dialect].alters_constraints
        self.operations = alterations(connection)

    def release_indexes(self, operations: Iterable[Operation]) -> None:
        """Drop the indexes that go: values may change only when their keys are gone."""
        for operation in operations:
            if isinstance(operation, DropIndex):
                drop_index(self.connection, operation.index)

    def widen(self, operations: Iterable[Operation], *, checked: bool = True) -> None:
        """Make new tables and columns, and let kept ones be used again.

        Foreign keys come after all tables, so that new objects may refer to each other. Without
        `checked` the rows that are there are not looked at until `validate`.
        """
        ordered = tuple(operations)
        self.create_tables([one.table for one in ordered if isinstance(one, CreateTable)])
        for operation in ordered:
            match operation:
                case RestoreTable():
                    self.restore_table(operation.table)
        for operation in ordered:
            match operation:
                case CreateTable():
                    self.constrain_table(operation.table)
                case AddColumn():
                    self.add_column(operation.table, operation.column, checked=checked)
                case RestoreColumn():
                    self.restore_column(operation.table, operation.column, checked=checked)
                case ReplaceColumn() if operation.restored:
                    self.restore_column(operation.table, operation.new, checked=checked)
                case ReplaceColumn():
                    self.add_column(operation.table, operation.new, checked=checked)

    def narrow(self, operations: Iterable[Operation]) -> None:
        """Free what goes of its constraints; its values are kept."""
        for operation in operations:
            match operation:
                case KeepColumn():
                    self.keep_column(operation.table, operation.column)
                case ReplaceColumn():
                    self.keep_column(operation.table, operation.old)
                case KeepTable():
                    self.release_table(operation.table)

    def make_indexes(self, operations: Iterable[Operation]) -> None:
        """Make the indexes of tables that were there before; those of new ones came with them."""
        for operation in operations:
            if isinstance(operation, CreateIndex):
                create_index(self.connection, self.dialect, operation.index)

    def create_tables(self, specs: Sequence[TableSpec]) -> None:
        """Make tables with their indexes; where constraints can be added, without foreign keys."""
        inline = None if not self.alters_constraints else ()
        for spec, table in zip(specs, self._ddl_tables(specs), strict=True):
            made = CreateTableElement(table, include_foreign_key_constraints=inline)
            self.connection.execute(made)
            for index in spec.indexes:
                make_index(self.connection, self.dialect, index, table)

    def constrain_table(self, spec: TableSpec) -> None:
        """Add the foreign keys of a new table, where they are not part of its creation."""
        if self.alters_constraints:
            for column in spec.columns:
                self.constrain(spec.name, column)

    def constrain(self, table: str, column: ColumnSpec, *, checked: bool = True) -> None:
        """Add the foreign key of a column; without `checked` rows that are there are not looked at."""
        if column.references is None:
            return
        self.operations.create_foreign_key(
            foreign_key(table, column),
            table,
            column.references,
            [column.name],
            ["id"],
            ondelete="RESTRICT",
            postgresql_not_valid=not checked,
        )

    def validate(self, table: str, column: ColumnSpec) -> None:
        """Look whether the rows that are there suit a foreign key that was added unchecked."""
        quote = self.connection.dialect.identifier_preparer.quote
        name = quote(foreign_key(table, column))
        statement = f"ALTER TABLE {quote(table)} VALIDATE CONSTRAINT {name}"
        self.connection.execute(sa.DDL(statement))  # type: ignore[no-untyped-call]  # SQLAlchemy

    def drop_constraint(self, table: str, name: str) -> None:
        """Drop a constraint where there is such a table with it."""
        if sa.inspect(self.connection).has_table(table):
            self.operations.drop_constraint(name, table, if_exists=True)

    def add_column(self, table: str, column: ColumnSpec, *, checked: bool = True) -> None:
        """Add a column that is empty in all rows."""
        made = column_of(column, self.dialect)
        if column.references is not None and not self.alters_constraints:
            made.append_foreign_key(sa.ForeignKey(f"{column.references}.id", ondelete="RESTRICT"))
        self.operations.add_column(table, made, inline_references=not self.alters_constraints)
        if self.alters_constraints:
            self.constrain(table, column, checked=checked)

    def restore_column(self, table: str, column: ColumnSpec, *, checked: bool = True) -> None:
        """Let a kept column hold a field again; references to rows that are gone become empty."""
        if column.references is None:
            return
        plain = kept_column(column)
        moves = not self.alters_constraints and plain.name in self.columns_of(table)
        rows = sa.table(table, sa.column(column.name), sa.column(plain.name))
        source = rows.c[plain.name] if moves else rows.c[column.name]
        target = sa.table(column.references, sa.column("id")).alias("target")
        present = sa.exists().where(target.c.id == source).correlate(rows)
        if moves:
            values = {column.name: sa.case((present, source)), plain.name: sa.null()}
            self.connection.execute(sa.update(rows).values(values))
            return
        dangling = sa.and_(source.is_not(None), ~present)
        self.connection.execute(sa.update(rows).where(dangling).values({column.name: sa.null()}))
        if self.alters_constraints:
            self.constrain(table, column, checked=checked)

    def restore_table(self, spec: TableSpec) -> None:
        """Let a kept table hold an object again: columns, references and indexes as `spec` says."""
        present = self.columns_of(spec.name)
        for column in spec.columns:
            if column.name not in present:
                self.add_column(spec.name, column)
            elif self.alters_constraints:
                self.restore_column(spec.name, column)
        there = {one["name"] for one in sa.inspect(self.connection).get_indexes(spec.name)}
        wanted = {index.name: index for index in spec.indexes}
        for name in there - set(wanted):
            if name is not None:
                self.operations.drop_index(name, spec.name)
        for name, index in wanted.items():
            if name not in there:
                create_index(self.connection, self.dialect, index)

    def keep_column(self, table: str, column: ColumnSpec) -> None:
        """Free a column of its constraint; where it cannot be, move the values to a plain one."""
        if column.references is None:
            return
        if self.alters_constraints:
            self.operations.drop_constraint(foreign_key(table, column), table, type_="foreignkey")
            return
        plain = kept_column(column)
        if plain.name not in self.columns_of(table):
            self.operations.add_column(table, column_of(plain, self.dialect))
        moving = sa.table(table, sa.column(column.name), sa.column(plain.name))
        self.connection.execute(
            sa.update(moving).values({plain.name: moving.c[column.name], column.name: sa.null()})
        )

    def release_table(self, spec: TableSpec) -> None:
        """Free the rows of a kept table from those they refer to, where the database can."""
        if self.alters_constraints:
            for column in spec.columns:
                self.keep_column(spec.name, column)

    def columns_of(self, table: str) -> frozenset[str]:
        """Return the names of the columns that a table has in the database."""
        return frozenset(one["name"] for one in sa.inspect(self.connection).get_columns(table))

    def _ddl_tables(self, specs: Sequence[TableSpec]) -> list[sa.Table]:
        """Return tables to make; of tables that are there and referred to, only the key is needed."""
        metadata = sa.MetaData()
        referred = {one.references for spec in specs for one in spec.columns if one.references}
        for name in referred - {spec.name for spec in specs}:
            sa.Table(name, metadata, sa.Column("id", sa.String(), primary_key=True))
        return [self._ddl_table(spec, metadata) for spec in specs]

    def _ddl_table(self, spec: TableSpec, metadata: sa.MetaData) -> sa.Table:
        return sa.Table(
            spec.name,
            metadata,
            *(column_of(one, self.dialect) for one in spec.columns),
            sa.PrimaryKeyConstraint("id", name=f"pk_{spec.name}"),
            *(
                sa.ForeignKeyConstraint(
                    [one.name],
                    [f"{one.references}.id"],
                    name=foreign_key(spec.name, one),
                    ondelete="RESTRICT",
                )
                for one in spec.columns
                if one.references
            ),
        )


def foreign_key(table: str, column: ColumnSpec) -> str:
    """Return the name of the constraint of a reference."""
    return f"fk_{table}_{column.name.rsplit('_', 1)[-1]}"


def kept_column(column: ColumnSpec) -> ColumnSpec:
    """Return the plain column that takes the values of a dropped reference on SQLite."""
    return ColumnSpec(f"{column.name}_kept", column.storage)
