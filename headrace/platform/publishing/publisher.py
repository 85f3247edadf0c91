"""Check, plan, publish: the use cases that change what is live."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from headrace.platform.core.errors import ConflictError, RefusedError, UnavailableError
from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.applying import apply_operations
from headrace.platform.database.diff import diff
from headrace.platform.database.engine import Database
from headrace.platform.database.names import load_names, save_names
from headrace.platform.database.tables import build_tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.backfill import fill_rows
from headrace.platform.publishing.catalogs import CatalogStore, Content, Published, save_version
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.decisions import COUNT_GROWN, read_decisions
from headrace.platform.publishing.folders import Modules
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.planning import (
    Bench,
    check_folders,
    make_content_plan,
    make_plan,
    read_for_plan,
)
from headrace.platform.publishing.reference_rows import take_reference_rows
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore

ATTEMPTS: Final = 15
PAUSE_SECONDS: Final = 0.2

CONFLICT = Message(
    "publish.conflict",
    "The plan was made on version {base}; version {live} is live now.",
    "该计划基于版本 {base},而当前版本是 {live}。",
    "Plan again and look at what changed.",
    "请重新生成计划并查看变化。",
)

Answers = Mapping[str, Any] | None
"""Decisions by the keys of lines, as files and requests have them."""
Within = Callable[[UnitOfWork, int], None]
"""What else belongs into the transaction that makes a version live; called with its number."""
ContextFactory = Callable[[Published], Context]
"""Makes the context of the platform itself for a version, published or about to be."""


class Publisher:
    """Checks modules, plans and publishes them."""

    def __init__(
        self,
        database: Database,
        catalogs: CatalogStore,
        store: RecordStore,
        ids: IdSource,
        context_of: ContextFactory,
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._store = store
        self._ids = ids
        self._context_of = context_of

    @property
    def types(self) -> FieldTypes:
        """The field types that definitions may use."""
        return self._catalogs.types

    def check(self, path: Path, others: Sequence[Path] = ()) -> tuple[Problem, ...]:
        """Return what is wrong with the modules at `path`; needs no database."""
        return check_folders(path, others, self.types)

    def plan(self, path: Path, others: Sequence[Path] = (), decisions: Answers = None) -> Plan:
        """Return what publishing the modules at `path` would do; changes nothing."""
        live = self._catalogs.refresh()
        return self.plan_modules(read_for_plan(path, others, live.catalog, self.types), decisions)

    def plan_modules(self, modules: Modules, decisions: Answers = None) -> Plan:
        """Return what publishing modules that are already read would do."""
        return make_plan(self._bench(), modules, read_decisions(decisions))

    def plan_content(self, content: Content, decisions: Answers = None) -> Plan:
        """Return what publishing `content`, and nothing beside it, would do."""
        return make_content_plan(self._bench(), content, read_decisions(decisions))

    def plan_rollback(self, number: int, decisions: Answers = None) -> Plan:
        """Return what going back to the content of a version would do; what was kept comes back.

        Raise NotFoundError for a version that there is not.
        """
        content = self._catalogs.content_of(number)
        return make_content_plan(self._bench(), content, read_decisions(decisions), restoring=True)

    def _bench(self) -> Bench:
        zone = self._context_of(self._catalogs.current()).zone
        return Bench(self._database, self._catalogs, self._ids, zone)

    def publish(
        self, plan: Plan, message: str, by_user: str | None, within: Within | None = None
    ) -> int:
        """Carry out `plan` in one transaction and return the number of the version that is live.

        A plan that changes nothing publishes nothing. `within` runs in the transaction that makes
        the version live, as its last part. Raise RefusedError for a plan with errors,
        ConflictError where another version went live since it was made.
        """
        if plan.refused:
            raise RefusedError.of(plan.refused)
        if plan.is_empty or plan.catalog is None:
            return plan.base
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._publish_once(plan, plan.catalog, message, by_user, within)
                break
            except UnavailableError:
                # A long read holds a table: waiting on it would make everybody else wait too.
                if attempt == ATTEMPTS:
                    raise
                time.sleep(random.uniform(0, PAUSE_SECONDS * attempt))  # noqa: S311 - spreads retries
        return self._catalogs.refresh().version

    def _publish_once(
        self,
        plan: Plan,
        catalog: Catalog,
        message: str,
        by_user: str | None,
        within: Within | None,
    ) -> None:
        with self._database.publishing() as work:
            if work.version != plan.base:
                raise ConflictError(CONFLICT.at(base=plan.base, live=work.version))
            self._check_counts(plan, work)
            self._switch(plan, catalog, work, message, by_user)
            if within is not None:
                within(work, catalog.version)

    def _switch(
        self, plan: Plan, catalog: Catalog, work: UnitOfWork, message: str, by_user: str | None
    ) -> None:
        """Everything that turns one version into the next; the caller's transaction holds it."""
        live = self._catalogs.current()
        names = load_names(work.connection)
        difference = plan.difference or diff(live.catalog, catalog, names)
        apply_operations(work.connection, work.dialect, difference.operations)
        tables = build_tables(catalog, difference.names, work.dialect, live.tables)
        context = self._context_of(Published(catalog, tables, plan.content.rows))
        fill_rows(self._store, context, work, plan.backfill)
        save_names(
            work.connection,
            names,
            difference.names.without(difference.dropped, catalog.version, work.now, context.now()),
        )
        changed = {one.hash for one in live.rows}
        new_rows = [one for one in plan.content.rows if one.hash not in changed]
        take_reference_rows(self._store, context, work, new_rows)
        save_version(work, catalog.version, plan.content, message, by_user)

    def _check_counts(self, plan: Plan, work: UnitOfWork) -> None:
        """Refuse where a destructive line touches more rows than the plan says."""
        if plan.difference is None:
            return
        live = self._catalogs.current()
        tables = [live.tables.of(name) for name in live.catalog.objects]
        counter = Counter(work.connection, work.dialect, tables)
        told = {line.key: line.rows for line in plan.lines}
        for operation in plan.difference.operations:
            if not operation.is_destructive:
                continue
            now, then = counter.rows_of(operation) or 0, told.get(operation.key) or 0
            if now > then:
                text = operation.describe()
                raise ConflictError(COUNT_GROWN.at(now=now, then=then, line=text))
