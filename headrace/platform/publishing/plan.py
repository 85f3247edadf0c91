"""What a publish would do, as a value that can be shown, compared and carried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, NotRequired, TypedDict

from headrace.platform.core.canonical import content_hash
from headrace.platform.core.problems import Problem, ProblemJson, Text, errors, named, said
from headrace.platform.database.diff import Difference
from headrace.platform.database.names import Names, PhysicalName
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.references import Use, UseJson
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.decisions import (
    NO_DECISIONS,
    Decision,
    DecisionJson,
    Decisions,
)
from headrace.platform.publishing.row_work import RowWork
from headrace.platform.publishing.rows import RowsFile
from headrace.platform.publishing.scenario_results import ScenarioResult, ScenarioResultJson
from headrace.platform.workflow.replays import ReplaySummaryJson


class FailingJson(TypedDict):
    """Rows that stand in the way."""

    count: int
    first: list[str]
    code: str
    groups: NotRequired[int]


class PlanLineJson(TypedDict):
    """One change: what it says to people, how many rows it touches, and what may be answered."""

    key: str
    code: str
    text: str
    destructive: bool
    rows: NotRequired[int]
    failing: NotRequired[FailingJson]
    answers: NotRequired[list[str]]
    needs_answer: NotRequired[bool]
    decision: NotRequired[DecisionJson]
    uses: NotRequired[list[UseJson]]


class WorkflowReplayJson(TypedDict):
    """What would have become of the last runs of a workflow."""

    workflow: str
    summary: ReplaySummaryJson


class PlanJson(TypedDict):
    """What a publish would do on top of `version`."""

    version: int
    lines: list[PlanLineJson]
    problems: list[ProblemJson]
    prepared: NotRequired[dict[str, int]]
    scenarios: NotRequired[list[ScenarioResultJson]]
    replays: NotRequired[
        Annotated[list[WorkflowReplayJson], "Of the workflows that it changes, where asked for."]
    ]


@dataclass(frozen=True, slots=True)
class Failing:
    """Rows that stand in the way: how many, the first ids, and the code of the problem they are.

    `groups` says how many groups of equal values they make, where that is what is wrong.
    """

    count: int
    first: tuple[str, ...] = ()
    code: str = ""
    groups: int | None = None

    def render(self) -> FailingJson:
        """Return the JSON form."""
        shown: FailingJson = {
            "count": self.count,
            "first": list(self.first),
            "code": self.code,
        }
        if self.groups is not None:
            shown["groups"] = self.groups
        return shown


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One change: what it says to people, how many rows it touches, and what may be answered.

    `key` is the same whenever the same change is planned; decisions speak of the line by it. A line
    that `needs_answer` is not published without a decision. `uses` are the places that name what is
    dropped, renamed or retyped.
    """

    key: str
    code: str
    text: Text
    destructive: bool = False
    rows: int | None = None
    failing: Failing | None = None
    answers: tuple[str, ...] = ()
    needs_answer: bool = False
    decision: Decision | None = None
    uses: tuple[Use, ...] = ()

    @property
    def count(self) -> int:
        """How many rows a decision on this line is about."""
        return self.failing.count if self.failing is not None else self.rows or 0

    @property
    def failing_count(self) -> int:
        """How many rows stand in the way."""
        return 0 if self.failing is None else self.failing.count

    @property
    def open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.needs_answer and self.decision is None

    def render(self, language: str) -> PlanLineJson:
        """Return the JSON form in one language."""
        shown: PlanLineJson = {
            "key": self.key,
            "code": self.code,
            "text": self.text.within(language),
            "destructive": self.destructive,
        }
        if self.rows is not None:
            shown["rows"] = self.rows
        if self.failing is not None:
            shown["failing"] = self.failing.render()
        if self.answers:
            shown["answers"] = list(self.answers)
            shown["needs_answer"] = self.needs_answer
        if self.decision is not None:
            shown["decision"] = self.decision.render()
        if self.uses:
            shown["uses"] = [use.render(language) for use in self.uses]
        return shown


@dataclass(frozen=True, slots=True)
class Backfill:
    """Values that rows must have before the new version is live.

    `defaults` are (object id, field id) whose empty values take the field's default or first state,
    `computed` the ids of objects whose stored formulas and roll-ups are computed again, in order,
    `paths` those of objects that became trees, `balances` those of ledgers whose accounts are made
    anew, with whether their entries have places already.
    """

    defaults: tuple[tuple[str, str], ...] = ()
    computed: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    balances: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A publish that was thought through on top of `base`, the version that was live then.

    `difference` and `work` are what the publish carries out as it stands: operations, then values
    of rows in this order. `aliases` are ids of files that mean live definitions (file's id -> live
    id). `restoring` is the version that comes back, `held` are the kept columns that held its fields,
    by field id. `large` are objects with so many rows that they are prepared before the switch (id ->
    rows), `relocated` the ids of their fields that get another column, because their values or keys
    change in place. `prepared` says which objects really are, by API name. `scenarios` says what came out
    of those of the content.
    """

    base: int
    content: Content
    catalog: Catalog | None
    names: Names
    difference: Difference | None
    backfill: Backfill
    lines: tuple[PlanLine, ...]
    problems: tuple[Problem, ...]
    work: tuple[RowWork, ...] = ()
    decisions: Decisions = NO_DECISIONS
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    held: Mapping[str, PhysicalName] = field(default_factory=lambda: MappingProxyType({}))
    restoring: int | None = None
    large: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    relocated: frozenset[str] = frozenset()
    prepared: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    scenarios: tuple[ScenarioResult, ...] = ()

    @property
    def refused(self) -> tuple[Problem, ...]:
        """What stands in the way of publishing it."""
        return tuple(errors(self.problems))

    @property
    def is_empty(self) -> bool:
        """Whether publishing would change nothing."""
        return not self.lines

    @property
    def hash(self) -> str:
        """The same for plans of the same content with the same decisions on the same version."""
        return content_hash(
            {
                "base": self.base,
                "content": self.content.hashes,
                "decisions": self.decisions.render(),
                "restoring": self.restoring,
            }
        )

    def line(self, key: str) -> PlanLine | None:
        """Return the line with a key."""
        return next((one for one in self.lines if one.key == key), None)

    def render(self, language: str) -> PlanJson:
        """Return the JSON form in one language."""
        shown: PlanJson = {
            "version": self.base,
            "lines": [line.render(language) for line in self.lines],
            "problems": [problem.render(language) for problem in self.problems],
        }
        if self.prepared:
            shown["prepared"] = dict(self.prepared)
        if self.scenarios:
            shown["scenarios"] = [one.render(language) for one in self.scenarios]
        return shown


def document_lines(old: Content, new: Content, said: Iterable[str]) -> Iterable[PlanLine]:
    """Return a line for each document and file of rows that comes, changes or goes.

    `said` holds the ids of definitions that other lines speak of already.
    """
    spoken = frozenset(said)
    gone, come = old.without(new), new.without(old)
    before = {str(one.content.get("id")): one for one in gone}
    after = {str(one.content.get("id")): one for one in come}
    for key, document in after.items():
        former = before.get(key)
        if key in spoken:
            continue
        if former is None:
            yield _document_line("add", document, "Add", "新增")
        elif former.hash != document.hash:
            yield _document_line("change", document, "Change", "修改")
    for key, document in before.items():
        if key not in after and key not in spoken:
            yield _document_line("drop", document, "Remove", "移除")
    yield from _rows_lines(old, new)


def _document_line(action: str, document: Document, en: str, zh: str) -> PlanLine:
    kind, name = document.kind, document.name
    code = f"{kind}.{action}"
    if kind == "extends":
        return PlanLine(
            f"{code}:{document.module}/{document.of}/{name}", code, _extension(document, en, zh)
        )
    text = said(
        f"{en} the {{kind}} {{name}}",
        f"{zh} {{kind}} {{name}}",
        kind=named("kind", kind),
        name=named(kind, name),
    )
    return PlanLine(f"{code}:{name}", code, text)


def _extension(document: Document, en: str, zh: str) -> Text:
    """Return what becomes of an extension in words, and to whom it gives rights."""
    roles = sorted({str(one["role"]) for one in document.content.get("grants", ())})
    by = document.content.get("by", {})
    roles += sorted({str(role) for named in by.values() for role in named} - {*roles})
    named_roles = tuple(named("role", one) for one in roles)
    rights = said("; rights for {roles}", "；涉及角色 {roles}", roles=named_roles)
    return said(
        f"{en} what {{module}} adds to the {{kind}} {{name}}{{rights}}",
        f"{zh} {{module}} 对 {{kind}} {{name}} 的扩展{{rights}}",
        module=named("module", document.module),
        kind=named("kind", document.of),
        name=named(document.of, document.name),
        rights=rights if roles else Text(),
    )


def _rows_lines(old: Content, new: Content) -> Iterable[PlanLine]:
    before: Mapping[str, RowsFile] = {one.file: one for one in old.rows}
    after = {one.file: one for one in new.rows}
    for path, file in after.items():
        if path not in before or before[path].hash != file.hash:
            count = len(file.rows())
            text = said(
                "Take {set} rows of {object}",
                "更新 {object} 的 {set} 数据",
                set=file.set,
                object=named("object", file.object),
            )
            code = f"rows.{file.set}"
            yield PlanLine(f"{code}:{file.module}/{file.object}", code, text, rows=count)
    for path, file in before.items():
        if path not in after:
            text = said(
                "Forget {set} rows of {object}",
                "移除 {object} 的 {set} 数据定义",
                set=file.set,
                object=named("object", file.object),
            )
            key = f"rows.drop:{file.module}/{file.set}/{file.object}"
            yield PlanLine(key, "rows.drop", text)
