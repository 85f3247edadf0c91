"""Decides what a publish would do: matching, checks, operations, backfills, counts. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from headrace.platform.core.ids import IdSource, RandomIds
from headrace.platform.core.problems import Problem, errors
from headrace.platform.database.engine import Database
from headrace.platform.database.names import load_names
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import most_telling, run_checks
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.aliases import load_aliases
from headrace.platform.publishing.catalogs import CatalogStore, Content, Published
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.decisions import NO_DECISIONS, Decisions
from headrace.platform.publishing.folders import (
    Modules,
    missing_modules,
    read_modules,
    with_required,
)
from headrace.platform.publishing.identities import assign_ids, check_ids
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.planner import Planner
from headrace.platform.records.context import Context


def check_folders(path: Path, others: Sequence[Path], types: FieldTypes) -> tuple[Problem, ...]:
    """Check the modules at `path` without a database; what they name is looked up beside them.

    So are optional modules: what is added to these is checked where they are there.
    """
    keys = ("requires", "optional")
    modules = with_required(read_modules(path, types), path, others, (), types, keys)
    problems = [*modules.problems, *missing_modules(modules, {})]
    if errors(problems):
        return most_telling(problems)
    documents, unmatched = assign_ids(modules.documents, (), RandomIds())
    built = build_catalog(documents, types)
    found = run_checks(built.catalog) if built.catalog else ()
    return most_telling((*problems, *unmatched, *check_ids(documents), *built.problems, *found))


@dataclass(frozen=True, slots=True)
class Bench:
    """What planning works with: the database, its versions, and the workspace's zone.

    `context_of` makes the platform's own context of a version, for conditions over rows. Objects with
    `prepared_from` rows are prepared before the switch. With `resuming` the plan uses what was
    prepared for it before.
    """

    database: Database
    catalogs: CatalogStore
    ids: IdSource
    zone: tzinfo
    context_of: Callable[[Published], Context]
    prepared_from: int | None = None
    resuming: bool = False


def make_plan(bench: Bench, modules: Modules, decisions: Decisions = NO_DECISIONS) -> Plan:
    """Return what publishing `modules` on top of the live version would do."""
    with _planner(bench, decisions) as planner:
        content, problems = planner.content(modules, bench.ids)
        return planner.plan(content, problems)


def make_content_plan(
    bench: Bench,
    content: Content,
    decisions: Decisions = NO_DECISIONS,
    *,
    restoring: int | None = None,
) -> Plan:
    """Return what publishing a whole content would do; ids are minted where they are missing.

    With `restoring`, the number of a version, fields get back the columns that they had in it.
    """
    with _planner(bench, decisions, restoring=restoring) as planner:
        whole, problems = planner.whole(content, bench.ids)
        return planner.plan(whole, problems)


@contextmanager
def _planner(
    bench: Bench, decisions: Decisions, *, restoring: int | None = None
) -> Iterator[Planner]:
    live = bench.catalogs.refresh()
    with bench.database.snapshot() as reading:
        connection = reading.connection
        yield Planner(
            types=bench.catalogs.types,
            checker=bench.catalogs.checker,
            live=live,
            names=load_names(connection, live.tables.names),
            known_aliases=load_aliases(connection),
            old=bench.catalogs.content(connection, live.version),
            counter=Counter(connection, bench.database.dialect, live.tables),
            decisions=decisions,
            zone=bench.zone,
            restoring=restoring,
            context_of=bench.context_of,
            prepared_from=bench.prepared_from,
            resuming=bench.resuming,
        )


def read_for_plan(path: Path, others: Sequence[Path], live: Catalog, types: FieldTypes) -> Modules:
    """Read the modules at `path`, with those that they require and that are not live."""
    modules = with_required(read_modules(path, types), path, others, live.modules, types)
    missing = missing_modules(modules, live.modules)
    return Modules(modules.names, modules.documents, modules.rows, (*modules.problems, *missing))
