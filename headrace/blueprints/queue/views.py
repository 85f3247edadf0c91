"""What waits, what fails and what was given up; trying again and cancelling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.queue import PAGE, STATES
from headrace.platform.records.context import Context

blueprint = Blueprint("queue", __name__, url_prefix="/jobs")

COLOURS: Final = {
    "due": "amber",
    "later": "grey",
    "running": "green",
    "retrying": "amber",
    "dead": "red",
}


@blueprint.get("")
def listed() -> str:
    """The kinds with their counts, and the newest jobs of what is asked for."""
    return read(lambda context: _list(context, ()))


@blueprint.post("/<job>/retry")
def retry(job: str) -> Response:
    """Let a job be tried again that was given up."""
    return _interfere(lambda work: platform().queue.retry(work, _known(job)))


@blueprint.post("/<job>/cancel")
def cancel(job: str) -> Response:
    """Let a job not be done."""
    return _interfere(lambda work: platform().queue.cancel(work, _known(job)))


@blueprint.post("/retry")
def retry_kind() -> Response:
    """Let all jobs of a kind be tried again that were given up."""
    kind = request.form.get("kind", "")
    return _interfere(lambda work: platform().queue.retry_kind(work, kind))


def _interfere(act: Callable[[UnitOfWork], object]) -> Response:
    def action(context: Context, work: UnitOfWork) -> None:
        only_designers(context)
        act(work)

    try:
        write(action)
    except ConflictError as error:
        problems = error.problems
        return make_response(read(lambda context: _list(context, problems)), status_of(error))
    state, only = (request.form.get(name) or None for name in ("state", "only"))
    back = url_for("queue.listed", done="done", state=state, only=only)
    return redirect(back, HTTPStatus.SEE_OTHER)


def _known(job: str) -> str:
    if not is_record_id(job):
        raise NotFoundError(NOT_FOUND.at())
    return job


def _list(context: Context, problems: Sequence[Problem]) -> str:
    only_designers(context)
    asked = request.values
    state, kind, before = asked.get("state"), asked.get("only"), asked.get("before")
    chosen = next((one for one in STATES if one == state), None)
    queue = platform().queue
    with context.database.reading() as reading:
        connection = reading.connection
        counts = queue.counts(connection)
        jobs = queue.jobs(
            connection,
            context.catalog,
            state=chosen,
            kind=kind or None,
            before=before if is_record_id(before) else None,
        )
    return render(
        context,
        "queue/jobs.html",
        "queue",
        counts_by_kind=counts,
        jobs=jobs,
        states=STATES,
        state=chosen,
        kind=kind,
        colours=COLOURS,
        problems=problems,
        mine=context.principal.user_id,
        following=jobs[-1].id if len(jobs) == PAGE else None,
    )
