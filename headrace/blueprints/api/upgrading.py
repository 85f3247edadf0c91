"""Newer versions of modules over local changes: what was changed here, what an upgrade does, doing it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import answer, known_arguments, language_of, platform, read
from headrace.blueprints.api.designing import complete, require_design, sent, sent_base
from headrace.blueprints.api.plan_rows import shown_to
from headrace.blueprints.api.publishing import Asked, Body, Keep, lines_of, publish_once
from headrace.blueprints.api.shapes.publishing import DifferencesAnswer, UpgradePlanAnswer
from headrace.platform.core.errors import NotFoundError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.overtaken import refuse_overtaken
from headrace.platform.publishing.samples import UNKNOWN_MODULE
from headrace.platform.publishing.upgrading import Upgrade
from headrace.platform.records.context import Context

blueprint = Blueprint("api_upgrading", __name__, url_prefix="/api/v1/metadata")


@blueprint.get("/local-changes")
def local_changes() -> Response:
    """How live modules differ from what was delivered; of all, or of one `module`."""
    known_arguments("module")

    def action(context: Context) -> Response:
        require_design(context)
        module = request.args.get("module")
        if module is not None and module not in context.catalog.modules:
            raise NotFoundError(UNKNOWN_MODULE.at(name=module))
        found = platform().upgrader.local_changes([module] if module else ())
        language = language_of(context)
        shown: DifferencesAnswer = {"items": [one.render(language) for one in found]}
        return answer(context, shown)

    return read(action)


@blueprint.post("/upgrade/plan")
def plan() -> Response:
    """What upgrading to the modules sent would do, and where both sides changed the same."""
    data, modules = sent()

    def action(context: Context) -> Response:
        require_design(context)
        upgrade = platform().upgrader.plan_modules(complete(modules), data.get("decisions"))
        return answer(context, _shown(context, upgrade))

    return read(action)


@blueprint.post("/upgrade")
def upgrade() -> Response:
    """Upgrade to the modules sent, not while a conflict is open. 202 with a job for large tables."""
    data, modules = sent()
    message, base = str(data.get("message") or ""), sent_base(data)

    def planned(context: Context) -> Asked:
        here, user = platform(), context.principal.user_id
        made = here.upgrader.plan_modules(complete(modules), data.get("decisions"))
        refuse_overtaken(here.catalogs, made.plan, base)

        def carry_out(keep: Keep) -> Body:
            def within(work: UnitOfWork, number: int) -> None:
                keep(work, lines_of(context, made.plan, number))

            version = here.upgrader.publish(made, message, user, within=within).version
            return lines_of(context, made.plan, version)

        jobs = here.publish_jobs
        return Asked(
            made.plan, lambda work: jobs.ask_for_upgrade(work, made, message, user), carry_out
        )

    return publish_once(planned)


def _shown(context: Context, upgrade: Upgrade) -> UpgradePlanAnswer:
    language = language_of(context)
    conflicts = [one.render(language) for one in upgrade.merged.conflicts]
    return {**shown_to(context, upgrade.plan).render(language), "conflicts": conflicts}
