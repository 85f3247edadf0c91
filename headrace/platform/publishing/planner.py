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
from headrace.platform.database.names import Names
from headrace.platform.database.operations import (
    CreateTable,
    KeepTable,
    Operation,
    RenameDefinition,
)
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.checks import Checker, most_telling
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.answering import Question, answer
from headrace.platform.publishing.catalogs import Content, Published
from headrace.platform.publishing.counting import Counter, breaking_changes
from headrace.platform.publishing.decisions import Decisions
from headrace.platform.publishing.failing import PlannedRows, RowFinder
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
from headrace.platform.publishing.retyping import (
    kept_columns,
    retype_questions,
    retypes_between,
    work_for,
)
from headrace.platform.publishing.row_work import RowWork
from headrace.platform.records.context import Context

QUIET: frozenset[str] = frozenset({"index.add", "index.drop", "field.replace"})
"""Operations that nobody needs to read about, or that other lines tell."""


@dataclass(slots=True)
class Planner:
    """Plans one content on top of the live version, in one snapshot of the database."""

    types: FieldTypes
    checker: Checker
    live: Published
    names: Names
    old: Content
    counter: Counter
    decisions: Decisions
    zone: tzinfo
    restoring: bool = False
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
        problems.extend(self.checker.run(catalog))
        if errors(problems):
            return self.refused(content, problems)
        retypes = tuple(retypes_between(self.live.catalog, catalog))
        moved = frozenset(one.field.id for one in retypes)
        kept = kept_columns(retypes, self.names, catalog) if self.restoring else {}
        backfill = find_backfill(self.live.catalog, catalog, {one.model.id for one in retypes})
        work = work_for(retypes, kept)
        large = self._large(catalog, backfill)
        relocated = self._relocated(content, catalog, backfill, work, large, moved)
        difference = diff(
            self.live.catalog,
            catalog,
            self.names,
            moved | relocated,
            kept,
            resuming=self.resuming,
            known=self.live.tables.specs,
        )
        problems.extend(
            breaking_changes(
                self.live.catalog, catalog, difference.operations, backfill, self.counter, moved
            )
        )
        questions = list(self._questions(content, catalog, difference, work))
        finder = self.finder(content, catalog) if retypes else None
        if finder is not None:
            questions.extend(retype_questions(retypes, finder, self.counter))
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

    def _large(self, catalog: Catalog, backfill: Backfill) -> Mapping[str, int]:
        """Return the objects that change and have so many rows that they are prepared: id -> rows."""
        if self.prepared_from is None:
            return {}
        return large_objects(self.live.catalog, catalog, backfill, self.counter, self.prepared_from)

    def _relocated(
        self,
        content: Content,
        catalog: Catalog,
        backfill: Backfill,
        work: Sequence[RowWork],
        large: Mapping[str, int],
        moved: frozenset[str],
    ) -> frozenset[str]:
        """Return the fields of large objects that get another column."""
        finder = self.finder(content, catalog, work) if large else None
        if finder is None:
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
        work: Sequence[RowWork],
    ) -> Iterator[Question]:
        spoken: set[str] = set()
        for operation in difference.operations:
            spoken.update(_spoken(operation, catalog))
            if operation.code not in QUIET:
                yield Question(self._line(operation))
        if self.restoring:
            lost = lost_lines(difference.operations, catalog, self.counter)
            yield from map(Question, lost)
        spoken.update(dropped_roles(self.live.catalog, catalog).values())
        for line in document_lines(self.old, content, spoken):
            yield Question(line)
        yield from self._row_questions(content, catalog, work)

    def _row_questions(
        self, content: Content, catalog: Catalog, work: Sequence[RowWork]
    ) -> Iterator[Question]:
        """Yield the lines about rows that the new version does not suit, and about who waits."""
        finder = self.finder(content, catalog, work)
        if finder is not None:
            yield from row_questions(finder)
        connection = self.counter.connection
        states = decided_states(self.live.catalog, self.decisions)
        yield from run_questions(connection, self.live.catalog, catalog, states)
        yield from role_questions(connection, self.live.catalog, catalog)

    def finder(
        self, content: Content, catalog: Catalog, work: Sequence[RowWork] = ()
    ) -> RowFinder | None:
        """Return what finds rows of the live version as a new one will have them."""
        if self.context_of is None:
            return None
        context = self.context_of(Published(catalog, self.live.tables, content.rows))
        fills = planned_fills(find_backfill(self.live.catalog, catalog), catalog)
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


def find_backfill(old: Catalog, new: Catalog, moved: AbstractSet[str] = frozenset()) -> Backfill:
    """Return which values the rows of `old` need before `new` may be live.

    `moved` are the ids of objects whose rows get other values besides.
    """
    before = {model.id: model for model in old.objects.values()}
    defaults: list[tuple[str, str]] = []
    paths: list[str] = []
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or former is model:
            continue
        defaults.extend((model.id, field_id) for field_id in _filled(former, model))
        if model.tree_field is not None and former.tree_field is None:
            paths.append(model.id)
    touched = {object_id for object_id, _ in defaults} | moved
    return Backfill(tuple(defaults), computed_changes(old, new, touched), tuple(paths))


def _filled(former: ObjectModel, model: ObjectModel) -> Iterator[str]:
    """Yield the ids of fields that must have a value now: required with default, or a state."""
    known = {one.id: one for one in former.fields.values()}
    for one in model.fields.values():
        earlier = known.get(one.id)
        if one.computed == "workflow" and earlier is None:
            yield one.id
            continue
        newly_required = earlier is None or not earlier.definition.required
        if newly_required and one.definition.required and one.default is not None:
            yield one.id
