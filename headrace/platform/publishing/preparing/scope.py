"""What of a plan is prepared before the switch, and what the switch is left with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from headrace.platform.database.changed_rows import Watch
from headrace.platform.database.dialects import CAPABILITIES
from headrace.platform.database.names import TREE_PATH
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    CreateTable,
    DropIndex,
    KeepColumn,
    Operation,
    ReplaceColumn,
    RestoreColumn,
)
from headrace.platform.database.physical import ColumnSpec
from headrace.platform.metadata.catalog import Catalog, ObjectModel, RollupModel
from headrace.platform.publishing.backfill import work_of
from headrace.platform.publishing.catalogs import Published
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.row_work import (
    Compute,
    CopyValues,
    FillPaths,
    RowWork,
)

Adding = AddColumn | ReplaceColumn | RestoreColumn


@dataclass(frozen=True, slots=True)
class Scope:
    """What is prepared, and what is put off until after the switch.

    `tables` are the physical names of the large tables concerned, `sizes` their rows
    by API name of the object, `table_of` those of objects by id. `references` are columns whose
    foreign keys are looked at before the switch. `watches` note changes by others; those of
    `totals` are made when the work at their position begins. `later` are indexes that nobody needs
    once the switch is done, `released` columns that then lose their constraints.
    """

    tables: frozenset[str]
    sizes: Mapping[str, int]
    table_of: Mapping[str, str]
    widening: tuple[Operation, ...]
    work: tuple[RowWork, ...]
    indexes: tuple[CreateIndex, ...]
    references: tuple[tuple[str, ColumnSpec], ...]
    watches: tuple[Watch, ...]
    totals: Mapping[int, tuple[Watch, ...]]
    later: tuple[DropIndex, ...]
    released: tuple[KeepColumn | ReplaceColumn, ...]
    rest: Left

    @property
    def all_watches(self) -> tuple[Watch, ...]:
        """All triggers that a preparation makes."""
        return (*self.watches, *(one for part in self.totals.values() for one in part))


@dataclass(frozen=True, slots=True)
class Left:
    """What the switch does itself."""

    releasing: tuple[Operation, ...]
    widening: tuple[Operation, ...]
    work: tuple[RowWork, ...]
    narrowing: tuple[Operation, ...]
    indexes: tuple[Operation, ...]


def all_in_the_switch(plan: Plan) -> Left:
    """Return what a switch does without any preparation."""
    if plan.catalog is None or plan.difference is None:
        return Left((), (), (), (), ())
    operations = plan.difference.operations
    return Left(
        tuple(one for one in operations if isinstance(one, DropIndex)),
        operations,
        (*copies_of(plan, plan.catalog), *work_of(plan, plan.catalog)),
        operations,
        tuple(one for one in operations if isinstance(one, CreateIndex)),
    )


def scope_of(plan: Plan, live: Published) -> Scope | None:
    """Return what of a plan is prepared; None where the switch alone is short enough."""
    if plan.catalog is None or plan.difference is None or not plan.large:
        return None
    scope = _Finder(plan, plan.catalog, plan.difference.operations, live).scope()
    return scope if scope.widening or scope.work or scope.indexes else None


class _Finder:
    """Goes through the operations and the row work of one plan."""

    def __init__(
        self, plan: Plan, catalog: Catalog, operations: tuple[Operation, ...], live: Published
    ) -> None:
        self.plan = plan
        self.catalog = catalog
        self.operations = operations
        self.live = live
        self.capabilities = CAPABILITIES[live.tables.dialect]
        self.models = {model.id: model for model in catalog.objects.values()}
        self.names = plan.difference.names if plan.difference else plan.names
        former = {model.id: model for model in live.catalog.objects.values()}
        tables = {
            live.tables.of(former[one].name).table.name
            for one in plan.large
            if one in former and one in self.models
        }
        self.large = frozenset(tables - self._bound())

    def _bound(self) -> set[str]:
        """Return the tables that get a column which could not be taken away: SQLite drops no reference."""
        if self.capabilities.alters_constraints:
            return set()
        adding = (one for one in self.operations if isinstance(one, Adding))
        return {one.table for one in adding if _column(one).references is not None}

    def scope(self) -> Scope:
        adding = tuple(
            one for one in self.operations if isinstance(one, Adding) and one.table in self.large
        )
        unseen = {(one.table, _column(one).name) for one in adding}
        work, left = self._work(unseen)
        indexes = tuple(
            one
            for one in self.operations
            if isinstance(one, CreateIndex) and self._beside_users(one, unseen)
        )
        tables = {self._table(one.object_id) for one in work}
        tables |= {one.index.table for one in indexes}
        tables |= {one.table for one in adding if self._takes_long(one)}
        adding = tuple(one for one in adding if one.table in tables)
        made = tuple(one for one in self.operations if isinstance(one, CreateTable))
        widening = (*made, *adding) if tables else ()
        later = tuple(self._later(tables))
        released = tuple(self._released(tables))
        return Scope(
            tables=frozenset(tables),
            sizes={
                model.name: self.plan.large[model.id]
                for model in self.models.values()
                if model.id in self.plan.large and self._table(model.id) in tables
            },
            table_of={one: self._table(one) for one in self.models if one in self.names},
            widening=widening,
            work=work,
            indexes=indexes,
            references=tuple(
                (one.table, _column(one)) for one in adding if _column(one).references is not None
            )
            if self.capabilities.alters_constraints
            else (),
            watches=tuple(self._watches(work, unseen)),
            totals={
                number: tuple(self._totals(one))
                for number, one in enumerate(work)
                if isinstance(one, Compute)
            },
            later=later,
            released=released,
            rest=Left(
                releasing=tuple(
                    one
                    for one in self.operations
                    if isinstance(one, DropIndex) and one not in later
                ),
                widening=tuple(one for one in self.operations if one not in widening),
                work=left,
                narrowing=tuple(one for one in self.operations if one not in released),
                indexes=tuple(
                    one
                    for one in self.operations
                    if isinstance(one, CreateIndex) and one not in indexes
                ),
            ),
        )

    # -- row work ---------------------------------------------------------------------------

    def _work(
        self, unseen: set[tuple[str, str]]
    ) -> tuple[tuple[RowWork, ...], tuple[RowWork, ...]]:
        """Return the row work that goes into columns nobody sees, and the rest."""
        prepared: list[RowWork] = []
        left: list[RowWork] = []
        for one in (*copies_of(self.plan, self.catalog), *work_of(self.plan, self.catalog)):
            model = self.models[one.object_id]
            table = self._table(one.object_id)
            if table not in self.large:
                left.append(one)
            elif isinstance(one, Compute):
                ids = tuple(f for f in one.field_ids if self._unseen(table, f, unseen))
                if ids:
                    prepared.append(replace(one, field_ids=ids))
            elif isinstance(one, FillPaths):
                (prepared if self._starts_as_tree(model, unseen) else left).append(one)
            elif self._unseen(table, one.field_id, unseen):
                prepared.append(one)
            else:
                left.append(one)
        return tuple(prepared), tuple(left)

    def _unseen(self, table: str, field_id: str, unseen: set[tuple[str, str]]) -> bool:
        known = self.names.get(field_id)
        return known is not None and (table, known.physical) in unseen

    def _starts_as_tree(self, model: ObjectModel, unseen: set[tuple[str, str]]) -> bool:
        """Say whether parent and path are both new, so that every row is a root."""
        if model.tree_field is None:
            return False
        table = self._table(model.id)
        parent = model.fields[model.tree_field]
        added = {
            one.table
            for one in self.operations
            if isinstance(one, AddColumn) and one.field == TREE_PATH
        }
        return table in added and self._unseen(table, parent.id, unseen)

    def _table(self, object_id: str) -> str:
        return self.names.physical(object_id)

    # -- operations -------------------------------------------------------------------------

    def _beside_users(self, one: CreateIndex, unseen: set[tuple[str, str]]) -> bool:
        """Say whether an index refuses nothing to those who use the old version."""
        index = one.index
        if index.table not in self.large or index.name in self._names_of(DropIndex):
            return False
        hidden = all((index.table, column) in unseen for column in index.columns)
        return hidden or (not index.unique and self.capabilities.row_locks)

    def _names_of(self, kind: type[CreateIndex | DropIndex]) -> set[str]:
        """Return the names of indexes that are made or dropped: one may take the name of another."""
        return {one.index.name for one in self.operations if isinstance(one, kind)}

    def _takes_long(self, one: Adding) -> bool:
        return _column(one).references is not None and self.capabilities.alters_constraints

    def _later(self, tables: Iterable[str]) -> Iterator[DropIndex]:
        """Yield indexes that may stay a while: they refuse nothing in the new version."""
        known = set(tables)
        gone = {
            (one.table, one.column.name if isinstance(one, KeepColumn) else one.old.name)
            for one in self.operations
            if isinstance(one, KeepColumn | ReplaceColumn)
        }
        taken = self._names_of(CreateIndex)
        for one in self.operations:
            if not isinstance(one, DropIndex) or one.index.name in taken:
                continue
            if one.index.table in known:
                idle = any((one.index.table, column) in gone for column in one.index.columns)
                if idle or not one.index.unique:
                    yield one

    def _released(self, tables: Iterable[str]) -> Iterator[KeepColumn | ReplaceColumn]:
        known = set(tables)
        if not self.capabilities.alters_constraints:
            return
        for one in self.operations:
            if isinstance(one, KeepColumn | ReplaceColumn) and one.table in known:
                yield one

    # -- what is watched --------------------------------------------------------------------

    def _watches(self, work: Iterable[RowWork], unseen: set[tuple[str, str]]) -> Iterator[Watch]:
        former = {model.id: model.name for model in self.live.catalog.objects.values()}
        for object_id in dict.fromkeys(one.object_id for one in work):
            table = self.live.tables.of(former[object_id]).table
            seen = tuple(one.name for one in table.columns if (table.name, one.name) not in unseen)
            yield Watch(table.name, table.name, "id", seen)

    def _totals(self, work: Compute) -> Iterator[Watch]:
        """Yield what notes the owners whose totals change when details do, moved ones included."""
        model = self.models[work.object_id]
        for rollup in model.rollups:
            if model.fields[rollup.field].id in work.field_ids:
                yield from self._total(model, rollup)

    def _total(self, model: ObjectModel, rollup: RollupModel) -> Iterator[Watch]:
        source = self.catalog.objects[rollup.source]
        by = source.fields[rollup.by].id
        table, owner = self._table(source.id), self._table(model.id)
        columns = [self.names.physical(by)]
        earlier = self.live.tables.names.get(by)
        if earlier is not None and earlier.physical not in columns:
            columns.append(earlier.physical)
        for column in columns:
            yield Watch(table, owner, column)


def copies_of(plan: Plan, catalog: Catalog) -> Iterator[CopyValues]:
    """Yield how values are taken along into columns that others will look at."""
    models = {model.id: model for model in catalog.objects.values()}
    names = plan.difference.names if plan.difference else plan.names
    for field_id in sorted(plan.relocated):
        known = names.get(field_id)
        if known is None or known.object_id is None:
            continue
        fields = models[known.object_id].fields.values()
        field = next(one for one in fields if one.id == field_id)
        if field.computed not in {"formula", "rollup"}:
            yield CopyValues(known.object_id, field_id)


def _column(one: Adding) -> ColumnSpec:
    return one.new if isinstance(one, ReplaceColumn) else one.column
