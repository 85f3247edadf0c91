"""The steps of a preparation, in their order; each is one short transaction or many of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headrace.platform.core.problems import Text
from headrace.platform.database.changed_rows import Watch
from headrace.platform.database.operations import CreateIndex, CreateTable, Operation
from headrace.platform.database.physical import ColumnSpec
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.preparing.scope import Scope
from headrace.platform.publishing.row_work import RowWork


@dataclass(frozen=True, slots=True)
class Widen:
    """Make tables or a column that nobody sees."""

    operations: tuple[Operation, ...]

    @property
    def text(self) -> Text:
        """What is done, for people."""
        return Text("Make room for new values", "为新数据准备存储")


@dataclass(frozen=True, slots=True)
class Observe:
    """Begin to note which rows others change."""

    watches: tuple[Watch, ...]

    @property
    def text(self) -> Text:
        """What is done, for people."""
        return Text("Watch for changes by others", "开始记录其他用户的更改")


@dataclass(frozen=True, slots=True)
class Fill:
    """Give the rows of a table values, chunk by chunk."""

    work: RowWork
    table: str
    object: str

    @property
    def text(self) -> Text:
        """What is done, for people."""
        return Text(f"Give the rows of {self.object} their values", f"更新 {self.object} 的数据")


@dataclass(frozen=True, slots=True)
class BuildIndex:
    """Make an index beside its users."""

    operation: CreateIndex

    @property
    def text(self) -> Text:
        """What is done, for people."""
        name = self.operation.object
        return Text(f"Build an index of {name}", f"为 {name} 建立索引")


@dataclass(frozen=True, slots=True)
class Validate:
    """Look whether the references of a column lead to rows."""

    table: str
    column: ColumnSpec

    @property
    def text(self) -> Text:
        """What is done, for people."""
        return Text("Verify references", "校验引用")


Step = Widen | Observe | Fill | BuildIndex | Validate


def steps_of(scope: Scope, catalog: Catalog) -> tuple[Step, ...]:
    """Return all steps; the same for the same plan, so that a preparation can be resumed."""
    return tuple(_steps(scope, catalog))


def _steps(scope: Scope, catalog: Catalog) -> Iterator[Step]:
    made = tuple(one for one in scope.widening if isinstance(one, CreateTable))
    if made:
        yield Widen(made)
    for operation in scope.widening:
        if not isinstance(operation, CreateTable):
            yield Widen((operation,))
    for one in scope.watches:
        yield Observe((one,))
    objects = {model.id: model.name for model in catalog.objects.values()}
    for number, work in enumerate(scope.work):
        totals = scope.totals.get(number, ())
        for one in totals:
            yield Observe((one,))
        yield Fill(work, scope.table_of[work.object_id], objects[work.object_id])
    for index in scope.indexes:
        yield BuildIndex(index)
    for table, column in scope.references:
        yield Validate(table, column)
