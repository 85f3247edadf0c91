"""What one run of the checks leaves to the next: each finding with all that it was made from.

While a check looks at a definition, whatever it asks the catalog for is noted. Where nothing of that has
changed since, it would find the same again, and is not asked; so a run costs what has changed since the
one before, and what depends on that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import is_
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")
ValueT = TypeVar("ValueT")

Read = tuple[str, str]
"""What was read: a part of the catalog and a key in it; `ANY` stands for all keys, `EMPTY` for none."""

ANY: Final = "*"
EMPTY: Final = "?"

State = Mapping[str, Mapping[str, Any]]
"""The parts of a catalog that are watched, by name and key."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something worked out, and what was read for it."""

    reads: frozenset[Read]
    value: Any


@dataclass(frozen=True, slots=True)
class Memory:
    """The facts of a run, and the catalog that they were worked out from."""

    state: State = field(default_factory=lambda: MappingProxyType({}))
    facts: Mapping[Hashable, Fact] = field(default_factory=lambda: MappingProxyType({}))


NOTHING: Final = Memory()


class Notes:
    """Works facts out, or takes them over from `former` where they still hold."""

    def __init__(self, state: State, former: Memory) -> None:
        self._state = state
        self._former = former.facts
        self._changed = changed_between(former.state, state) if former.facts else frozenset()
        self._facts: dict[Hashable, Fact] = {}
        self._reads: set[Read] | None = None

    def note(self, part: str, key: str) -> None:
        """Keep note that something is read."""
        if self._reads is not None:
            self._reads.add((part, key))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, worked out once; what it reads is noted."""
        fact = self._facts.get(key)
        if fact is None:
            fact = self._former.get(key)
            if fact is None or not fact.reads.isdisjoint(self._changed):
                fact = self._made(make)
            self._facts[key] = fact
        if self._reads is not None:
            self._reads |= fact.reads
        return cast("T", fact.value)

    def memory(self) -> Memory:
        """Return what this run leaves to the next: facts that nobody asked for this time, too."""
        kept = {
            key: fact
            for key, fact in self._former.items()
            if key not in self._facts and fact.reads.isdisjoint(self._changed)
        }
        return Memory(self._state, {**kept, **self._facts})

    def _made(self, make: Callable[[], Any]) -> Fact:
        outer, inner = self._reads, set[Read]()
        self._reads = inner
        try:
            value = make()
        finally:
            self._reads = outer
        return Fact(frozenset(inner), value)


class Watched(Mapping[str, ValueT]):
    """A part of the catalog that notes what is asked of it."""

    __slots__ = ("_note", "_part", "_values")

    def __init__(
        self, part: str, values: Mapping[str, ValueT], note: Callable[[str, str], None]
    ) -> None:
        self._part = part
        self._values = values
        self._note = note

    def __getitem__(self, key: str) -> ValueT:
        self._note(self._part, key)
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        self._note(self._part, ANY)
        return iter(self._values)

    def __len__(self) -> int:
        self._note(self._part, ANY)
        return len(self._values)

    def __bool__(self) -> bool:
        self._note(self._part, EMPTY)
        return bool(self._values)


def changed_between(old: State, new: State) -> AbstractSet[Read]:
    """Return what has another value in `new`, value by value the very same or not."""
    changed: set[Read] = set()
    for part in {**old, **new}:
        before, now = old.get(part, {}), new.get(part, {})
        keys = [key for key, value in now.items() if not _same(before.get(key), value)]
        keys += [key for key in before if key not in now]
        if keys:
            changed.update((part, key) for key in keys)
            changed.add((part, ANY))
        if bool(before) is not bool(now):
            changed.add((part, EMPTY))
    return frozenset(changed)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    many = isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other)
    return many and all(map(is_, one, other))
