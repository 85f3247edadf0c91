"""Newer versions of modules that were changed here: both sides' changes are kept, or are conflicts.

Base is the module as its vendor delivered it last, ours what is live, theirs the newer version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from headrace.platform.access.audit import Entry, Piece, actor_of, record
from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Message, Problem, Text, errors
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.comparing import Change, compare
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.merging import Merged, Resolution, Resolutions, Sides, merge
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.aliases import load_aliases
from headrace.platform.publishing.catalogs import CatalogStore, Content
from headrace.platform.publishing.draft_publishing import UNKNOWN_CONFLICT
from headrace.platform.publishing.folders import Modules
from headrace.platform.publishing.identities import Known, identify
from headrace.platform.publishing.origins import origins, remember
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.planning import read_for_plan
from headrace.platform.publishing.publisher import Publisher
from headrace.platform.publishing.resolutions import is_resolution, read_resolutions
from headrace.platform.publishing.result import UNFOLLOWED, Following, Result
from headrace.platform.publishing.rows import RowsFile
from headrace.platform.publishing.switching import Within

UPGRADE_CONFLICT: Final = Message(
    "upgrade.conflict",
    "Changed here and by the new version: {sentence}",
    "本地与新版本都做了修改：{sentence}",
    'Answer “{key}” with {"answer": "ours"} or {"answer": "theirs"} in the decisions.',
    '请在决定中用 {"answer": "ours"} 或 {"answer": "theirs"} 答复“{key}”。',
)
LOCAL_CHANGES: Final = Message(
    "module.local_changes",
    "A local change of the module “{name}” would be lost: {sentence}",
    "模块“{name}”的本地修改将会丢失：{sentence}",
    "Publish with --upgrade to keep local changes.",
    "使用 --upgrade 发布可保留本地修改。",
    severity="warning",
)
OLDER: Final = Message(
    "upgrade.older",
    "The module “{name}” is at version {live} here; the folder has {given}.",
    "模块“{name}”当前为版本 {live}，文件夹中为 {given}。",
    "Make sure that this is what you want.",
    "请确认这正是您想要的。",
    severity="warning",
)
UPGRADED: Final = Text(
    "module “{name}” was upgraded: {before} → {after}", "模块“{name}”已升级：{before} → {after}"
)
SIDES: Final = Sides(Text("this workspace", "本工作区"), Text("the new version", "新版本"))
TOLD: Final = 50


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A planned upgrade: the plan, the merge it came from and what the vendor delivered."""

    plan: Plan
    merged: Merged
    delivered: Content
    modules: tuple[str, ...]


class Upgrader:
    """Plans and publishes newer versions of modules over local changes."""

    def __init__(
        self, database: Database, catalogs: CatalogStore, publisher: Publisher, ids: IdSource
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._publisher = publisher
        self._ids = ids

    def plan(
        self, path: Path, others: Sequence[Path] = (), answers: Mapping[str, Any] | None = None
    ) -> Upgrade:
        """Return what upgrading to the modules at `path` would do; changes nothing."""
        live = self._catalogs.refresh()
        return self.plan_modules(
            read_for_plan(path, others, live.catalog, self._catalogs.types), answers
        )

    def plan_modules(self, modules: Modules, answers: Mapping[str, Any] | None = None) -> Upgrade:
        """Return what upgrading to modules that are already read would do.

        `answers` hold decisions on lines of the plan and resolutions of conflicts, by their keys.
        """
        content = self._catalogs.content_of()
        if errors(modules.problems):
            nothing = self._publisher.plan_content(content)
            plan = replace(nothing, problems=modules.problems)
            return Upgrade(plan, Merged(()), Content((), ()), modules.names)
        decisions, settled = _split(answers)
        resolutions = read_resolutions(settled, "/decisions")
        base = self.base(modules.names)
        with self._database.reading() as reading:
            known = Known(load_aliases(reading.connection))
        delivered = identify(modules.documents, base.documents, self._ids, known)
        theirs, found = delivered.documents, delivered.problems
        ours = [one for one in content.documents if one.module in modules.names]
        merged = _merged(base.documents, ours, theirs, resolutions)
        if modules.keeps_rows:
            # Documents alone were sent: the rows are as they were delivered last, and stay.
            modules = replace(modules, rows=base.rows)
        rows = _merged_rows(base.rows, content.rows, modules.rows, modules.names)
        rest = [one for one in content.documents if one.module not in modules.names]
        problems = [
            *modules.problems,
            *found,
            *_older(ours, theirs),
            *(
                UPGRADE_CONFLICT.at(
                    f"/{one.module}/{one.kind}/{one.name}{one.path}",
                    sentence=one.sentence,
                    key=one.key,
                )
                for one in merged.conflicts
            ),
            *(UNKNOWN_CONFLICT.at("/decisions", key=key) for key in merged.unused),
        ]
        wanted = Content((*rest, *merged.documents), rows)
        plan = self._publisher.plan_content(wanted, decisions)
        plan = replace(plan, problems=(*problems, *plan.problems))
        return Upgrade(plan, merged, Content(theirs, modules.rows), modules.names)

    def publish(
        self,
        upgrade: Upgrade,
        message: str,
        by_user: str | None,
        following: Following = UNFOLLOWED,
        within: Within | None = None,
    ) -> Result:
        """Carry out an upgrade; what was delivered is the base of the next one.

        `within` belongs into the same transaction, also where only what was delivered is new.
        """
        numbers = _numbers(self._catalogs.content_of(upgrade.plan.base).documents)

        def keep(work: UnitOfWork, number: int) -> None:
            remember(work, upgrade.delivered, upgrade.modules)
            entries = _entries(numbers, _numbers(upgrade.delivered.documents), number)
            record(work, entries, actor_of(by_user))
            if within is not None:
                within(work, number)

        if upgrade.plan.is_empty and not upgrade.plan.refused:
            with self._database.writing(upgrade.plan.base) as work:
                keep(work, upgrade.plan.base)
        return self._publisher.publish(upgrade.plan, message, by_user, keep, following)

    def base(self, modules: Collection[str]) -> Content:
        """Return modules as they were delivered last; of older installs, as they first came."""
        with self._database.reading() as reading:
            known = dict(origins(reading.connection, modules))
        missing = set(modules) - known.keys()
        for version in reversed(self._catalogs.versions() if missing else ()):
            content = self._catalogs.content_of(version.number)
            for name in missing & {one.module for one in content.documents}:
                known[name] = _only(content, {name})
                missing.discard(name)
        return Content(
            tuple(document for one in known.values() for document in one.documents),
            tuple(file for one in known.values() for file in one.rows),
        )

    def local_changes(self, modules: Collection[str] = ()) -> tuple[Change, ...]:
        """Return how live modules differ from what was delivered."""
        live = self._catalogs.content_of()
        chosen = set(modules) or {one.module for one in live.documents}
        base = self.base(chosen)
        return compare(base.documents, _only(live, chosen).documents, self._catalogs.types)

    def overwritten(self, plan: Plan) -> tuple[Problem, ...]:
        """Return a warning for each local change that `plan` would undo by replacing modules."""
        wanted = {one.hash for one in plan.content.documents}
        lost = {
            one.content.get("id"): one.module
            for one in self._catalogs.content_of().documents
            if one.hash not in wanted
        }
        changes = self.local_changes(set(lost.values())) if lost else ()
        return tuple(
            LOCAL_CHANGES.at("/" + one.module, name=one.module, sentence=one.sentence)
            for one in [one for one in changes if one.id in lost][:TOLD]
        )


def _split(answers: Any) -> tuple[Any, Mapping[str, Any]]:
    """Return decisions on lines of the plan, which reads them, and answers to conflicts."""
    if not isinstance(answers, Mapping):
        return answers, {}
    settled = {key: one for key, one in answers.items() if is_resolution(one)}
    decisions = {key: one for key, one in answers.items() if key not in settled}
    return decisions or None, settled


def _only(content: Content, modules: Collection[str]) -> Content:
    return Content(
        tuple(one for one in content.documents if one.module in modules),
        tuple(one for one in content.rows if one.module in modules),
    )


def _merged(
    base: Iterable[Document],
    ours: Sequence[Document],
    theirs: Sequence[Document],
    resolutions: Resolutions,
) -> Merged:
    """Merge; the number of the version is the vendor's to say."""
    numbers = {f"module/{one.name}/version" for one in theirs if one.kind == "module"}
    settled = {**dict.fromkeys(numbers, Resolution("theirs")), **resolutions}
    merged = merge(base, ours, theirs, settled, SIDES)
    unused = tuple(key for key in merged.unused if key in resolutions)
    return replace(merged, unused=unused)


def _merged_rows(
    base: Iterable[RowsFile],
    ours: Iterable[RowsFile],
    theirs: Iterable[RowsFile],
    modules: Collection[str],
) -> tuple[RowsFile, ...]:
    """Return the files of rows: theirs, but for those that only this workspace changed."""
    before = {one.file: one for one in base}
    given = {one.file: one for one in theirs}
    kept = {
        one.file: one
        for one in ours
        if one.module not in modules
        or one.file not in before
        or before[one.file] == given.get(one.file)
    }
    new = {path: one for path, one in given.items() if before.get(path) != one}
    return tuple({**kept, **new}.values())


def _older(ours: Iterable[Document], theirs: Iterable[Document]) -> Iterator[Problem]:
    live = {one.name: one.content["version"] for one in ours if one.kind == "module"}
    for one in theirs:
        if one.kind == "module" and one.name in live:
            given = one.content["version"]
            if _number(given) < _number(live[one.name]):
                yield OLDER.at("/" + one.file, name=one.name, live=live[one.name], given=given)


def _numbers(documents: Iterable[Document]) -> dict[str, str]:
    """Return the version of each module."""
    return {one.name: str(one.content["version"]) for one in documents if one.kind == "module"}


def _entries(before: Mapping[str, str], after: Mapping[str, str], version: int) -> Iterator[Entry]:
    """Yield what the audit trail says of each module that was delivered."""
    for name, number in after.items():
        former = before.get(name)
        said = sentence(UPGRADED, name=name, before=former or "-", after=number)
        piece = Piece("/version", former, number, said)
        yield Entry("upgrade", "module", name, module=name, pieces=[piece], version=version)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
