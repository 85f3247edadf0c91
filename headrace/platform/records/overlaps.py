"""Ranges of records that match must not overlap: prices by article, contracts by company and territory.

Writers first take locks that stand for what they compare by, so that two of them cannot both find the time
free: one on each value itself, shared ones on all that lie above it in its tree; on SQLite there is one writer
anyway. Whoever moves a record of a tree waits for those who compare by the tree, and they for him.
Empty ends reach for ever; a range whose end is before its start covers nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import (
    Column,
    Condition,
    holds_values,
    is_one_of,
    list_value,
    parameter,
)
from headrace.platform.access.rows import subtree_end
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.database.links import LINKED, RECORD
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import OverlapBan
from headrace.platform.metadata.storage_types import ID, Dialect, Storage
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft, Row
from headrace.platform.records.owner_keys import lock_texts
from headrace.platform.records.references import readable_title
from headrace.platform.records.shapes import ObjectShape, Shapes
from headrace.platform.records.spans import Key, Span, Spot, compared, keys_of, spans_of
from headrace.platform.records.trees import hold_tree, steps_of

OVERLAPS: Final = Message(
    "value.overlaps",
    "{other} covers part of this range{compared}.",
    "{other}与此区间重叠{compared}。",
    "Choose another start or end.",
    "请调整起止值。",
)
MOVED_OVER: Final = Message(
    "tree.overlaps",
    "Moved here, {one} and {other} of “{object}” would overlap{compared}.",
    "移动到此处后，“{object}”中{one}与{other}将会重叠{compared}。",
    "Change the range of one of them first, or choose another place.",
    "请先调整其中一条的起止值，或选择其他位置。",
)
ANOTHER: Final = Text("Another record", "另一条记录")
A_RECORD: Final = Text("a record", "一条记录")
SAME: Final = Text("the same", "相同")
SHARED: Final = Text("in common", "有共同项")
INSIDE: Final = Text("one within the other", "一方在另一方之内")


@dataclass(frozen=True, slots=True)
class _Comparing:
    """A ban with the rows that it is about."""

    batch: Batch
    shape: ObjectShape
    ban: OverlapBan
    keys: tuple[Key, ...]

    @property
    def inclusive(self) -> bool:
        return self.ban.definition.ends == "inclusive"

    def spans(self, rows: Iterable[tuple[Draft | str, Row]]) -> list[Span[Draft | str]]:
        """Return the ranges of rows: drafts, and stored ones by id."""
        return spans_of(self.keys, self.ban, list(rows), self._lines)

    def _lines(self, tree: str, ids: Collection[str]) -> Mapping[str, Collection[str]]:
        shape = self.batch.shapes.of(tree)
        self.batch.fetch_paths(shape, ids)
        return {one: steps_of(self.batch.path(shape, one)) for one in ids}


def check_overlaps(batch: Batch) -> None:
    """Find ranges that overlap with others of the batch or of the database."""
    groups: dict[ObjectShape, list[Draft]] = {}
    for draft in batch.drafts():
        if draft.kind != "delete" and draft.shape.model.bans:
            groups.setdefault(draft.shape, []).append(draft)
    for shape, drafts in groups.items():
        for ban in shape.model.bans:
            changed = {draft for draft in drafts if _concerns(draft, ban)}
            if changed:
                _check(_comparing(batch, shape, ban), drafts, changed)
    for draft in batch.drafts():
        if draft.kind == "update" and draft.old_path not in {None, draft.path}:
            for shape, ban in _bans_by_tree(batch.shapes, draft.shape.name):
                _check_move(_comparing(batch, shape, ban), draft)


def _comparing(batch: Batch, shape: ObjectShape, ban: OverlapBan) -> _Comparing:
    keys = keys_of(shape.shapes.catalog, shape.model, ban)
    return _Comparing(batch, shape, ban, keys)


def _concerns(draft: Draft, ban: OverlapBan) -> bool:
    """Say whether a row gets another range, or one among other rows."""
    old, new = draft.old, draft.new
    return old is None or draft.undeleted or any(old[name] != new[name] for name in ban.reads)


def _check(here: _Comparing, drafts: Sequence[Draft], changed: Collection[Draft]) -> None:
    for key in here.keys:
        if key.tree is not None:
            hold_tree(here.batch, here.batch.shapes.of(key.tree.name))
    own = here.spans((draft, draft.new) for draft in drafts)
    new = [one for one in own if one.row in changed and one.exists(inclusive=here.inclusive)]
    if not new:
        return
    _lock(here, new)
    known = {draft.id for draft in drafts}
    found = _stored(here, _asked(here, new), new)
    stored = here.spans((row["id"], row) for row in found if row["id"] not in known)
    for span, others in compared((*own, *stored), inclusive=here.inclusive):
        if isinstance(span.row, Draft) and span.row in changed:
            other = next(others, None)
            if other is not None:
                here.batch.problems.append(_problem(here, span.row, _title(here, other)))


def _lock(here: _Comparing, spans: Iterable[Span[Any]]) -> None:
    """Hold what rows are compared by until the end of the transaction, by one of the fields that vary."""
    spotted = [key for key in here.keys if key.spotted]
    # A single value takes fewest locks.
    single = (position for position, key in enumerate(spotted) if not key.field.storage.many)
    leading = next(single, 0 if spotted else None)
    field_id = here.shape.fields[here.ban.definition.from_].id
    held: set[str] = set()
    shared: set[str] = set()
    for one in spans:
        text = "\n".join((field_id, *map(str, one.equal)))
        if leading is None:
            held.add(text)
            continue
        spot = one.spots[leading]
        held.update(f"{text}\n{value}" for value in spot.own)
        shared.update(f"{text}\n{value}" for value in spot.line)
    lock_texts(here.batch, held, shared=shared)


def _problem(here: _Comparing, draft: Draft, title: Text | None) -> Problem:
    definition, condition = here.ban.definition, here.ban.condition
    names = [definition.from_, definition.to, *definition.keys]
    expression = None if condition is None else here.shape.fields[condition].expression
    if expression is not None:
        names += sorted(here.shape.by_id[path[0]].name for path in expression.references())
    sent = next((name for name in names if name in draft.given), names[0])
    place = draft.cause if draft.cause is not None else draft.place + pointer(sent)
    return OVERLAPS.at(place, other=title or ANOTHER, compared=_compared_by(here))


def _title(here: _Comparing, other: Span[Draft | str]) -> Text | None:
    """Return the title of a record for those who may read it."""
    record_id = other.row.id if isinstance(other.row, Draft) else other.row
    title = readable_title(here.batch, here.shape, record_id)
    return None if title is None else Text(f"“{title}”", f"“{title}”")


def _compared_by(here: _Comparing) -> Text:
    shown = [key for key in here.keys if key.field.key_of is None]
    if not shown:
        return Text()
    english = "; ".join(f"{key.field.label.en}: {_how(key).en}" for key in shown)
    chinese = "；".join(f"{key.field.label.within('zh')}：{_how(key).zh}" for key in shown)
    return Text(f" ({english})", f"（{chinese}）")


def _how(key: Key) -> Text:
    if key.tree is not None:
        return INSIDE
    return SHARED if key.field.storage.many else SAME


# -- moves within trees ------------------------------------------------------------------------------


def _bans_by_tree(shapes: Shapes, tree: str) -> tuple[tuple[ObjectShape, OverlapBan], ...]:
    """Return the bans that compare by where records of a tree stand."""

    def make() -> tuple[tuple[ObjectShape, OverlapBan], ...]:
        return tuple(
            (shapes.of(model.name), ban)
            for model in shapes.catalog.objects.values()
            for ban in model.bans
            for key in keys_of(shapes.catalog, model, ban)
            if key.tree is not None and key.tree.name == tree
        )

    found: tuple[tuple[ObjectShape, OverlapBan], ...] = shapes.part(("bans by tree", tree), make)
    return found


def _check_move(here: _Comparing, moved: Draft) -> None:
    """Find ranges of what lies below a moved record that overlap with those of what is above it now.

    The move holds the tree, so nobody else compares by it meanwhile.
    """
    above = [one for one in steps_of(moved.path) if one not in steps_of(moved.old_path)]
    by_tree = [key for key in here.keys if key.tree and key.tree.name == moved.shape.name]
    everything = {key.field.name: _Asked() for key in here.keys}
    for name in (key.field.name for key in by_tree) if above else ():
        upper = _spans_at(here, {**everything, name: _Asked(at=above)}, ())
        if not upper:
            continue
        # The stored paths do not say yet how rows stand to each other in this tree.
        asked = _asked(here, upper) | {key.field.name: _Asked() for key in by_tree}
        lower = _spans_at(here, {**asked, name: _Asked(below=[moved.id])}, upper)
        ids = {_id(one) for one in upper}
        for span, others in compared((*upper, *lower), inclusive=here.inclusive):
            met = None if _id(span) in ids else next((o for o in others if _id(o) in ids), None)
            if met is not None:
                here.batch.problems.append(_moved_over(here, moved, span, met))
                return


def _id(span: Span[Draft | str]) -> str:
    return span.row.id if isinstance(span.row, Draft) else span.row


def _spans_at(
    here: _Comparing, asked: Mapping[str, _Asked], spans: Sequence[Span[Any]]
) -> list[Span[Draft | str]]:
    """Return the ranges of stored rows, as they will be where the batch has them."""
    rows: list[tuple[Draft | str, Row]] = []
    for row in _stored(here, asked, spans):
        draft = here.batch.draft(here.shape.name, row["id"])
        if draft is None:
            rows.append((row["id"], row))
        elif draft.kind != "delete":
            rows.append((draft, draft.new))
    return here.spans(rows)


def _moved_over(
    here: _Comparing, moved: Draft, one: Span[Draft | str], other: Span[Draft | str]
) -> Problem:
    return MOVED_OVER.at(
        moved.place + pointer(str(moved.shape.model.tree_field)),
        one=_title(here, one) or A_RECORD,
        other=_title(here, other) or ANOTHER,
        object=here.shape.model.label,
        compared=_compared_by(here),
    )


# -- what is stored ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which rows are wanted by one key: those with one of the values `at`, or with one `below` others.

    Neither: all rows.
    """

    at: Collection[Any] | None = None
    below: Collection[str] | None = None


def _asked(here: _Comparing, spans: Sequence[Span[Any]]) -> dict[str, _Asked]:
    """Return what asks for the rows that may match ranges, by field."""
    found = {}
    equal = spotted = 0
    for key in here.keys:
        if not key.spotted:
            found[key.field.name] = _Asked({one.equal[equal] for one in spans})
            equal += 1
            continue
        spots = [one.spots[spotted] for one in spans]
        own, line = (frozenset().union(*part) for part in zip(*map(_parts, spots), strict=True))
        found[key.field.name] = _Asked(own) if key.tree is None else _Asked(line, own)
        spotted += 1
    return found


def _parts(spot: Spot) -> tuple[frozenset[Any], frozenset[Any]]:
    return spot.own, spot.line


def _stored(
    here: _Comparing, asked: Mapping[str, _Asked], spans: Sequence[Span[Any]]
) -> Iterator[Row]:
    """Yield the stored rows that are asked for and lie within the time of ranges; with none, always."""
    dialect = here.shape.shapes.dialect
    parameters = _hull(here, spans)
    ends = frozenset(parameters)
    for number, key in enumerate(here.keys):
        one = asked[key.field.name]
        convert = _storage(key).to_driver(dialect)
        if one.at is not None:
            at = sorted(convert(value) for value in one.at)
            parameters[f"at_{number}"] = list_value(at, dialect)
        if one.below is not None:
            parameters[f"below_{number}"] = list_value(sorted(one.below), dialect)
    names = ("id", *here.ban.reads)
    converts = [here.shape.fields[name].storage.from_driver(dialect) for name in names]
    for found in here.batch.work.rows(_select(here, asked, ends), parameters):
        yield {
            name: convert(value)
            for name, convert, value in zip(names, converts, found, strict=True)
        }


def _storage(key: Key) -> Storage:
    """Return how single values of a key are stored."""
    return key.field.storage if key.field.links is None else ID


def _hull(here: _Comparing, spans: Sequence[Span[Any]]) -> dict[str, Any]:
    """Return the first start and the last end of ranges, where there are such."""
    definition, found = here.ban.definition, {}
    starts, ends = [one.start for one in spans], [one.end for one in spans]
    for name, part, values, most in (
        ("first", definition.from_, starts, min),
        ("last", definition.to, ends, max),
    ):
        if values and None not in values:
            convert = here.shape.fields[part].storage.to_driver(here.shape.shapes.dialect)
            found[name] = convert(most(values))
    return found


def _select(here: _Comparing, asked: Mapping[str, _Asked], ends: frozenset[str]) -> Prepared:
    shape, definition = here.shape, here.ban.definition
    dialect = shape.shapes.dialect

    def make() -> Prepared:
        columns = shape.table.columns
        start, end = columns[definition.from_], columns[definition.to]
        conditions = [shape.live()]
        single = [key for key in here.keys if not key.field.storage.many and not key.field.key_of]
        for number, key in enumerate(here.keys):
            one = asked[key.field.name]
            conditions += _conditions(shape, key, number, one, alone=not single)
        if "first" in ends:
            first = parameter("first", shape.fields[definition.from_].storage, dialect)
            conditions.append(sa.or_(end.is_(None), end >= first))
        if "last" in ends:
            last = parameter("last", shape.fields[definition.to].storage, dialect)
            conditions.append(sa.or_(start.is_(None), start <= last))
        select = sa.select(shape.table.id, *(columns[name] for name in here.ban.reads))
        return prepare(select.where(*conditions), dialect)

    form = tuple((one.at is not None, one.below is not None) for one in asked.values())
    prepared: Prepared = shape.shapes.part(("overlaps", shape.name, here.ban, form, ends), make)
    return prepared


def _conditions(
    shape: ObjectShape, key: Key, number: int, asked: _Asked, *, alone: bool
) -> Iterator[Condition]:
    """Yield the condition that a row has one of the values asked for in a field.

    `alone`: no other field tells rows apart.
    """
    if asked.at is None and asked.below is None:
        return
    dialect, field = shape.shapes.dialect, key.field
    column, name = shape.table.columns[field.name], f"at_{number}"
    if field.storage.many and field.links is None:
        yield holds_values(column, name, every=False, dialect=dialect)
        return
    links = None if field.links is None else shape.table.links[field.name]
    value = column if links is None else links.c[LINKED]
    if key.tree is None:
        met = is_one_of(value, name, _storage(key), dialect)
    else:
        met = _is_among(value, _nodes(shape.shapes.of(key.tree.name), number, asked), dialect)
    if links is None:
        yield met
    elif alone:
        yield shape.table.id.in_(sa.select(links.c[RECORD]).where(met))
    else:
        # Rows are found by their other fields: many more may share a record of a list.
        yield sa.exists().where(links.c[RECORD] == shape.table.id, met)


def _is_among(value: Column, select: sa.SelectBase, dialect: Dialect) -> Condition:
    """Return whether a value is one that a select gives, which is run once and not for each row."""
    if dialect == "sqlite":
        return value.in_(select)
    return value == sa.any_(sa.func.array(select.scalar_subquery()))


def _nodes(tree: ObjectShape, number: int, asked: _Asked) -> sa.SelectBase:
    """Return the select of the rows of a tree that are asked for, by the index of ids and of paths."""
    dialect, selects = tree.shapes.dialect, []
    if asked.at is not None:
        one_of = is_one_of(tree.table.id, f"at_{number}", ID, dialect)
        selects.append(sa.select(tree.table.id).where(one_of))
    if asked.below is not None:
        assert tree.table.path is not None  # noqa: S101 - asked for trees only
        key, path = tree.table.id.name, tree.table.path.name
        root, below = tree.table.table.alias(), tree.table.table.alias()
        one_of = is_one_of(root.c[key], f"below_{number}", ID, dialect)
        inside = sa.and_(below.c[path] >= root.c[path], below.c[path] < subtree_end(root.c[path]))
        selects.append(sa.select(below.c[key]).where(one_of, inside))
    return selects[0] if len(selects) == 1 else sa.union_all(*selects)
