"""Definitions for those who may design: read, check, plan, publish."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, language_of, platform, read
from headrace.blueprints.api.designing import complete, require_design, sent, sent_base
from headrace.blueprints.api.jobs import accepted
from headrace.blueprints.api.plan_rows import shown_to, without_ids
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.metadata.documents import FOLDERS, KINDS
from headrace.platform.publishing.overtaken import refuse_overtaken
from headrace.platform.records.context import Context

blueprint = Blueprint("api_metadata", __name__, url_prefix="/api/v1/metadata")


@blueprint.get("/<kind>")
def find(kind: str) -> Response:
    """The definitions of a kind."""

    def action(context: Context) -> Response:
        require_design(context)
        items = [one.content for one in context.catalog.documents if one.kind == _known(kind)]
        return answer(context, {"items": items})

    return read(action)


@blueprint.get("/<kind>/<name>")
def get(kind: str, name: str) -> Response:
    """One definition."""

    def action(context: Context) -> Response:
        require_design(context)
        for one in context.catalog.documents:
            if one.kind == _known(kind) and one.name == name:
                return answer(context, one.content)
        raise NotFoundError(NOT_FOUND.at())

    return read(action)


@blueprint.post("/check")
def check() -> Response:
    """Check modules; nothing is changed."""
    return _planned(lambda context, plan: {"problems": plan.render(context.language)["problems"]})


@blueprint.post("/plan")
def make_plan() -> Response:
    """Say what publishing the modules would do; nothing is changed."""
    return _planned(lambda context, plan: plan.render(context.language))


@blueprint.post("/publish")
def publish() -> Response:
    """Publish the modules; the others stay as they are. 202 with a job where tables are large."""
    data, modules = sent()
    message, base = str(data.get("message") or ""), sent_base(data)

    def allowed(context: Context) -> str:
        require_design(context)
        return context.principal.user_id

    user = read(allowed)
    plan = platform().publisher.plan_modules(complete(modules), data.get("decisions"))
    refuse_overtaken(platform().catalogs, plan, base)
    if plan.prepared and not plan.refused:
        jobs = platform().publish_jobs
        return accepted(lambda _, work: jobs.ask_for_content(work, plan, message, user), data)
    version = platform().publisher.publish(plan, message, user).version

    def published(context: Context) -> Response:
        lines = [without_ids(line).render(language_of(context)) for line in plan.lines]
        return answer(context, {"version": version, "lines": lines})

    return read(published)


def _planned(shown: Any) -> Response:
    data, modules = sent()

    def action(context: Context) -> Response:
        require_design(context)
        plan = platform().publisher.plan_modules(complete(modules), data.get("decisions"))
        return answer(context, shown(context, shown_to(context, plan)))

    return read(action)


def _known(kind: str) -> str:
    """Return the kind for its name in the singular or that of its folder."""
    by_folder = {folder: one for one, folder in FOLDERS.items()} | {"modules": "module"}
    found = by_folder.get(kind, kind)
    if found not in KINDS:
        raise NotFoundError(NOT_FOUND.at())
    return found
