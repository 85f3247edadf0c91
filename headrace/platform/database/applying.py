"""Runs operations in the transaction of a publish: the only place that changes business tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.schema import CreateTable as CreateTableElement

from headrace.platform.database.dialects import CAPABILITIES
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    CreateTable,
    DropIndex,
    KeepColumn,
    KeepTable,
    Operation,
    RenameDefinition,
)
from headrace.platform.database.physical import DELETED_AT, ColumnSpec, IndexSpec, TableSpec
from headrace.platform.database.tables import column_of
from headrace.platform.metadata.storage_types import Dialect


def apply_operations(
    connection: sa.Connection, dialect: Dialect, operations: Iterable[Operation]
) -> None:
    """Run `operations` in the open transaction of `connection`.

    Foreign keys come after all tables, so that new objects may refer to each other.
    """
    applier = _Applier(connection, dialect)
    ordered = tuple(operations)
    for operation in ordered:
        applier.apply(operation)
    for operation in ordered:
        if isinstance(operation, CreateTable):
            applier.constrain_table(operation.table)


class _Applier:
    def __init__(self, connection: sa.Connection, dialect: Dialect) -> None:
        self.connection = connection
        self.dialect: Dialect = dialect
        self.alters_constraints = CAPABILITIES[dialect].alters_constraints
        self.operations = Operations(MigrationContext.configure(connection))

    def apply(self, operation: Operation) -> None:
        match operation:
            case CreateTable():
                self.create_table(operation.table)
            case AddColumn():
                self.add_column(operation.table, operation.column)
            case KeepColumn():
                self.keep_column(operation.table, operation.column)
            case CreateIndex():
                self.create_index(operation.index)
            case DropIndex():
                self.operations.drop_index(operation.index.name, operation.index.table)
            case KeepTable():
                self.release_table(operation.table)
            case RenameDefinition():
                pass
            case _:
                message = f"no way to run {type(operation).__name__}"
                raise TypeError(message)

    def create_table(self, spec: TableSpec) -> None:
        table = self._ddl_table(spec)
        inline = None if not self.alters_constraints else ()
        self.connection.execute(CreateTableElement(table, include_foreign_key_constraints=inline))
        for index in spec.indexes:
            self.create_index(index)

    def constrain_table(self, spec: TableSpec) -> None:
        """Add the foreign keys of a new table, where they are not part of its creation."""
        if self.alters_constraints:
            for column in spec.columns:
                self._constrain(spec.name, column)

    def _constrain(self, table: str, column: ColumnSpec) -> None:
        if column.references is not None:
            self.operations.create_foreign_key(
                foreign_key(table, column),
                table,
                column.references,
                [column.name],
                ["id"],
                ondelete="RESTRICT",
            )

    def add_column(self, table: str, column: ColumnSpec) -> None:
        made = column_of(column, self.dialect)
        if column.references is not None and not self.alters_constraints:
            made.append_foreign_key(sa.ForeignKey(f"{column.references}.id", ondelete="RESTRICT"))
        self.operations.add_column(table, made, inline_references=not self.alters_constraints)
        if self.alters_constraints:
            self._constrain(table, column)

    def keep_column(self, table: str, column: ColumnSpec) -> None:
        """Free a column of its constraint; where it cannot be, move the values to a plain one."""
        if column.references is None:
            return
        if self.alters_constraints:
            self.operations.drop_constraint(foreign_key(table, column), table, type_="foreignkey")
            return
        plain = kept_column(column)
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

    def create_index(self, spec: IndexSpec) -> None:
        columns = (spec.columns, DELETED_AT) if spec.unique else (spec.columns, "")
        names = [*columns[0], columns[1]] if columns[1] else list(columns[0])
        table = sa.Table(
            spec.table,
            sa.MetaData(),
            *(sa.Column(name, sa.String()) for name in dict.fromkeys(names)),
        )
        options: dict[str, Any] = {}
        if spec.unique:
            live = table.c[DELETED_AT].is_(None)
            options = {"sqlite_where": live, "postgresql_where": live}
        keys: list[Any] = [
            self._descending(table.c[name]) if spec.descending else table.c[name]
            for name in spec.columns
        ]
        sa.Index(spec.name, *keys, unique=spec.unique, **options).create(self.connection)

    def _descending(self, column: sa.Column[Any]) -> sa.UnaryExpression[Any]:
        falling = column.desc()
        # SQLite takes no NULLS LAST in an index and sorts nulls last when falling anyway.
        return falling.nulls_last() if self.dialect == "postgresql" else falling

    def _ddl_table(self, spec: TableSpec) -> sa.Table:
        metadata = sa.MetaData()
        for name in {one.references for one in spec.columns if one.references} - {spec.name}:
            sa.Table(name, metadata, sa.Column("id", sa.String(), primary_key=True))
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
