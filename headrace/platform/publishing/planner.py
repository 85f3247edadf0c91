"""One plan in the making: from the content wanted to operations, row work, lines and problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Problem, errors
from headrace.platform.database.dialects import CAPABILITIES
from headrace.platform.database.diff import Difference, diff
from headrace.platform.database.names import Names, PhysicalName
from headrace.platform.database.operations import (
    AddColumn,
    CreateTable,
    DropIndex,
    KeepColumn,
    KeepTable,
    Operation,
    RenameDefinition,
    RestoreColumn,
)
from headrace.platform.database.tables import ObjectTable
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.checks import most_telling, run_checks
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.acting import acting_problems
from headrace.platform.publishing.answering import Question, answer
from headrace.platform.publishing.budgets import budget_problems
from headrace.platform.publishing.catalogs import Content, Published
from headrace.platform.publishing.counting import Counter, breaking_changes
from headrace.platform.publishing.decisions import Decisions
from headrace.platform.publishing.failing import Duplicates, PlannedRows, RowFinder
from headrace.platform.publishing.failing.fills import planned_fills
from headrace.platform.publishing.failing.questions import (
    decided_states,
    dropped_roles,
    role_questions,
    row_questions,
    run_questions,
)
from headrace.platform.publishing.filling.recomputing import computed_changes
from headrace.platform.publishing.folders import Modules
from headrace.platform.publishing.identities import assign_ids, check_ids
from headrace.platform.publishing.in_use import used_but_gone
from headrace.platform.publishing.not_restored import lost_lines
from headrace.platform.publishing.plan import Backfill, Plan, PlanLine, document_lines
from headrace.platform.publishing.preparing.relocating import Relocation, large_objects
from headrace.platform.publishing.preparing.scope import scope_of
from headrace.platform.publishing.retype_lines import (
    number_questions,
    required_problems,
    retype_questions,
    values_change,
)
from headrace.platform.publishing.retyping import (
    Retype,
    kept_columns,
    retypes_between,
    work_for,
)
from headrace.platform.publishing.row_work import RowWork
from headrace.platform.publishing.tree_shape import tree_problems
from headrace.platform.records.context import Context

QUIET: frozenset[str] = frozenset({"index.add", "index.drop", "field.replace"})
"""Operations that nobody needs to read about, or that other lines tell."""


@dataclass(slots=True)
class Planner:
    """Plans one content on top of the live version, in one snapshot of the database."""

    types: FieldTypes
    live: Published
    names: Names
    old: Content
    counter: Counter
    decisions: Decisions
    zone: tzinfo
    restoring: int | None = None
    context_of: Callable[[Published], Context] | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    prepared_from: int | None = None
    resuming: bool = False

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
        return Content((*kept, *assigned), (*kept_rows, *modules.rows)), problems

    def whole(self, content: Content, ids: IdSource) -> tuple[Content, list[Problem]]:
        """Return a whole content with ids for what has none."""
        assigned, found = assign_ids(content.documents, self.old.documents, ids)
        return Content(assigned, content.rows), [*found, *check_ids(assigned)]

    def refused(self, content: Content, problems: Sequence[Problem]) -> Plan:
        """Return a plan that says why there is none."""
        return Plan(
            base=self.live.version,
            content=content,
            catalog=None,
            names=self.names,
            difference=None,
            backfill=Backfill(),
            lines=(),
            problems=most_telling(problems),
            decisions=self.decisions,
        )

    def plan(self, content: Content, problems: list[Problem]) -> Plan:
        """Return what publishing `content` would do."""
        if errors(problems):
            return self.refused(content, problems)
        built = build_catalog(
            content.documents, self.types, self.live.version + 1, self.live.catalog
        )
        problems.extend(used_but_gone(self.live.catalog, self.old, content))
        problems.extend(built.problems)
        if built.catalog is None:
            return self.refused(content, problems)
        catalog = built.catalog
        problems.extend(run_checks(catalog))
        if errors(problems):
            return self.refused(content, problems)
        kept = {}
        if self.restoring is not None:
            kept = dict(kept_columns(self.names, catalog, self.restoring))
        retypes = self._retypes(catalog, kept)
        moved = frozenset(one.field.id for one in retypes)
        backfill = self._backfill(catalog, retypes)
        work = work_for(retypes, self.live.catalog, catalog)
        finder = self.finder(content, catalog, work, backfill)
        large = self._large(catalog, backfill)
        relocated = self._relocated(catalog, backfill, work, large, moved, finder)
        difference = diff(
            self.live.catalog,
            catalog,
            self.names,
            moved | relocated,
            kept,
            resuming=self.resuming,
        )
        problems.extend(self._breaking(catalog, difference, backfill, moved, finder))
        problems.extend(budget_problems(difference.operations, catalog, self.counter))
        problems.extend(tree_problems(self.live.catalog, catalog, self.counter))
        problems.extend(acting_problems(self.counter.connection, self.live.catalog, catalog))
        questions = list(self._questions(content, catalog, difference, finder, moved))
        if finder is not None:
            problems.extend(required_problems(retypes, finder, self.counter))
            questions.extend(retype_questions(retypes, finder, self.counter))
            questions.extend(number_questions(work, finder, self.counter))
        answered = answer(questions, self.decisions)
        plan = Plan(
            base=self.live.version,
            content=content,
            catalog=catalog,
            names=self.names,
            difference=difference,
            backfill=backfill,
            lines=answered.lines,
            problems=most_telling((*problems, *answered.problems)),
            work=work,
            decisions=self.decisions,
            aliases=self.aliases,
            restoring=self.restoring,
            large=large,
            relocated=relocated,
        )
        scope = scope_of(plan, self.live)
        return plan if scope is None else replace(plan, prepared=scope.sizes)

    def _retypes(self, catalog: Catalog, kept: Mapping[str, PhysicalName]) -> tuple[Retype, ...]:
        catalogs = (self.live.catalog, catalog)
        changes = values_change(self.counter, catalogs, self.zone)
        return tuple(retypes_between(*catalogs, changes, kept))

    def _backfill(self, catalog: Catalog, retypes: Sequence[Retype]) -> Backfill:
        return find_backfill(
            self.live.catalog,
            catalog,
            {one.model.id for one in retypes},
            {one.field.id for one in retypes},
        )

    def _breaking(
        self,
        catalog: Catalog,
        difference: Difference,
        backfill: Backfill,
        moved: AbstractSet[str],
        finder: RowFinder | None,
    ) -> Iterator[Problem]:
        """Yield what cannot be done with the rows that are there."""

        def shared(model: ObjectModel, field_ids: Sequence[str]) -> int:
            asked = Duplicates(model.id, tuple(field_ids))
            return (finder.find(asked).groups or 0) if finder is not None else 0

        return breaking_changes(
            self.live.catalog,
            catalog,
            difference.operations,
            backfill,
            self.counter,
            moved,
            shared,
        )

    def _large(self, catalog: Catalog, backfill: Backfill) -> Mapping[str, int]:
        """Return the objects that change and have so many rows that they are prepared: id -> rows."""
        if self.prepared_from is None:
            return {}
        return large_objects(self.live.catalog, catalog, backfill, self.counter, self.prepared_from)

    def _relocated(
        self,
        catalog: Catalog,
        backfill: Backfill,
        work: Sequence[RowWork],
        large: Mapping[str, int],
        moved: frozenset[str],
        finder: RowFinder | None,
    ) -> frozenset[str]:
        """Return the fields of large objects that get another column."""
        if finder is None or not large:
            return frozenset()
        capabilities = CAPABILITIES[self.live.tables.dialect]
        return Relocation(
            self.live.catalog,
            catalog,
            large,
            (*work, *planned_fills(backfill, catalog)),
            moved,
            finder.rows.changes,
            references=capabilities.alters_constraints,
            keys=capabilities.row_locks,
        ).fields()

    def _questions(
        self,
        content: Content,
        catalog: Catalog,
        difference: Difference,
        finder: RowFinder | None,
        moved: AbstractSet[str],
    ) -> Iterator[Question]:
        spoken: set[str] = set()
        for operation in difference.operations:
            spoken.update(_spoken(operation, catalog))
            if operation.code not in QUIET and not _told_elsewhere(operation, catalog, moved):
                yield Question(self._line(operation))
        if self.restoring is not None:
            lost = lost_lines(difference.operations, catalog, self.counter)
            yield from map(Question, lost)
        spoken.update(dropped_roles(self.live.catalog, catalog).values())
        for line in document_lines(self.old, content, spoken):
            yield Question(line)
        yield from self._row_questions(catalog, finder)

    def _row_questions(self, catalog: Catalog, finder: RowFinder | None) -> Iterator[Question]:
        """Yield the lines about rows that the new version does not suit, and about who waits."""
        if finder is not None:
            yield from row_questions(finder)
        connection = self.counter.connection
        states = decided_states(self.live.catalog, self.decisions)
        yield from run_questions(connection, self.live.catalog, catalog, states)
        yield from role_questions(connection, self.live.catalog, catalog)

    def finder(
        self,
        content: Content,
        catalog: Catalog,
        work: Sequence[RowWork] = (),
        backfill: Backfill | None = None,
    ) -> RowFinder | None:
        """Return what finds rows of the live version as a new one will have them."""
        if self.context_of is None:
            return None
        context = self.context_of(Published(catalog, self.live.tables, content.rows))
        needed = find_backfill(self.live.catalog, catalog) if backfill is None else backfill
        fills = planned_fills(needed, catalog)
        return RowFinder(PlannedRows(self.counter.connection, context, self.live, (*work, *fills)))

    def _line(self, operation: Operation) -> PlanLine:
        rows = self.counter.rows_of(operation)
        asks = operation.is_destructive and bool(rows)
        return PlanLine(
            operation.key,
            operation.code,
            operation.describe(),
            operation.is_destructive,
            rows,
            answers=("accept",) if asks else (),
            needs_answer=asks,
        )


def _spoken(operation: Operation, new: Catalog) -> Iterator[str]:
    """Yield the ids of definitions whose coming, going or renaming an operation tells."""
    match operation:
        case CreateTable():
            yield operation.table.object_id
        case KeepTable():
            yield operation.table.object_id
        case RenameDefinition() if operation.field is None:
            yield new.objects[operation.new].id


def _told_elsewhere(operation: Operation, new: Catalog, moved: AbstractSet[str]) -> bool:
    """Say whether people read of an operation in another line, or need not: it moves what stays."""
    match operation:
        case DropIndex():
            return operation.anew
        case KeepColumn():
            return operation.goes_on
        case AddColumn() | RestoreColumn():
            field = new.objects[operation.object].fields.get(operation.field)
            return field is None or field.id in moved
        case _:
            return False


def object_tables(live: Published) -> Sequence[ObjectTable]:
    """Return the tables of the live version."""
    return [live.tables.of(name) for name in live.catalog.objects]


def find_backfill(
    old: Catalog,
    new: Catalog,
    moved: AbstractSet[str] = frozenset(),
    retyped: AbstractSet[str] = frozenset(),
) -> Backfill:
    """Return which values the rows of `old` need before `new` may be live.

    `moved` are the ids of objects whose rows get other values besides, `retyped` those of fields
    whose values may become empty by it.
    """
    before = {model.id: model for model in old.objects.values()}
    defaults: list[tuple[str, str]] = []
    paths: list[str] = []
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None:
            continue
        defaults.extend((model.id, field_id) for field_id in _filled(former, model, retyped))
        if model.tree_field is not None and _tree_id(model) != _tree_id(former):
            paths.append(model.id)
    touched = {object_id for object_id, _ in defaults} | moved
    return Backfill(tuple(defaults), computed_changes(old, new, touched), tuple(paths))


def _tree_id(model: ObjectModel) -> str | None:
    return None if model.tree_field is None else model.fields[model.tree_field].id


def _filled(former: ObjectModel, model: ObjectModel, retyped: AbstractSet[str]) -> Iterator[str]:
    """Yield the ids of fields that must have a value now: required with default, or a state."""
    known = {one.id: one for one in former.fields.values()}
    for one in model.fields.values():
        earlier = known.get(one.id)
        if one.computed == "workflow" and (earlier is None or earlier.computed != "workflow"):
            yield one.id
            continue
        newly_required = earlier is None or not earlier.definition.required or one.id in retyped
        if newly_required and one.definition.required and one.default is not None:
            yield one.id
