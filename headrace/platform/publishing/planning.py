"""Decides what a publish would do: matching, checks, operations, backfills, counts. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from headrace.platform.core.ids import IdSource, RandomIds
from headrace.platform.core.problems import Problem, errors
from headrace.platform.database.diff import Difference, diff
from headrace.platform.database.engine import Database
from headrace.platform.database.names import Names, load_names
from headrace.platform.database.operations import (
    CreateTable,
    KeepTable,
    Operation,
    RenameDefinition,
)
from headrace.platform.database.tables import ObjectTable
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.publishing.catalogs import CatalogStore, Content, Published
from headrace.platform.publishing.counting import Counter, breaking_changes
from headrace.platform.publishing.folders import (
    Modules,
    missing_modules,
    read_modules,
    with_required,
)
from headrace.platform.publishing.identities import assign_ids, check_ids
from headrace.platform.publishing.plan import Backfill, Plan, PlanLine, document_lines
from headrace.platform.publishing.recomputing import computed_changes

QUIET: frozenset[str] = frozenset({"index.add", "index.drop"})
"""Operations that nobody needs to read about."""


def check_folders(path: Path, others: Sequence[Path], types: FieldTypes) -> tuple[Problem, ...]:
    """Check the modules at `path` without a database; what they require is looked up beside them."""
    modules = with_required(read_modules(path, types), path, others, (), types)
    problems = [*modules.problems, *missing_modules(modules, ())]
    if errors(problems):
        return tuple(problems)
    documents, unmatched = assign_ids(modules.documents, (), RandomIds())
    built = build_catalog(documents, types)
    found = run_checks(built.catalog) if built.catalog else ()
    return (*problems, *unmatched, *check_ids(documents), *built.problems, *found)


def make_plan(database: Database, catalogs: CatalogStore, ids: IdSource, modules: Modules) -> Plan:
    """Return what publishing `modules` on top of the live version would do."""
    live = catalogs.refresh()
    with database.snapshot() as reading:
        names = load_names(reading.connection)
        old = catalogs.content(reading.connection, live.version)
        planner = _Planner(catalogs.types, live, names, old)
        content, problems = planner.content(modules, ids)
        if errors(problems):
            return planner.refused(content, problems)
        return planner.plan(reading.connection, database.dialect, content, problems)


def read_for_plan(path: Path, others: Sequence[Path], live: Catalog, types: FieldTypes) -> Modules:
    """Read the modules at `path`, with those that they require and that are not live."""
    modules = with_required(read_modules(path, types), path, others, live.modules, types)
    missing = missing_modules(modules, live.modules)
    return Modules(modules.names, modules.documents, modules.rows, (*modules.problems, *missing))


class _Planner:
    def __init__(self, types: FieldTypes, live: Published, names: Names, old: Content) -> None:
        self.types = types
        self.live = live
        self.names = names
        self.old = old

    def content(self, modules: Modules, ids: IdSource) -> tuple[Content, list[Problem]]:
        """Return the next content: the modules read instead of their live ones, all with ids."""
        problems = list(modules.problems)
        if errors(problems):
            return self.old, problems
        kept = tuple(one for one in self.old.documents if one.module not in modules.names)
        assigned, found = assign_ids(modules.documents, self.old.documents, ids)
        problems.extend(found)
        problems.extend(check_ids((*kept, *assigned)))
        kept_rows = (
            one for one in self.old.rows if modules.keeps_rows or one.module not in modules.names
        )
        rows = (*kept_rows, *modules.rows)
        return Content((*kept, *assigned), rows), problems

    def refused(self, content: Content, problems: Sequence[Problem]) -> Plan:
        return Plan(
            base=self.live.version,
            content=content,
            catalog=None,
            names=self.names,
            difference=None,
            backfill=Backfill(),
            lines=(),
            problems=tuple(problems),
        )

    def plan(
        self,
        connection: sa.Connection,
        dialect: Dialect,
        content: Content,
        problems: list[Problem],
    ) -> Plan:
        built = build_catalog(content.documents, self.types, self.live.version + 1)
        problems.extend(built.problems)
        if built.catalog is None:
            return self.refused(content, problems)
        catalog = built.catalog
        problems.extend(run_checks(catalog))
        if errors(problems):
            return self.refused(content, problems)
        difference = diff(self.live.catalog, catalog, self.names)
        backfill = find_backfill(self.live.catalog, catalog)
        counter = Counter(connection, dialect, _object_tables(self.live))
        problems.extend(
            breaking_changes(self.live.catalog, catalog, difference.operations, backfill, counter)
        )
        return Plan(
            base=self.live.version,
            content=content,
            catalog=catalog,
            names=self.names,
            difference=difference,
            backfill=backfill,
            lines=tuple(self._lines(content, catalog, difference, counter)),
            problems=tuple(problems),
        )

    def _lines(
        self, content: Content, catalog: Catalog, difference: Difference, counter: Counter
    ) -> Iterator[PlanLine]:
        spoken: set[str] = set()
        for operation in difference.operations:
            spoken.update(_spoken(operation, catalog))
            if operation.code not in QUIET:
                yield PlanLine(
                    operation.code,
                    operation.describe(),
                    operation.is_destructive,
                    counter.rows_of(operation),
                )
        yield from document_lines(self.old, content, spoken)


def _spoken(operation: Operation, new: Catalog) -> Iterator[str]:
    """Yield the ids of definitions whose coming, going or renaming an operation tells."""
    match operation:
        case CreateTable():
            yield operation.table.object_id
        case KeepTable():
            yield operation.table.object_id
        case RenameDefinition() if operation.field is None:
            yield new.objects[operation.new].id


def _object_tables(live: Published) -> Sequence[ObjectTable]:
    return [live.tables.of(name) for name in live.catalog.objects]


def find_backfill(old: Catalog, new: Catalog) -> Backfill:
    """Return which values the rows of `old` need before `new` may be live."""
    before = {model.id: model for model in old.objects.values()}
    defaults: list[tuple[str, str]] = []
    paths: list[str] = []
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None:
            continue
        defaults.extend((model.id, field_id) for field_id in _filled(former, model))
        if model.tree_field is not None and former.tree_field is None:
            paths.append(model.id)
    touched = {object_id for object_id, _ in defaults}
    return Backfill(tuple(defaults), computed_changes(old, new, touched), tuple(paths))


def _filled(former: ObjectModel, model: ObjectModel) -> Iterator[str]:
    """Yield the ids of fields that must have a value now: required with default, or a state."""
    known = {field.id: field for field in former.fields.values()}
    for field in model.fields.values():
        earlier = known.get(field.id)
        if field.computed == "workflow" and earlier is None:
            yield field.id
            continue
        newly_required = earlier is None or not earlier.definition.required
        if newly_required and field.definition.required and field.default is not None:
            yield field.id
