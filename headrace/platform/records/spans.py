"""Ranges with what they are compared by, and which of them overlap: no I/O."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, Generic, TypeVar

from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel, OverlapBan
from headrace.platform.metadata.storage_types import values_in

T = TypeVar("T")

Lines = Callable[[str, Collection[str]], Mapping[str, Collection[str]]]
"""From a tree and ids of its rows to the ids of those above each, itself included."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a row stands by one field: its values, and all within which these lie, themselves included."""

    own: frozenset[Any]
    line: frozenset[Any]

    def meets(self, other: Spot) -> bool:
        """Say whether they share a value, or one has a value within one of the other."""
        return not (self.own.isdisjoint(other.line) and other.own.isdisjoint(self.line))


@dataclass(frozen=True, slots=True, eq=False)
class Span(Generic[T]):
    """The range of a row; rows are compared that have the same `equal` and whose spots meet."""

    start: Any
    end: Any
    equal: tuple[Any, ...]
    spots: tuple[Spot, ...]
    row: T

    def exists(self, *, inclusive: bool) -> bool:
        """Say whether the range covers anything: its end is not before its start."""
        return _reaches(self.end, self.start, inclusive=inclusive)


@dataclass(frozen=True, slots=True)
class Key:
    """A field of a ban: one value that is compared as it is, or what a spot is made of."""

    field: FieldModel
    tree: ObjectModel | None = None

    @property
    def spotted(self) -> bool:
        """Whether more than the same value may match."""
        return self.tree is not None or self.field.storage.many

    def values(self, value: Any) -> Sequence[Any]:
        """Return the single values that a row has in the field."""
        if value is None:
            return ()
        return values_in(value) or () if self.field.storage.many else (value,)


def keys_of(catalog: Catalog, model: ObjectModel, ban: OverlapBan) -> tuple[Key, ...]:
    """Return what the rows of a ban are compared by, its condition included."""
    found = [] if ban.condition is None else [Key(model.fields[ban.condition])]
    for one in ban.definition.fields:
        field = model.fields[one.field]
        found.append(Key(field, catalog.tree_of(field) if one.match == "subtree" else None))
    return tuple(found)


def spans_of(
    keys: Sequence[Key],
    ban: OverlapBan,
    rows: Sequence[tuple[T, Mapping[str, Any]]],
    lines: Lines,
) -> list[Span[T]]:
    """Return the ranges of rows that lack no key; of each row what stands for it, and its values."""
    complete = [
        (item, row) for item, row in rows if all(row[key.field.name] is not None for key in keys)
    ]
    asked: dict[str, set[str]] = {}
    for key in keys:
        if key.tree is not None:
            there = asked.setdefault(key.tree.name, set())
            there.update(one for _, row in complete for one in key.values(row[key.field.name]))
    known = {tree: lines(tree, ids) for tree, ids in asked.items()}

    def spot(key: Key, row: Mapping[str, Any]) -> Spot:
        own = frozenset(key.values(row[key.field.name]))
        if key.tree is None:
            return Spot(own, own)
        above = known[key.tree.name]
        return Spot(own, own.union(*(above.get(one, ()) for one in own)))

    definition = ban.definition
    return [
        Span(
            row[definition.from_],
            row[definition.to],
            tuple(row[key.field.name] for key in keys if not key.spotted),
            tuple(spot(key, row) for key in keys if key.spotted),
            item,
        )
        for item, row in complete
    ]


def compared(
    spans: Iterable[Span[T]], *, inclusive: bool
) -> Iterator[tuple[Span[T], Iterator[Span[T]]]]:
    """Yield each range with those that overlap with it; these are looked for as they are asked for.

    Ranges are looked up by their values and by time, so that few are compared which do not overlap;
    of several fields whose values lie in each other, by the one that tells most apart.
    """
    groups: dict[tuple[Any, ...], list[Span[T]]] = defaultdict(list)
    for one in spans:
        if one.exists(inclusive=inclusive):
            groups[one.equal].append(one)
    for members in groups.values():
        if len(members) > 1:
            index = _Index(members, inclusive=inclusive)
            for one in members:
                yield one, index.overlapping(one)


class _Index(Generic[T]):
    """Ranges of one group by the values at which, and those within which, they stand."""

    def __init__(self, members: Sequence[Span[T]], *, inclusive: bool) -> None:
        self._leading = _leading(members)
        at: dict[Any, list[Span[T]]] = defaultdict(list)
        within: dict[Any, list[Span[T]]] = defaultdict(list)
        for one in members:
            spot = self._spot(one)
            for value in spot.own:
                at[value].append(one)
            for value in spot.line:
                within[value].append(one)
        self._at = {value: _Timeline(found, inclusive=inclusive) for value, found in at.items()}
        self._within = {value: _Timeline(within[value], inclusive=inclusive) for value in self._at}

    def _spot(self, one: Span[T]) -> Spot:
        return _EVERYWHERE if self._leading is None else one.spots[self._leading]

    def overlapping(self, one: Span[T]) -> Iterator[Span[T]]:
        """Yield the others that overlap with a range; one may come more than once."""
        spot = self._spot(one)
        lines = [self._within[value] for value in spot.own]
        lines += [self._at[value] for value in spot.line - spot.own if value in self._at]
        for line in lines:
            for other in line.meeting(one):
                if other is not one and all(map(Spot.meets, one.spots, other.spots)):
                    yield other


_EVERYWHERE: Final = Spot(frozenset((None,)), frozenset((None,)))


def _leading(members: Sequence[Span[Any]]) -> int | None:
    """Return which of the spots has most values."""
    counts = [
        len(frozenset().union(*(one.spots[position].own for one in members)))
        for position in range(len(members[0].spots))
    ]
    return counts.index(max(counts)) if counts else None


class _Timeline(Generic[T]):
    """Ranges in the order of their starts, each with how far it or one before it reaches."""

    def __init__(self, spans: Iterable[Span[T]], *, inclusive: bool) -> None:
        self._inclusive = inclusive
        self._spans = sorted(spans, key=_begins)
        self._starts = [_begins(one) for one in self._spans]
        self._farthest = list(accumulate((one.end for one in self._spans), _later))

    def meeting(self, one: Span[T]) -> Iterator[Span[T]]:
        """Yield the ranges that overlap with one, itself included, the latest start first."""
        last = len(self._spans)
        if one.end is not None:
            find = bisect_right if self._inclusive else bisect_left
            last = find(self._starts, (1, one.end))
        for position in range(last - 1, -1, -1):
            if not _reaches(self._farthest[position], one.start, inclusive=self._inclusive):
                return
            if _reaches(self._spans[position].end, one.start, inclusive=self._inclusive):
                yield self._spans[position]


def _begins(one: Span[Any]) -> tuple[Any, ...]:
    return (0,) if one.start is None else (1, one.start)


def _later(one: Any, other: Any) -> Any:
    return None if one is None or other is None else max(one, other)


def _reaches(end: Any, start: Any, *, inclusive: bool) -> bool:
    """Say whether what ends at `end` reaches what begins at `start`; None is for ever."""
    if end is None or start is None:
        return True
    return bool(start <= end if inclusive else start < end)
