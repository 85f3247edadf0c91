"""A plan as its page shows it: problems with their places, lines worst first with their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from headrace.blueprints.design.answers import EMPTY, GIVEN, Answers
from headrace.blueprints.design.filling import Fill, fills
from headrace.blueprints.shared.session import platform
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.forms.field_view import ChoiceView, field_view, state_choices
from headrace.platform.metadata.called import called, plainly
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks.labels import LANGUAGE_MISSING
from headrace.platform.metadata.comparing import Change
from headrace.platform.metadata.comparing.labels import Labels
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.merging import Conflict
from headrace.platform.publishing.decisions import NEEDED, UNKNOWN_LINE
from headrace.platform.publishing.draft_publishing import MERGE_CONFLICT
from headrace.platform.publishing.failing.listing import Told, finder_of, told_rows
from headrace.platform.publishing.failing.questions import ROLE_HELD
from headrace.platform.publishing.identities import ID_TAKEN
from headrace.platform.publishing.plan import Plan, PlanLine
from headrace.platform.publishing.settling.messages import LEFT_EMPTY
from headrace.platform.records.context import Context
from headrace.platform.workflow.moving import RUNS_LEFT

LINES_OF_ANSWERS: Final = "/decisions"
ASKING: Final[Mapping[str, Message]] = {
    "role.drop": ROLE_HELD,
    "approval.running": RUNS_LEFT,
    "field.require": LEFT_EMPTY,
    ID_TAKEN.code: ID_TAKEN,
}
"""Which problem an open line is, where it is another one than its failing rows say."""


@dataclass(frozen=True, slots=True)
class Found:
    """A problem with the definition that it is in: its id for the designer, and its label."""

    problem: Problem
    document: str | None = None
    label: Text | None = None


@dataclass(frozen=True, slots=True)
class Going:
    """A value that goes: what its rows get now, as the form says it ("" while nothing is chosen)."""

    value: str
    label: Text
    chosen: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a plan as the page shows it.

    `told` are its first rows where they can be listed, `going` the values that rows lose with what
    they may get (`choices`), `problems` what is wrong with its answer. `fills` can be chosen for rows
    without a value.
    """

    number: int
    line: PlanLine
    told: Told | None
    going: Sequence[Going]
    choices: Sequence[ChoiceView]
    may_be_empty: bool
    problems: Sequence[Problem]
    fills: Sequence[Fill] = ()

    @property
    def written(self) -> str:
        """The formula of the answer, where it is none of those that can be chosen."""
        value = self.line.decision.value if self.line.decision else None
        return "" if value is None or any(one.formula == value for one in self.fills) else value

    @property
    def weighs(self) -> bool:
        """Whether a publisher has to look at it before anything else."""
        line = self.line
        return bool(line.destructive or line.answers or line.failing or line.rows)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A conflict with the three values as JSON, and how it was settled."""

    number: int
    conflict: Conflict
    ours: str | None
    theirs: str | None
    side: str
    own: str


@dataclass(frozen=True, slots=True)
class Group:
    """What changes in one definition."""

    kind: str
    name: str
    changes: Sequence[Change]


def differences_by_module(changes: Iterable[Change]) -> Mapping[str, Sequence[Group]]:
    """Return changes by module and definition, in the order in which they came."""
    found: dict[str, dict[tuple[str, str], list[Change]]] = {}
    for one in changes:
        found.setdefault(one.module, {}).setdefault((one.kind, one.name), []).append(one)
    return {
        module: [Group(kind, name, inside) for (kind, name), inside in groups.items()]
        for module, groups in found.items()
    }


def found_in(
    problems: Iterable[Problem], documents: Iterable[Document], *, marked: bool
) -> list[Found]:
    """Return problems, each once, with the documents that they are in; ids where a draft is `marked`."""
    documents = list(documents)
    by_file = {"/" + one.file: one for one in documents}
    labels = labels_of(documents)
    # Texts that lack a language are many and can wait: they stand last.
    told = sorted(called(problems, documents), key=lambda one: one.code == LANGUAGE_MISSING.code)
    found: list[Found] = []
    for problem in {_told_once(one, by_file): one for one in told}.values():
        file = next((one for one in _prefixes(problem.path) if one in by_file), None)
        if file is None:
            found.append(Found(problem))
            continue
        document = by_file[file]
        identity = str(document.content.get("id") or "") if marked else None
        found.append(Found(problem, identity or None, labels[document.kind, document.name]))
    return found


def _told_once(problem: Problem, files: Mapping[str, Document]) -> tuple[object, ...]:
    """Return what is the same for problems that read the same on the page."""
    file = next((one for one in _prefixes(problem.path) if one in files), None)
    return problem.code, problem.message, file


def label_of(document: Document) -> Text:
    """Return what people call a definition; its name where it has no label."""
    label = document.content.get("label")
    given = label if isinstance(label, Mapping) else {}
    texts = {key: one for key, one in given.items() if isinstance(one, str)}
    name = label if isinstance(label, str) and label else document.name
    return Text(texts.get("en", ""), texts.get("zh", "")) or Text(name, name)


def labels_of(documents: Iterable[Document]) -> dict[tuple[str, str], Text]:
    """Return what people call definitions, by kind and name; permissions are called as their object."""
    every = list(documents)
    found = {(one.kind, one.name): label_of(one) for one in every}
    for one in every:
        if one.kind == "permission":
            about = found.get(("object", str(one.content.get("object"))))
            found[one.kind, one.name] = about or found[one.kind, one.name]
    return found


def _prefixes(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def top_problems(plan: Plan) -> list[Problem]:
    """Return what the page says above the lines: all but what a line or a conflict says itself."""
    waiting = Counter(_codes(plan))
    left = []
    for one in plan.problems:
        if one.code == MERGE_CONFLICT.code or _is_of_line(one, plan):
            continue
        if waiting[one.code]:
            waiting[one.code] -= 1
            continue
        left.append(one)
    return left


def _codes(plan: Plan) -> Iterator[str]:
    """Yield the codes of the problems that lines are which wait for an answer."""
    for line in plan.lines:
        if not line.open:
            continue
        if line.failing is not None:
            yield line.failing.code
        yield ASKING.get(line.code, NEEDED).code


def _is_of_line(problem: Problem, plan: Plan) -> bool:
    return any(_about(problem, line) for line in plan.lines if line.answers)


def _about(problem: Problem, line: PlanLine) -> bool:
    place = LINES_OF_ANSWERS + pointer(line.key)
    return problem.path == place or problem.path.startswith(place + "/")


def unknown_lines(plan: Plan, answers: Answers) -> frozenset[str]:
    """Return the keys of answers that fit no line of a plan any more."""
    unknown = {one.path for one in plan.problems if one.code == UNKNOWN_LINE.code}
    return frozenset(key for key in answers.decisions if LINES_OF_ANSWERS + pointer(key) in unknown)


def rows_of(context: Context, plan: Plan) -> list[Row]:
    """Return the lines of a plan, worst first, as `context` may see them."""
    told = _told(context, plan)
    before = platform().catalogs.content_of(plan.base).documents
    labels = Labels(plan.content.documents, before)
    ranked = [
        replace(one, text=plainly(one.text, labels)) for one in sorted(plan.lines, key=_weight)
    ]
    return [
        replace(_row(context.catalog, plan, line, number, told), fills=fills(context, plan, line))
        for number, line in enumerate(ranked)
    ]


def _weight(line: PlanLine) -> tuple[bool, bool, bool, int]:
    stands = line.failing is not None and line.failing.count > 0
    return not line.open, not line.destructive, not stands, -line.count


def _told(context: Context, plan: Plan) -> Mapping[str, Told]:
    """Return the first rows of lines; none where the plan has no definitions or was overtaken."""
    here = platform()
    if plan.catalog is None or not any(line.count for line in plan.lines):
        return {}
    try:
        with finder_of(here.database, here.catalogs, here.context_of, plan) as finder:
            return told_rows(finder, plan, context)
    except (ConflictError, RefusedError):
        return {}


def _row(live: Catalog, plan: Plan, line: PlanLine, number: int, told: Mapping[str, Told]) -> Row:
    problems = [one for one in plan.problems if line.answers and _about(one, line)]
    gone, choices, may_be_empty = _mapping(live, plan, line)
    decided = line.decision.map if line.decision is not None else {}
    going = [Going(one.value, one.label, _said(decided, one.value)) for one in gone]
    return Row(number, line, told.get(line.key), going, choices, may_be_empty, problems)


def _said(decided: Mapping[str, str | None], value: str) -> str:
    if value not in decided:
        return ""
    to = decided[value]
    return EMPTY if to is None else GIVEN + to


_Mapping = tuple[Sequence[ChoiceView], Sequence[ChoiceView], bool]


def _mapping(live: Catalog, plan: Plan, line: PlanLine) -> _Mapping:
    """Return the values of a line that go, what their rows may get, and whether that may be nothing."""
    if "map" not in line.answers or plan.catalog is None:
        return (), (), False
    name, _, part = line.key.partition(":")[2].partition(".")
    if line.code == "state.drop":
        before = live.workflows[name]
        after = next((one for one in plan.catalog.workflows.values() if one.id == before.id), None)
        gone = [one for one in state_choices(before) if one.value == part]
        return gone, state_choices(after), False
    model = plan.catalog.objects[name]
    field = model.fields[part]
    former = next((one for one in live.objects.values() if one.id == model.id), None)
    earlier = (
        next((one for one in former.fields.values() if one.id == field.id), None)
        if former
        else None
    )
    if earlier is None:
        return (), (), False
    choices = field_view(plan.catalog, field).choices
    kept = {one.value for one in choices}
    gone = [one for one in field_view(live, earlier).choices if one.value not in kept]
    return gone, choices, True


def contradictions(met: Iterable[Conflict], answers: Answers) -> list[Contradiction]:
    """Return the conflicts of a draft: those that are settled and those that are open."""
    return [
        Contradiction(
            number,
            one,
            _json(one, "ours"),
            _json(one, "theirs"),
            str(answers.resolutions.get(one.key, {}).get("answer", "")),
            answers.texts.get(one.key, ""),
        )
        for number, one in enumerate(met)
    ]


def _json(conflict: Conflict, side: str) -> str | None:
    """Return what a side has as JSON; None where it has nothing."""
    shown: Mapping[str, Any] = conflict.render("en")
    if side not in shown:
        return None
    value = shown[side]
    return (
        value
        if isinstance(value, str)
        else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    )
