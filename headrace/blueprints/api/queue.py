"""The queue of jobs for those who may design: counts, jobs, trying again, cancelling."""

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
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Text, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.queue import PAGE, STATES, JobView, KindCount
from headrace.platform.metadata.field_types.values import WRONG_TYPE, type_name
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context

blueprint = Blueprint("api_queue", __name__, url_prefix="/api/v1/queue")

BAD_ARGUMENT = Message(
    "request.queue",
    "“{value}” cannot be “{name}” of a question about jobs.",
    "“{value}”不能作为作业查询的“{name}”。",
    "“state” is one of {states}; “cursor” is what the page before gave as “next”.",
    "“state”为 {states} 之一；“cursor”为上一页返回的“next”。",
)
ARGUMENTS: Final = ListArguments(STATES, BAD_ARGUMENT)


@blueprint.get("")
def counts() -> Response:
    """How many jobs of each kind are in which state."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        with context.database.reading() as reading:
            found = platform().queue.counts(reading.connection)
        language = language_of(context)
        return answer(context, {"items": [_count(one, language) for one in found]})

    return read(action)


@blueprint.get("/jobs")
def listed() -> Response:
    """The jobs that are not done, the newest first, page by page."""
    known_arguments("state", "kind", "cursor")

    def action(context: Context) -> Response:
        require_design(context)
        state, cursor = ARGUMENTS.read()
        with context.database.reading() as reading:
            found = platform().queue.jobs(
                reading.connection,
                context.catalog,
                state=state,
                kind=request.args.get("kind"),
                before=cursor,
            )
        items = [_job(one, language_of(context)) for one in found]
        return answer(context, page_of(items, PAGE))

    return read(action)


@blueprint.post("/jobs/<job>/retry")
def retry(job: str) -> Response:
    """Let a job be tried again that was given up."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        platform().queue.retry(work, _known(job))
        return 202, _now(context, work, job)

    return write_once(action, data)


@blueprint.post("/jobs/<job>/cancel")
def cancel(job: str) -> Response:
    """Let a job not be done."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        platform().queue.cancel(work, _known(job))
        return 200, {"id": job, "state": "cancelled"}

    return write_once(action, data)


@blueprint.post("/retry")
def retry_kind() -> Response:
    """Let the jobs of a kind be tried again that were given up, at most 1000 at once."""
    data = optional_body("kind")

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        kind = data.get("kind")
        if not isinstance(kind, str):
            expected = Text("a text", "文本")
            raise RefusedError(
                WRONG_TYPE.at(pointer("kind"), expected=expected, given=type_name(kind))
            )
        return 202, {"count": platform().queue.retry_kind(work, kind)}

    return write_once(action, data)


def _known(job: str) -> str:
    if not is_record_id(job):
        raise NotFoundError(NOT_FOUND.at())
    return job


def _now(context: Context, work: UnitOfWork, job: str) -> dict[str, Any]:
    found = platform().queue.job(work.connection, context.catalog, job)
    return _job(found, language_of(context))


def _count(one: KindCount, language: str) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "label": one.label.within(language),
        **{str(state): count for state, count in one.counts.items()},
        "oldest_due_seconds": None if one.oldest is None else int(one.oldest.total_seconds()),
    }


def _job(one: JobView, language: str) -> dict[str, Any]:
    cause = one.cause
    return {
        "id": one.id,
        "kind": one.kind,
        "label": one.label.within(language),
        "state": one.state,
        "attempts": one.attempts,
        "error": one.error,
        "created_at": instant_text(one.created),
        "due_at": instant_text(one.due),
        "until": instant_text(one.until),
        "cause": None
        if cause is None
        else {"kind": cause.kind, "object": cause.object or None, "id": cause.id or None},
        "cancellable": one.may_cancel,
    }
