"""What a publish would do, as a value that can be shown, compared and carried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.platform.core.problems import Problem, Text, errors
from headrace.platform.database.diff import Difference
from headrace.platform.database.names import Names
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.catalogs import Content
from headrace.platform.publishing.rows import RowsFile


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One change: a code, what it says to people, and how many rows it touches."""

    code: str
    text: Text
    destructive: bool = False
    rows: int | None = None

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        shown: dict[str, Any] = {
            "code": self.code,
            "text": self.text.within(language),
            "destructive": self.destructive,
        }
        return shown if self.rows is None else {**shown, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class Backfill:
    """Values that rows must have before the new version is live.

    `defaults` are (object id, field id) whose empty values take the field's default or first state,
    `computed` the ids of objects whose stored formulas and roll-ups are computed again, in order,
    `paths` those of objects that became trees.
    """

    defaults: tuple[tuple[str, str], ...] = ()
    computed: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A publish that was thought through on top of `base`, the version that was live then."""

    base: int
    content: Content
    catalog: Catalog | None
    names: Names
    difference: Difference | None
    backfill: Backfill
    lines: tuple[PlanLine, ...]
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> tuple[Problem, ...]:
        """What stands in the way of publishing it."""
        return tuple(errors(self.problems))

    @property
    def is_empty(self) -> bool:
        """Whether publishing would change nothing."""
        return not self.lines

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "version": self.base,
            "lines": [line.render(language) for line in self.lines],
            "problems": [problem.render(language) for problem in self.problems],
        }


def document_lines(old: Content, new: Content, said: Iterable[str]) -> Iterable[PlanLine]:
    """Return a line for each document and file of rows that comes, changes or goes.

    `said` holds the ids of definitions that other lines speak of already.
    """
    spoken = frozenset(said)
    before = {str(one.content.get("id")): one for one in old.documents}
    after = {str(one.content.get("id")): one for one in new.documents}
    for key, document in after.items():
        former = before.get(key)
        if key in spoken:
            continue
        if former is None:
            yield _document_line("add", document.kind, document.name, "Add", "新增")
        elif former.hash != document.hash:
            yield _document_line("change", document.kind, document.name, "Change", "修改")
    for key, document in before.items():
        if key not in after and key not in spoken:
            yield _document_line("drop", document.kind, document.name, "Remove", "移除")
    yield from _rows_lines(old, new)


def _document_line(action: str, kind: str, name: str, en: str, zh: str) -> PlanLine:
    return PlanLine(f"{kind}.{action}", Text(f"{en} the {kind} {name}", f"{zh} {kind} {name}"))


def _rows_lines(old: Content, new: Content) -> Iterable[PlanLine]:
    before: Mapping[str, RowsFile] = {one.file: one for one in old.rows}
    after = {one.file: one for one in new.rows}
    for path, file in after.items():
        if path not in before or before[path].hash != file.hash:
            count = len(file.rows())
            en, zh = (
                f"Take {file.set} rows of {file.object}",
                f"更新 {file.object} 的 {file.set} 数据",
            )
            yield PlanLine(f"rows.{file.set}", Text(en, zh), rows=count)
    for path, file in before.items():
        if path not in after:
            en, zh = (
                f"Forget {file.set} rows of {file.object}",
                f"移除 {file.object} 的 {file.set} 数据定义",
            )
            yield PlanLine("rows.drop", Text(en, zh))
