"""Definitions to try approvals with: those of a draft, of another version, or of a plan; and who submits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from headrace.platform.access.identity import Identity, normalised_login
from headrace.platform.access.principals import Principal
from headrace.platform.access.tables import USER
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.core.problems import Message, errors
from headrace.platform.database.engine import Database
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog, WorkflowModel
from headrace.platform.publishing.catalogs import CatalogStore
from headrace.platform.publishing.draft_publishing import DraftPublisher
from headrace.platform.publishing.drafts import Drafts
from headrace.platform.publishing.plan import Plan
from headrace.platform.records.context import Context
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.replaying import USUAL, replay
from headrace.platform.workflow.replays import Replay

UNKNOWN_USER: Final = Message(
    "simulation.submitter",
    "There is no active user “{login}”.",
    "没有启用的用户“{login}”。",
    "Give the login of who would submit.",
    "请填写提交人的登录名。",
)
BOTH: Final = Message(
    "simulation.definitions",
    "Name a draft or a version, not both.",
    "请只指定草稿或版本之一。",
    "Leave one of them out; without both the live version is tried.",
    "请去掉其中之一；都不填则使用当前版本。",
)


class Trials:
    """Finds what approvals are tried with."""

    def __init__(
        self,
        database: Database,
        catalogs: CatalogStore,
        drafts: Drafts,
        publisher: DraftPublisher,
        identity: Identity,
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._drafts = drafts
        self._publisher = publisher
        self._identity = identity

    def definitions(self, draft: str | None, version: int | None) -> Catalog | None:
        """Return the definitions of a draft (by name or id) or of a version; None for the live ones.

        Raise NotFoundError where there is none, RefusedError with what is wrong where they cannot be
        built.
        """
        if draft is not None and version is not None:
            raise RefusedError(BOTH.at("/version"))
        if draft is not None:
            return self._publisher.catalog(self._drafts.find(draft))
        if version is None:
            return None
        documents = self._catalogs.content_of(version).documents
        live = self._catalogs.refresh().catalog
        built = build_catalog(documents, self._catalogs.types, version, live)
        if built.catalog is None:
            raise RefusedError.of(errors(built.problems))
        return built.catalog

    def earlier(self, version: int) -> Catalog | None:
        """Return the definitions of a version; None where they cannot be read any more."""
        try:
            return self.definitions(None, version)
        except (NotFoundError, RefusedError):
            return None

    def submitter(self, context: Context, login: str) -> Principal:
        """Return an active user by login; raise NotFoundError."""
        query = sa.select(USER.c.id).where(USER.c.login == normalised_login(login), USER.c.active)
        with self._database.reading() as reading:
            user_id = reading.connection.execute(query).scalar()
        if user_id is None:
            raise NotFoundError(UNKNOWN_USER.at("/submitter", login=login))
        return self._identity.principal_of_user(user_id, context.catalog)


def replays_of(context: Context, plan: Plan, trials: Trials, last: int = USUAL) -> Iterator[Replay]:
    """Replay the last runs of each workflow whose approvals a plan changes through what it brings.

    Only those that a run went through are told.
    """
    new = plan.catalog
    if new is None or plan.refused:
        return
    changed = [one for one in context.catalog.workflows.values() if _changes(context, one, new)]
    if not changed:
        return
    with checked_snapshot(context) as reading:
        for workflow in changed:
            found = replay(context, reading, workflow.name, new, last, trials.earlier)
            if found.runs:
                yield found


def _changes(context: Context, workflow: WorkflowModel, new: Catalog) -> bool:
    if not workflow.approvals:
        return False
    other = next((one for one in new.workflows.values() if one.id == workflow.id), None)
    return other is None or _form(context.catalog, workflow) != _form(new, other)


def _form(catalog: Catalog, workflow: WorkflowModel) -> object:
    """Return what decides the paths of runs: definitions, and the constants of their conditions."""
    approvals = [one for several in workflow.approvals.values() for one in several]
    conditions = [
        condition
        for one in approvals
        for condition in (one.when, *(step.when for step in one.steps))
        if condition is not None
    ]
    constants = {name for condition in conditions for name in condition.constants()}
    return (
        workflow.definition,
        tuple(one.definition for one in approvals),
        tuple(sorted((name, str(catalog.constants[name].value)) for name in constants)),
    )
