"""The switch: one short transaction that turns one version into the next, or changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from headrace.platform.access.audit import record_publish
from headrace.platform.core.errors import ConflictError
from headrace.platform.core.problems import Text
from headrace.platform.database.applying import Applier
from headrace.platform.database.diff import Difference
from headrace.platform.database.names import load_names, save_names
from headrace.platform.database.tables import build_tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.comparing import compare_content
from headrace.platform.publishing.aliases import save_aliases
from headrace.platform.publishing.catalogs import Published, save_version
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.decisions import COUNT_GROWN
from headrace.platform.publishing.failing.finding import EVERYTHING, Chosen
from headrace.platform.publishing.failing.questions import decided_runs
from headrace.platform.publishing.filling.filler import Filler
from headrace.platform.publishing.filling.rows import ALL_ROWS, Filled
from headrace.platform.publishing.gone import refuse_gone
from headrace.platform.publishing.origins import remember_new
from headrace.platform.publishing.overtaken import CONFLICT
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.preparing.catching_up import CatchUp
from headrace.platform.publishing.preparing.preparations import refuse_held
from headrace.platform.publishing.preparing.scope import Left
from headrace.platform.publishing.reference_rows import take_reference_rows
from headrace.platform.publishing.result import Done
from headrace.platform.publishing.row_work import Compute, RowWork
from headrace.platform.publishing.settling.again import check_again
from headrace.platform.publishing.settling.coming import ComingRows
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow.moving import MovingRuns

ROUNDS: Final = 20
"""How often computed values may be made anew because others changed; each depends on fewer."""

ContextFactory = Callable[[Published], Context]
"""Makes the context of the platform itself for a version, published or about to be."""
Within = Callable[[UnitOfWork, int], None]
"""What else belongs into the transaction that makes a version live; called with its number."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a preparation hands over to the switch; `done` is called when the version is about to be live."""

    catch_up: CatchUp
    done: Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class Switch:
    """A plan on its way, with everything that carrying it out needs."""

    plan: Plan
    catalog: Catalog
    difference: Difference
    live: Published
    store: RecordStore
    context_of: ContextFactory
    left: Left
    runs: MovingRuns
    prepared: Prepared | None = None

    def run(self, work: UnitOfWork, message: str, by_user: str | None) -> tuple[Done, ...]:
        """Turn the version in the transaction of `work`; say what was done to rows."""
        if work.version != self.plan.base:
            raise ConflictError(CONFLICT.at(base=self.plan.base, live=work.version))
        if self.prepared is None:
            refuse_held(work.connection, work.now)
        check_counts(self.plan, self.live, work)
        self._check_again(work)
        before, decisions = self.live.catalog, self.plan.decisions
        runs = decided_runs(work.connection, before, self.catalog, decisions)
        self.runs.before(self.context_of(self.live), work, self.catalog, runs)
        names = load_names(work.connection, self.live.tables.names)
        refuse_gone(self.plan.names, self.difference.names, names)
        applier = Applier(work.connection, work.dialect)
        applier.release_indexes(self.left.releasing)
        applier.widen(self.left.widening)
        context = self.context()
        done = self._fill(work, context)
        applier.narrow(self.left.narrowing)
        applier.make_indexes(self.left.indexes)
        marked = self.difference.names.on_top_of(self.plan.names, names).without(
            self.difference.dropped, self.catalog.version, work.now, context.now()
        )
        save_names(work.connection, names, marked)
        known = {(one.set, one.object, one.text) for one in self.live.rows}
        rows = self.plan.content.rows
        new_rows = [one for one in rows if (one.set, one.object, one.text) not in known]
        take_reference_rows(self.store, context, work, new_rows)
        self.runs.after(context, work, runs)
        former = (before.documents, self.live.rows)
        changes = compare_content(former, (self.plan.content.documents, self.plan.content.rows))
        record_publish(work, changes, self.catalog.version, by_user)
        save_aliases(work.connection, self.plan.aliases)
        remember_new(work, self.plan.content, before.documents)
        content, stored = self.plan.content, self.live.content
        save_version(work, self.catalog.version, content, message, by_user, stored)
        if self.prepared is not None:
            self.prepared.done(work)
        return done

    def _check_again(self, work: UnitOfWork) -> None:
        """Look at the rows once more; in large tables at those that were changed since they were prepared."""
        rows = self.plan.content.rows
        context = self.context_of(Published(self.catalog, self.live.tables, rows))
        only: Chosen = EVERYTHING
        if self.prepared is not None:
            changed = self.prepared.catch_up.rows_changed(work)
            only = {one: changed.get(one, ()) for one in self.plan.large}
        check_again(
            self.plan, ComingRows.of_plan(self.plan, work.connection, context, self.live, only)
        )

    def context(self) -> Context:
        """Return the context of the platform in the version to come."""
        return context_to_be(self.plan, self.catalog, self.difference, self.live, self.context_of)

    def _fill(self, work: UnitOfWork, context: Context) -> tuple[Done, ...]:
        """Do the row work that is left; what it changes may concern rows that were prepared."""
        filler = Filler(context, self.context_of(self.live), self.difference.operations)
        self._catch_up(work)
        done = [(one, filler.fill(work, one, ALL_ROWS)) for one in self.left.work]
        check_failed(self.plan, done)
        computed = [one for one in self.left.work if isinstance(one, Compute)]
        for _ in range(ROUNDS):
            if not self._catch_up(work):
                break
            for one in computed:
                filler.fill(work, one, ALL_ROWS)
        if self.prepared is not None:
            refuse_failed(self.plan, self.prepared.catch_up.failed)
        return tuple(Done(one.line, filled.rows) for one, filled in done)

    def _catch_up(self, work: UnitOfWork) -> int:
        """Deal with all rows that others changed, and return how many those were."""
        count = 0
        while self.prepared is not None and (noted := self.prepared.catch_up(work)):
            count += noted
        return count


def context_to_be(
    plan: Plan,
    catalog: Catalog,
    difference: Difference,
    live: Published,
    context_of: ContextFactory,
) -> Context:
    """Return the context of the platform in the version that a plan leads to."""
    tables = build_tables(catalog, difference.names, live.tables.dialect, live.tables)
    return context_of(Published(catalog, tables, plan.content.rows))


def check_failed(plan: Plan, done: Iterable[tuple[RowWork, Filled]]) -> None:
    """Refuse where more rows lose their value, or cannot be converted, than was decided on."""
    by_line: dict[str, set[str]] = {}
    for one, filled in done:
        by_line.setdefault(one.line, set()).update(row.record_id for row in filled.failed)
    for key, failed in by_line.items():
        refuse_more(plan, key, len(failed))


def refuse_failed(plan: Plan, failed: Mapping[str, AbstractSet[str]]) -> None:
    """Refuse where rows got values meanwhile that stand in the way of what nobody decided on."""
    for key, rows in failed.items():
        line = plan.line(key)
        if rows and (line is None or line.decision is None):
            text = line.text if line is not None else Text(key, key)
            then = line.count if line is not None else 0
            raise ConflictError(COUNT_GROWN.at(now=then + len(rows), then=then, line=text))


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
    counter = Counter(work.connection, work.dialect, live.tables)
    told = {line.key: line.rows for line in plan.lines}
    for operation in destructive:
        now, then = counter.rows_of(operation) or 0, told.get(operation.key) or 0
        if now > then:
            text = operation.describe()
            raise ConflictError(COUNT_GROWN.at(now=now, then=then, line=text))
