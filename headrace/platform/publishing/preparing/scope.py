"""What of a plan is prepared before the switch, and what the switch is left with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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
    ConvertValues,
    CopyValues,
    FillBalances,
    FillEmpty,
    FillPaths,
    GiveNumbers,
    RowWork,
)

Adding = AddColumn | ReplaceColumn | RestoreColumn


@dataclass(frozen=True, slots=True)
class Scope:
    """What is prepared, and what is put off until after the switch.

    `emptied` are columns, by table, that a row's catching up begins with emptying: what fills only where there
    is nothing, or must not meet an equal value on the way. `tables` are the physical names of the large tables concerned, `sizes` their rows
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
    emptied: Mapping[str, tuple[str, ...]]
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
        self.old_fields = {
            field.id: field for one in former.values() for field in one.fields.values()
        }
        self.added = {
            (one.table, one.column.name) for one in operations if isinstance(one, AddColumn)
        }
        self.all_work = (*copies_of(plan, catalog), *work_of(plan, catalog))
        self.large = frozenset(tables - self._bound())
        while whole := self._in_one_go():
            self.large -= whole

    def _bound(self) -> set[str]:
        """Return the tables that get a column which could not be taken away: SQLite drops no reference."""
        if self.capabilities.alters_constraints:
            return set()
        adding = (one for one in self.operations if isinstance(one, Adding))
        return {one.table for one in adding if _column(one).references is not None}

    def _in_one_go(self) -> set[str]:
        """Return the tables of which something cannot be prepared, so that all is done in the switch.

        What depends on it could not be prepared either.
        """
        unseen = self._unseen_columns()
        return {
            self._table(one.object_id)
            for one in self.all_work
            if self._table(one.object_id) in self.large and not self._can_wait(one, unseen)
        }

    def _can_wait(self, work: RowWork, unseen: Mapping[tuple[str, str], Adding]) -> bool:
        """Say whether row work may be done before the switch and caught up with row by row."""
        model = self.models[work.object_id]
        table = self._table(model.id)
        if isinstance(work, Compute):
            ids = {one for one in work.field_ids if self._column_of(table, one) in unseen}
            return all(
                self._is_there(rollup, unseen)
                for rollup in model.stored_rollups
                if model.fields[rollup.field].id in ids
            )
        if isinstance(work, FillPaths):
            return self._starts_as_tree(model)
        if isinstance(work, FillBalances):
            # Each balance rests on all entries before it.
            return False
        adding = unseen.get(self._column_of(table, work.field_id))
        if isinstance(work, ConvertValues):
            # Keys of other records, and what is computed on reading, change without a note.
            earlier = self.old_fields.get(work.field_id)
            field = next(one for one in model.fields.values() if one.id == work.field_id)
            own = earlier is not None and earlier.stored and earlier.target is None
            return adding is not None and own and field.target is None
        restored = isinstance(adding, RestoreColumn) or (
            isinstance(adding, ReplaceColumn) and adding.restored
        )
        return adding is not None and not restored

    def _is_there(self, rollup: RollupModel, unseen: Mapping[tuple[str, str], Adding]) -> bool:
        """Say whether all that a roll-up reads exists before the switch, and tells of its owner."""
        if rollup.by is None:
            return False
        source = self.catalog.objects[rollup.source]
        table = self._table(source.id)
        if any(isinstance(one, CreateTable) and one.table.name == table for one in self.operations):
            return True
        ids = {source.fields[one].id for one in rollup.reads}
        if rollup.where is not None:
            ids |= {path[0] for path in rollup.where.references()}
        former = next(
            (one for one in self.live.catalog.objects.values() if one.id == source.id), None
        )
        if former is None:
            return False
        live = {(table, one.name) for one in self.live.tables.of(former.name).table.columns}
        own = {one.id for one in source.fields.values() if one.system}
        return all(
            one in own or (at := self._column_of(table, one)) in unseen or at in live for one in ids
        )

    def _unseen_columns(self) -> dict[tuple[str, str], Adding]:
        """Return the columns of large tables that the old version does not know."""
        return {
            (one.table, _column(one).name): one
            for one in self.operations
            if isinstance(one, Adding) and one.table in self.large
        }

    def _column_of(self, table: str, field_id: str) -> tuple[str, str]:
        known = self.names.get(field_id)
        return table, known.physical if known is not None else ""

    def scope(self) -> Scope:
        unseen = self._unseen_columns()
        adding = tuple(unseen.values())
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
            emptied=self._emptied(work, indexes),
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
        self, unseen: Collection[tuple[str, str]]
    ) -> tuple[tuple[RowWork, ...], tuple[RowWork, ...]]:
        """Return the row work that goes into columns nobody sees, and the rest."""
        prepared: list[RowWork] = []
        left: list[RowWork] = []
        for one in self.all_work:
            table = self._table(one.object_id)
            if table not in self.large:
                left.append(one)
            elif isinstance(one, Compute):
                # Values of others do not change: they would have another column.
                ids = tuple(f for f in one.field_ids if self._column_of(table, f) in unseen)
                if ids:
                    prepared.append(replace(one, field_ids=ids))
            else:
                prepared.append(one)
        return tuple(prepared), tuple(left)

    def _emptied(
        self, work: Iterable[RowWork], indexes: Iterable[CreateIndex]
    ) -> Mapping[str, tuple[str, ...]]:
        keyed = {
            (one.index.table, column)
            for one in indexes
            if one.index.unique
            for column in one.index.columns
        }
        works = tuple(work)
        numbered = {one.field_id for one in works if isinstance(one, GiveNumbers)}
        found: dict[str, dict[str, None]] = {}
        for one in works:
            if isinstance(one, Compute | FillPaths | FillBalances) or one.field_id in numbered:
                continue
            if isinstance(one, ConvertValues) and one.restored:
                continue
            at = self._column_of(self._table(one.object_id), one.field_id)
            if at in keyed or (isinstance(one, FillEmpty) and at in self.added):
                found.setdefault(at[0], {})[at[1]] = None
        return {table: tuple(columns) for table, columns in found.items()}

    def _starts_as_tree(self, model: ObjectModel) -> bool:
        """Say whether parent and path are both new, so that every row is a root."""
        if model.tree_field is None:
            return False
        table = self._table(model.id)
        paths = {
            one.table
            for one in self.operations
            if isinstance(one, AddColumn) and one.field == TREE_PATH
        }
        parent = self._column_of(table, model.fields[model.tree_field].id)
        return table in paths and parent in self.added

    def _table(self, object_id: str) -> str:
        return self.names.physical(object_id)

    # -- operations -------------------------------------------------------------------------

    def _beside_users(self, one: CreateIndex, unseen: Collection[tuple[str, str]]) -> bool:
        """Say whether an index refuses nothing to those who use the old version."""
        index = one.index
        if index.links is not None:
            # A table of links is not kept up with rows that change meanwhile.
            return False
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
        taken = self._names_of(CreateIndex)
        for one in self.operations:
            if not isinstance(one, DropIndex) or one.index.name in taken:
                continue
            if one.index.links is not None:
                continue
            if one.index.table in known and not one.index.unique:
                yield one

    def _released(self, tables: Iterable[str]) -> Iterator[KeepColumn | ReplaceColumn]:
        known = set(tables)
        if not self.capabilities.alters_constraints:
            return
        for one in self.operations:
            if isinstance(one, KeepColumn | ReplaceColumn) and one.table in known:
                yield one

    # -- what is watched --------------------------------------------------------------------

    def _watches(
        self, work: Iterable[RowWork], unseen: Collection[tuple[str, str]]
    ) -> Iterator[Watch]:
        former = {model.id: model.name for model in self.live.catalog.objects.values()}
        # Rows of large tables are looked at once more where others changed them.
        large = (one for one in self.plan.large if one in self.models and one in former)
        for object_id in dict.fromkeys((*(one.object_id for one in work), *large)):
            table = self.live.tables.of(former[object_id]).table
            seen = tuple(one.name for one in table.columns if (table.name, one.name) not in unseen)
            yield Watch(table.name, table.name, "id", seen)

    def _totals(self, work: Compute) -> Iterator[Watch]:
        """Yield what notes the owners whose totals change when details do, moved ones included."""
        model = self.models[work.object_id]
        for rollup in model.stored_rollups:
            if model.fields[rollup.field].id in work.field_ids:
                yield from self._total(model, rollup)

    def _total(self, model: ObjectModel, rollup: RollupModel) -> Iterator[Watch]:
        source = self.catalog.objects[rollup.source]
        if rollup.by is None:
            return
        by = source.fields[rollup.by].id
        table, owner = self._table(source.id), self._table(model.id)
        columns = [self.names.physical(by)]
        earlier, field = self.live.tables.names.get(by), self.old_fields.get(by)
        former = next(
            (one for one in self.live.catalog.objects.values() if one.id == model.id), None
        )
        same = field is not None and former is not None and field.target == former.name
        if earlier is not None and same and earlier.physical not in columns:
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
