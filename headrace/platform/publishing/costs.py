"""What a plan costs: rows that are written, indexes that are built, and about how long that takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from headrace.platform.database.engine import Database
from headrace.platform.database.operations import CreateIndex
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.catalogs import Published
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.plan import Plan

ROWS_A_SECOND: Final = 10_000
"""Rows that get values in a second, roughly, as `benchmarks.publishing` found."""
ENTRIES_A_SECOND: Final = 500_000
"""Rows that an index takes up in a second, roughly, as `benchmarks.publishing` found."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Rows that get values, indexes with the rows that they take up, and seconds of work.

    `prepared` are the objects whose work is done beside those who use them, with their rows.
    """

    rows: int = 0
    indexes: int = 0
    entries: int = 0
    prepared: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def seconds(self) -> int:
        """About how long the work on rows takes; less than half a second is none."""
        return round(self.rows / ROWS_A_SECOND + self.entries / ENTRIES_A_SECOND)


def cost_of(database: Database, live: Published, plan: Plan) -> Cost:
    """Return what carrying out `plan` costs on the rows that are there now."""
    if plan.catalog is None or plan.difference is None:
        return Cost()
    written = frozenset(_written(plan))
    indexed = list(_indexed(plan, plan.catalog))
    if not written and not indexed:
        return Cost()
    known = {one.id for one in live.catalog.objects.values()}
    with database.reading() as reading:
        counter = Counter(reading.connection, database.dialect, live.tables)
        counts = {one: counter.all_rows(one) for one in {*written, *indexed} if one in known}
    return Cost(
        sum(counts.get(one, 0) for one in written),
        sum(one in counts for one in indexed),
        sum(counts.get(one, 0) for one in indexed),
        plan.prepared,
    )


def _written(plan: Plan) -> Iterator[str]:
    """Yield the ids of objects whose rows get values."""
    yield from (one for one, _ in (*plan.backfill.defaults, *plan.backfill.balances))
    yield from (*plan.backfill.computed, *plan.backfill.paths)
    yield from (one.object_id for one in plan.work)


def _indexed(plan: Plan, catalog: Catalog) -> Iterator[str]:
    """Yield the id of the object of each index that is built."""
    for operation in plan.difference.operations if plan.difference else ():
        if isinstance(operation, CreateIndex) and operation.object in catalog.objects:
            yield catalog.objects[operation.object].id
