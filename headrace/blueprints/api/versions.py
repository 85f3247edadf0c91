"""Published versions for those who may design: list, differences, where-used, going back."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    answer,
    body_object,
    known_arguments,
    language_of,
    platform,
    read,
)
from headrace.blueprints.api.designing import require_design, sent_base
from headrace.blueprints.api.plan_rows import shown_to
from headrace.blueprints.api.publishing import Asked, Body, Keep, lines_of, publish_once
from headrace.blueprints.api.shapes.publishing import (
    DifferencesAnswer,
    RollbackAsked,
    UsesAnswer,
    VersionsAnswer,
)
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.core.shapes import keys_of
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.overtaken import refuse_overtaken
from headrace.platform.publishing.rolling_back import noting_rollback
from headrace.platform.records.context import Context

blueprint = Blueprint("api_versions", __name__, url_prefix="/api/v1/metadata")

BAD_NUMBER: Final = Message(
    "request.version",
    "“{name}” must be the number of a version.",
    "“{name}”必须是版本号。",
    "GET /metadata/versions lists them.",
    "可通过 GET /metadata/versions 查看。",
)
BAD_USED: Final = Message(
    "request.where_used",
    "Say “kind” and “name” of a definition.",
    "请提供定义的“kind”和“name”。",
    "For example ?kind=field&name=order.total.",
    "例如 ?kind=field&name=order.total。",
)


@blueprint.get("/versions")
def find() -> Response:
    """All versions, the newest first."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        shown: VersionsAnswer = {"items": platform().versions.all()}
        return answer(context, shown)

    return read(action)


@blueprint.get("/versions/<int:number>")
def get(number: int) -> Response:
    """One version."""

    def action(context: Context) -> Response:
        require_design(context)
        return answer(context, platform().versions.get(number))

    return read(action)


@blueprint.get("/diff")
def differences() -> Response:
    """What leads from one version to another, as sentences and as data."""
    known_arguments("from", "to")

    def action(context: Context) -> Response:
        require_design(context)
        changes = platform().versions.differences(_number("from"), _number("to"))
        language = language_of(context)
        shown: DifferencesAnswer = {"items": [one.render(language) for one in changes]}
        return answer(context, shown)

    return read(action)


@blueprint.get("/where-used")
def where_used() -> Response:
    """What uses a definition of the live version, or of a draft."""
    known_arguments("kind", "name", "draft")

    def action(context: Context) -> Response:
        require_design(context)
        kind, name = request.args.get("kind"), request.args.get("name")
        if not kind or not name:
            raise RefusedError(BAD_USED.at())
        here, draft = platform(), request.args.get("draft")
        drawn = here.draft_publisher.catalog(here.drafts.get(draft)) if draft else None
        found = here.versions.where_used(kind, name, drawn)
        language = language_of(context)
        shown: UsesAnswer = {"items": [one.render(language) for one in found]}
        return answer(context, shown)

    return read(action)


@blueprint.post("/rollback")
def roll_back() -> Response:
    """Publish the content of an earlier version as a new one; with `plan` only say what it does."""
    read(require_design)
    data = body_object()
    number, base = data.get("version"), sent_base(data)
    if (
        not isinstance(number, int)
        or isinstance(number, bool)
        or not set(data) <= {*keys_of(RollbackAsked)}
    ):
        raise RefusedError(BAD_NUMBER.at("/version", name="version"))

    here = platform()
    if data.get("plan") is True:

        def shown(context: Context) -> Response:
            require_design(context)
            plan = here.publisher.plan_rollback(number, data.get("decisions"))
            return answer(context, shown_to(context, plan).render(language_of(context)))

        return read(shown)
    message = str(data.get("message") or f"rollback to {number}")

    def planned(context: Context) -> Asked:
        user = context.principal.user_id
        plan = here.publisher.plan_rollback(number, data.get("decisions"))
        refuse_overtaken(here.catalogs, plan, base)
        noting = noting_rollback(number, user)

        def carry_out(keep: Keep) -> Body:
            def within(work: UnitOfWork, version: int) -> None:
                noting(work, version)
                keep(work, lines_of(context, plan, version))

            version = here.publisher.publish(plan, message, user, within).version
            return lines_of(context, plan, version)

        jobs = here.publish_jobs
        return Asked(
            plan,
            lambda work: jobs.ask_for_rollback(work, number, plan, message, user),
            carry_out,
        )

    return publish_once(planned)


def _number(name: str) -> int:
    given = request.args.get(name, "")
    if not given.isascii() or not given.isdigit() or len(given) > 9:  # noqa: PLR2004 - digits
        raise RefusedError(BAD_NUMBER.at("/" + name, name=name))
    return int(given)
