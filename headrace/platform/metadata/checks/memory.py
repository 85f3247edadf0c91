"""What one run of the checks leaves to the next: each finding with all that it was made from.

While a check looks at a definition, whatever it asks the catalog for is noted. Where nothing of that has
changed since, it would find the same again, and is not asked; so a run costs what has changed since the
one before, and what depends on that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar, cast

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


class Finding(NamedTuple):
    """The key of what a check finds in the definition `name` among the `kind` of a catalog."""

    check: str
    kind: str
    name: str


@dataclass(slots=True)
class Findings:
    """What a check found in the definitions of one kind, by name; `told` are those with something to tell.

    `revision` goes up whenever a definition has another finding than before; in the `quiet` one nothing
    followed from all of them together.
    """

    values: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    revision: int = 0
    quiet: int = -1
    _former: dict[str, Any] = field(default_factory=dict)

    def keep(self, name: str, value: Any) -> None:
        """Take up what was found in a definition."""
        self.values[name] = value
        if value:
            self.told[name] = value
        if name not in self._former or self._former.pop(name) != value:
            self.revision += 1

    def forget(self, name: str) -> None:
        """Do not know any more what there is to tell of a definition."""
        if name in self.values:
            self._former[name] = self.values.pop(name)
            self.told.pop(name, None)

    def settle(self) -> None:
        """Take note that what was not found again is gone."""
        if self._former:
            self._former.clear()
            self.revision += 1


@dataclass(slots=True)
class Memory:
    """The facts of a run, by what each of them read, and the catalog that they were worked out from.

    Each run changes it; whoever shares one lets one run end before the next.
    """

    state: State = field(default_factory=dict)
    facts: dict[Hashable, Fact] = field(default_factory=dict)
    readers: dict[Read, set[Hashable]] = field(default_factory=dict)
    findings: dict[tuple[str, str], Findings] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def follow(self, state: State) -> None:
        """Forget the facts that do not hold of another catalog."""
        if self.facts:
            for read in changed_between(self.state, state):
                for key in self.readers.pop(read, ()):
                    self.facts.pop(key, None)
                    if isinstance(key, Finding):
                        self.findings[key.check, key.kind].forget(key.name)
        self.state = state

    def keep(self, key: Hashable, fact: Fact) -> None:
        """Take a fact up."""
        self.facts[key] = fact
        for read in fact.reads:
            self.readers.setdefault(read, set()).add(key)
        if isinstance(key, Finding):
            self.findings[key.check, key.kind].keep(key.name, fact.value)


class Notes:
    """Works facts out that its memory does not hold."""

    def __init__(self, state: State, memory: Memory) -> None:
        memory.follow(state)
        self._memory = memory
        self._facts = memory.facts
        self._reads: set[Read] | None = None

    def note(self, part: str, key: str) -> None:
        """Keep note that something is read."""
        if self._reads is not None:
            self._reads.add((part, key))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, worked out once; what it reads is noted."""
        fact = self._facts.get(key)
        if fact is None:
            fact = self._made(make)
            self._memory.keep(key, fact)
        if self._reads is not None:
            self._reads |= fact.reads
        return cast("T", fact.value)

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """Return something of one's own that stays from run to run."""
        if name not in self._memory.kept:
            self._memory.kept[name] = make()
        return cast("T", self._memory.kept[name])

    def all_found(
        self, check: str, kind: str, values: Mapping[str, Any], make: Callable[[Any], Any]
    ) -> Findings:
        """Return what `make` finds in each of `values`; each finding has read its definition at least."""
        findings = self._memory.findings.setdefault((check, kind), Findings())
        for name in [*values.keys() - findings.values.keys()]:

            def found(name: str = name) -> Any:
                self.note(kind, name)
                return make(values[name])

            self._memory.keep(Finding(check, kind, name), self._made(found))
        findings.settle()
        return findings

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

    def values(self) -> ValuesView[ValueT]:
        """Return all values."""
        self._note(self._part, ANY)
        return self._values.values()

    def __bool__(self) -> bool:
        self._note(self._part, EMPTY)
        return bool(self._values)


def changed_between(old: State, new: State) -> Iterator[Read]:
    """Yield what has another value in `new`, value by value the very same or not."""
    for part in {**old, **new}:
        before, now = old.get(part, {}), new.get(part, {})
        keys = [
            key
            for key, value in now.items()
            if (former := before.get(key)) is not value and _differs(former, value)
        ]
        keys += [key for key in before if key not in now]
        yield from ((part, key) for key in keys)
        if keys:
            yield part, ANY
        if bool(before) is not bool(now):
            yield part, EMPTY


def _differs(one: Any, other: Any) -> bool:
    return not (isinstance(other, tuple | frozenset) and one == other)
