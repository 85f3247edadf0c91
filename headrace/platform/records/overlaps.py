"""Ranges of records with equal fields that must not overlap: prices by article, contracts by company.

Writers of the same fields first take a lock that stands for their values, so that two of them cannot both
find the time free; on SQLite there is one writer anyway. Empty ends reach for ever; a range whose end is
before its start covers nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from headrace.platform.core.problems import Message, Text, pointer
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.definitions.objects import NoOverlapDef
from headrace.platform.records.batch import CHUNK, Batch
from headrace.platform.records.drafts import Draft, Row
from headrace.platform.records.owner_keys import lock_texts
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.totals import OwnerKey, complete

T = TypeVar("T")

OVERLAPS: Final = Message(
    "value.overlaps",
    "Another record with the same {name} covers part of this range.",
    "{name}相同的另一条记录与此区间重叠。",
    "Choose another start or end.",
    "请调整起止值。",
)
OVERLAPS_ANY: Final = Message(
    "value.overlaps",
    "Another record covers part of this range.",
    "另一条记录与此区间重叠。",
    "Choose another start or end.",
    "请调整起止值。",
)


def check_overlaps(batch: Batch) -> None:
    """Find ranges that overlap with others of the batch or of the database."""
    groups: dict[ObjectShape, list[Draft]] = {}
    for draft in batch.drafts():
        if draft.kind != "delete" and draft.shape.model.definition.no_overlap:
            groups.setdefault(draft.shape, []).append(draft)
    for shape, drafts in groups.items():
        for one in shape.model.definition.no_overlap:
            changed = [draft for draft in drafts if _concerns(draft, one)]
            if changed:
                _check(batch, shape, one, changed)


def _concerns(draft: Draft, one: NoOverlapDef) -> bool:
    """Say whether a row gets another range, or one among other rows."""
    names = (*one.fields, one.from_, one.to)
    old, new = draft.old, draft.new
    return old is None or any(old[name] != new[name] for name in names)


def _check(batch: Batch, shape: ObjectShape, one: NoOverlapDef, changed: list[Draft]) -> None:
    by_key: dict[OwnerKey, list[tuple[Any, Any, Draft | None]]] = {}
    drafts = [draft for draft in batch.drafts() if draft.shape is shape]
    for draft in drafts:
        key = complete(draft.new[name] for name in one.fields)
        if draft.kind != "delete" and key is not None:
            by_key.setdefault(key, []).append((draft.new[one.from_], draft.new[one.to], draft))
    wanted = {complete(draft.new[name] for name in one.fields) for draft in changed} - {None}
    keys = [key for key in by_key if key in wanted]
    field_id = shape.fields[one.from_].id
    lock_texts(batch, ("\n".join((field_id, *map(str, key))) for key in keys))
    known = {draft.id for draft in drafts}
    concerned = {draft.id for draft in changed}
    for row in _stored(batch, shape, one, keys):
        if row["id"] not in known:
            key = tuple(row[name] for name in one.fields)
            by_key[key].append((row[one.from_], row[one.to], None))
    for key in keys:
        for met in overlapping(by_key[key], one.ends == "inclusive"):
            if met is not None and met.id in concerned:
                batch.problems.append(_problem(shape, one, met))


def overlapping(ranges: Iterable[tuple[Any, Any, T]], inclusive: bool) -> Iterator[T]:  # noqa: FBT001 - an option of the ban
    """Yield what stands beside each range (start, end, item) that overlaps with another one.

    Sorted by their start, a range overlaps where the farthest end before reaches it, or it the next.
    """
    there = [one for one in ranges if _reaches(one[1], one[0], inclusive=inclusive)]
    there.sort(key=lambda one: (0,) if one[0] is None else (1, one[0]))
    farthest: Any = None
    for position, (start, end, item) in enumerate(there):
        met = position > 0 and _reaches(farthest, start, inclusive=inclusive)
        following = there[position + 1][0] if position + 1 < len(there) else _NONE
        if met or (following is not _NONE and _reaches(end, following, inclusive=inclusive)):
            yield item
        if position == 0 or (farthest is not None and (end is None or end > farthest)):
            farthest = end


_NONE: Final = object()


def _reaches(end: Any, start: Any, *, inclusive: bool) -> bool:
    """Say whether what ends at `end` reaches what begins at `start`; None is for ever."""
    if end is None or start is None:
        return True
    return bool(start <= end if inclusive else start < end)


def _problem(shape: ObjectShape, one: NoOverlapDef, draft: Draft) -> Any:
    sent = next((name for name in (one.from_, one.to) if name in draft.given), one.from_)
    place = draft.cause if draft.cause is not None else draft.place + pointer(sent)
    labels = [shape.fields[name].label for name in one.fields]
    if not labels:
        return OVERLAPS_ANY.at(place)
    name = Text(
        " + ".join(label.en for label in labels), " + ".join(one.within("zh") for one in labels)
    )
    return OVERLAPS.at(place, name=name)


def _stored(
    batch: Batch, shape: ObjectShape, one: NoOverlapDef, keys: list[OwnerKey]
) -> Iterator[Row]:
    """Yield the stored rows with some values: more than those, where several fields are compared."""
    dialect = batch.shapes.dialect
    storages = [shape.fields[name].storage for name in one.fields]
    wanted = set(keys)
    for start in range(0, len(keys), CHUNK):
        some = keys[start : start + CHUNK]
        parameters = {
            f"key_{number}": sorted({storage.to_driver(dialect)(key[number]) for key in some})
            for number, storage in enumerate(storages)
        }
        names = ("id", *one.fields, one.from_, one.to)
        convert = [shape.fields[name].storage.from_driver(dialect) for name in names]
        for values in batch.work.rows(_select(shape, one, names), parameters):
            row = {
                name: change(value)
                for name, change, value in zip(names, convert, values, strict=True)
            }
            if tuple(row[name] for name in one.fields) in wanted:
                yield row


def _select(shape: ObjectShape, one: NoOverlapDef, names: tuple[str, ...]) -> Prepared:
    def make() -> Prepared:
        columns = [shape.table.columns[name] for name in one.fields]
        given = [
            column.in_(sa.bindparam(f"key_{number}", expanding=True, type_=column.type))
            for number, column in enumerate(columns)
        ]
        select = sa.select(*(shape.table.columns[name] for name in names))
        return prepare(select.where(*given, shape.live()), shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("overlaps", shape.name, one), make)
    return prepared
