"""What one build of a catalog leaves to the next: its parts, with all that they were made from.

A part is the outcome of one step for one definition: an object's fields, its formulas, a workflow, the
grants of a permission. It is taken over as it is where its documents are the same and nothing that
it read has changed; so a build costs what has changed since the one before.

Where few documents are new, the parts that may be others are looked up by what they read; no other
part is even looked at (`Delta`).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from headrace.platform.core.problems import Problem
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes

Read = tuple[str, str]
"""What a part read: object and field; `ITSELF` stands for the object, `ANY` for all about it."""

PartName = tuple[str, str]
"""The step and the name of the definition."""

FEW: Final = 20
"""So many documents may differ in any case, and a quarter of all, for a build to begin with the last one."""
LOOKED_UP: Final = frozenset({"object", "workflow", "role", "choice_set"})
"""Kinds of definitions that others look up by name: when one goes, everything is looked at."""

PLACE: Final = attrgetter("module", "kind", "name")
"""The order of documents."""

ITSELF: Final = ""
ANY: Final = "*"
CONSTANTS: Final = "$constants"
CHOICE_SETS: Final = "$choice_sets"
EXPRESSIONS: Final = "$expressions"
CALENDARS: Final = "$calendars"
ROLES: Final = "$roles"


def _empty() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Part:
    """The outcome of a step with what was found wrong, and what both depend on."""

    sources: tuple[Document, ...]
    reads: frozenset[Read]
    result: Any
    problems: tuple[Problem, ...]

    def still_holds(self, sources: tuple[Document, ...], changed: set[Read]) -> bool:
        """Say whether making the part again would give the same."""
        return (
            # Documents are equal where they say the same; most are the very same.
            sources == self.sources and self.reads.isdisjoint(changed)
        )


class PartReaders:
    """Which parts may have read what: it only grows, from one build to the next.

    It may name parts that read something else by now; whether a part still holds says the part itself.
    """

    def __init__(self) -> None:
        self._by_step: dict[str, dict[Read, set[str]]] = {}

    def note(self, step: str, name: str, reads: Iterable[Read]) -> None:
        """Keep note of what a part read."""
        readers = self._by_step.setdefault(step, {})
        for read in reads:
            readers.setdefault(read, set()).add(name)

    def of(self, step: str, reads: Iterable[Read]) -> set[str]:
        """Return the names of the parts of a step that may have read any of it."""
        readers = self._by_step.get(step, {})
        return set().union(*(readers.get(read, ()) for read in reads))


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything that a build leaves to the next; `made` are the parts that it made itself.

    `definitions` are by hash of the document, `named` by kind and name, without extensions. `noisy` are
    the parts with problems.
    """

    types: FieldTypes | None = None
    definitions: Mapping[str, Any] = field(default_factory=_empty)
    named: Mapping[str, Mapping[str, Any]] = field(default_factory=_empty)
    sources: Mapping[PartName, Document] = field(default_factory=_empty)
    parts: Mapping[str, Mapping[str, Part]] = field(default_factory=_empty)
    noisy: tuple[PartName, ...] = ()
    objects: Mapping[str, Any] = field(default_factory=_empty)
    constants: Mapping[str, Any] = field(default_factory=_empty)
    expressions: Mapping[str, Any] = field(default_factory=_empty)
    calendars: Mapping[str, Any] = field(default_factory=_empty)
    places: Mapping[str, dict[str, str]] = field(default_factory=_empty)
    roles: frozenset[str] = frozenset()
    made: tuple[PartName, ...] = ()
    documents: tuple[Document, ...] = ()
    document_ids: frozenset[int] = frozenset()
    readers: PartReaders = field(default_factory=PartReaders)


NOTHING: Final = Memory()


def take_over(before: Mapping[str, Any], now: dict[str, Any]) -> None:
    """Put what a build before had in the place of what is equal: the checks look at nothing again for it.

    Numbers that are equal may be written otherwise, so it is the writing that is compared.
    """
    for name, model in now.items():
        former = before.get(name)
        if former is not None and repr(former) == repr(model):
            now[name] = former


@dataclass(frozen=True, slots=True)
class Delta:
    """Which documents have come and gone since a build, few of them; `documents` are all, in order."""

    documents: tuple[Document, ...]
    come: tuple[Document, ...]
    gone: tuple[Document, ...]

    @property
    def reordered(self) -> set[str]:
        """Kinds of definitions of which names have come or gone."""
        come = {(one.kind, one.name) for one in self.come}
        gone = {(one.kind, one.name) for one in self.gone}
        return {kind for kind, _ in come ^ gone}


def delta_between(before: Memory, documents: Sequence[Document]) -> Delta | None:
    """Return how documents differ from those of a build; None where all have to be looked at."""
    if before is NOTHING:
        return None
    now = {id(one): one for one in documents}
    come = tuple(one for key, one in now.items() if key not in before.document_ids)
    gone = tuple(one for one in before.documents if id(one) not in now)
    added = {(one.kind, one.name) for one in come}
    removed = {(one.kind, one.name) for one in gone}
    if (
        len(come) + len(gone) > max(FEW, len(now) // 4)
        or any(one.kind == "extends" for one in (*come, *gone))
        or any(kind in LOOKED_UP for kind, _ in removed - added)
        or len(added) < len(come)
        or any(name in before.sources for name in added - removed)
    ):
        return None
    ordered = [one for one in before.documents if id(one) in now]
    for one in come:
        bisect.insort(ordered, one, key=PLACE)
    return Delta(tuple(ordered), come, gone)
