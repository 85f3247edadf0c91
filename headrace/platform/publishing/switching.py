"""The switch: one short transaction that turns one version into the next, or changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from headrace.platform.access.audit import record_publish
from headrace.platform.core.errors import ConflictError
from headrace.platform.database.applying import Applier
from headrace.platform.database.diff import Difference
from headrace.platform.database.names import load_names, save_names
from headrace.platform.database.operations import Operation
from headrace.platform.database.tables import build_tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.comparing import compare_content
from headrace.platform.publishing.catalogs import Published, save_version
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.decisions import COUNT_GROWN
from headrace.platform.publishing.failing.questions import decided_runs
from headrace.platform.publishing.filling.filler import Filler
from headrace.platform.publishing.filling.rows import ALL_ROWS, Filled
from headrace.platform.publishing.origins import remember_new
from headrace.platform.publishing.overtaken import CONFLICT
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.reference_rows import take_reference_rows
from headrace.platform.publishing.result import Done
from headrace.platform.publishing.row_work import Compute, RowWork
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow.moving import MovingRuns

ROUNDS: Final = 20
"""How often computed values may be made anew because others changed; each depends on fewer."""

ContextFactory = Callable[[Published], Context]
"""Makes the context of the platform itself for a version, published or about to be."""
Within = Callable[[UnitOfWork, int], None]
"""What else belongs into the transaction that makes a version live; called with its number."""
CatchUp = Callable[[UnitOfWork], int]
"""Brings rows that others changed since they were prepared up to date; returns how many."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What of a plan is left for the switch: operations, row work, rows to catch up with."""

    widening: tuple[Operation, ...]
    indexes: tuple[Operation, ...]
    work: tuple[RowWork, ...]
    catch_up: CatchUp | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """A plan on its way, with everything that carrying it out needs."""

    plan: Plan
    catalog: Catalog
    difference: Difference
    live: Published
    store: RecordStore
    context_of: ContextFactory
    rest: Rest
    runs: MovingRuns

    def run(self, work: UnitOfWork, message: str, by_user: str | None) -> tuple[Done, ...]:
        """Turn the version in the transaction of `work`; say what was done to rows."""
        if work.version != self.plan.base:
            raise ConflictError(CONFLICT.at(base=self.plan.base, live=work.version))
        check_counts(self.plan, self.live, work)
        before, decisions = self.live.catalog, self.plan.decisions
        runs = decided_runs(work.connection, before, self.catalog, decisions)
        self.runs.before(self.context_of(self.live), work, self.catalog, runs)
        names = load_names(work.connection, self.live.tables.names)
        applier = Applier(work.connection, work.dialect)
        operations = self.difference.operations
        applier.release_indexes(operations)
        applier.widen(self.rest.widening)
        context = self.context()
        done = self._fill(work, context)
        applier.narrow(operations)
        applier.make_indexes(self.rest.indexes)
        marked = self.difference.names.without(
            self.difference.dropped, self.catalog.version, work.now, context.now()
        )
        save_names(work.connection, names, marked)
        known = {one.hash for one in self.live.rows}
        new_rows = [one for one in self.plan.content.rows if one.hash not in known]
        take_reference_rows(self.store, context, work, new_rows)
        self.runs.after(context, work, runs)
        former = (before.documents, self.live.rows)
        changes = compare_content(former, (self.plan.content.documents, self.plan.content.rows))
        record_publish(work, changes, self.catalog.version, by_user)
        remember_new(work, self.plan.content, before.modules)
        save_version(work, self.catalog.version, self.plan.content, message, by_user)
        return done

    def context(self) -> Context:
        """Return the context of the platform in the version to come."""
        tables = build_tables(
            self.catalog,
            self.difference.names,
            self.live.tables.dialect,
            self.live.tables,
        )
        return self.context_of(Published(self.catalog, tables, self.plan.content.rows))

    def _fill(self, work: UnitOfWork, context: Context) -> tuple[Done, ...]:
        """Do the row work that is left; what it changes may concern rows that were prepared."""
        filler = Filler(context, self.live.catalog, self.difference.operations)
        self._caught_up(work)
        done = [(one, filler.fill(work, one, ALL_ROWS)) for one in self.rest.work]
        check_failed(self.plan, done)
        computed = [one for one in self.rest.work if isinstance(one, Compute)]
        for _ in range(ROUNDS):
            if not self._caught_up(work):
                break
            for one in computed:
                filler.fill(work, one, ALL_ROWS)
        return tuple(Done(one.line, filled.rows) for one, filled in done)

    def _caught_up(self, work: UnitOfWork) -> int:
        return self.rest.catch_up(work) if self.rest.catch_up is not None else 0


def check_failed(plan: Plan, done: Iterable[tuple[RowWork, Filled]]) -> None:
    """Refuse where more rows lose their value, or cannot be converted, than was decided on."""
    by_line: dict[str, set[str]] = {}
    for one, filled in done:
        by_line.setdefault(one.line, set()).update(row.record_id for row in filled.failed)
    for key, failed in by_line.items():
        refuse_more(plan, key, len(failed))


def refuse_more(plan: Plan, key: str, now: int) -> None:
    """Refuse where `now` rows fail in a line that told of fewer."""
    line = plan.line(key)
    if line is None:
        return
    then = line.count if line.decision is None or line.decision.rows is None else line.decision.rows
    if now > then:
        raise ConflictError(COUNT_GROWN.at(now=now, then=then, line=line.text))


def check_counts(plan: Plan, live: Published, work: UnitOfWork) -> None:
    """Refuse where a destructive line touches more rows than the plan says."""
    if plan.difference is None:
        return
    destructive = [one for one in plan.difference.operations if one.is_destructive]
    if not destructive:
        return
    tables = [live.tables.of(name) for name in live.catalog.objects]
    counter = Counter(work.connection, work.dialect, tables)
    told = {line.key: line.rows for line in plan.lines}
    for operation in destructive:
        now, then = counter.rows_of(operation) or 0, told.get(operation.key) or 0
        if now > then:
            text = operation.describe()
            raise ConflictError(COUNT_GROWN.at(now=now, then=then, line=text))
