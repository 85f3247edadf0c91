"""Letting somebody go, or taking a role from them: who takes over what approvals need of them."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.approvals.views import blueprint
from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write_once
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context

HEIR = "heir."
"""What the names of fields begin with that say who takes a role over."""


@blueprint.get("/approvals/leaving")
def leaving() -> str:
    """Whom to let go, and what needs them."""
    return read(lambda context: _page(context, request.args.get("user", ""), ()))


@blueprint.post("/approvals/leaving")
def let_go() -> Response:
    """End an account or take a role away, with all that approvals need handed over."""
    form = request.form
    user = form.get("user", "")

    def act(context: Context, work: UnitOfWork) -> str:
        only_designers(context)
        platform().leavings.let_go(
            context,
            work,
            user,
            reason=form.get("reason"),
            role=form.get("role") or None,
            heirs={key.removeprefix(HEIR): form[key] for key in form if key.startswith(HEIR)},
            tasks_to=form.get("tasks_to") or None,
        )
        return "done"

    try:
        write_once(act)
    except (RefusedError, ConflictError) as error:
        problems = error.problems
        body = read(lambda context: _page(context, user, problems))
        return make_response(body, status_of(error))
    stays = user if form.get("role") else None
    return redirect(url_for("approvals.leaving", done="done", user=stays), HTTPStatus.SEE_OTHER)


def _page(context: Context, user: str, problems: Sequence[Problem]) -> str:
    only_designers(context)
    found = platform().leavings.of(context, user) if is_record_id(user) else None
    return render(
        context,
        "approvals/leaving.html",
        "running",
        people=platform().leavings.people(context),
        leaving=found,
        given=request.form,
        heir=HEIR,
        problems=problems,
        key=new_key(),
    )
