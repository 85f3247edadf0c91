"""Values that rows get by a publish, as values: planning decides them, publishing carries them out.

Counting and doing evaluate the same work, so the numbers of a plan are those of its publish. `line`
is the key of the plan's line that the work belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.platform.formulas.expression import Expression


@dataclass(frozen=True, slots=True)
class ConvertValues:
    """Convert the values of a field from its old column to its new one.

    What cannot be converted becomes `fill`, or empty without it; `restored`: a row keeps what the
    new (formerly kept) column holds where that still converts to today's value.
    """

    object_id: str
    field_id: str
    fill: Expression | None = None
    restored: bool = False
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
class FillPaths:
    """Make the paths of an object that became a tree."""

    object_id: str
    line: str = ""


RowWork = ConvertValues | FillEmpty | MapValues | Compute | FillPaths
