"""Check, plan, publish: the use cases that change what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from headrace.platform.core.clock import Clock
from headrace.platform.core.errors import (
    ConflictError,
    NewerCatalogError,
    RefusedError,
    UnavailableError,
)
from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Problem
from headrace.platform.database.engine import Database
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.aliases import about_rows
from headrace.platform.publishing.catalogs import CatalogStore, Content
from headrace.platform.publishing.decisions import read_decisions
from headrace.platform.publishing.filling.filler import Filler
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
from headrace.platform.publishing.preparing.leftovers import Leftovers
from headrace.platform.publishing.preparing.preparations import (
    Held,
    TakenOverError,
    read_preparation,
    refuse_held,
)
from headrace.platform.publishing.preparing.preparer import Preparer
from headrace.platform.publishing.preparing.scope import Left, all_in_the_switch, scope_of
from headrace.platform.publishing.result import UNFOLLOWED, Done, Following, Result
from headrace.platform.publishing.scenario_results import RunScenarios
from headrace.platform.publishing.switching import (
    ContextFactory,
    Prepared,
    Switch,
    Within,
    context_to_be,
    refuse_more,
)
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow.moving import MovingRuns

__all__ = ["CONFLICT", "Answers", "ContextFactory", "Publisher", "Within"]

Answers = Mapping[str, Any] | None
"""Decisions by the keys of lines, as files and requests have them."""

PREPARED_FROM: Final = 10_000
"""Rows of an object from which its changes are prepared beside its users, not in the switch."""


@dataclass(frozen=True, slots=True)
class Order:
    """With which words, for whom and with what besides a plan is carried out."""

    message: str
    by_user: str | None
    within: Within | None
    following: Following


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
        clock: Clock,
        prepared_from: int = PREPARED_FROM,
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._store = store
        self._ids = ids
        self._context_of = context_of
        self._runs = runs
        self._clock = clock
        self.prepared_from = prepared_from
        """Objects with as many rows are prepared before the switch."""
        self.leftovers = Leftovers(database, clock)
        self.scenarios: RunScenarios | None = None
        """What runs the scenarios of a plan; without it none is run."""

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
        return self._tried(make_plan(self._bench(), modules, read_decisions(decisions)))

    def plan_content(self, content: Content, decisions: Answers = None) -> Plan:
        """Return what publishing `content`, and nothing beside it, would do."""
        return self._tried(make_content_plan(self._bench(), content, read_decisions(decisions)))

    def plan_rollback(self, number: int, decisions: Answers = None) -> Plan:
        """Return what going back to the content of a version would do; what was kept comes back.

        Raise NotFoundError for a version that there is not.
        """
        content = self._catalogs.content_of(number)
        plan = make_content_plan(
            self._bench(), content, read_decisions(decisions), restoring=number
        )
        return self._tried(plan)

    def _tried(self, plan: Plan) -> Plan:
        """Return the plan with what came out of its scenarios; a red one refuses it."""
        run, catalog = self.scenarios, plan.catalog
        if run is None or catalog is None or plan.is_empty or not catalog.scenarios:
            return plan
        results = run(catalog, plan.content)
        red = [one.problem for one in results if one.problem is not None]
        return replace(plan, scenarios=results, problems=(*red, *plan.problems))

    def _bench(self) -> Bench:
        zone = self._context_of(self._catalogs.current()).zone
        return Bench(
            self._database,
            self._catalogs,
            self._ids,
            zone,
            self._context_of,
            prepared_from=self.prepared_from,
        )

    def publish(
        self,
        plan: Plan,
        message: str,
        by_user: str | None,
        within: Within | None = None,
        following: Following = UNFOLLOWED,
    ) -> Result:
        """Carry out `plan` and return the version that is live, with what was done to rows.

        A plan that changes nothing publishes nothing. `within` runs in the transaction that makes
        the version live, as its last part. What takes long is prepared before, beside those who use
        the live version; `following` is told how far that is and may cancel it. Raise RefusedError
        for a plan with errors, ConflictError where another version went live since it was made or
        is being prepared.
        """
        if plan.refused:
            raise RefusedError.of(plan.refused)
        if plan.is_empty or plan.catalog is None or plan.difference is None:
            return Result(plan.base)
        try:
            done = self._carry_out(plan, Order(message, by_user, within, following))
        except NewerCatalogError as error:
            raise overtaken(self._catalogs, plan.base, self._catalogs.refresh().version) from error
        except ConflictError as error:
            if all(one.code != CONFLICT.code for one in error.problems):
                raise
            raise overtaken(self._catalogs, plan.base, self._catalogs.refresh().version) from error
        self._catalogs.expect(plan.catalog, plan.content)
        return Result(self._catalogs.refresh().version, done)

    def _carry_out(self, plan: Plan, order: Order) -> tuple[Done, ...]:
        live = self._catalogs.current()
        scope = scope_of(plan, live)
        held = self._abandoned(order.following.job)
        if held is not None and scope is not None and held.plan == plan.hash and not held.switched:
            again = self._preparer(self._as_begun(held), order)
            if again is not None and again.fingerprint == held.steps:
                again.take_over(held)
                return self._prepared(again, order)
        if held is not None:
            self.leftovers.remove(held)
        preparer = self._preparer(plan, order)
        if preparer is None:
            return self._switch(plan, order, all_in_the_switch(plan))
        preparer.start(order.message, order.by_user)
        return self._prepared(preparer, order)

    def _abandoned(self, job: str | None) -> Held | None:
        """Return what is left of a preparation; raise ConflictError where somebody still works on it."""
        with self._database.reading() as reading:
            now = self._clock.now()
            refuse_held(reading.connection, now, job)
            return read_preparation(reading.connection)

    def _as_begun(self, held: Held) -> Plan:
        """Plan what was begun again, with the names that it has by now."""
        content = self._catalogs.content_with(held.content)
        bench = replace(self._bench(), resuming=True)
        decisions = about_rows(read_decisions(held.decisions))
        return make_content_plan(bench, content, decisions, restoring=held.restoring)

    def _preparer(self, plan: Plan, order: Order) -> Preparer | None:
        """Return what prepares a plan; None where the switch alone is short enough."""
        live = self._catalogs.current()
        scope = scope_of(plan, live)
        if plan.catalog is None or plan.difference is None or scope is None:
            return None
        context = context_to_be(plan, plan.catalog, plan.difference, live, self._context_of)
        filler = Filler(context, self._context_of(live), plan.difference.operations)
        return Preparer(self._database, self._clock, plan, scope, filler, order.following)

    def _prepared(self, preparer: Preparer, order: Order) -> tuple[Done, ...]:
        """Prepare what was begun, and switch; on a refusal nothing stays behind."""
        plan = preparer.plan
        try:
            preparer.run()
            preparer.catch_up.begin_again()
            self._verify(plan)
            prepared = Prepared(preparer.catch_up, preparer.lease.switched)
            done = self._switch(plan, order, preparer.scope.rest, prepared)
        except BaseException:
            self._tidy(preparer.lease.holder)
            raise
        self._tidy(preparer.lease.holder)
        return (*preparer.done, *done)

    def _verify(self, plan: Plan) -> None:
        """Refuse where more rows stand in the way than when the plan was made."""
        again = make_content_plan(
            self._bench(), plan.content, about_rows(plan.decisions), restoring=plan.restoring
        )
        if again.base != plan.base:
            raise ConflictError(CONFLICT.at(base=plan.base, live=again.base))
        for line in again.lines:
            if line.failing is not None and line.needs_answer:
                refuse_more(plan, line.key, line.count)
        if again.refused:
            raise ConflictError(*again.refused)

    def _tidy(self, holder: str) -> None:
        """Remove what a preparation of ours leaves; what cannot go now is swept later."""
        with suppress(TakenOverError, UnavailableError), self._database.reading() as reading:
            held = read_preparation(reading.connection)
            if held is not None and held.holder == holder:
                self.leftovers.remove(held)

    def _switch(
        self, plan: Plan, order: Order, left: Left, prepared: Prepared | None = None
    ) -> tuple[Done, ...]:
        def switch() -> tuple[Done, ...]:
            with self._database.publishing() as work:
                done = self._switch_of(plan, left, prepared).run(work, order.message, order.by_user)
                if order.within is not None:
                    order.within(work, plan.base + 1)
                return done

        return patiently(switch)

    def _switch_of(self, plan: Plan, left: Left, prepared: Prepared | None) -> Switch:
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
            left,
            self._runs,
            prepared,
        )
