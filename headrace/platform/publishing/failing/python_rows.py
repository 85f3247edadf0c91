"""The planned rows one by one in Python: for what no SQL can say, and where SQL overflows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import is_one_of, list_value
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.formulas.environment import Evaluator
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.catalog import FieldModel, RollupModel
from headrace.platform.metadata.storage_types import ID
from headrace.platform.publishing.failing.converting import OldValues
from headrace.platform.publishing.failing.planned import PlannedRows, stored
from headrace.platform.publishing.failing.reading import Cursor, ReadingBatch
from headrace.platform.publishing.row_work import ConvertValues, FillEmpty, MapValues
from headrace.platform.records.drafts import Row
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.totals import figure_of

ONLY: Final = "only"
CHUNK: Final = 1_000
"""Rows read at a time."""


class PlannedBatch(ReadingBatch):
    """Rows read from the live tables and completed with what the publish will make of them."""

    def __init__(self, rows: PlannedRows) -> None:
        super().__init__(rows.stored_context, Cursor(rows.connection))
        self.rows = rows
        self.old = OldValues(rows)

    def read_old(self, shape: ObjectShape, ids: Sequence[str]) -> None:
        """Read what rows hold in fields whose values are converted, before they are asked for."""
        model = shape.model
        converted = [
            field
            for field in stored(model)
            if any(isinstance(one, ConvertValues) for one in self.rows.work_on(model, field))
        ]
        self.old.read(model, converted, ids)

    def remember(self, shape: ObjectShape, values: tuple[Any, ...]) -> Row:
        """Keep a row, with the values that it will have."""
        row = super().remember(shape, values)
        if not shape.model.system:
            self._complete(shape, row)
        return row

    def environment(self, shape: ObjectShape, row: Row) -> RowEnvironment:
        """Return a row as formulas will see it; before and after are the same."""
        return RowEnvironment(self, shape, row, row)

    def _complete(self, shape: ObjectShape, row: Row) -> None:
        model = shape.model
        changed = self.rows.changed_in_order(model)
        if not changed:
            return
        environment = self.environment(shape, row)
        for field in changed:
            if field.computed not in {"formula", "rollup"}:
                row[field.name] = self._worked(shape, field, row, environment)
        for field in changed:
            if field.computed == "rollup":
                row[field.name] = self._total(shape, field, row)
        names = {field.name for field in changed}
        for name, evaluate in shape.formulas:
            if name in names:
                row[name] = evaluate(environment)

    def _worked(
        self, shape: ObjectShape, field: FieldModel, row: Row, environment: RowEnvironment
    ) -> Any:
        value = row[field.name]
        for one in self.rows.work_on(shape.model, field):
            match one:
                case ConvertValues():
                    value = self.old.converted(shape.model, field, row["id"], one)
                    if value is None and one.fill is not None:
                        value = evaluator(one.fill)(environment)
                case MapValues():
                    value = one.values.get(value, value)
                case FillEmpty() if value is None:
                    value = evaluator(one.fill)(environment)
            row[field.name] = value
        return value

    def _total(self, shape: ObjectShape, field: FieldModel, row: Row) -> Any:
        rollup = shape.model.rollup(field.name)
        figure, source = figure_of(self, rollup), self.shapes.of(rollup.source)
        key = figure.key_of_owner(row)
        if key is None:
            return figure.put_together(())
        # Keys are compared as they will be, so rows are found by what is certain to stay.
        given = {} if rollup.on else {"owner": key[0]}
        parts = []
        for values in self.work.rows(_rows_below(source, rollup), given):
            row_key = (source.name, source.row(values)["id"])
            found = self._rows.get(row_key) or self.remember(source, values)
            part = figure.contribution(self, found)
            if part is not None and part[0] == key:
                parts.append(part[1])
        return figure.put_together(parts)


def _rows_below(source: ObjectShape, rollup: RollupModel) -> Prepared:
    """Return the select of the rows that may belong to an owner."""
    conditions = [source.live()]
    if rollup.by is not None and not rollup.on:
        by = source.table.columns[rollup.by]
        conditions.append(by == sa.bindparam("owner", type_=by.type))
    return prepare(sa.select(*source.columns).where(*conditions), source.shapes.dialect)


def rows_in_python(
    rows: PlannedRows,
    object_name: str,
    ahead: Iterable[tuple[str, ...]],
    limit: int | None,
    only: Collection[str] | None = None,
) -> Iterator[tuple[PlannedBatch, ObjectShape, Row]]:
    """Yield the live rows of an object by id, completed; at most `limit` of them.

    With `only`, no rows but those with these ids. `ahead` are the paths that will be asked for: what they lead to is read for many rows at once.
    """
    last, seen = None, 0
    paths = tuple(ahead)
    while limit is None or seen < limit:
        batch = PlannedBatch(rows)
        shape = batch.shapes.of(object_name)
        size = CHUNK if limit is None else min(CHUNK, limit - seen)
        page = _page(shape, size, first=last is None, chosen=only is not None)
        given = {"after": last}
        if only is not None:
            given[ONLY] = list_value(sorted(only), shape.shapes.dialect)
        chunk = batch.work.rows(page, given)
        if not chunk:
            return
        there = [shape.row(values) for values in chunk]
        _read_ahead(batch, shape, there, paths)
        batch.read_old(shape, [str(row["id"]) for row in there])
        for values in chunk:
            yield batch, shape, batch.remember(shape, values)
        seen += len(chunk)
        last = shape.row(chunk[-1])["id"]


def _page(shape: ObjectShape, size: int, *, first: bool, chosen: bool) -> Prepared:
    select = sa.select(*shape.columns).where(shape.live()).order_by(shape.table.id).limit(size)
    if not first:
        select = select.where(shape.table.id > sa.bindparam("after", type_=shape.table.id.type))
    if chosen:
        select = select.where(is_one_of(shape.table.id, ONLY, ID, shape.shapes.dialect))
    return prepare(select, shape.shapes.dialect)


def _read_ahead(
    batch: PlannedBatch, shape: ObjectShape, chunk: Sequence[Row], paths: Sequence[tuple[str, ...]]
) -> None:
    for path in paths:
        here, rows = shape, list(chunk)
        for step in path[:-1]:
            field = here.by_id.get(step)
            if field is None or not field.stored or field.target is None:
                break
            there = batch.shapes.of(field.target)
            ids = [str(row[field.name]) for row in rows if row.get(field.name) is not None]
            batch.fetch(there, ids)
            found = (batch.row(there.name, one) for one in dict.fromkeys(ids))
            here, rows = there, [row for row in found if row is not None]


@lru_cache(2_000)
def evaluator(expression: Expression) -> Evaluator:
    """Return the compiled form of a formula."""
    return compile_python(expression.tree)


def is_true(evaluate: Evaluator, environment: RowEnvironment, *, overflow: bool) -> bool:
    """Say whether a condition holds; `overflow` is the answer where a number outgrows its digits."""
    try:
        return evaluate(environment) is True
    except FormulaValueError:
        return overflow
