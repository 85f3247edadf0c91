"""Tasks of approvals: the inbox and decisions."""

from __future__ import annotations

import dataclasses
from typing import Any, Final, cast

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    answer,
    expected_version,
    known_arguments,
    optional_body,
    platform,
    read,
    write_once,
)
from headrace.platform.core.errors import RefusedError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER
from headrace.platform.workflow.approvals import Decided
from headrace.platform.workflow.tasks import InboxState

STATES: Final = ("open", "done", "started")

blueprint = Blueprint("api_tasks", __name__, url_prefix="/api/v1")


@blueprint.get("/tasks")
def inbox() -> Response:
    """The caller's tasks: open, done, or started by the caller."""
    known_arguments("state", "cursor")
    state = request.args.get("state", "open")
    if state not in STATES:
        raise RefusedError(BAD_PARAMETER.at("/state", name="state", expected=", ".join(STATES)))
    before = request.args.get("cursor")

    def action(context: Context) -> Response:
        reader.check_current(context)
        page = platform().tasks.inbox(context, cast(InboxState, state), before=before)
        return answer(context, page.render(context.language))

    return read(action)


@blueprint.get("/tasks/<task_id>")
def get(task_id: str) -> Response:
    """One task with its record, what changed, and the chain."""

    def action(context: Context) -> Response:
        reader.check_current(context)
        task = platform().tasks.get(context, task_id)
        return answer(context, task.render(context.language), version=task.item.version)

    return read(action)


@blueprint.post("/tasks/<task_id>/<any(approve, reject, comment, transfer):name>")
def decide(task_id: str, name: str) -> Response:
    """Decide a task, give it to a colleague, or comment on it."""
    data = optional_body("comment", *(("to",) if name == "transfer" else ("values",)))
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        done = platform().tasks.decide(
            context,
            work,
            task_id,
            name,
            version=version,
            comment=data.get("comment"),
            values=data.get("values"),
            to=data.get("to"),
        )
        return 200, _outcome(done)

    return write_once(action, data)


@blueprint.post("/approvals/<run_id>/withdraw")
def withdraw(run_id: str) -> Response:
    """Take a submission back, before the first decision."""
    data = optional_body("comment")

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        done = platform().workflow.withdraw(context, work, run_id, comment=data.get("comment"))
        return 200, _outcome(done)

    return write_once(action, data)


def _outcome(done: Decided | None) -> dict[str, Any]:
    """Return what became of run and record; a comment changes neither."""
    return {} if done is None else dataclasses.asdict(done)
