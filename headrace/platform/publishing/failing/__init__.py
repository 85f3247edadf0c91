"""Which rows a publish would meet: counted and listed from the tables as they are, nothing written.

`rowsets` says which rows as values, `planned` gives the rows as the new version will have them,
`finding` counts and lists, `findings` makes lines of a plan from what was found.
"""

from __future__ import annotations

from headrace.platform.publishing.failing.finding import FIRST, Found, RowFinder
from headrace.platform.publishing.failing.findings import Finding, find_all
from headrace.platform.publishing.failing.planned import PlannedRows
from headrace.platform.publishing.failing.rowsets import (
    AllRows,
    Breaking,
    Duplicates,
    Emptied,
    Having,
    NotAllowed,
    OutsideFilter,
    RowSet,
    Unconvertible,
    WrongNumber,
)

__all__ = [
    "FIRST",
    "AllRows",
    "Breaking",
    "Duplicates",
    "Emptied",
    "Finding",
    "Found",
    "Having",
    "NotAllowed",
    "OutsideFilter",
    "PlannedRows",
    "RowFinder",
    "RowSet",
    "Unconvertible",
    "WrongNumber",
    "find_all",
]
