"""Long work: how far it is, what became of it, and cancelling it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    answer,
    known_arguments,
    language_of,
    read,
    write,
    write_once,
)
from headrace.blueprints.shared.designing import may_design
from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import within
from headrace.platform.jobs.long_jobs import JobState, ask_to_cancel, read_job
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.publishing.publish_jobs import PUBLISH
from headrace.platform.records.context import Context

blueprint = Blueprint("api_jobs", __name__, url_prefix="/api/v1/jobs")

SHOWN: Final[Mapping[str, str]] = {"started": "running", "dead": "failed"}
"""States that are called otherwise outside."""

ENDED = Message(
    "job.ended",
    "The job has ended; it cannot be cancelled.",
    "任务已结束，无法取消。",
    "Look at its state and result.",
    "请查看其状态与结果。",
)


def accepted(ask: Callable[[Context, UnitOfWork], Mapping[str, object]], data: Any) -> Response:
    """Answer that a `job` was asked for, with what else `ask` tells, and where it can be followed."""

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        return 202, ask(context, work)

    response = write_once(action, data)
    job = orjson.loads(response.get_data())["job"]
    response.headers["Location"] = f"/api/v1/jobs/{job}"
    return response


@blueprint.get("/<job>")
def get(job: str) -> Response:
    """How far a job is, and its result."""
    known_arguments()

    def action(context: Context) -> Response:
        with context.database.reading() as reading:
            found = _mine(context, read_job(reading.connection, _id(job)))
        return answer(context, _shown(found, language_of(context)))

    return read(action)


@blueprint.delete("/<job>")
def cancel(job: str) -> Response:
    """Ask a job to end; one that waits ends at once, one that runs as soon as it can."""
    known_arguments()

    def action(context: Context, work: UnitOfWork) -> Response:
        found = _mine(context, read_job(work.connection, _id(job)))
        if not ask_to_cancel(work, found.id):
            raise ConflictError(ENDED.at())
        now = _mine(context, read_job(work.connection, found.id))
        response = answer(context, _shown(now, language_of(context)))
        response.status_code = 202
        return response

    return write(action)


def _id(given: str) -> str:
    try:
        return str(UUID(given))
    except ValueError:
        raise NotFoundError(NOT_FOUND.at()) from None


def _mine(context: Context, found: JobState | None) -> JobState:
    """Return the job if the caller may see it: its own, or a publish for those who design."""
    if found is None:
        raise NotFoundError(NOT_FOUND.at())
    own = found.by_user is not None and found.by_user == context.principal.user_id
    if not own and not (found.kind == PUBLISH and may_design(context)):
        raise NotFoundError(NOT_FOUND.at())
    return found


def _shown(job: JobState, language: str) -> dict[str, Any]:
    result = dict(job.result or {})
    problems = [within(one, language) for one in result.pop("problems", ())]
    shown: dict[str, Any] = {
        "id": job.id,
        "kind": job.kind,
        "state": SHOWN.get(job.state, job.state),
        "created_at": instant_text(job.created),
        "finished_at": None if job.finished is None else instant_text(job.finished),
        "cancelling": job.cancel and job.state == "started",
    }
    if job.progress is not None:
        shown["progress"] = {**job.progress, "text": job.progress["text"].get(language)}
    if result:
        shown["result"] = result
    if problems:
        shown["problems"] = problems
    return shown
