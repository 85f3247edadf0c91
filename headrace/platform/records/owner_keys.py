"""Owners that rows find by equal values of shared fields, and the locks that keep them together.

A row and an owner with the same values can be made at the same time, neither seeing the other. So both
writers first take a lock that stands for the values; on SQLite there is one writer anyway.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import RollupModel
from headrace.platform.records.batch import CHUNK, Batch
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.totals import OwnerKey, figure_of

SHARED_FIELDS: Final = 1_869_508_197
"""The class of these locks among the advisory locks of a PostgreSQL database."""


def lock_keys(batch: Batch, keys: Iterable[tuple[RollupModel, OwnerKey]]) -> None:
    """Hold the values that rows and owners share until the end of the transaction, in a fixed order."""
    lock_texts(batch, (_text(batch, rollup, key) for rollup, key in keys if key))


def lock_texts(batch: Batch, texts: Iterable[str], *, shared: Iterable[str] = ()) -> None:
    """Hold what texts stand for: two may have one lock, which only makes their writers wait.

    What is `shared` others may hold too that ask for no more.
    """
    if not batch.locking or batch.shapes.dialect != "postgresql":
        return
    locks = dict.fromkeys(map(_number, shared), _LOCK_TOGETHER)
    locks.update(dict.fromkeys(map(_number, texts), _LOCK))
    for number, lock in sorted(locks.items(), key=itemgetter(0)):
        batch.work.rows(lock, {"number": number})


def _number(text: str) -> int:
    return zlib.crc32(text.encode()) - 2**31


def _locking(function: sa.Function[Any]) -> Prepared:
    return prepare(sa.select(function), "postgresql")


_CLASS: Final = sa.literal(SHARED_FIELDS, sa.Integer())
_NUMBER: Final = sa.bindparam("number", type_=sa.Integer())
_LOCK: Final = _locking(sa.func.pg_advisory_xact_lock(_CLASS, _NUMBER))
_LOCK_TOGETHER: Final = _locking(sa.func.pg_advisory_xact_lock_shared(_CLASS, _NUMBER))


def _text(batch: Batch, rollup: RollupModel, key: OwnerKey) -> str:
    field = batch.shapes.of(rollup.owner).fields[rollup.field]
    return "\n".join((field.id, *map(str, key)))


def owners_by_key(
    batch: Batch, rollup: RollupModel, keys: Mapping[OwnerKey, Any]
) -> dict[OwnerKey, list[str]]:
    """Return the ids of live owners by the values that they share with their rows."""
    figure, shape = figure_of(batch, rollup), batch.shapes.of(rollup.owner)
    found: dict[OwnerKey, list[str]] = {key: [] for key in keys}
    drafts = [one for one in batch.drafts() if one.shape is shape]
    for draft in drafts:
        key = figure.key_of_owner(draft.new)
        if draft.kind != "delete" and (key or ()) in found:
            found[key or ()].append(draft.id)
    known = {one.id for one in drafts}
    for owner_id, key in _stored(batch, rollup, shape, [key for key in keys if key]):
        if key in found and owner_id not in known:
            found[key].append(owner_id)
    return found


def _stored(
    batch: Batch, rollup: RollupModel, shape: ObjectShape, keys: list[OwnerKey]
) -> Iterable[tuple[str, OwnerKey]]:
    dialect = batch.shapes.dialect
    storages = [shape.fields[name].storage for name in rollup.on]
    for start in range(0, len(keys), CHUNK):
        some = keys[start : start + CHUNK]
        parameters = {
            f"key_{number}": sorted({storage.to_driver(dialect)(key[number]) for key in some})
            for number, storage in enumerate(storages)
        }
        for row_id, *values in batch.work.rows(_select(shape, rollup), parameters):
            read = (one.from_driver(dialect) for one in storages)
            yield (
                str(row_id),
                tuple(convert(one) for convert, one in zip(read, values, strict=True)),
            )


def _select(shape: ObjectShape, rollup: RollupModel) -> Prepared:
    def make() -> Prepared:
        columns = [shape.table.columns[name] for name in rollup.on]
        given = [
            column.in_(sa.bindparam(f"key_{number}", expanding=True, type_=column.type))
            for number, column in enumerate(columns)
        ]
        select = sa.select(shape.table.id, *columns).where(*given, shape.live())
        return prepare(select, shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("owners", shape.name, rollup.on), make)
    return prepared
