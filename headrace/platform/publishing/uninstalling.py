"""Taking a module away: a publish of everything else, and, where asked, the end of its rows."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.access.audit import Entry, Piece, actor_of, record
from headrace.platform.access.identity import Identity
from headrace.platform.core.errors import ConflictError, NotFoundError, RefusedError
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import THE_PLATFORM, Actor, UnitOfWork
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.wording import sentence
from headrace.platform.publishing.catalogs import CatalogStore, Content
from headrace.platform.publishing.discarding import Discarded, discard_kept
from headrace.platform.publishing.plan import Plan, PlanLine
from headrace.platform.publishing.publisher import Answers, Publisher
from headrace.platform.publishing.result import UNFOLLOWED, Following
from headrace.platform.publishing.samples import UNKNOWN_MODULE, USER_OBJECT_ID
from headrace.platform.publishing.sweeping import mark_dropped
from headrace.platform.publishing.switching import Within
from headrace.platform.publishing.tables import SAMPLE

LOG: Final = logging.getLogger(__name__)

Data = Literal["keep", "drop"]
DATA: Final[tuple[Data, ...]] = ("keep", "drop")
RETIRING: Final = {"module": "", "object_id": "system.user.retiring"}
"""What the rows of sample users say when their module is gone and they are still active."""
DROPS: Final = frozenset({"object.drop", "field.drop"})
"""Codes of the lines that the choice of what happens to the data answers."""

UNINSTALLED: Final[Mapping[Data, Text]] = {
    "keep": Text(
        "module “{name}” was taken away, its data are kept for 30 days",
        "模块“{name}”已移除，其数据保留 30 天",
    ),
    "drop": Text("module “{name}” was taken away with its data", "模块“{name}”及其数据已移除"),
}
REQUIRED_BY: Final = Message(
    "module.required_by",
    "The module “{name}” cannot go: {others} require it.",
    "无法移除模块“{name}”：{others} 依赖它。",
    "Uninstall these modules first.",
    "请先卸载这些模块。",
)
BAD_DATA: Final = Message(
    "uninstall.data",
    "What happens to the data of the module must be said: keep or drop.",
    "必须说明如何处理该模块的数据：keep 或 drop。",
    "“keep” keeps tables and values for 30 days, “drop” removes them at once.",
    "“keep”将数据保留 30 天，“drop”立即删除。",
)


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """What taking a module away did: the version that is live, and what was removed for good."""

    version: int
    discarded: Discarded


class Uninstaller:
    """Plans and carries out taking modules away."""

    def __init__(
        self,
        database: Database,
        catalogs: CatalogStore,
        publisher: Publisher,
        identity: Identity,
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._publisher = publisher
        self._identity = identity

    def plan(self, module: str, decisions: Answers = None) -> Plan:
        """Return what taking `module` away would do; lines that only drop data are accepted.

        Raise NotFoundError for a module that there is not, RefusedError where others require it.
        """
        live = self._catalogs.refresh()
        if module not in live.catalog.modules:
            raise NotFoundError(UNKNOWN_MODULE.at(name=module))
        problem = required_by(live.catalog, module)
        if problem is not None:
            raise RefusedError(problem)
        rest = without_module(self._catalogs.content_of(live.version), module)
        plan = self._publisher.plan_content(rest, decisions)
        accepted = _accepted(plan.lines)
        if not accepted:
            return plan
        return self._publisher.plan_content(rest, {**accepted, **(decisions or {})})

    def uninstall(
        self,
        plan: Plan,
        module: str,
        data: Data,
        message: str,
        by_user: str | None,
        within: Within | None = None,
        following: Following = UNFOLLOWED,
    ) -> Uninstalled:
        """Carry out a plan of `plan`; with `drop` tables and values are removed after the commit.

        Its sample users end after it (`retire_users`). `within` runs in the transaction that makes the
        version live, `following` is told how far it is. Raise RefusedError for a plan with errors.
        """

        def forget(work: UnitOfWork, version: int) -> None:
            _forget_samples(work, module)
            if data == "drop" and plan.difference is not None:
                # Whatever happens after the commit, the next sweep ends what was begun.
                mark_dropped(work, plan.difference.dropped)
            said = sentence(UNINSTALLED[data], name=module)
            piece = Piece("", None, {"data": data}, said)
            entry = Entry("uninstall", "module", module, None, module, [piece], version)
            record(work, [entry], actor_of(by_user))
            if within is not None:
                within(work, version)

        version = self._publisher.publish(plan, message, by_user, forget, following).version
        self.retire_users(actor_of(by_user))
        if data == "keep" or plan.difference is None:
            return Uninstalled(version, Discarded())
        with self._database.publishing(actor_of(by_user)) as work:
            found = discard_kept(work.connection, work.dialect, plan.difference.dropped)
        return Uninstalled(version, found)

    def retire_users(self, actor: Actor = THE_PLATFORM) -> int:
        """Deactivate the sample users of modules that were taken away; return how many.

        Their tasks go to others by the version without the module, so that this comes after its commit;
        what a process that died there left is found by the next round of a worker. A user whom nobody
        can take a task from stays, and is tried again.
        """
        with self._database.reading() as reading:
            if not _retiring(reading.connection):
                return 0
        with self._database.publishing(actor) as work:
            return sum(self._retire(work, user_id) for user_id in _retiring(work.connection))

    def _retire(self, work: UnitOfWork, user_id: str) -> bool:
        try:
            with work.connection.begin_nested():
                self._identity.update_user(work, user_id, active=False)
                work.connection.execute(sa.delete(SAMPLE).where(SAMPLE.c.record_id == user_id))
        except ConflictError as error:
            LOG.warning("sample user %s of a module that is gone stays: %s", user_id, error)
            return False
        return True


def required_by(catalog: Catalog, module: str) -> Problem | None:
    """Return the problem that other modules of `catalog` require `module`."""
    others = sorted(one.name for one in catalog.modules.values() if module in one.requires)
    if not others:
        return None
    return REQUIRED_BY.at(name=module, others=", ".join(others))


def without_module(content: Content, module: str) -> Content:
    """Return `content` without the documents and rows of `module`."""
    return Content(
        tuple(one for one in content.documents if one.module != module),
        tuple(one for one in content.rows if one.module != module),
    )


def _accepted(lines: Iterable[PlanLine]) -> Mapping[str, Any]:
    return {
        line.key: {"answer": "accept", "rows": line.count}
        for line in lines
        if line.open and line.code in DROPS and "accept" in line.answers
    }


def _forget_samples(work: UnitOfWork, module: str) -> None:
    """Let the rows of `module` be samples no more, and mark the accounts among them to be retired."""
    own = SAMPLE.c.module == module
    users = SAMPLE.c.object_id == USER_OBJECT_ID
    work.connection.execute(sa.update(SAMPLE).where(own, users).values(RETIRING))
    work.connection.execute(sa.delete(SAMPLE).where(own))


def _retiring(connection: sa.Connection) -> list[str]:
    """Return the ids of the accounts that are to be retired."""
    users = sa.select(SAMPLE.c.record_id).where(SAMPLE.c.object_id == RETIRING["object_id"])
    return [str(one) for one in connection.execute(users.order_by(SAMPLE.c.number)).scalars()]
