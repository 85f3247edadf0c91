"""The list of runs, one run with what it did, and letting a failed one go on."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.platform.automation.robots import LABELS, ROBOTS
from headrace.platform.automation.schedules import Attempt, attempt, schedules
from headrace.platform.automation.schedules import scheduled as scheduled_automation
from headrace.platform.automation.views import PAGE, STATES, run, runs
from headrace.platform.automation.webhooks import STATES as EVENT_STATES
from headrace.platform.automation.webhooks import deliveries, endpoints
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context

blueprint = Blueprint("automations", __name__, url_prefix="/automations")

COLOURS: Final = {
    "done": "green",
    "failed": "red",
    "waiting": "amber",
    "skipped": "grey",
    "dead": "red",
}


@blueprint.get("/runs")
def listed() -> str:
    """The newest runs, all or those in one state."""
    return read(_list)


@blueprint.get("/runs/<run_id>")
def shown(run_id: str) -> str:
    """One run with what its actions did."""
    return read(lambda context: _page(context, run_id))


@blueprint.post("/runs/<run_id>/resume")
def resume(run_id: str) -> Response:
    """Let a failed run go on with the action that failed."""

    def action(context: Context, work: UnitOfWork) -> None:
        only_designers(context)
        platform().automations.resume(context, work, run_id)

    try:
        write(action)
    except ConflictError as error:
        return make_response(read(lambda context: _page(context, run_id)), status_of(error))
    return redirect(url_for("automations.shown", run_id=run_id, done="done"), HTTPStatus.SEE_OTHER)


@blueprint.post("/runs/<run_id>/undo")
def undo(run_id: str) -> Response:
    """Begin a run that undoes what another set and made; show it."""

    def action(context: Context, work: UnitOfWork) -> str:
        only_designers(context)
        return platform().automations.undo(context, work, run_id)

    try:
        undoing = write(action)
    except ConflictError as error:
        problems = error.problems
        return make_response(
            read(lambda context: _page(context, run_id, problems)), status_of(error)
        )
    return redirect(url_for("automations.shown", run_id=undoing, done="done"), HTTPStatus.SEE_OTHER)


@blueprint.get("/schedules")
def scheduled() -> str:
    """The automations that run on a schedule, with the time at which each comes next."""
    return read(_schedules)


@blueprint.post("/schedules/<name>/try")
def tried(name: str) -> str:
    """What it would do now; nothing is kept of it."""
    read(only_designers)
    found = attempt(platform(), platform().automations, name)
    return read(lambda context: _schedules(context, name, found))


@blueprint.post("/schedules/<name>/run")
def run_now(name: str) -> Response:
    """Begin a run before its time; show it."""

    def action(context: Context, work: UnitOfWork) -> str:
        only_designers(context)
        automation = scheduled_automation(context.catalog, name)
        engine = platform().automations
        return engine.start(context, work, automation, "schedule", None, context.now())

    return redirect(url_for("automations.shown", run_id=write(action)), HTTPStatus.SEE_OTHER)


@blueprint.get("/webhooks")
def webhooks() -> str:
    """The endpoints of this installation, and the events that are on their way or were given up."""
    return read(lambda context: _webhooks(context, ()))


@blueprint.post("/webhooks")
def put_endpoint() -> Response:
    """Add an endpoint or change one; the secret of a new one is shown this once."""
    sent = request.form

    def action(context: Context, work: UnitOfWork) -> str | None:
        only_designers(context)
        return platform().webhooks.put_endpoint(
            context,
            work,
            sent.get("name", "").strip(),
            sent.get("address", "").strip() or None,
            active=sent.get("active") != "no",
            form=sent.get("form") or None,
            language="en" if sent.get("language") == "en" else "zh",
            secret=sent.get("secret", "").strip() or None,
        )

    try:
        secret = write(action)
    except RefusedError as error:
        problems = error.problems
        return make_response(read(lambda context: _webhooks(context, problems)), status_of(error))
    if secret is not None:
        return make_response(read(lambda context: _webhooks(context, (), secret)))
    return redirect(url_for("automations.webhooks", done="done"), HTTPStatus.SEE_OTHER)


@blueprint.post("/webhooks/<event>/replay")
def replay(event: str) -> Response:
    """Send an event again that was given up."""

    def action(context: Context, work: UnitOfWork) -> None:
        only_designers(context)
        platform().webhooks.replay(work, event)

    try:
        write(action)
    except ConflictError as error:
        problems = error.problems
        return make_response(read(lambda context: _webhooks(context, problems)), status_of(error))
    return redirect(url_for("automations.webhooks", done="done"), HTTPStatus.SEE_OTHER)


def _webhooks(context: Context, problems: Sequence[Problem], secret: str | None = None) -> str:
    only_designers(context)
    state = request.args.get("state")
    return render(
        context,
        "automations/webhooks.html",
        "automations",
        endpoints=endpoints(context),
        events=deliveries(context, state=state if state in EVENT_STATES else None),
        states=EVENT_STATES,
        state=state,
        colours=COLOURS,
        problems=problems,
        secret=secret,
        forms=LABELS,
        robots=ROBOTS,
        sent={name: request.form.get(name, "") for name in ("name", "address", "form")},
    )


def _list(context: Context) -> str:
    only_designers(context)
    state, before = request.args.get("state"), request.args.get("before")
    state = state if state in STATES else None
    found = runs(context, state=state, before=before if is_record_id(before) else None)
    return render(
        context,
        "automations/runs.html",
        "automations",
        runs=found,
        states=STATES,
        state=state,
        colours=COLOURS,
        following=found[-1].id if len(found) == PAGE else None,
    )


def _schedules(context: Context, name: str | None = None, found: Attempt | None = None) -> str:
    only_designers(context)
    return render(
        context,
        "automations/schedules.html",
        "automations",
        schedules=schedules(context),
        tried=name,
        attempt=found,
    )


def _page(context: Context, run_id: str, problems: Sequence[Problem] = ()) -> str:
    only_designers(context)
    return render(
        context,
        "automations/run.html",
        "automations",
        run=run(context, run_id),
        problems=problems,
        colours=COLOURS,
    )
