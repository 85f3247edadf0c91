"""Automations on a schedule for those who may design: when they run, what they would do, a run at once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    answer,
    known_arguments,
    language_of,
    optional_body,
    platform,
    read,
    write_once,
)
from headrace.blueprints.api.designing import require_design
from headrace.platform.automation.schedules import attempt, scheduled, schedules
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context

blueprint = Blueprint("api_schedules", __name__, url_prefix="/api/v1/automation-schedules")


@blueprint.get("")
def listed() -> Response:
    """The automations that run on a schedule, with the time at which each comes next."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        language = language_of(context)
        return answer(context, {"items": [one.render(language) for one in schedules(context)]})

    return read(action)


@blueprint.post("/<name>/try")
def tried(name: str) -> Response:
    """What it would do now; nothing is kept of it."""
    optional_body()
    read(require_design)
    found = attempt(platform(), platform().automations, name)
    return read(lambda context: answer(context, found.render(language_of(context))))


@blueprint.post("/<name>/run")
def run(name: str) -> Response:
    """Begin a run before its time."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        automation = scheduled(context.catalog, name)
        engine = platform().automations
        run_id = engine.start(context, work, automation, "schedule", None, context.now())
        return 202, {"id": run_id, "state": "waiting"}

    return write_once(action, data)
