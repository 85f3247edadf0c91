"""Delegations on the screen: who decides for me while I am away, and for whom I do."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.approvals.views import blueprint
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write, write_once
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.workflow.delegations import MOST_DAYS, REASON_LENGTH, day_of


@blueprint.get("/delegations")
def delegations() -> str:
    """What the viewer gave and holds, and a form to give another."""
    return read(lambda context: _page(context, ()))


@blueprint.post("/delegations")
def delegate() -> Response:
    """Let a colleague decide in the viewer's place."""

    def act(context: Context, work: UnitOfWork) -> str:
        first, last = (day_of(request.form.get(name), name) for name in ("first_day", "last_day"))
        colleague, reason = request.form.get("delegate", ""), request.form.get("reason")
        platform().delegations.create(context, work, colleague, first, last, reason)
        return "done"

    try:
        write_once(act)
    except (RefusedError, ConflictError) as error:
        return _refused(error)
    return _back()


@blueprint.post("/delegations/<delegation_id>/end")
def end_delegation(delegation_id: str) -> Response:
    """End a delegation of the viewer's now."""
    try:
        write(lambda context, work: platform().delegations.end(context, work, delegation_id))
    except ConflictError as error:
        return _refused(error)
    return _back()


def _refused(error: RefusedError | ConflictError) -> Response:
    body = read(lambda context: _page(context, error.problems))
    return make_response(body, status_of(error))


def _back() -> Response:
    return redirect(url_for("approvals.delegations", done="done"), HTTPStatus.SEE_OTHER)


def _page(context: Context, problems: Sequence[Problem]) -> str:
    found = platform().delegations.of_caller(context)
    today, caller = context.today(), context.principal.user_id
    return render(
        context,
        "approvals/delegations.html",
        "inbox",
        given=[(one, one.state(today)) for one in found if one.person.id == caller],
        held=[(one, one.state(today)) for one in found if one.person.id != caller],
        candidates=platform().delegations.candidates(context),
        today=today.isoformat(),
        longest=REASON_LENGTH,
        most_days=MOST_DAYS,
        sent={
            name: request.form.get(name, "")
            for name in ("delegate", "first_day", "last_day", "reason")
        },
        problems=problems,
        key=new_key(),
    )
