"""Rows that a publish would meet: finders over a workspace on disk and its database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.catalogs import Published
from headrace.platform.publishing.failing import PlannedRows, RowFinder
from headrace.platform.publishing.row_work import RowWork
from tests.support.publishing import Publishing


@contextmanager
def finder_of(
    work: Publishing, rows: Sequence[RowWork] = (), *, limit: int | None = None
) -> Iterator[RowFinder]:
    """Give a finder over the documents as they are on disk now, and the rows that are live."""
    plan = work.plan()
    assert plan.catalog is not None, plan.problems
    with finder_for(work, plan.catalog, rows, limit=limit) as found:
        yield found


@contextmanager
def finder_for(
    work: Publishing, catalog: Catalog, rows: Sequence[RowWork] = (), *, limit: int | None = None
) -> Iterator[RowFinder]:
    """Give a finder for a catalog that is not live yet."""
    platform = work.platform
    live = platform.catalogs.refresh()
    context = platform.context_of(Published(catalog, live.tables, ()))
    with platform.database.snapshot() as reading:
        planned = PlannedRows(reading.connection, context, live, rows)
        yield RowFinder(planned) if limit is None else RowFinder(planned, limit)
