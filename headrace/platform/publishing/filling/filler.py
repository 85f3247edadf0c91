"""Does one piece of row work for all rows of its object, or for some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import assert_never

from headrace.platform.database.operations import AddColumn, Operation, ReplaceColumn
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.publishing.filling.balances import fill_balances
from headrace.platform.publishing.filling.converting import Converting, convert_values
from headrace.platform.publishing.filling.copying import copy_values
from headrace.platform.publishing.filling.empty_values import (
    compute_row_by_row,
    fill_empty,
    map_values,
)
from headrace.platform.publishing.filling.numbers import give_numbers
from headrace.platform.publishing.filling.recomputing import compute_fields
from headrace.platform.publishing.filling.rows import Filled, Rows
from headrace.platform.publishing.filling.tree_paths import fill_paths, fill_root_paths
from headrace.platform.publishing.row_work import (
    Compute,
    ConvertValues,
    CopyValues,
    FillBalances,
    FillEmpty,
    FillPaths,
    GiveNumbers,
    MapValues,
    RowWork,
)
from headrace.platform.records.context import Context


class Filler:
    """Knows both versions of a publish by their contexts, and which columns it adds."""

    def __init__(self, context: Context, live: Context, operations: Iterable[Operation]) -> None:
        self.context = context
        self.live = live
        self.old = live.catalog
        ordered = tuple(operations)
        self.replaced = {
            (one.table, one.new.name): one for one in ordered if isinstance(one, ReplaceColumn)
        }
        self.added = {(one.table, one.column.name) for one in ordered if isinstance(one, AddColumn)}

    @cached_property
    def models(self) -> Mapping[str, ObjectModel]:
        """The objects of the new version by id."""
        return {model.id: model for model in self.context.catalog.objects.values()}

    @cached_property
    def old_fields(self) -> Mapping[str, FieldModel]:
        """The fields of the old version by id."""
        return {
            field.id: field
            for model in self.old.objects.values()
            for field in model.fields.values()
        }

    def field(self, work: RowWork, field_id: str) -> FieldModel:
        """Return a field of the object of `work`."""
        fields = self.models[work.object_id].fields.values()
        return next(one for one in fields if one.id == field_id)

    def fill(self, unit: UnitOfWork, work: RowWork, rows: Rows) -> Filled:
        """Do `work` for `rows`; doing it again gives the same values."""
        model = self.models[work.object_id]
        table = self.context.tables.of(model.name)
        match work:
            case ConvertValues():
                field = self.field(work, work.field_id)
                column = table.columns[field.name]
                converting = Converting(
                    model,
                    self.old_fields[work.field_id],
                    field,
                    self.replaced.get((table.table.name, column.name)),
                    self.live,
                    (self.old, self.context.catalog),
                    self.context.zone,
                )
                return convert_values(self.context, unit, converting, work, rows)
            case CopyValues():
                return self._copy(unit, work, rows)
            case FillEmpty():
                field = self.field(work, work.field_id)
                return fill_empty(self.context, unit, model, field, work.fill, rows)
            case MapValues():
                field = self.field(work, work.field_id)
                return map_values(unit, table, field, dict(work.values), rows)
            case GiveNumbers():
                field = self.field(work, work.field_id)
                return give_numbers(self.context, unit, model, field, rows)
            case Compute():
                names = {self.field(work, one).name for one in work.field_ids}
                catalog, tables = self.context.catalog, self.context.tables
                zone = self.context.zone.key
                by_rows = partial(compute_row_by_row, self.context, unit, model, rows)
                count = compute_fields(
                    unit.connection, catalog, tables, model, names, rows, zone, by_rows
                )
                return Filled(count)
            case FillPaths():
                return self._fill_paths(unit, model, rows)
            case FillBalances() if model.ledger is not None:
                return fill_balances(unit, table, model.ledger, placed=work.placed)
            case FillBalances():
                return Filled()
            case _:
                assert_never(work)

    def _copy(self, unit: UnitOfWork, work: CopyValues, rows: Rows) -> Filled:
        table = self.context.tables.of(self.models[work.object_id].name)
        target = table.columns[self.field(work, work.field_id).name]
        replaced = self.replaced.get((table.table.name, target.name))
        if replaced is None:
            return Filled()
        return copy_values(unit, table, target, replaced.old.name, rows)

    def _fill_paths(self, unit: UnitOfWork, model: ObjectModel, rows: Rows) -> Filled:
        table = self.context.tables.of(model.name)
        if model.tree_field is None:
            return Filled()
        parent = table.columns[model.tree_field]
        if (table.table.name, parent.name) in self.added:
            return fill_root_paths(unit, table, rows)
        return fill_paths(unit, table, parent, rows)
