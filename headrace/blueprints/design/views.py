"""The list of drafts, and one draft open in the designer, which the browser draws over the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from flask import Blueprint, current_app, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.assets import Assets
from headrace.blueprints.shared.designing import design_roles, only_designers
from headrace.blueprints.shared.pages import render, words
from headrace.blueprints.shared.session import platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import PlatformError, RefusedError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context

blueprint = Blueprint("design", __name__, url_prefix="/design")

WORDS: Final = "design."
"""What the words begin with that the designer's script uses."""
STYLE: Final = "src/design.css"


@blueprint.get("")
def drafts() -> str:
    """The drafts that are open, the last changed first, and a form for another one."""
    return read(lambda context: drafts_page(context, None))


@blueprint.post("")
def create() -> Response:
    """Make a draft on top of the live version and open it."""

    def action(context: Context, work: UnitOfWork) -> str:
        only_designers(context)
        name = request.form.get("name", "")
        return platform().drafts.create(work, name, context.principal.user_id).id

    try:
        draft = write(action)
    except RefusedError as error:
        problem = error
        return make_response(read(lambda context: drafts_page(context, problem)), status_of(error))
    return redirect(url_for("design.studio", draft=draft), HTTPStatus.SEE_OTHER)


@blueprint.get("/<draft>")
def studio(draft: str) -> Response:
    """A draft in the designer; one that is closed is not open to anybody."""

    def action(context: Context) -> Response:
        only_designers(context)
        held = platform().drafts.get(draft)
        if held.state != "open":
            return redirect(url_for("design.drafts"), HTTPStatus.SEE_OTHER)
        assets: Assets = current_app.extensions["headrace.assets"]
        body = render(
            context,
            "design/studio.html",
            "design",
            held=held,
            styles=assets.styles(STYLE),
            island={
                "draft": held.id,
                "me": context.principal.user_id,
                "name": held.name,
                "base": held.base,
                "language": context.language,
                "roles": design_roles(context),
                "live": list(context.catalog.objects),
                "words": words().for_browser(context.language, WORDS),
            },
        )
        return make_response(body)

    return read(action)


def drafts_page(context: Context, problem: PlatformError | None) -> str:
    """Return the page of the drafts, with why something was not done."""
    only_designers(context)
    return render(
        context,
        "design/drafts.html",
        "design",
        drafts=platform().drafts.all(),
        people=platform().drafts.people(),
        version=context.catalog.version,
        modules=sorted(context.catalog.modules.values(), key=lambda one: one.name),
        problems=problem.problems if problem else (),
        sent=request.form.get("name", ""),
    )
