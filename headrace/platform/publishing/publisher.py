"""Check, plan, publish: the use cases that change what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Problem
from headrace.platform.database.applying import WIDENING
from headrace.platform.database.engine import Database
from headrace.platform.database.operations import CreateIndex
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.backfill import work_of
from headrace.platform.publishing.catalogs import CatalogStore, Content
from headrace.platform.publishing.decisions import read_decisions
from headrace.platform.publishing.folders import Modules
from headrace.platform.publishing.overtaken import CONFLICT, overtaken
from headrace.platform.publishing.patience import patiently
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.planning import (
    Bench,
    check_folders,
    make_content_plan,
    make_plan,
    read_for_plan,
)
from headrace.platform.publishing.result import Done, Result
from headrace.platform.publishing.switching import ContextFactory, Rest, Switch, Within
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow.moving import MovingRuns

__all__ = ["CONFLICT", "Answers", "ContextFactory", "Publisher", "Within"]

Answers = Mapping[str, Any] | None
"""Decisions by the keys of lines, as files and requests have them."""


class Publisher:
    """Checks modules, plans and publishes them."""

    def __init__(
        self,
        database: Database,
        catalogs: CatalogStore,
        store: RecordStore,
        ids: IdSource,
        context_of: ContextFactory,
        runs: MovingRuns,
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._store = store
        self._ids = ids
        self._context_of = context_of
        self._runs = runs

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
        return make_content_plan(
            self._bench(), content, read_decisions(decisions), restoring=number
        )

    def _bench(self) -> Bench:
        zone = self._context_of(self._catalogs.current()).zone
        return Bench(self._database, self._catalogs, self._ids, zone, self._context_of)

    def publish(
        self, plan: Plan, message: str, by_user: str | None, within: Within | None = None
    ) -> Result:
        """Carry out `plan` and return the version that is live, with what was done to rows.

        A plan that changes nothing publishes nothing. `within` runs in the transaction that makes
        the version live, as its last part. Raise RefusedError for a plan with errors,
        ConflictError where another version went live since it was made.
        """
        if plan.refused:
            raise RefusedError.of(plan.refused)
        if plan.is_empty or plan.catalog is None or plan.difference is None:
            return Result(plan.base)
        rest = Rest(
            tuple(one for one in plan.difference.operations if isinstance(one, WIDENING)),
            tuple(one for one in plan.difference.operations if isinstance(one, CreateIndex)),
            work_of(plan, plan.catalog),
        )
        try:
            done = self._switch(plan, rest, message, by_user, within)
        except ConflictError as error:
            if all(one.code != CONFLICT.code for one in error.problems):
                raise
            raise overtaken(self._catalogs, plan.base, self._catalogs.refresh().version) from error
        return Result(self._catalogs.refresh().version, done)

    def _switch(
        self, plan: Plan, rest: Rest, message: str, by_user: str | None, within: Within | None
    ) -> tuple[Done, ...]:
        def switch() -> tuple[Done, ...]:
            with self._database.publishing() as work:
                done = self._switch_of(plan, rest).run(work, message, by_user)
                if within is not None:
                    within(work, plan.base + 1)
                return done

        return patiently(switch)

    def _switch_of(self, plan: Plan, rest: Rest) -> Switch:
        live = self._catalogs.current()
        if plan.catalog is None or plan.difference is None:
            raise RefusedError.of(plan.refused)
        return Switch(
            plan,
            plan.catalog,
            plan.difference,
            live,
            self._store,
            self._context_of,
            rest,
            self._runs,
        )
