"""Months of an object on the screen: which are closed, closing and reopening them."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import read, write
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import blueprint, known_object
from headrace.platform.access.policy import can
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.records.periods import close_period, periods, reopen_period


@blueprint.get("/o/<object_name>/periods")
def periods_page(object_name: str) -> str:
    """The months of an object, for who may close or reopen them."""
    return read(lambda context: _page(context, object_name, ()))


@blueprint.post("/o/<object_name>/periods/<month>")
def change_period(object_name: str, month: str) -> Response:
    """Close a month, or reopen it with a reason."""

    def action(context: Context, work: UnitOfWork) -> None:
        if request.form.get("act") == "reopen":
            reopen_period(context, work, object_name, month, request.form.get("reason"))
        else:
            close_period(context, work, object_name, month)

    try:
        write(action)
    except (RefusedError, ConflictError) as error:
        problems = error.problems
        body = read(lambda context: _page(context, object_name, problems))
        return make_response(body, status_of(error))
    address = url_for("workspace.periods_page", object_name=object_name, done="done")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _page(context: Context, object_name: str, problems: Sequence[Problem]) -> str:
    model = known_object(context, object_name)
    with context.database.reading() as reading:
        months = periods(context, reading, object_name)
    return render(
        context,
        "workspace/periods.html",
        f"object:{object_name}",
        object=object_name,
        plural=model.plural,
        months=months,
        may_close=can(context.catalog, context.principal, object_name, "close"),
        may_reopen=can(context.catalog, context.principal, object_name, "reopen"),
        problems=problems,
        back=url_for("workspace.records", object_name=object_name),
    )
