"""From a draft to a version: check, plan, rebase, publish. Of two drafts from one base none is lost."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from headrace.platform.core.canonical import combined_hash
from headrace.platform.core.errors import ConflictError, RefusedError, StaleError
from headrace.platform.core.problems import Message, Problem, Text, errors
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.called import called
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.comparing import Change, compare, compare_content
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.loading import check_document
from headrace.platform.metadata.merging import Conflict, Merged, Resolutions, Sides, merge
from headrace.platform.publishing.catalogs import CatalogStore, Content
from headrace.platform.publishing.draft_content import entries_between
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.drafts import Drafts, refuse_closed, refuse_stale
from headrace.platform.publishing.folders import Modules, missing_modules
from headrace.platform.publishing.identities import check_ids
from headrace.platform.publishing.overtaken import overtaken
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.publisher import CONFLICT, Answers, Publisher
from headrace.platform.publishing.result import UNFOLLOWED, Following
from headrace.platform.publishing.soundness import Sound, sound_around

ATTEMPTS: Final = 5
KEPT_AHEAD: Final = 4
"""How many catalogs of drafts are kept for previews; a change of a draft makes another one."""
TOLD: Final = 50
"""How many differences a refusal tells in sentences; the data hold them all."""

MERGE_CONFLICT: Final = Message(
    "merge.conflict",
    "Both sides changed this: {sentence}",
    "双方都修改了此处：{sentence}",
    'Answer “{key}” with "ours", "theirs" or a value of your own.',
    "请用 ours、theirs 或自定义的值答复“{key}”。",
)
UNKNOWN_CONFLICT: Final = Message(
    "merge.unknown_conflict",
    "There is no conflict “{key}”.",
    "没有冲突“{key}”。",
    "Leave the answer out, or look at the list of conflicts again.",
    "请去掉该答复，或重新查看冲突列表。",
)
SINCE: Final = Message(
    "publish.changed_since",
    "Changed since version {base}: {sentence}",
    "版本 {base} 之后的变化：{sentence}",
    "Rebase the draft, or publish with merging.",
    "请将草稿更新到当前版本，或合并后发布。",
    severity="warning",
)
BEHIND: Final = Message(
    "draft.behind",
    "The draft stands on version {base}; what changed up to version {live} is merged into this plan.",
    "草稿基于版本 {base}；本计划已合并至版本 {live} 的变化。",
    "Rebase the draft to see it with these changes.",
    "请将草稿更新到当前版本以查看这些变化。",
    severity="warning",
)
NO_MANIFEST: Final = Message(
    "module.no_manifest",
    "The module “{name}” has definitions and no document of kind “module”.",
    "模块“{name}”有定义，但没有类型为“module”的文档。",
    "Add it, or move the definitions to another module.",
    "请添加该文档，或将定义移到其他模块。",
)
SIDES: Final = Sides(Text("the draft", "草稿"), Text("the live version", "当前版本"))


@dataclass(frozen=True, slots=True)
class MergedDraft:
    """A draft merged with what is live: the content wanted and what contradicts."""

    draft: Draft
    live: int
    content: Content
    merged: Merged

    @property
    def is_behind(self) -> bool:
        """Whether another version than the draft's base is live."""
        return self.draft.base != self.live

    @property
    def problems(self) -> Iterator[Problem]:
        """What stands in the way of taking the merged content."""
        yield from conflict_problems(self.merged)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What publishing a draft did."""

    version: int
    plan: Plan
    draft: Draft


class DraftPublisher:
    """Brings drafts to the live version and publishes them."""

    def __init__(
        self, database: Database, catalogs: CatalogStore, drafts: Drafts, publisher: Publisher
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._drafts = drafts
        self._publisher = publisher
        self._lock = threading.Lock()
        self._ahead: OrderedDict[tuple[str, int, int, str], Sound] = OrderedDict()
        self._around: OrderedDict[tuple[str, str, int], Catalog] = OrderedDict()

    def check(self, draft: Draft) -> tuple[Problem, ...]:
        """Return what is wrong with the draft as it stands, on the version that it stands on.

        The texts call things by their labels.
        """
        base = self._catalogs.content_of(draft.base).documents
        documents = self._drafts.content(draft)
        # Each edit asks for this: what is as it was is neither built nor checked again.
        live = self._catalogs.refresh().catalog
        check = self._catalogs.checker.run
        found = problems_of(base, documents, self._catalogs.types, live, check)
        return tuple(called(found, documents))

    def catalog(self, draft: Draft) -> Catalog:
        """Return what a draft defines as it stands; raise RefusedError where it cannot be built."""
        base = self._catalogs.content_of(draft.base).documents
        documents = self._drafts.content(draft)
        wrong = errors(self._form_problems(base, documents))
        if wrong:
            raise RefusedError.of(wrong)
        live = self._catalogs.refresh().catalog
        built = build_catalog(documents, self._catalogs.types, draft.base, live)
        if built.catalog is None:
            raise RefusedError.of(errors(built.problems))
        return built.catalog

    def sound_ahead(self, draft: Draft, object_name: str) -> Sound:
        """Return what would be live were the draft published now, around what is wrong in it.

        Checked, and kept while it lasts. Raise RefusedError with what is wrong with the object or with
        what it cannot do without, and where the draft contradicts what is live.
        """
        live_catalog = self._catalogs.refresh().catalog
        key = (draft.id, draft.version, live_catalog.version, object_name)
        with self._lock:
            if key in self._ahead:
                self._ahead.move_to_end(key)
                return self._ahead[key]
        wanted = self.merged(draft)
        conflicts = errors(wanted.problems)
        if conflicts:
            raise RefusedError.of(conflicts)
        live = self._catalogs.content_of(wanted.live).documents

        def attempt(documents: Sequence[Document]) -> tuple[Catalog | None, Sequence[Problem]]:
            wrong = errors(self._form_problems(live, documents))
            if wrong:
                return None, wrong
            built = build_catalog(tuple(documents), self._catalogs.types, wanted.live, live_catalog)
            found = self._catalogs.checker.run(built.catalog) if built.catalog else ()
            return built.catalog, (*built.problems, *found)

        def needed(document: Document) -> bool:
            return (document.kind, document.name) == ("object", object_name)

        found = sound_around(wanted.content.documents, live, needed, attempt)
        with self._lock:
            self._ahead[key] = found
            while len(self._ahead) > KEPT_AHEAD:
                self._ahead.popitem(last=False)
        return found

    def catalog_around(self, draft: Draft, change: Callable[[Document], Document]) -> Catalog:
        """Return what would be live were the draft published with documents as `change` gives them.

        It is built and not checked, for one place of it to be tried; kept while it lasts. Raise
        RefusedError with what is wrong where it cannot be built.
        """
        live_catalog = self._catalogs.refresh().catalog
        wanted = self.merged(draft)
        documents = tuple(map(change, wanted.content.documents))
        key = (draft.id, combined_hash(one.hash for one in documents), live_catalog.version)
        with self._lock:
            if key in self._around:
                self._around.move_to_end(key)
                return self._around[key]
        live = self._catalogs.content_of(wanted.live).documents
        wrong = errors(self._form_problems(live, documents))
        if wrong:
            raise RefusedError.of(wrong)
        built = build_catalog(documents, self._catalogs.types, wanted.live, live_catalog)
        if built.catalog is None:
            raise RefusedError.of(errors(built.problems))
        with self._lock:
            self._around[key] = built.catalog
            while len(self._around) > KEPT_AHEAD:
                self._around.popitem(last=False)
        return built.catalog

    def plan(
        self, draft: Draft, decisions: Answers = None, resolutions: Resolutions | None = None
    ) -> Plan:
        """Return what publishing the draft, merged with what is live, would do."""
        return self.plan_merged(self.merged(draft, resolutions), decisions)

    def plan_merged(self, wanted: MergedDraft, decisions: Answers = None) -> Plan:
        """Return what publishing a draft that is merged already would do."""
        refuse_closed(wanted.draft)
        return self._plan(wanted, decisions)

    def merged(self, draft: Draft, resolutions: Resolutions | None = None) -> MergedDraft:
        """Return the draft merged with what is live."""
        live = self._catalogs.refresh().version
        content = self._catalogs.content_of(live)
        documents = self._drafts.content(draft)
        if draft.base == live:
            unused = tuple(resolutions or ())
            return MergedDraft(
                draft, live, content.with_documents(documents), Merged(documents, (), unused)
            )
        base = self._catalogs.content_of(draft.base).documents
        merged = merge(base, documents, content.documents, resolutions, SIDES)
        return MergedDraft(draft, live, content.with_documents(merged.documents), merged)

    def differences(self, wanted: MergedDraft) -> tuple[Change, ...] | None:
        """Return how a merged draft differs from what is live.

        None where one of its documents does not fit its schema: there is no sentence about it.
        """
        live = self._catalogs.content_of(wanted.live)
        if errors(self._form_problems(live.documents, wanted.content.documents)):
            return None
        return compare_content(
            (live.documents, live.rows),
            (wanted.content.documents, wanted.content.rows),
            self._catalogs.types,
        )

    def rebase(
        self,
        work: UnitOfWork,
        draft: Draft,
        expected: int | None,
        resolutions: Resolutions | None,
        by_user: str | None,
    ) -> Draft:
        """Put the draft on top of the live version.

        Raise StaleError with the list of conflicts where resolutions do not settle all of them.
        """
        draft = self._drafts.locked(work, draft.id, expected)
        wanted = self.merged(draft, resolutions)
        self._refuse(wanted, merging=True)
        if not wanted.is_behind:
            return draft
        documents = wanted.content.documents
        return self._drafts.replace(work, draft, documents, "rebase", by_user, wanted.live)

    def publish(
        self,
        draft: Draft,
        expected: int | None,
        message: str,
        by_user: str | None,
        *,
        decisions: Answers = None,
        resolutions: Resolutions | None = None,
        merging: bool = False,
        within: Callable[[UnitOfWork, int, Draft], None] | None = None,
        following: Following = UNFOLLOWED,
        planned: Plan | None = None,
        live: int | None = None,
    ) -> Outcome:
        """Publish the draft as it is at version `expected`.

        Where another version went live since the draft was made, raise StaleError with
        `publish.conflict`, what changed and what contradicts; with `merging` only where something
        contradicts. `within` runs in the transaction that makes the version live; `following` is told
        how far it is. `planned` is what `plan` gave for the same draft and answers, where it was asked.
        `live` is the version that the caller saw live: nothing is published on top of another one.
        """
        for attempt in range(1, ATTEMPTS + 1):
            draft = self._current(draft, expected)
            wanted = self.merged(draft, resolutions)
            if live is not None and wanted.live != live:
                raise overtaken(self._catalogs, live, wanted.live)
            self._refuse(wanted, merging=merging)
            fresh = planned is not None and attempt == 1 and planned.base == wanted.live
            plan = planned if planned and fresh else self._plan(wanted, decisions)
            if plan.refused:
                raise RefusedError.of(plan.refused)
            try:
                return self._carry_out(wanted, plan, message, by_user, within, following)
            except ConflictError as error:
                late = any(one.code == CONFLICT.code for one in error.problems)
                if not merging or not late or attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    # -- parts --------------------------------------------------------------------------------

    def _current(self, draft: Draft, expected: int | None) -> Draft:
        draft = self._drafts.get(draft.id)
        refuse_closed(draft)
        refuse_stale(draft, expected)
        return draft

    def _carry_out(
        self,
        wanted: MergedDraft,
        plan: Plan,
        message: str,
        by_user: str | None,
        within: Callable[[UnitOfWork, int, Draft], None] | None,
        following: Following,
    ) -> Outcome:
        closed: list[Draft] = []

        def close(work: UnitOfWork, number: int) -> None:
            """Close the draft in the transaction that makes the version live."""
            draft = self._drafts.locked(work, wanted.draft.id, wanted.draft.version)
            if wanted.is_behind:
                documents = wanted.content.documents
                draft = self._drafts.replace(work, draft, documents, "rebase", by_user, wanted.live)
            draft = self._drafts.mark_published(work, draft, number, by_user)
            closed.append(draft)
            if within is not None:
                within(work, number, draft)

        if plan.is_empty:
            with self._database.writing(plan.base) as work:
                close(work, plan.base)
            return Outcome(plan.base, plan, closed[-1])
        version = self._publisher.publish(plan, message, by_user, close, following).version
        return Outcome(version, plan, closed[-1])

    def _refuse(self, wanted: MergedDraft, *, merging: bool) -> None:
        """Raise where the draft may not go on top of what is live."""
        unknown = [one for one in wanted.problems if one.code == UNKNOWN_CONFLICT.code]
        if unknown:
            raise RefusedError.of(unknown)
        conflicts = wanted.merged.conflicts
        if not wanted.is_behind or (merging and not conflicts):
            return
        base = self._catalogs.content_of(wanted.draft.base).documents
        live = self._catalogs.content_of(wanted.live).documents
        since = compare(base, live, self._catalogs.types)
        problems = [
            CONFLICT.at(base=wanted.draft.base, live=wanted.live),
            *wanted.problems,
            *(
                SINCE.at(f"/{one.module}", base=wanted.draft.base, sentence=one.sentence)
                for one in since[:TOLD]
            ),
        ]
        differences = {
            "base": wanted.draft.base,
            "live": wanted.live,
            "changes": len(since),
            "conflicts": [conflict_data(one) for one in conflicts],
        }
        raise StaleError(*problems, differences=differences)

    def _plan(self, wanted: MergedDraft, decisions: Answers) -> Plan:
        live = self._catalogs.content_of(wanted.live)
        problems = [*wanted.problems]
        if wanted.is_behind:
            problems.append(BEHIND.at(base=wanted.draft.base, live=wanted.live))
        problems.extend(self._form_problems(live.documents, wanted.content.documents))
        if errors(problems):
            nothing = self._publisher.plan_content(live)
            return replace(nothing, problems=tuple(problems))
        plan = self._publisher.plan_content(wanted.content, decisions)
        return replace(plan, problems=(*problems, *plan.problems))

    def _form_problems(
        self, base: Iterable[Document], documents: Iterable[Document]
    ) -> Iterator[Problem]:
        return form_problems(base, documents, self._catalogs.types)


def problems_of(
    base: Iterable[Document],
    documents: Iterable[Document],
    types: FieldTypes,
    previous: Catalog | None = None,
    check: Callable[[Catalog], Sequence[Problem]] = run_checks,
) -> tuple[Problem, ...]:
    """Return what is wrong with documents, of which those of `base` are known to fit their schemas.

    What is as in `previous` is not built again; `check` tells what is wrong with a catalog.
    """
    present = tuple(documents)
    problems = [*form_problems(base, present, types)]
    if errors(problems):
        return tuple(problems)
    built = build_catalog(present, types, previous=previous)
    found = check(built.catalog) if built.catalog else ()
    return (*problems, *check_ids(present), *built.problems, *found)


def form_problems(
    base: Iterable[Document], documents: Iterable[Document], types: FieldTypes
) -> Iterator[Problem]:
    """Yield what does not fit its schema among the documents that differ from `base`."""
    documents = tuple(documents)
    wrong = [
        problem.below("/" + one.file)
        for one in entries_between(base, documents).values()
        if one is not None
        for problem in check_document(one.content, types)
    ]
    if wrong:
        yield from wrong
        return
    manifests = {one.module for one in documents if one.kind == "module"}
    for name in sorted({one.module for one in documents} - manifests):
        yield NO_MANIFEST.at("/" + name, name=name)
    yield from missing_modules(Modules(tuple(manifests), documents, (), ()), {})


def conflict_problems(merged: Merged) -> Iterator[Problem]:
    """Yield a problem for each conflict that is open, and for each answer that settles none."""
    for one in merged.conflicts:
        place = f"/{one.module}/{one.kind}/{one.name}{one.path}"
        yield MERGE_CONFLICT.at(place, sentence=one.sentence, key=one.key)
    for key in merged.unused:
        yield UNKNOWN_CONFLICT.at("/resolutions", key=key)


def conflict_data(conflict: Conflict) -> dict[str, Any]:
    """Return a conflict as data with its sentence in all languages."""
    return {**conflict.render("en"), "sentence": conflict.sentence.as_dict()}
