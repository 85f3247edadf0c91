"""Figures of roll-ups read anew: over stored rows in SQL, over rows on their way in Python.

A figure that cannot be kept by differences (an average, the last value, an extreme that left) is read
for all its owners in one statement, which skips the rows of the batch; those are added here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa

from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.totals import nothing
from headrace.platform.formulas.decimals import EXACT, rescaled
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.python import compile_python, holds
from headrace.platform.formulas.sql import compile_sql
from headrace.platform.metadata.catalog import FieldModel, RollupModel
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.records.batch import CHUNK, Batch
from headrace.platform.records.drafts import Row
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.queries import Late, QueryBinder
from headrace.platform.records.shapes import ObjectShape, Shapes

OwnerKey: TypeAlias = tuple[Any, ...]
"""What a row and its owner have in common: the owner's id, or the values of the shared fields."""


class Part(NamedTuple):
    """What one row adds: its value, and what puts it in order where the last one counts."""

    value: Any
    order: tuple[Any, ...] = ()


Contribution: TypeAlias = tuple[OwnerKey, Part]
"""To whom a row belongs, and what it adds there."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A roll-up ready to be read: columns of the key, then its parts, grouped by the key."""

    rollup: RollupModel
    field: FieldModel
    source: ObjectShape
    keys: tuple[tuple[str, ...], ...]
    shared: tuple[str, ...]
    """The fields of a row that say to whom it belongs, where the figure is stored."""
    where: Evaluator | None
    statement: Prepared
    skipping: Prepared
    parameters: tuple[tuple[str, Late], ...]

    def key_of_owner(self, row: Row) -> OwnerKey | None:
        """Return what rows that belong to an owner have; None where it has nothing to compare."""
        names = self.rollup.on or ("id",)
        return complete(row[name] for name in names)

    def contribution(self, batch: Batch, row: Row) -> Contribution | None:
        """Return to whom a row of the source belongs and what it adds; None for nothing."""
        rollup = self.rollup
        environment = None
        if rollup.stored:
            key = complete([row[name] for name in self.shared])
        else:
            environment = RowEnvironment(batch, self.source, row, row)
            key = complete(_plain(environment.value(path)) for path in self.keys)
        if key is None:
            return None
        if self.where is not None:
            environment = environment or RowEnvironment(batch, self.source, row, row)
            if not holds(self.where(environment)):
                return None
        part = self._part(row, environment)
        return None if part is None else (key, part)

    def _part(self, row: Row, environment: RowEnvironment | None) -> Part | None:
        rollup, fields = self.rollup, self.source.fields
        if rollup.of is None:
            return Part(1)

        def value_of(name: str) -> Any:
            field = fields[name]
            if field.stored or environment is None:
                return row[name]
            return environment.value((field.id,))

        value = value_of(rollup.of)
        if rollup.last_by is not None:
            rank = value_of(rollup.last_by)
            return None if rank is None else Part(value, (rank, row["id"]))
        return None if value is None else Part(value)

    def put_together(self, parts: Iterable[Part]) -> Any:
        """Return the figure over parts as the Python value of the field."""
        there = list(parts)
        op, value = self.rollup.op, nothing(self.rollup, self.field)
        if not there:
            return value
        if op == "last":
            value = max(there, key=lambda one: one.order).value
        elif op in {"min", "max"}:
            value = (min if op == "min" else max)(one.value for one in there)
        else:
            value = sum((one.value for one in there), value or 0)
            if op == "avg":
                count = sum(one.order[0] if one.order else 1 for one in there)
                value = average(value, count, self.rollup.scale) if count else None
        whole = self.field.storage.kind == "integer" and value is not None
        return int(value) if whole else value


def average(total: Decimal, count: int, scale: int) -> Decimal:
    """Return a quotient rounded once, half up, to `scale` digits."""
    return rescaled(EXACT.divide(Decimal(total), Decimal(count)), scale)


def complete(values: Iterable[Any]) -> OwnerKey | None:
    """Return values as a key; None where one is missing."""
    key = tuple(values)
    return None if None in key else key


def _plain(value: Any) -> Any:
    """Return a whole number as rows hold it."""
    return (
        int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
    )


def figure_of(batch: Batch, rollup: RollupModel) -> Figure:
    """Return a roll-up ready to be read, compiled once for each catalog."""
    shapes = batch.shapes

    def make() -> Figure:
        return _compiled(batch, rollup)

    figure: Figure = shapes.part(("figure", rollup.owner, rollup.field), make)
    return figure


def figures_of(batch: Batch, source: ObjectShape) -> tuple[Figure, ...]:
    """Return the roll-ups that rows of `source` feed, ready to be read."""

    def make() -> tuple[Figure, ...]:
        return tuple(figure_of(batch, rollup) for rollup in source.model.feeds)

    figures: tuple[Figure, ...] = batch.shapes.part(("figures", source.name), make)
    return figures


def _compiled(batch: Batch, rollup: RollupModel) -> Figure:
    shapes = batch.shapes
    owner, source = shapes.of(rollup.owner), shapes.of(rollup.source)
    binder = QueryBinder(shapes, source, owner, batch.context.zone.key)
    paths: tuple[tuple[str, ...], ...] = tuple((source.fields[one].id,) for one in rollup.on)
    paths = paths or (tuple(field.id for field in rollup.via),)
    keys = [binder.physical(path) for path in paths]
    ends = [source.fields[one] for one in rollup.on] or [rollup.via[-1]]
    conditions: list[sa.ColumnElement[bool]] = [
        key.in_(sa.bindparam(f"key_{number}", expanding=True, type_=_type(shapes, end)))
        for number, (key, end) in enumerate(zip(keys, ends, strict=True))
    ]
    if rollup.where is not None:
        conditions.append(compile_sql(rollup.where.tree, binder))
    conditions.append(binder.live())
    row_id = binder.physical((source.fields["id"].id,))
    others = row_id.not_in(sa.bindparam("skipped", expanding=True, type_=source.table.id.type))
    statements = [
        prepare(_select(rollup, binder, source, keys, [*conditions, *more]), shapes.dialect)
        for more in ((), (others,))
    ]
    where = None if rollup.where is None else compile_python(rollup.where.tree)
    return Figure(
        rollup=rollup,
        field=owner.fields[rollup.field],
        source=source,
        keys=paths,
        shared=rollup.keys,
        where=where,
        statement=statements[0],
        skipping=statements[1],
        parameters=tuple(binder.parameters.items()),
    )


def _type(shapes: Shapes, field: FieldModel) -> Any:
    return field.storage.column_type(shapes.dialect)


def _select(
    rollup: RollupModel,
    binder: QueryBinder,
    source: ObjectShape,
    keys: list[Any],
    conditions: list[Any],
) -> sa.Select[Any]:
    """Return the parts of the figure for each key: value and, for an average or the last, more."""

    def column(name: str) -> Any:
        return binder.physical((source.fields[name].id,))

    value = sa.func.count() if rollup.of is None else column(rollup.of)
    if rollup.op == "last":
        rank = column(str(rollup.last_by))
        order = (rank.desc(), column("id").desc())
        place = sa.func.row_number().over(partition_by=keys, order_by=order).label("place")
        named = [key.label(f"k{number}") for number, key in enumerate(keys)]
        parts = [value.label("value"), rank.label("rank"), column("id").label("row")]
        ranked = sa.select(*named, *parts, place).select_from(binder.source)
        ranked = ranked.where(*conditions, rank.is_not(None))
        inner = ranked.subquery()
        shown = [one for one in inner.c if one.name != "place"]
        return sa.select(*shown).where(inner.c.place == 1)
    measures = {
        "count": (value,),
        "sum": (sa.func.sum(value),),
        "avg": (sa.func.sum(value), sa.func.count(value)),
        "min": (sa.func.min(value),),
        "max": (sa.func.max(value),),
    }[rollup.op]
    select = sa.select(*keys, *measures).select_from(binder.source).where(*conditions)
    return select.group_by(*keys)


def read_figures(
    batch: Batch, rollup: RollupModel, owners: Mapping[OwnerKey, Environment]
) -> dict[OwnerKey, Any]:
    """Return the figures of owners by their keys, rows of the batch as they are on their way."""
    figure = figure_of(batch, rollup)
    drafts = [one for one in batch.drafts() if one.shape is figure.source]
    parts: dict[OwnerKey, list[Part]] = {key: [] for key in owners}
    for draft in drafts:
        if draft.kind == "delete":
            continue
        found = figure.contribution(batch, draft.new)
        if found is not None and found[0] in parts:
            parts[found[0]].append(found[1])
    skipped = [one.id for one in drafts if one.old is not None]
    keys = list(owners)
    for start in range(0, len(keys), CHUNK):
        some = keys[start : start + CHUNK]
        for key, part in _stored(batch, figure, some, skipped, owners[some[0]]):
            if key in parts:
                parts[key].append(part)
    return {key: figure.put_together(there) for key, there in parts.items()}


def _stored(
    batch: Batch,
    figure: Figure,
    keys: list[OwnerKey],
    skipped: list[str],
    asking: Environment,
) -> Iterable[tuple[OwnerKey, Part]]:
    """Yield what the stored rows add for each key."""
    rollup, source, dialect = figure.rollup, figure.source, batch.shapes.dialect
    ends = [source.fields[one] for one in rollup.on] or [rollup.via[-1]]
    parameters: dict[str, Any] = {name: late(asking) for name, late in figure.parameters}
    for number, end in enumerate(ends):
        convert = end.storage.to_driver(dialect)
        parameters[f"key_{number}"] = sorted({convert(key[number]) for key in keys})
    if skipped:
        parameters["skipped"] = skipped
    statement = figure.skipping if skipped else figure.statement
    readers = [end.storage.from_driver(dialect) for end in ends]
    width = len(readers)
    for row in batch.work.rows(statement, parameters):
        key = tuple(read(one) for read, one in zip(readers, row, strict=False))
        part = _part_of(figure, tuple(row[width:]), dialect)
        if part is not None:
            yield key, part


def _part_of(figure: Figure, values: tuple[Any, ...], dialect: Dialect) -> Part | None:
    rollup, fields = figure.rollup, figure.source.fields
    if rollup.of is None:
        return Part(int(values[0]))
    value = fields[rollup.of].storage.from_driver(dialect)(values[0])
    if rollup.last_by is None:
        if value is None:
            return None
        return Part(value, (int(values[1]),)) if rollup.op == "avg" else Part(value)
    rank = fields[rollup.last_by].storage.from_driver(dialect)(values[1])
    return Part(value, (rank, str(values[2])))


def figure_on_read(batch: Batch, rollup: RollupModel, owner: RowEnvironment) -> Any:
    """Return a roll-up that is computed on read, as formulas of a row that is being written see it."""
    figure = figure_of(batch, rollup)
    key = figure.key_of_owner(owner.values)
    if key is None:
        return nothing(rollup, figure.field)
    return read_figures(batch, rollup, {key: owner})[key]
