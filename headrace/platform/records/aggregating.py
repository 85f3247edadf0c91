"""Selects of other layers over the source, run with the same checks as every read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.database.engine import Reading
from headrace.platform.database.prepared import Prepared
from headrace.platform.records.context import Context
from headrace.platform.records.reader import check_answer, framed
from headrace.platform.records.source import late_values

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CheckedSelect:
    """A select that carries the live version and the caller's stamp."""

    prepared: Prepared
    late: Callable[[Context], dict[str, Any]]
    has_stamp: bool


def compile_checked(
    context: Context, select: sa.Select[Any] | sa.CompoundSelect[Any]
) -> CheckedSelect:
    """Compile a select made from a `Source`, for the rights of the principal."""
    prepared, has_stamp = framed(context, select)
    return CheckedSelect(prepared, late_values(prepared, context.database.dialect), has_stamp)


def run_checked(
    context: Context, select: CheckedSelect, given: Mapping[str, Any] = NOTHING
) -> list[tuple[Any, ...]]:
    """Return the rows; raise where the metadata or the rights are newer than those in hand.

    `given` are parameters beside those that the context fills.
    """
    with context.database.reading() as reading:
        return run_checked_in(context, reading, select, given)


def run_checked_in(
    context: Context, reading: Reading, select: CheckedSelect, given: Mapping[str, Any] = NOTHING
) -> list[tuple[Any, ...]]:
    """Return the rows like `run_checked`, on a connection that the caller holds."""
    rows = reading.rows(select.prepared, {**select.late(context), **given})
    check_answer(context, rows[0], has_stamp=select.has_stamp)
    return [row for row in rows if row[0] is not None]
