"""The rows of the live version as a new one will have them, with whatever work is done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from headrace.platform.publishing.catalogs import Published
from headrace.platform.publishing.failing import PlannedRows, RowFinder
from headrace.platform.publishing.failing.fills import kept_columns_of, planned_fills
from headrace.platform.publishing.failing.finding import EVERYTHING, Chosen
from headrace.platform.publishing.failing.planned import NOTHING_KEPT
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.row_work import FillEmpty, RowWork
from headrace.platform.records.context import Context


@dataclass(frozen=True, slots=True)
class ComingRows:
    """`context` is the platform's own of the new version; `fills` are defaults of new fields.

    `kept` are the columns of fields that come back, `only` the rows of some objects that alone are looked at.
    """

    connection: sa.Connection
    context: Context
    live: Published
    fills: tuple[FillEmpty, ...] = ()
    kept: Mapping[str, str] = field(default_factory=lambda: NOTHING_KEPT)
    only: Chosen = field(default_factory=lambda: EVERYTHING)

    @classmethod
    def of_plan(
        cls,
        plan: Plan,
        connection: sa.Connection,
        context: Context,
        live: Published,
        only: Chosen = EVERYTHING,
    ) -> ComingRows:
        """Return the rows that a plan leads to."""
        if plan.catalog is None or plan.difference is None:
            return cls(connection, context, live)
        fills = tuple(planned_fills(plan.backfill, plan.catalog))
        kept = kept_columns_of(plan.difference, plan.catalog)
        return cls(connection, context, live, fills, kept, only)

    def finder(self, work: Sequence[RowWork]) -> RowFinder:
        """Return what finds the rows once `work` and the defaults of new fields are done."""
        every = (*work, *self.fills)
        rows = PlannedRows(self.connection, self.context, self.live, every, self.kept)
        return RowFinder(rows, only=self.only)
