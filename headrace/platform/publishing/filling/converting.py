"""Moves the values of a field from the column that it had to the one that it gets, converted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError
from headrace.platform.database.operations import ReplaceColumn
from headrace.platform.database.physical import DELETED_AT, ColumnSpec
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.conversions import Conversion, NotConvertibleError, conversion
from headrace.platform.metadata.storage_types import Dialect, Storage
from headrace.platform.publishing.decisions import MAP_INCOMPLETE
from headrace.platform.publishing.filling.empty_values import evaluated
from headrace.platform.publishing.filling.lookups import Lookups
from headrace.platform.publishing.filling.rows import (
    Failed,
    Filled,
    Pair,
    Rows,
    write_values,
)
from headrace.platform.publishing.row_work import ConvertValues
from headrace.platform.records.context import Context

NOT_CONVERTIBLE: Final = "type.rows_not_convertible"
LOST: Final = "type.data_loss"
REMEMBERED: Final = 50_000
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Converting:
    """A field before and after; without `replaced` its values stay in their column.

    `live` is the context of the version before: keys of records, and values that were computed
    when they were read, are what they are in it.
    """

    model: ObjectModel
    old: FieldModel
    new: FieldModel
    replaced: ReplaceColumn | None
    live: Context
    catalogs: tuple[Catalog, Catalog]
    zone: tzinfo

    def forth(self) -> Conversion | None:
        """Return how values of the old field become values of the new one."""
        return conversion(self.old, self.new, zone=self.zone, catalogs=self.catalogs)

    def back(self) -> Conversion | None:
        """Return how values of the new field become values of the old one."""
        catalogs = (self.catalogs[1], self.catalogs[0])
        return conversion(self.new, self.old, zone=self.zone, catalogs=catalogs)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where values come from and where they go."""

    table: sa.Table
    id: sa.Column[Any]
    source: sa.Column[Any]
    target: sa.Column[Any]
    changed: sa.Column[Any]
    deleted: sa.Column[Any]


def convert_values(
    context: Context, work: UnitOfWork, converting: Converting, wanted: ConvertValues, rows: Rows
) -> Filled:
    """Give rows the converted value of the field; tell which cannot be converted or lose something."""
    columns = _columns(context, work.dialect, converting)
    if wanted.clear:
        return _clear(work, columns, rows)
    copied = _copied(work.dialect, converting, wanted, columns)
    if copied is not None:
        change = sa.update(columns.table).where(rows.where(columns.id), _any_value(columns))
        return Filled(
            work.connection.execute(change.values({columns.target.name: copied})).rowcount
        )
    return _Step(context, work, converting, wanted, columns).run(rows)


def _columns(context: Context, dialect: Dialect, converting: Converting) -> _Columns:
    known = context.tables.of(converting.model.name)
    target = known.columns[converting.new.name]
    specs = [ColumnSpec(target.name, converting.new.storage)]
    source = target.name
    if converting.replaced is not None:
        source = converting.replaced.old.name
        specs.append(ColumnSpec(source, converting.old.storage))
    table = sa.Table(
        known.table.name,
        sa.MetaData(),
        sa.Column("id", known.id.type),
        sa.Column("updated_at", known.columns["updated_at"].type),
        sa.Column(DELETED_AT, known.columns["updated_at"].type),
        *(sa.Column(spec.name, spec.storage.column_type(dialect)) for spec in specs),
    )
    return _Columns(
        table,
        table.c["id"],
        table.c[source],
        table.c[target.name],
        table.c.updated_at,
        table.c[DELETED_AT],
    )


def _any_value(columns: _Columns) -> sa.ColumnElement[bool]:
    return sa.or_(columns.source.is_not(None), columns.target.is_not(None))


def _clear(work: UnitOfWork, columns: _Columns, rows: Rows) -> Filled:
    chosen = sa.and_(rows.where(columns.id), columns.target.is_not(None))
    change = sa.update(columns.table).where(chosen).values({columns.target.name: sa.null()})
    return Filled(work.connection.execute(change).rowcount)


def _copied(
    dialect: Dialect, converting: Converting, wanted: ConvertValues, columns: _Columns
) -> sa.ColumnElement[Any] | None:
    """Return the value in SQL where every value stays what it is; None where Python must look."""
    if wanted.restored or wanted.values or columns.source is columns.target:
        return None
    if not converting.old.stored:
        return None
    found = converting.forth()
    old, new = converting.old.storage, converting.new.storage
    if found is None or not found.identical or old.kind != new.kind:
        return None
    if dialect == "sqlite" and new.scale > old.scale:
        factor = sa.literal(10 ** (new.scale - old.scale), sa.BigInteger())
        scaled: sa.ColumnElement[Any] = columns.source * factor
        return scaled
    if dialect == "sqlite" and new.scale < old.scale:
        return None
    if old == new:
        return columns.source
    cast: sa.ColumnElement[Any] = sa.cast(columns.source, columns.target.type)
    return cast


class _Step:
    """Converts by different value: equal values of many rows are looked at once."""

    def __init__(
        self,
        context: Context,
        work: UnitOfWork,
        converting: Converting,
        wanted: ConvertValues,
        columns: _Columns,
    ) -> None:
        self.context = context
        self.work = work
        self.converting = converting
        self.wanted = wanted
        self.columns = columns
        dialect = work.dialect
        self.read = converting.old.storage.from_driver(dialect)
        self.write = converting.new.storage.to_driver(dialect)
        self.read_kept = converting.new.storage.from_driver(dialect)
        live = converting.live
        self.forth = Lookups.of(live, work, converting.forth())
        self.back = Lookups.of(live, work, converting.back()) if wanted.restored else None
        self.known: dict[Any, tuple[Any, str | None]] = {}
        self.failed: list[Failed] = []
        self.unfilled: list[str] = []

    def run(self, rows: Rows) -> Filled:
        count = self._write(self._converted(rows))
        if self.wanted.fill is not None and self.unfilled:
            model, field = self.converting.model, self.converting.new
            fill = self.wanted.fill
            count += self._write(
                evaluated(self.context, self.work, model, field, fill, self.unfilled)
            )
        return Filled(count, tuple(self.failed))

    def _write(self, pairs: Iterator[Pair]) -> int:
        storage: Storage = self.converting.new.storage
        columns = self.columns
        return write_values(
            self.work.connection, self.work.dialect, columns.table, columns.target, storage, pairs
        )

    def _found(self, rows: Rows) -> Sequence[Any]:
        """Read the rows: id, value today, value of the other column, when changed, when deleted."""
        columns = self.columns
        query = sa.select(
            columns.id, columns.source, columns.target, columns.changed, columns.deleted
        ).where(rows.where(columns.id))
        if self.converting.old.stored:
            return self.work.connection.execute(query.where(_any_value(columns))).all()
        found = self.work.connection.execute(query).all()
        today = dict(self._computed([str(one[0]) for one in found]))
        return [(one[0], today.get(str(one[0])), *one[2:]) for one in found]

    def _computed(self, ids: Sequence[str]) -> Iterator[Pair]:
        """Yield what live rows show today in a field that is computed when it is read."""
        old, live = self.converting.old, self.converting.live
        model = live.catalog.objects[old.object]
        if old.expression is not None:
            yield from evaluated(live, self.work, model, old, old.expression, ids)

    def _converted(self, rows: Rows) -> Iterator[Pair]:
        found = self._found(rows)
        self._look_up(found)
        for row_id, source, target, changed, deleted in found:
            if self._stays(source, target, changed):
                continue
            value, failure = self._value(source)
            if failure is not None and deleted is None:
                self._fail(str(row_id), failure, source)
            yield str(row_id), value

    def _look_up(self, found: Iterable[Any]) -> None:
        """Read the keys that the values of these rows stand for, or that stand for them."""
        rows = tuple(found)
        if self.forth is not None:
            self.forth.read(self.read(row[1]) for row in rows)
        if self.back is not None:
            self.back.read(self.read_kept(row[2]) for row in rows)

    def _fail(self, record_id: str, code: str, source: Any) -> None:
        if code == NOT_CONVERTIBLE and self.wanted.whole:
            value = self.read(source)
            raise ConflictError(MAP_INCOMPLETE.at(key=self.wanted.line, value=value, count=1))
        if code == NOT_CONVERTIBLE and self.wanted.fill is not None:
            self.unfilled.append(record_id)
        self.failed.append(Failed(record_id, code))

    def _value(self, source: Any) -> tuple[Any, str | None]:
        """Return the driver value for one of the old column, and what is wrong with it."""
        found = self.known.get(source, _MISSING)
        if found is _MISSING:
            found = self._convert(self.read(source))
            if len(self.known) < REMEMBERED:
                self.known[source] = found
        return found  # type: ignore[return-value]  # the mark is never kept

    def _convert(self, value: Any) -> tuple[Any, str | None]:
        value = self.wanted.mapped(value, self.converting.old.storage)
        if value is None:
            return None, None
        if self.forth is None:
            return None, NOT_CONVERTIBLE
        try:
            converted = self.forth.convert(value)
        except NotConvertibleError:
            return None, NOT_CONVERTIBLE
        return self.write(converted.value), LOST if converted.lossy else None

    def _stays(self, source: Any, target: Any, changed: Any) -> bool:
        """Say whether a kept column still holds what the row should have."""
        if not self.wanted.restored:
            return False
        if self.wanted.rows_at is not None and self._instant(changed) <= self.wanted.rows_at:
            return True
        return target is not None and _same(self.back, self.read_kept(target), self.read(source))

    def _instant(self, changed: Any) -> Any:
        field = self.converting.model.fields["updated_at"]
        return field.storage.from_driver(self.work.dialect)(changed)


def _same(back: Lookups | None, kept: Any, today: Any) -> bool:
    """Say whether a kept value means what the row has today."""
    if back is None:
        return False
    try:
        return bool(back.convert(kept).value == today)
    except NotConvertibleError:
        return False
