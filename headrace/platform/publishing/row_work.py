"""Values that rows get by a publish, as values: planning decides them, publishing carries them out.

Counting and doing evaluate the same work, so the numbers of a plan are those of its publish. `line`
is the key of the plan's line that the work belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.storage_types import Storage, joined, values_in


@dataclass(frozen=True, slots=True)
class ConvertValues:
    """Convert the values of a field from its old column to its new one, or within its column.

    `values` are put in the place of old values first; then `metadata.conversions` converts. What
    cannot be converted becomes `fill`, or empty without it. `clear` empties every row, `restored`:
    the new column is a kept one, called `kept`; a row not changed since `rows_at` (the workspace's
    time of the publish that kept it) keeps what that column holds, another one only where that
    converts to today's value; all others get today's value, converted. With `whole` nothing may be
    lost: a live row that holds what has no counterpart refuses the publish.
    """

    object_id: str
    field_id: str
    fill: Expression | None = None
    restored: bool = False
    line: str = ""
    values: Mapping[str, str | None] = field(default_factory=dict)
    rows_at: datetime | None = None
    clear: bool = False
    kept: str = ""
    whole: bool = False

    def mapped(self, value: Any, storage: Storage) -> Any:
        """Return what is put in the place of a value of the old column; of several, for each."""
        if not isinstance(value, str) or not self.values:
            return value
        if not storage.many:
            return self.values.get(value, value)
        kept = (self.values.get(one, one) for one in values_in(value) or ())
        return joined(one for one in kept if one is not None)


@dataclass(frozen=True, slots=True)
class CopyValues:
    """Take the values of a field along into another column that is made of the same."""

    object_id: str
    field_id: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class FillEmpty:
    """Give rows without a value in a field the value of a formula."""

    object_id: str
    field_id: str
    fill: Expression
    line: str = ""


@dataclass(frozen=True, slots=True)
class MapValues:
    """Put other values in the place of states or choices that are renamed or go."""

    object_id: str
    field_id: str
    values: Mapping[str, str | None] = field(default_factory=dict)
    line: str = ""


@dataclass(frozen=True, slots=True)
class Compute:
    """Compute stored formulas and roll-ups of an object again."""

    object_id: str
    field_ids: tuple[str, ...]
    line: str = ""


@dataclass(frozen=True, slots=True)
class GiveNumbers:
    """Give rows without a number one, in the order in which they were made, deleted ones too.

    Values that are there stay; the counters go on after them.
    """

    object_id: str
    field_id: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class FillPaths:
    """Make the paths of an object that became a tree."""

    object_id: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class FillBalances:
    """Give the entries of a ledger their positions and balances; `placed` ones keep their order."""

    object_id: str
    placed: bool
    line: str = ""


RowWork = (
    ConvertValues
    | CopyValues
    | FillEmpty
    | MapValues
    | Compute
    | GiveNumbers
    | FillPaths
    | FillBalances
)
