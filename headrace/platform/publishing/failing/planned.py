"""The rows as the new version will have them, read from the tables of the live one.

Fields are matched by id. What the publish will change (fills, maps, formulas, roll-ups) is
computed on the way: as SQL where that can say it, else in Python over each row. So what is counted
over these rows is what publishing finds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, cast

import sqlalchemy as sa

from headrace.platform.access.parameters import Column
from headrace.platform.access.rows import Surroundings
from headrace.platform.database.physical import DELETED_AT
from headrace.platform.database.tables import ObjectTable, Tables
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.sql import UnsupportedInSqlError
from headrace.platform.metadata.catalog import FieldModel, ObjectModel, RollupModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.publishing.catalogs import Published
from headrace.platform.publishing.failing.columns import FieldWork, PlannedColumns
from headrace.platform.publishing.failing.fills import fills_in_order
from headrace.platform.publishing.row_work import ConvertValues, FillEmpty, RowWork
from headrace.platform.records.context import CompiledParts, Context

PATH: Final = "path"
NOTHING_KEPT: Final[Mapping[str, str]] = MappingProxyType({})


class PlannedRows:
    """The rows of `live` under the catalog of `context`, once `work` will have been done.

    `context` is the platform's own for the new catalog; its tables are not used. `kept` are the
    columns of fields that come back with the values that they had, by field id.
    """

    def __init__(
        self,
        connection: sa.Connection,
        context: Context,
        live: Published,
        work: Iterable[RowWork] = (),
        kept: Mapping[str, str] = NOTHING_KEPT,
    ) -> None:
        self.connection = connection
        self.live = live
        self.catalog = context.catalog
        self.kept = kept
        self.all_work = tuple(work)
        self.work: dict[tuple[str, str], tuple[FieldWork, ...]] = {}
        for one in self.all_work:
            if isinstance(one, FieldWork):
                key = (one.object_id, one.field_id)
                self.work[key] = (*self.work.get(key, ()), one)
        self._context = context
        self._changed: dict[tuple[str, str], bool] = {}
        self._orders: dict[str, tuple[FieldModel, ...]] = {}
        self._prefixes = itertools.count()

    def without(self, line: str) -> PlannedRows:
        """Return the rows as they will be without the work that belongs to a line of the plan."""
        work = [one for one in self.all_work if one.line != line]
        if len(work) == len(self.all_work):
            return self
        return PlannedRows(self.connection, self._context, self.live, work, self.kept)

    def next_prefix(self) -> str:
        """Return a prefix of aliases that no other part of a statement has."""
        return f"p{next(self._prefixes)}_"

    @property
    def live_context(self) -> Context:
        """The platform's own context of the live version."""
        return replace(
            self._context,
            catalog=self.live.catalog,
            tables=self.live.tables,
            compiled=CompiledParts(),
        )

    @property
    def context(self) -> Context:
        """The platform's own context of the new catalog, with tables of the planned rows."""
        return replace(self._context, tables=self._planned_tables)

    # -- the objects of both versions -------------------------------------------------------

    @cached_property
    def models(self) -> Mapping[str, ObjectModel]:
        """The objects of the new version by id."""
        return {model.id: model for model in self.catalog.objects.values()}

    @cached_property
    def former(self) -> Mapping[str, ObjectModel]:
        """The objects of the live version by id."""
        return {model.id: model for model in self.live.catalog.objects.values()}

    @cached_property
    def worked(self) -> frozenset[str]:
        """The ids of objects with fields whose values are given or converted."""
        return frozenset(object_id for object_id, _ in self.work)

    def former_field(self, model: ObjectModel, field: FieldModel) -> FieldModel | None:
        """Return the field of the live version with the same id."""
        known = self.former.get(model.id)
        if known is None:
            return None
        same = known.fields.get(field.name)
        if same is not None and same.id == field.id:
            return same
        return next((one for one in known.fields.values() if one.id == field.id), None)

    def work_on(self, model: ObjectModel, field: FieldModel) -> tuple[FieldWork, ...]:
        """Return what becomes of the values of a field."""
        return self.work.get((model.id, field.id), ())

    def restored_at(self, object_id: str, field_id: str) -> datetime | None:
        """Return since when a row must have changed to lose what a kept column holds of it."""
        work = self.work.get((object_id, field_id), ())
        return next((w.rows_at for w in work if isinstance(w, ConvertValues) and w.restored), None)

    # -- what changes -----------------------------------------------------------------------

    def changes(self, model: ObjectModel, field: FieldModel) -> bool:
        """Say whether a stored field will hold other values than its column does now."""
        if field.built_in:
            return False
        key = (model.id, field.id)
        if key not in self._changed:
            for one in self._up_to(model, field):
                self._judge(model, one)
        return self._changed[key]

    def _judge(self, model: ObjectModel, field: FieldModel) -> None:
        key = (model.id, field.id)
        if key not in self._changed:
            # A circle of formulas is refused earlier; a tree that sums itself ends here.
            self._changed[key] = False
            self._changed[key] = self._will_change(model, field)

    def _up_to(self, model: ObjectModel, field: FieldModel) -> list[FieldModel]:
        """Return a field after the formulas that it reads, each after those that it reads itself.

        In this order a long chain of them is no deep recursion.
        """
        by_id = {one.id: one for one in stored(model) if one.computed == "formula"}
        found, pending = {field.id: field}, [field]
        while pending:
            one = pending.pop()
            paths = one.expression.references() if one.expression is not None else ()
            for read in (by_id.get(path[0]) for path in paths):
                new = read is not None and (model.id, read.id) not in self._changed
                if read is not None and new and read.id not in found:
                    found[read.id] = read
                    pending.append(read)
        return in_order(model, found.values())

    def changed_in_order(self, model: ObjectModel) -> tuple[FieldModel, ...]:
        """Return the stored fields that will hold other values, each after those that fill it."""
        if model.id not in self._orders:
            changed = [field for field in stored(model) if self.changes(model, field)]
            filled = [one for one in self.all_work if isinstance(one, FillEmpty)]
            own = [one for one in filled if one.object_id == model.id]
            order = [one.field_id for one in fills_in_order(own, self.catalog)]
            rank = {field_id: number for number, field_id in enumerate(order)}
            changed.sort(key=lambda one: rank.get(one.id, -1))
            self._orders[model.id] = tuple(changed)
        return self._orders[model.id]

    def _will_change(self, model: ObjectModel, field: FieldModel) -> bool:
        earlier = self.former_field(model, field)
        if earlier is None or not earlier.stored or self.work_on(model, field):
            return True
        if field.computed == "rollup":
            return self._rollup_changes(model, field)
        if field.computed == "formula" and field.expression is not None:
            return self._formula_changes(model, earlier, field.expression)
        return earlier.storage != field.storage

    def _formula_changes(
        self, model: ObjectModel, earlier: FieldModel, expression: Expression
    ) -> bool:
        if earlier.expression is None or earlier.expression.tree != expression.tree:
            return True
        return self._reads_changed(model, expression)

    def _reads_changed(self, model: ObjectModel, expression: Expression | None) -> bool:
        if expression is None:
            return False
        read = {path[0] for path in expression.references()}
        return any(field.id in read and self.changes(model, field) for field in stored(model))

    def _rollup_changes(self, model: ObjectModel, field: FieldModel) -> bool:
        rollup = model.rollup(field.name)
        known = self.former.get(model.id)
        earlier = self.former_field(model, field)
        if known is None or earlier is None or earlier.computed != "rollup":
            return True
        source = self.catalog.objects[rollup.source]
        before = known.rollup(earlier.name)
        old_source = self.live.catalog.objects[before.source]
        if _summed(source, rollup) != _summed(old_source, before):
            return True
        if self._reads_changed(source, rollup.where):
            return True
        if any(self.changes(model, model.fields[name]) for name in rollup.on):
            return True
        return any(self.changes(source, source.fields[name]) for name in rollup.reads)

    # -- as tables --------------------------------------------------------------------------

    @cached_property
    def surroundings(self) -> Surroundings:
        """What statements over the planned rows are compiled for.

        A column that no SQL can compute raises UnsupportedInSqlError when it is asked for.
        """
        return self.context.surroundings()

    @cached_property
    def live_surroundings(self) -> Surroundings:
        """What statements over the rows of the live version are compiled for."""
        return self.live_context.surroundings()

    @cached_property
    def _planned_tables(self) -> Tables:
        live = self.live.tables
        return Tables(live.dialect, live.specs, live.user, _Made(self, self._planned_table))

    @cached_property
    def stored_context(self) -> Context:
        """A context whose rows hold what is stored now; what has another form then is empty."""
        live = self.live.tables
        tables = Tables(live.dialect, live.specs, live.user, _Made(self, self._stored_table))
        return replace(self._context, tables=tables, compiled=CompiledParts())

    def _planned_table(self, model: ObjectModel) -> ObjectTable:
        return self._table(model, planned=True)

    def _stored_table(self, model: ObjectModel) -> ObjectTable:
        return self._table(model, planned=False)

    def _table(self, model: ObjectModel, *, planned: bool) -> ObjectTable:
        known = self.former.get(model.id)
        if known is None:
            return _nothing(model, self.live.tables.dialect)
        table = self.live.tables.of(known.name)
        fields = stored(model)
        new_tree = model.tree_field is not None and table.path is None
        if not new_tree and not any(self.changes(model, field) for field in fields):
            columns = {
                field.name: table.columns[self._former_name(model, field)] for field in fields
            }
            return replace(table, name=model.name, columns=columns, shape=())
        base = self._with_kept(model, table).alias()
        made = PlannedColumns(self, model, table, base)
        values: dict[str, Column] = {}
        late: set[str] = set()
        for field in in_order(model, fields):
            values[field.name] = self._present(model, field, table, base)
            if planned and self.changes(model, field):
                try:
                    values[field.name] = made.value(field)
                except UnsupportedInSqlError:
                    late.add(field.name)
        path = None if table.path is None else base.c[table.path.name]
        return _derived(model, base, path, values, frozenset(late))

    def _present(
        self, model: ObjectModel, field: FieldModel, table: ObjectTable, base: sa.FromClause
    ) -> Column:
        """Return the column that holds a field now; null where its form will be another."""
        earlier = field if field.built_in else self.former_field(model, field)
        if earlier is not None and earlier.stored and earlier.storage == field.storage:
            return base.c[table.columns[earlier.name].name]
        if earlier is None and field.id in self.kept:
            return base.c[self.kept[field.id]]
        return sa.cast(sa.null(), field.storage.column_type(self.live.tables.dialect))

    def _with_kept(self, model: ObjectModel, table: ObjectTable) -> sa.FromClause:
        """Return the table with the columns of fields that come back."""
        back = [
            field
            for field in stored(model)
            if field.id in self.kept and self.former_field(model, field) is None
        ]
        if not back:
            return table.table
        dialect = self.live.tables.dialect
        return sa.Table(
            table.table.name,
            sa.MetaData(),
            *(sa.Column(one.name, one.type) for one in table.table.columns),
            *(sa.Column(self.kept[one.id], one.storage.column_type(dialect)) for one in back),
        )

    def _former_name(self, model: ObjectModel, field: FieldModel) -> str:
        earlier = field if field.built_in else self.former_field(model, field)
        assert earlier is not None  # noqa: S101 - a field without a former one changes
        return earlier.name


class _Made(Mapping[str, ObjectTable]):
    """Tables by object name, each made when it is first asked for."""

    def __init__(self, rows: PlannedRows, make: Any) -> None:
        self._rows = rows
        self._make = make
        self._tables: dict[str, ObjectTable] = {USER_OBJECT: rows.live.tables.user}

    def __getitem__(self, name: str) -> ObjectTable:
        if name not in self._tables:
            self._tables[name] = self._make(self._rows.catalog.objects[name])
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter((USER_OBJECT, *self._rows.catalog.objects))

    def __len__(self) -> int:
        return len(self._rows.catalog.objects) + 1


class _Guarded(Mapping[str, Any]):
    """Columns by field name; those that no SQL can compute are refused."""

    def __init__(self, columns: Mapping[str, Any], late: frozenset[str]) -> None:
        self._columns = columns
        self._late = late

    def __getitem__(self, name: str) -> Any:
        if name in self._late:
            raise UnsupportedInSqlError(name)
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def stored(model: ObjectModel) -> tuple[FieldModel, ...]:
    """Return the fields that have a column, system fields included."""
    return tuple(field for field in model.fields.values() if field.stored)


def in_order(model: ObjectModel, fields: Iterable[FieldModel]) -> list[FieldModel]:
    """Return fields each after those that it reads, so that a long chain is no deep recursion."""
    rank = {name: number for number, name in enumerate(model.computed_order)}
    return sorted(fields, key=lambda one: rank.get(one.name, -1))


def _summed(source: ObjectModel, rollup: RollupModel) -> tuple[Any, ...]:
    """Return what a roll-up is made of, by ids."""
    read = [source.fields[one].id for one in rollup.reads]
    where = None if rollup.where is None else rollup.where.tree
    return source.id, read, bool(rollup.on), rollup.op, rollup.scale, where


def _derived(
    model: ObjectModel,
    base: sa.FromClause,
    path: Column | None,
    values: Mapping[str, Column],
    late: frozenset[str],
) -> ObjectTable:
    """Return a select over `base` in the form of a table."""
    paths = []
    if model.tree_field is not None:
        own = sa.literal("/") + sa.cast(base.c["id"], sa.String()) + sa.literal("/")
        paths.append((own if path is None else path).label(PATH))
    labels = {name: f"f{number}" for number, name in enumerate(values)}
    labels |= {name: name for name in ("id", "version") if name in labels}
    selected = sa.select(
        *(value.label(labels[name]) for name, value in values.items()),
        base.c[DELETED_AT].label(DELETED_AT),
        *paths,
    ).subquery()
    return ObjectTable(
        object_id=model.id,
        name=model.name,
        table=cast("sa.Table", selected),
        columns=_Guarded({name: selected.c[label] for name, label in labels.items()}, late),
        deleted_at=cast("Any", selected.c[DELETED_AT]),
        path=cast("Any", selected.c[PATH]) if paths else None,
        shape=(),
        links={},
    )


def _nothing(model: ObjectModel, dialect: Any) -> ObjectTable:
    """Return a table without rows, for an object that is not there yet."""
    types = {field.name: field.storage.column_type(dialect) for field in stored(model)}
    labels = {name: f"f{number}" for number, name in enumerate(types)}
    columns = [sa.cast(sa.null(), types[name]).label(label) for name, label in labels.items()]
    empty = sa.select(
        *columns,
        sa.cast(sa.null(), sa.String()).label(DELETED_AT),
        sa.cast(sa.null(), sa.String()).label(PATH),
    )
    selected = empty.where(sa.false()).subquery()
    return ObjectTable(
        object_id=model.id,
        name=model.name,
        table=cast("sa.Table", selected),
        columns={name: cast("Any", selected.c[label]) for name, label in labels.items()},
        deleted_at=cast("Any", selected.c[DELETED_AT]),
        path=cast("Any", selected.c[PATH]) if model.tree_field else None,
        shape=(),
        links={},
    )
