"""Moving a record on in its workflow: at once, or over a page that asks for a comment."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import (
    new_key,
    platform,
    read,
    write_once,
)
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import blueprint, form_version, known_object
from headrace.blueprints.workspace.confirming import need_confirmation, token_of
from headrace.blueprints.workspace.rows import title_of
from headrace.platform.core.errors import (
    NOT_FOUND,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.workflow.engine import Available
from headrace.platform.workflow.previewing import ChainAhead, chain_ahead


@blueprint.get("/o/<object_name>/<record_id>/transitions/<name>")
def transition_page(object_name: str, record_id: str, name: str) -> str:
    """Ask for a comment and say who will be asked."""
    return read(lambda context: _page(context, object_name, record_id, name, ()))


@blueprint.post("/o/<object_name>/<record_id>/transitions/<name>")
def transition(object_name: str, record_id: str, name: str) -> Response:
    """Take a transition."""
    version = form_version()

    def action(context: Context, work: UnitOfWork) -> str:
        known_object(context, object_name)
        fired = platform().workflow.fire(
            context,
            work,
            object_name,
            record_id,
            name,
            comment=request.form.get("comment") or None,
            approvers=_chosen(),
            version=version,
        )
        need_confirmation(fired.warnings, [object_name, record_id, version, name])
        return fired.state

    try:
        write_once(action)
    except RefusedError as error:
        problems, token = error.problems, token_of(error)
        body = read(lambda context: _page(context, object_name, record_id, name, problems, token))
        return make_response(body, status_of(error))
    address = url_for("workspace.record", object_name=object_name, record_id=record_id, done="done")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _page(
    context: Context,
    object_name: str,
    record_id: str,
    name: str,
    problems: Sequence[Problem],
    token: str | None = None,
) -> str:
    known_object(context, object_name)
    found = reader.get(context, object_name, record_id, by_task=True)
    wanted = _available(context, object_name, record_id, name)
    return render(
        context,
        "workspace/transition.html",
        f"object:{object_name}",
        object=object_name,
        record_id=record_id,
        title=title_of(context, object_name, found),
        transition=wanted,
        ahead=_ahead(context, object_name, record_id, wanted),
        version=request.form.get("version") or found["version"],
        key=new_key(),
        comment=request.form.get("comment", ""),
        chosen=_chosen(),
        token=token,
        problems=problems or ((wanted.reason,) if wanted.reason else ()),
        back=url_for("workspace.record", object_name=object_name, record_id=record_id),
    )


def _chosen() -> dict[str, list[str]] | None:
    """Return whom the caller chose of those offered, by step; None where nobody was offered."""
    steps = request.form.getlist("choose")
    return {step: request.form.getlist(f"approver:{step}") for step in steps} or None


def _available(context: Context, object_name: str, record_id: str, name: str) -> Available:
    found = platform().workflow.available(context, object_name, record_id)
    wanted = next((one for one in found if one.transition == name), None)
    if wanted is None:
        raise NotFoundError(NOT_FOUND.at())
    return wanted


def _ahead(
    context: Context, object_name: str, record_id: str, wanted: Available
) -> ChainAhead | None:
    """Return whom the transition would ask, where it asks anybody."""
    if not wanted.asks_approval:
        return None
    return chain_ahead(platform().workflow, context, object_name, record_id, wanted.transition)
