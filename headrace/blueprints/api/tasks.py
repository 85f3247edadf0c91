"""Tasks of approvals: the inbox and decisions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, cast

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    answer,
    expected_version,
    keyed_request,
    known_arguments,
    limit_argument,
    optional_body,
    platform,
    read,
    write,
    write_once,
)
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.field_types.values import (
    ARRAY,
    OBJECT,
    STRING,
    WRONG_TYPE,
    type_name,
)
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER
from headrace.platform.workflow.approvals import Decided
from headrace.platform.workflow.bulk_decisions import asked_of, decide_many
from headrace.platform.workflow.inbox_filters import inbox_filter
from headrace.platform.workflow.tasks import InboxState

STATES: Final = ("open", "done", "started", "copied")
DECISIONS: Final = ("approve", "reject")
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "return": ("to", "course"),
    "transfer": ("to",),
    "add_approver": ("to", "place"),
    "ask_opinion": ("to",),
    "take_back": (),
    "comment": ("values",),
}
"""What may be sent with an action besides a comment and files that go with it."""

blueprint = Blueprint("api_tasks", __name__, url_prefix="/api/v1")


@blueprint.get("/tasks")
def inbox() -> Response:
    """The caller's tasks: open, done, or started by the caller; or copies for the caller."""
    known_arguments("state", "cursor", "limit", "q", "object", "submitter", "least", "days")
    state = request.args.get("state", "open")
    if state not in STATES:
        raise RefusedError(BAD_PARAMETER.at("/state", name="state", expected=", ".join(STATES)))
    before = request.args.get("cursor")
    limit = limit_argument()
    where = inbox_filter(request.args)

    def action(context: Context) -> Response:
        reader.check_current(context)
        page = platform().tasks.inbox(
            context, cast(InboxState, state), limit=limit, before=before, where=where
        )
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


@blueprint.post(
    "/tasks/<task_id>/<any(approve, reject, return, comment, transfer, add_approver, ask_opinion, take_back):name>"
)
def decide(task_id: str, name: str) -> Response:
    """Decide a task, send it back, ask a colleague too or instead, or comment on it."""
    data = optional_body("comment", "files", *PARTS.get(name, ("values", "copy_to")))
    values = data.get("values")
    if values is not None and not isinstance(values, Mapping):
        raise RefusedError(WRONG_TYPE.at("/values", expected=OBJECT, given=type_name(values)))
    said = {key: _text(data, key) for key in ("comment", "to", "place", "course")}
    copy_to, files = _names(data, "copy_to"), _names(data, "files")
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        done = platform().tasks.decide(
            context,
            work,
            task_id,
            name,
            version=version,
            values=values,
            copy_to=copy_to,
            files=files,
            **said,
        )
        return 200, _outcome(done)

    return write_once(action, data)


@blueprint.post("/tasks/bulk")
def decide_several() -> Response:
    """Approve or reject several tasks with one comment, each by itself and with its own result."""
    data = optional_body("action", "comment", "items")
    items = data.get("items")
    if not isinstance(items, list):
        raise RefusedError(WRONG_TYPE.at("/items", expected=ARRAY, given=type_name(items)))
    if data.get("action") not in DECISIONS:
        shown = ", ".join(DECISIONS)
        raise RefusedError(BAD_PARAMETER.at("/action", name="action", expected=shown))
    asked = asked_of(data["action"], items, _text(data, "comment"))
    language = read(lambda context: context.language)
    results = decide_many(platform().tasks, write, asked, language, keyed_request(data))
    return read(lambda context: answer(context, {"items": results}))


@blueprint.post("/tasks/<task_id>/urge")
def urge(task_id: str) -> Response:
    """Remind who is asked, by the submitter; the record's approvals name the task and its version."""
    data = optional_body()
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        at = platform().urging.urge(context, work, task_id, version=version)
        return 200, {"urged_at": instant_text(at)}

    return write_once(action, data)


@blueprint.post("/tasks/<copy_id>/read")
def read_copy(copy_id: str) -> Response:
    """Mark a copy for the caller as read."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        platform().tasks.copies.mark_read(context, work, copy_id)
        return 200, {}

    return write_once(action, data)


@blueprint.post("/approvals/<run_id>/withdraw")
def withdraw(run_id: str) -> Response:
    """Take a submission back, before the first decision."""
    data = optional_body("comment", "files")
    comment, files = _text(data, "comment"), _names(data, "files")

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        done = platform().workflow.withdraw(context, work, run_id, comment=comment, files=files)
        return 200, _outcome(done)

    return write_once(action, data)


def _outcome(done: Decided | None) -> dict[str, Any]:
    """Return what became of run and record; a comment changes neither."""
    return {} if done is None else dataclasses.asdict(done)


def _text(data: Mapping[str, Any], name: str) -> str | None:
    given = data.get(name)
    if given is not None and not isinstance(given, str):
        raise RefusedError(WRONG_TYPE.at(pointer(name), expected=STRING, given=type_name(given)))
    return given


def _names(data: Mapping[str, Any], name: str) -> list[str]:
    given = data.get(name, [])
    if not isinstance(given, list):
        raise RefusedError(WRONG_TYPE.at(pointer(name), expected=ARRAY, given=type_name(given)))
    for index, one in enumerate(given):
        if not isinstance(one, str):
            place = pointer(name, index)
            raise RefusedError(WRONG_TYPE.at(place, expected=STRING, given=type_name(one)))
    return given
