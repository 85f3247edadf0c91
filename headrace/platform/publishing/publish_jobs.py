"""Publishes that take long, as jobs: asked for in a request, carried out by a worker, followed by both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from headrace.platform.core.errors import ConflictError, NotFoundError, PlatformError, RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.long_jobs import Course
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.metadata.merging import Merged
from headrace.platform.publishing.aliases import about_rows
from headrace.platform.publishing.catalogs import CatalogStore, save_parts
from headrace.platform.publishing.draft_publishing import DraftPublisher
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.drafts import Drafts
from headrace.platform.publishing.overtaken import refuse_overtaken
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.preparing.preparer import CANCELLED
from headrace.platform.publishing.publisher import Publisher
from headrace.platform.publishing.resolutions import read_resolutions
from headrace.platform.publishing.result import Following, Progress
from headrace.platform.publishing.rolling_back import noting_rollback
from headrace.platform.publishing.switching import Within
from headrace.platform.publishing.uninstalling import Data, Uninstaller
from headrace.platform.publishing.upgrading import Upgrade, Upgrader

PUBLISH: Final = "publish"
"""The kind of these jobs."""


@dataclass(frozen=True, slots=True)
class PublishJobs:
    """Asks for jobs that publish, and carries them out."""

    database: Database
    catalogs: CatalogStore
    publisher: Publisher
    drafts: Drafts
    draft_publisher: DraftPublisher
    upgrader: Upgrader
    uninstaller: Uninstaller
    outbox: Outbox

    def ask_for_content(
        self, work: UnitOfWork, plan: Plan, message: str, by_user: str | None
    ) -> str:
        """Ask for the publish of a plan of modules; return the id of the job."""
        save_parts(work, plan.content)
        payload = {
            "what": "content",
            "base": plan.base,
            "content": plan.content.hashes,
            "decisions": about_rows(plan.decisions).render(),
            "aliases": dict(plan.aliases),
        }
        return self._ask(work, payload, message, by_user)

    def ask_for_upgrade(
        self, work: UnitOfWork, upgrade: Upgrade, message: str, by_user: str | None
    ) -> str:
        """Ask for an upgrade as it was planned; return the id of the job."""
        for one in (upgrade.plan.content, upgrade.delivered):
            save_parts(work, one)
        payload = {
            "what": "upgrade",
            "base": upgrade.plan.base,
            "content": upgrade.plan.content.hashes,
            "delivered": upgrade.delivered.hashes,
            "modules": list(upgrade.modules),
            "decisions": about_rows(upgrade.plan.decisions).render(),
            "aliases": dict(upgrade.plan.aliases),
        }
        return self._ask(work, payload, message, by_user)

    def ask_for_rollback(
        self, work: UnitOfWork, number: int, plan: Plan, message: str, by_user: str | None
    ) -> str:
        """Ask to go back to the content of a version; return the id of the job."""
        payload = {
            "what": "rollback",
            "base": plan.base,
            "number": number,
            "decisions": plan.decisions.render(),
        }
        return self._ask(work, payload, message, by_user)

    def ask_for_uninstall(
        self,
        work: UnitOfWork,
        plan: Plan,
        module: str,
        data: Data,
        message: str,
        by_user: str | None,
    ) -> str:
        """Ask for taking a module away as it was planned; return the id of the job."""
        payload = {
            "what": "uninstall",
            "base": plan.base,
            "module": module,
            "data": data,
            "decisions": about_rows(plan.decisions).render(),
        }
        return self._ask(work, payload, message, by_user)

    def ask_for_draft(
        self,
        work: UnitOfWork,
        draft: Draft,
        message: str,
        by_user: str | None,
        wanted: Mapping[str, Any],
    ) -> str:
        """Ask for the publish of a draft as it is; `wanted` are the decisions of its request.

        Its `live`, where it says one, is the version that must still be live then.
        """
        payload = {
            "what": "draft",
            "draft": draft.id,
            "version": draft.version,
            "decisions": wanted.get("decisions"),
            "resolutions": wanted.get("resolutions"),
            "merging": wanted.get("merge") is True,
            "live": wanted.get("live"),
        }
        return self._ask(work, payload, message, by_user)

    def _ask(
        self, work: UnitOfWork, payload: Mapping[str, Any], message: str, by_user: str | None
    ) -> str:
        whole = {**payload, "message": message, "user": by_user}
        job = self.outbox.put(work, PUBLISH, whole, by_user=by_user)
        assert job is not None  # noqa: S101 - a job without a key is always added
        return job

    def run(self, job: Job, course: Course) -> None:
        """Carry out a job; what is refused ends it, what fails for other reasons is tried again."""
        try:
            _CARRIED_OUT[job.payload["what"]](self, job.payload, course)
        except (RefusedError, ConflictError, NotFoundError) as error:
            cancelled = any(one.code == CANCELLED.code for one in error.problems)
            with self.database.writing(None) as work:
                course.close(work, "cancelled" if cancelled else "refused", _problems(error))

    def _content(self, asked: Mapping[str, Any], course: Course) -> None:
        self._publish(self._planned(asked), asked, course)

    def _planned(self, asked: Mapping[str, Any]) -> Plan:
        """Plan what was asked for again; whose ids its files had is known from the request."""
        content = self.catalogs.content_with(asked["content"])
        plan = self.publisher.plan_content(content, asked["decisions"])
        refuse_overtaken(self.catalogs, plan, asked["base"])
        return replace(plan, aliases={**plan.aliases, **asked["aliases"]})

    def _upgrade(self, asked: Mapping[str, Any], course: Course) -> None:
        def within(work: UnitOfWork, number: int) -> None:
            """End the job in the transaction that keeps what was delivered."""
            course.close(work, result={"version": number})

        plan = self._planned(asked)
        delivered = self.catalogs.content_with(asked["delivered"])
        settled = Upgrade(plan, Merged(()), delivered, tuple(asked["modules"]))
        self.upgrader.publish(settled, asked["message"], asked["user"], _following(course), within)

    def _rollback(self, asked: Mapping[str, Any], course: Course) -> None:
        plan = self.publisher.plan_rollback(asked["number"], asked["decisions"])
        refuse_overtaken(self.catalogs, plan, asked["base"])
        self._publish(plan, asked, course, noting_rollback(asked["number"], asked["user"]))

    def _uninstall(self, asked: Mapping[str, Any], course: Course) -> None:
        def within(work: UnitOfWork, number: int) -> None:
            """End the job in the transaction that makes the version live."""
            course.close(work, result={"version": number})

        module, data = asked["module"], asked["data"]
        plan = self.uninstaller.plan(module, asked["decisions"])
        refuse_overtaken(self.catalogs, plan, asked["base"])
        self.uninstaller.uninstall(
            plan, module, data, asked["message"], asked["user"], within, _following(course)
        )

    def _publish(
        self, plan: Plan, asked: Mapping[str, Any], course: Course, also: Within | None = None
    ) -> None:
        def within(work: UnitOfWork, number: int) -> None:
            """End the job in the transaction that makes the version live."""
            if also is not None:
                also(work, number)
            course.close(work, result={"version": number})

        if plan.is_empty and not plan.refused:
            with self.database.writing(None) as work:
                course.close(work, result={"version": plan.base})
            return
        self.publisher.publish(plan, asked["message"], asked["user"], within, _following(course))

    def _draft(self, asked: Mapping[str, Any], course: Course) -> None:
        def within(work: UnitOfWork, number: int, draft: Draft) -> None:
            """End the job in the transaction that makes the version live."""
            course.close(work, result={"version": number, "draft": draft.id})

        self.draft_publisher.publish(
            self.drafts.get(asked["draft"]),
            asked["version"],
            asked["message"],
            asked["user"],
            decisions=asked["decisions"],
            resolutions=read_resolutions(asked["resolutions"]),
            merging=asked["merging"],
            within=within,
            following=_following(course),
            live=asked.get("live"),
        )


_CARRIED_OUT: Final[Mapping[str, Callable[[PublishJobs, Mapping[str, Any], Course], None]]] = {
    "content": PublishJobs._content,  # noqa: SLF001 - own class
    "upgrade": PublishJobs._upgrade,  # noqa: SLF001 - own class
    "rollback": PublishJobs._rollback,  # noqa: SLF001 - own class
    "uninstall": PublishJobs._uninstall,  # noqa: SLF001 - own class
    "draft": PublishJobs._draft,  # noqa: SLF001 - own class
}


def _following(course: Course) -> Following:
    def report(progress: Progress) -> None:
        text = progress.text.as_dict()
        course.report({**progress.render("en"), "text": text})

    return Following(report, course.cancelled, course.job.id)


def _problems(error: PlatformError) -> Mapping[str, Any]:
    return {"problems": [_in_both_languages(one) for one in error.problems]}


def _in_both_languages(problem: Problem) -> Mapping[str, Any]:
    en, zh = problem.render("en"), problem.render("zh")
    texts = {name: {"en": en[name], "zh": zh[name]} for name in ("message", "hint")}
    return {**en, **texts}
