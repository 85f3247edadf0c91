"""One plan in the making: from the content wanted to operations, row work, lines and problems."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
    CreateIndex,
    CreateTable,
    DropIndex,
    KeepColumn,
    KeepTable,
    Operation,
    RenameDefinition,
    RestoreColumn,
)
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.checks import Checker, most_telling
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.acting import acting_problems
from headrace.platform.publishing.aliases import identity_questions, known_ids
from headrace.platform.publishing.answering import Question, answer, with_decision
from headrace.platform.publishing.budgets import budget_problems
from headrace.platform.publishing.catalogs import Content, Published
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.decisions import Decisions
from headrace.platform.publishing.failing import RowFinder
from headrace.platform.publishing.failing.fills import kept_columns_of, planned_fills
from headrace.platform.publishing.failing.questions import (
    decided_states,
    dropped_roles,
    role_questions,
    row_questions,
    run_questions,
)
from headrace.platform.publishing.filling.recomputing import computed_changes
from headrace.platform.publishing.folders import Modules
from headrace.platform.publishing.identities import ID_TAKEN, check_ids, identify
from headrace.platform.publishing.in_use import used_but_gone
from headrace.platform.publishing.ledger_lines import accounts_of, ledger_questions
from headrace.platform.publishing.not_restored import lost_lines
from headrace.platform.publishing.plan import Backfill, Plan, PlanLine, document_lines
from headrace.platform.publishing.preparing.relocating import Relocation, large_objects
from headrace.platform.publishing.preparing.scope import scope_of
from headrace.platform.publishing.retype_lines import (
    number_questions,
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
from headrace.platform.publishing.settling.coming import ComingRows
from headrace.platform.publishing.settling.keys import refused_key
from headrace.platform.publishing.settling.settlement import Settlement, narrowings, settle
from headrace.platform.publishing.tree_shape import tree_problems
from headrace.platform.records.context import Context

QUIET: frozenset[str] = frozenset({"index.add", "index.drop", "field.replace"})
"""Operations that nobody needs to read about, or that other lines tell."""


@dataclass(slots=True)
class Planner:
    """Plans one content on top of the live version, in one snapshot of the database.

    `restoring` is the number of the version whose content comes back.
    """

    types: FieldTypes
    checker: Checker
    live: Published
    names: Names
    old: Content
    counter: Counter
    decisions: Decisions
    zone: tzinfo
    context_of: Callable[[Published], Context]
    restoring: int | None = None
    known_aliases: Mapping[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    identities: list[Question] = field(default_factory=list)
    prepared_from: int | None = None
    resuming: bool = False

    def content(self, modules: Modules, ids: IdSource) -> tuple[Content, list[Problem]]:
        """Return the next content: the modules read instead of their live ones, all with ids."""
        problems = list(modules.problems)
        if errors(problems):
            return self.old, problems
        kept = tuple(one for one in self.old.documents if one.module not in modules.names)
        assigned, found = self._identified(modules.documents, ids, modules.names)
        problems.extend(found)
        problems.extend(check_ids((*kept, *assigned)))
        kept_rows = (
            one for one in self.old.rows if modules.keeps_rows or one.module not in modules.names
        )
        return Content((*kept, *assigned), (*kept_rows, *modules.rows)), problems

    def whole(self, content: Content, ids: IdSource) -> tuple[Content, list[Problem]]:
        """Return a whole content with ids for what has none."""
        assigned, found = self._identified(content.documents, ids, None)
        # A content that is planned again, to go on with it, has the ids that were decided on.
        asked = {one.line.key for one in self.identities}
        self.decisions = self.decisions.without(f"{ID_TAKEN.code}:", asked)
        return Content(assigned, content.rows), [*found, *check_ids(assigned)]

    def _identified(
        self, documents: Sequence[Document], ids: IdSource, modules: Collection[str] | None
    ) -> tuple[tuple[Document, ...], list[Problem]]:
        """Return the documents with ids, and what nobody has answered about them."""
        # A version that comes back means the definitions that it had, whatever their names mean now.
        unasked = None if self.restoring is None else "new"
        known = known_ids(self.known_aliases, self.decisions, modules, unasked)
        found = identify(documents, self.old.documents, ids, known)
        self.aliases.update(found.aliases)
        self.identities.extend(identity_questions(found.taken))
        answered = {one.line.key for one in self.identities if one.line.key in known.answers}
        return found.documents, [one.problem for one in found.taken if one.key not in answered]

    def refused(self, content: Content, problems: Sequence[Problem]) -> Plan:
        """Return a plan that says why there is none."""
        return Plan(
            base=self.live.version,
            content=content,
            catalog=None,
            names=self.names,
            difference=None,
            backfill=Backfill(),
            lines=tuple(with_decision(one.line, self.decisions) for one in self.identities),
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
        held = self._held(catalog)
        retypes = self._retypes(catalog, held)
        moved = frozenset(one.field.id for one in retypes)
        rows = self._rows(content, catalog, moved)
        narrowed = tuple(narrowings(rows.finder(()), self.decisions, moved, held))
        moving = tuple(one for one in narrowed if one.moves)
        replaced = moved | {one.change.field.id for one in moving}
        difference = self._difference(catalog, replaced, held)
        rows = replace(rows, kept=kept_columns_of(difference, catalog))
        converts = (
            *work_for(retypes, self.live.catalog, catalog),
            *(one.work() for one in moving),
        )
        settled = settle(rows.finder, self.decisions, narrowed, converts, difference.operations)
        problems.extend(settled.problems)
        work: tuple[RowWork, ...] = (*converts, *settled.fills)
        backfill = self._backfill(catalog, work, moved)
        large = self._large(catalog, backfill)
        relocated = self._relocated(rows.finder(work), large, replaced)
        if relocated:
            difference = self._difference(catalog, replaced | relocated, held)
        problems.extend(self._impossible(catalog, difference))
        finder = rows.finder(work)
        questions = [
            *self.identities,
            *self._questions(content, catalog, difference, settled, moved),
        ]
        questions.extend(self._row_questions(catalog, finder))
        questions.extend(retype_questions(retypes, finder, self.counter))
        questions.extend(number_questions(work, finder, self.counter))
        questions.extend(ledger_questions(self.live.catalog, catalog, self.counter))
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
            held=held,
            restoring=self.restoring,
            large=large,
            relocated=relocated,
        )
        scope = scope_of(plan, self.live)
        return plan if scope is None else replace(plan, prepared=scope.sizes)

    def _retypes(self, catalog: Catalog, held: Mapping[str, PhysicalName]) -> tuple[Retype, ...]:
        catalogs = (self.live.catalog, catalog)
        changes = values_change(self.counter, catalogs, self.zone)
        return tuple(retypes_between(*catalogs, changes, held))

    def _backfill(
        self, catalog: Catalog, work: Sequence[RowWork], retyped: AbstractSet[str]
    ) -> Backfill:
        objects = {one.object_id for one in work}
        before = {model.id: model for model in self.live.catalog.objects.values()}
        objects |= {
            model.id
            for model in (catalog.objects.values() if retyped else ())
            if model.id in before and any(one.id in retyped for one in model.fields.values())
        }
        return find_backfill(self.live.catalog, catalog, objects, retyped)

    def _impossible(self, catalog: Catalog, difference: Difference) -> Iterator[Problem]:
        """Yield what no answer makes possible with the rows and people that are there."""
        yield from budget_problems(difference.operations, catalog, self.counter)
        yield from tree_problems(self.live.catalog, catalog, self.counter)
        yield from acting_problems(self.counter.connection, self.live.catalog, catalog)

    def _large(self, catalog: Catalog, backfill: Backfill) -> Mapping[str, int]:
        """Return the objects that change and have so many rows that they are prepared: id -> rows."""
        if self.prepared_from is None:
            return {}
        return large_objects(self.live.catalog, catalog, backfill, self.counter, self.prepared_from)

    def _relocated(
        self, finder: RowFinder, large: Mapping[str, int], moved: frozenset[str]
    ) -> frozenset[str]:
        """Return the fields of large objects that get another column."""
        if not large:
            return frozenset()
        capabilities = CAPABILITIES[self.live.tables.dialect]
        return Relocation(
            self.live.catalog,
            finder.rows.catalog,
            large,
            finder.rows.all_work,
            moved,
            finder.rows.changes,
            references=capabilities.alters_constraints,
            keys=capabilities.row_locks,
        ).fields()

    def _difference(
        self, catalog: Catalog, replaced: frozenset[str], kept: Mapping[str, PhysicalName]
    ) -> Difference:
        return diff(
            self.live.catalog,
            catalog,
            self.names,
            replaced,
            kept,
            resuming=self.resuming,
            known=self.live.tables.specs,
        )

    def _questions(
        self,
        content: Content,
        catalog: Catalog,
        difference: Difference,
        settled: Settlement,
        moved: AbstractSet[str],
    ) -> Iterator[Question]:
        spoken: set[str] = set()
        for operation in difference.operations:
            spoken.update(_spoken(operation, catalog))
            if operation.code not in QUIET and not _told_elsewhere(operation, catalog, moved):
                line = self._line(operation)
                shared = settled.keys.get(operation.key)
                model = catalog.objects.get(operation.object)
                if shared is not None and model is not None:
                    yield refused_key(model, line, shared)
                else:
                    yield Question(line)
        if self.restoring is not None:
            lost = lost_lines(difference.operations, catalog, self.counter)
            yield from map(Question, lost)
        spoken.update(dropped_roles(self.live.catalog, catalog).values())
        for line in document_lines(self.old, content, spoken):
            yield Question(line)
        yield from settled.questions

    def _row_questions(self, catalog: Catalog, finder: RowFinder) -> Iterator[Question]:
        """Yield the lines about rows that the new version does not suit, and about who waits."""
        yield from row_questions(finder)
        connection = self.counter.connection
        states = decided_states(self.live.catalog, self.decisions)
        yield from run_questions(connection, self.live.catalog, catalog, states)
        yield from role_questions(connection, self.live.catalog, catalog)

    def _rows(self, content: Content, catalog: Catalog, retyped: AbstractSet[str]) -> ComingRows:
        """Return the rows of the live version as a new one will have them."""
        context = self.context_of(Published(catalog, self.live.tables, content.rows))
        needed = find_backfill(self.live.catalog, catalog, retyped=retyped)
        fills = planned_fills(needed, catalog)
        return ComingRows(self.counter.connection, context, self.live, tuple(fills))

    def _held(self, catalog: Catalog) -> Mapping[str, PhysicalName]:
        """Return the columns that hold what fields had in the version that comes back."""
        if self.restoring is None:
            return {}
        return kept_columns(self.names, catalog, self.restoring)

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
        case CreateIndex() if operation.index.links is not None:
            return True
        case DropIndex():
            return operation.anew or operation.index.links is not None
        case KeepColumn():
            return operation.goes_on
        case AddColumn() | RestoreColumn():
            field = new.objects[operation.object].fields.get(operation.field)
            return field is None or field.key_of is not None or field.id in moved
        case _:
            return False


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
    balances: list[tuple[str, bool]] = []
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or former is model:
            continue
        defaults.extend((model.id, field_id) for field_id in _filled(former, model, retyped))
        if model.tree_field is not None and _tree_id(model) != _tree_id(former):
            paths.append(model.id)
        if model.ledger is not None and (
            accounts_of(former) != accounts_of(model) or model.id in moved
        ):
            balances.append((model.id, accounts_of(former)[:2] == accounts_of(model)[:2]))
    touched = {object_id for object_id, _ in (*defaults, *balances)} | moved
    computed = computed_changes(old, new, touched)
    return Backfill(tuple(defaults), computed, tuple(paths), tuple(balances))


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
