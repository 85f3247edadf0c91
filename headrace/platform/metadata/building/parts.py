"""What one build of a catalog leaves to the next: its parts, with all that they were made from.

A part is the outcome of one step for one definition: an object's fields, its formulas, a workflow, the
grants of a permission. It is taken over as it is where its documents are the same and nothing that
it read has changed; so a build costs what has changed since the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from headrace.platform.core.problems import Problem
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes

Read = tuple[str, str]
"""What a part read: object and field; `ITSELF` stands for the object, `ANY` for all about it."""

PartName = tuple[str, str]
"""The step and the name of the definition."""

ITSELF: Final = ""
ANY: Final = "*"
CONSTANTS: Final = "$constants"
ROLES: Final = "$roles"


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


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything that a build leaves to the next; `made` counts the parts that it made itself."""

    types: FieldTypes | None = None
    definitions: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    parts: Mapping[PartName, Part] = field(default_factory=lambda: MappingProxyType({}))
    objects: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    constants: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    roles: frozenset[str] = frozenset()
    made: tuple[PartName, ...] = ()
    documents: tuple[Document, ...] = ()


NOTHING: Final = Memory()
