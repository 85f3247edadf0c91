"""A row on its way into the database: what it was, what it becomes, and with which rows below it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from headrace.platform.core.problems import Problem

if TYPE_CHECKING:
    from headrace.platform.records.environment import RowEnvironment
    from headrace.platform.records.shapes import ObjectShape
    from headrace.platform.records.totals import Contribution

Row = dict[str, Any]
"""Python values by field API name."""

Kind = Literal["create", "update", "delete", "computed"]
"""`computed`: only computed values of the row follow from a change elsewhere."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a write gives back; `warnings` are what rules tell without refusing."""

    id: str
    version: int
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Change:
    """What happened to a record, for hooks: values by field API name, before and after.

    `action` is that of the history line (`created`, `updated`, `deleted`, `migrated`, `computed` or
    a transition's).
    """

    object: str
    id: str
    version: int
    action: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None

    @functools.cached_property
    def fields(self) -> frozenset[str]:
        """The names of the fields that differ, none of a deleted record; found out when asked first."""
        return frozenset() if self.new is None else differing(self.old, self.new)


def differing(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the fields of `new` whose values are others than in `old`."""
    if old is None:
        return frozenset(name for name, value in new.items() if value is not None)
    return frozenset(name for name, value in new.items() if old.get(name) != value)


@dataclass(slots=True, eq=False)
class Draft:
    """One row of a batch. `old` is None for a new one.

    `undeleted` is a row that was deleted and comes back. `given` holds the fields that the caller sent, `touched` the relations. `place` is the JSON Pointer of the row in the request; `fed` holds what the roll-ups have been
    told so far, by position of the roll-up among those that the object feeds. `outcome` is how the approval
    ended that led to the change. `cause` is the place in
    the request of what changed the row, where the row itself was not sent.
    """

    shape: ObjectShape
    id: str
    kind: Kind
    old: Row | None
    new: Row
    place: str = ""
    parent: Draft | None = None
    children: dict[str, list[Draft]] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    action: str = "updated"
    comment: str | None = None
    acted_for: str | None = None
    outcome: str | None = None
    path: str | None = None
    old_path: str | None = None
    fed: dict[int, Contribution | None] | None = None
    cause: str | None = None
    environment: RowEnvironment | None = None
    touched: set[str] = field(default_factory=set)
    rights_needed: bool = False
    undeleted: bool = False
    expected_version: Any = None

    @property
    def version(self) -> int:
        """The version that the row has once it is written."""
        before = self.old["version"] if self.old else 0
        return int(before) if self.kind == "computed" else int(before) + 1

    def root(self) -> Draft:
        """Return the master of masters."""
        top = self
        while top.parent is not None:
            top = top.parent
        return top

    def changed(self) -> frozenset[str]:
        """Return the names of the fields that differ from the stored row."""
        return differing(self.old, self.new)

    def change(self) -> Change:
        """Return what hooks are told."""
        return Change(
            object=self.shape.model.name,
            id=self.id,
            version=self.version,
            action=self.action,
            old=self.old,
            new=None if self.kind == "delete" else self.new,
        )
