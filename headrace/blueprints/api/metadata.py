"""Definitions for those who may design: read, check, plan, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import answer, known_arguments, platform, read
from headrace.blueprints.api.designing import complete, require_design, sent, sent_base
from headrace.blueprints.api.plan_rows import shown_to
from headrace.blueprints.api.publishing import Asked, Body, Keep, lines_of, publish_once
from headrace.blueprints.api.shapes.publishing import (
    CheckAnswer,
    DefinitionsAnswer,
)
from headrace.blueprints.api.trying import plan_with_replays
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.documents import FOLDERS, KINDS, Document
from headrace.platform.publishing.overtaken import refuse_overtaken
from headrace.platform.publishing.plan import Plan, PlanJson
from headrace.platform.records.context import Context

blueprint = Blueprint("api_metadata", __name__, url_prefix="/api/v1/metadata")


@blueprint.get("/<kind>")
def find(kind: str) -> Response:
    """The definitions of a kind; of extensions, those `of` a kind or of a `module`."""
    known_arguments("of", "module")

    def action(context: Context) -> Response:
        require_design(context)
        shown: DefinitionsAnswer = {"items": [dict(one.content) for one in _chosen(context, kind)]}
        return answer(context, shown)

    return read(action)


@blueprint.get("/<kind>/<name>")
def get(kind: str, name: str) -> Response:
    """One definition as it stands in its file; with `extended=true` with all that modules add to it."""
    known_arguments("of", "module", "extended")

    def action(context: Context) -> Response:
        require_design(context)
        for one in _chosen(context, kind):
            if one.name == name:
                return answer(context, _shown(context, one))
        raise NotFoundError(NOT_FOUND.at())

    return read(action)


def _shown(context: Context, document: Document) -> Mapping[str, Any]:
    together = context.catalog.extended.get((document.kind, document.name))
    if together is not None and request.args.get("extended") == "true":
        return together.content
    return document.content


def _chosen(context: Context, kind: str) -> Iterator[Document]:
    """Yield the documents of a kind that the address asks for."""
    wanted, args = _known(kind), request.args
    for one in context.catalog.documents:
        asked = args.get("of", one.of), args.get("module", one.module)
        if one.kind == wanted and asked == (one.of, one.module):
            yield one


@blueprint.post("/check")
def check() -> Response:
    """Check modules; nothing is changed."""
    return _planned(_problems)


@blueprint.post("/plan")
def make_plan() -> Response:
    """Say what publishing the modules would do; nothing is changed."""
    return _planned(plan_with_replays)


@blueprint.post("/publish")
def publish() -> Response:
    """Publish the modules; the others stay as they are. 202 with a job where tables are large."""
    data, modules = sent()
    message, base = str(data.get("message") or ""), sent_base(data)

    def planned(context: Context) -> Asked:
        here, user = platform(), context.principal.user_id
        plan = here.publisher.plan_modules(complete(modules), data.get("decisions"))
        refuse_overtaken(here.catalogs, plan, base)

        def carry_out(keep: Keep) -> Body:
            def within(work: UnitOfWork, number: int) -> None:
                keep(work, lines_of(context, plan, number))

            version = here.publisher.publish(plan, message, user, within).version
            return lines_of(context, plan, version)

        jobs = here.publish_jobs
        return Asked(plan, lambda work: jobs.ask_for_content(work, plan, message, user), carry_out)

    return publish_once(planned)


def _problems(context: Context, plan: Plan) -> CheckAnswer:
    return {"problems": plan.render(context.language)["problems"]}


def _planned(shown: Callable[[Context, Plan], CheckAnswer | PlanJson]) -> Response:
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
