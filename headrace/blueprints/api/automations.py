"""Runs of automations for those who may design: what ran, what failed, letting it go on."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    answer,
    known_arguments,
    language_of,
    optional_body,
    platform,
    read,
    write_once,
)
from headrace.blueprints.api.designing import ListArguments, page_of, require_design
from headrace.platform.automation.views import PAGE, STATES, run, runs
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context

blueprint = Blueprint("api_automations", __name__, url_prefix="/api/v1/automation-runs")

BAD_ARGUMENT = Message(
    "request.automation_runs",
    "“{value}” cannot be “{name}” of a question about runs.",
    "“{value}”不能作为运行查询的“{name}”。",
    "“state” is one of {states}; “cursor” is what the page before gave as “next”.",
    "“state”为 {states} 之一；“cursor”为上一页返回的“next”。",
)
ARGUMENTS: Final = ListArguments(STATES, BAD_ARGUMENT)


@blueprint.get("")
def listed() -> Response:
    """The runs that are asked for, the newest first, page by page."""
    known_arguments("state", "automation", "cursor")

    def action(context: Context) -> Response:
        require_design(context)
        state, cursor = ARGUMENTS.read()
        found = runs(context, state=state, automation=request.args.get("automation"), before=cursor)
        items = [one.render(language_of(context)) for one in found]
        return answer(context, page_of(items, PAGE))

    return read(action)


@blueprint.get("/<run_id>")
def get(run_id: str) -> Response:
    """One run with what its actions did."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        return answer(context, run(context, run_id).render_whole(language_of(context)))

    return read(action)


@blueprint.post("/<run_id>/undo")
def undo(run_id: str) -> Response:
    """Begin a run that undoes what another set and made."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        return 202, {"id": platform().automations.undo(context, work, run_id), "state": "waiting"}

    return write_once(action, data)


@blueprint.post("/<run_id>/resume")
def resume(run_id: str) -> Response:
    """Let a failed run go on with the action that failed."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        platform().automations.resume(context, work, run_id)
        return 202, {"id": run_id, "state": "waiting"}

    return write_once(action, data)
