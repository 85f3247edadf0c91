"""Rows that a line of a plan speaks of, as values: which object, and what is the matter with them.

Objects and fields are named by id. Live rows only: what is deleted stands in nobody's way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AllRows:
    """All rows of an object of the live version."""

    object_id: str


@dataclass(frozen=True, slots=True)
class Having:
    """Rows of the live version with a value in a field, or with one of `values` (as JSON).

    With `since` only those that were changed after it.
    """

    object_id: str
    field_id: str
    values: tuple[Any, ...] | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Breaking:
    """Rows for which a rule of the new version does not hold; `rule` is its API name."""

    object_id: str
    rule: str


@dataclass(frozen=True, slots=True)
class Needing:
    """Rows that lack a value which a field rule of the new version requires of them."""

    object_id: str
    rule: str


@dataclass(frozen=True, slots=True)
class Emptied:
    """Rows that will have no value in a field of the new version."""

    object_id: str
    field_id: str


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rows that will share the values of these fields with another row; empty values differ."""

    object_id: str
    field_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlapping:
    """Rows whose ranges will overlap with that of another row; `ban` is its API name."""

    object_id: str
    ban: str


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Rows with a value that the field's type in the new version refuses.

    With `since` only those that were changed after it.
    """

    object_id: str
    field_id: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unconvertible:
    """Rows whose value the field's new definition cannot take; with `lossy`, only in part.

    Where `lossy` is None, both.
    """

    object_id: str
    field_id: str
    lossy: bool | None = False


@dataclass(frozen=True, slots=True)
class OutsideFilter:
    """Rows whose reference points to a record outside the filter of the new version."""

    object_id: str
    field_id: str


@dataclass(frozen=True, slots=True)
class WrongNumber:
    """Rows with fewer or more details than a relation of the new version allows."""

    object_id: str
    relation: str


RowSet = (
    AllRows
    | Having
    | Breaking
    | Needing
    | Emptied
    | Duplicates
    | Overlapping
    | NotAllowed
    | Unconvertible
    | OutsideFilter
    | WrongNumber
)
