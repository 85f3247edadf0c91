"""Finds stored figures and formulas that are not what their rows give, and mends them, on a live database.

Nothing should ever be found: the record store keeps them right with every write. What was changed past
it, a restored table or a bug of ours, is mended here. Objects are gone through in chunks of rows, details
before masters; what looks wrong is looked at again under a lock, so that nothing under way counts as wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.records.batch import Batch
from headrace.platform.records.computing import compute_formulas
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Draft
from headrace.platform.records.history import json_value
from headrace.platform.records.ledger_recount import set_right, wrong_accounts
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.store import RecordStore
from headrace.platform.records.totals import OwnerKey, figure_of, read_figures

CHUNK: Final = 500
"""Rows that are looked at together, and at most locked together."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A stored value that is not what its rows give."""

    object: str
    record_id: str
    field: str
    stored: Any
    expected: Any


@dataclass(frozen=True, slots=True)
class Recounted:
    """What was found in one object: rows looked at, and each wrong value."""

    object: str
    rows: int
    drifts: tuple[Drift, ...]


Writing: TypeAlias = Callable[
    [Callable[[Context, UnitOfWork], tuple[Drift, ...]]], tuple[Drift, ...]
]
"""Runs a use case in one unit of work."""


def computed_objects(catalog: Catalog) -> tuple[str, ...]:
    """Return the objects with stored computed values, each after those whose rows it sums."""
    order: dict[str, bool] = {}
    seen: set[str] = set()

    def visit(model: ObjectModel) -> None:
        if model.name in seen:
            return
        seen.add(model.name)
        for rollup in model.stored_rollups:
            visit(catalog.objects[rollup.source])
        order[model.name] = _computed(model)

    for model in catalog.objects.values():
        visit(model)
    return tuple(name for name, computed in order.items() if computed)


def _computed(model: ObjectModel) -> bool:
    stored = (model.fields[name].stored for name in model.computed_order)
    return bool(model.stored_rollups) or any(stored) or model.ledger is not None


class Recount:
    """Goes through objects; with `mends`, what is wrong is put right, with all that follows from it."""

    def __init__(
        self, context: Context, store: RecordStore, writing: Writing, *, mends: bool
    ) -> None:
        self._context = context
        self._store = store
        self._writing = writing
        self._mends = mends

    def of(self, object_name: str) -> Recounted:
        """Look at all live rows of an object."""
        rows = 0
        drifts: list[Drift] = [*self._accounts(object_name)]
        for ids in self._chunks(object_name):
            rows += len(ids)
            with self._context.database.reading() as reading:
                batch = Batch(self._context, reading)
                batch.locking = False
                suspects = {one.record_id for one in _drifts(batch, _read(batch, object_name, ids))}
            if suspects:
                drifts += self._looked_at_again(object_name, sorted(suspects))
        return Recounted(object_name, rows, tuple(drifts))

    def _accounts(self, object_name: str) -> tuple[Drift, ...]:
        """Look at the balances of a ledger: in one pass, then under the locks of what looks wrong."""
        shape = Batch(self._context, _NoRows()).shapes.of(object_name)
        if shape.model.ledger is None:
            return ()
        with self._context.database.reading() as reading:
            suspects = wrong_accounts(reading, shape)
        if not suspects:
            return ()

        def look(context: Context, work: UnitOfWork) -> tuple[Drift, ...]:
            batch = Batch(context, work)
            shape = batch.shapes.of(object_name)
            drafts = set_right(batch, shape, suspects)
            found = tuple(
                Drift(
                    shape.name,
                    draft.id,
                    name,
                    json_value((draft.old or {}).get(name)),
                    json_value(draft.new[name]),
                )
                for draft in drafts
                for name in sorted(draft.changed())
            )
            if self._mends and found:
                self._store.mend(batch, work, drafts)
            return found

        return self._writing(look)

    def _looked_at_again(self, object_name: str, ids: Sequence[str]) -> tuple[Drift, ...]:
        def look(context: Context, work: UnitOfWork) -> tuple[Drift, ...]:
            batch = Batch(context, work)
            drafts = _read(batch, object_name, ids, locked=True)
            found = tuple(_drifts(batch, drafts))
            if self._mends and found:
                self._store.mend(batch, work, drafts)
            return found

        return self._writing(look)

    def _chunks(self, object_name: str) -> Iterator[list[str]]:
        shape = Batch(self._context, _NoRows()).shapes.of(object_name)
        last: str | None = None
        while True:
            given = {} if last is None else {"after": last}
            with self._context.database.reading() as reading:
                rows = reading.rows(_page(shape, first=last is None), given)
            if not rows:
                return
            ids = [str(one) for (one,) in rows]
            last = ids[-1]
            yield ids


class _NoRows:
    def rows(self, prepared: Prepared, parameters: Any, /) -> list[Any]:
        raise RuntimeError("nothing is read here")


def _page(shape: ObjectShape, *, first: bool) -> Prepared:
    select = sa.select(shape.table.id).where(shape.live()).order_by(shape.table.id).limit(CHUNK)
    if not first:
        select = select.where(shape.table.id > sa.bindparam("after", type_=shape.table.id.type))
    prepared: Prepared = shape.shapes.part(
        ("recount", shape.name, first), lambda: prepare(select, shape.shapes.dialect)
    )
    return prepared


def _read(
    batch: Batch, object_name: str, ids: Sequence[str], *, locked: bool = False
) -> list[Draft]:
    shape = batch.shapes.of(object_name)
    statement = shape.select_many_locked if locked else shape.select_many
    drafts = []
    for values in batch.work.rows(statement, {"ids": list(ids)}):
        draft = batch.loaded(shape, values, "computed")
        draft.action = "computed"
        drafts.append(draft)
    return drafts


def _drifts(batch: Batch, drafts: Sequence[Draft]) -> Iterator[Drift]:
    """Set each draft to what its rows give, and yield what differs from what is stored."""
    if not drafts:
        return
    shape = drafts[0].shape
    for rollup in shape.model.stored_rollups:
        figure = figure_of(batch, rollup)
        asking: dict[OwnerKey, Environment] = {}
        keys = [(draft, figure.key_of_owner(draft.new)) for draft in drafts]
        for draft, key in keys:
            if key is not None and draft.environment is not None:
                asking[key] = draft.environment
        figures = read_figures(batch, rollup, asking) if asking else {}
        for draft, key in keys:
            empty = figure.put_together(())
            draft.new[rollup.field] = empty if key is None else figures.get(key, empty)
    for draft in drafts:
        _compute(draft)
        old = draft.old or {}
        for name in sorted(draft.changed()):
            yield Drift(
                shape.name, draft.id, name, json_value(old.get(name)), json_value(draft.new[name])
            )


def _compute(draft: Draft) -> None:
    """Compute the formulas; one that has outgrown its digits stays as it is."""
    try:
        compute_formulas(draft)
    except FormulaValueError:
        return
