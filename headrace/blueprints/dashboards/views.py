"""Dashboards: the page comes at once, and each tile brings its report by itself."""

from __future__ import annotations

from typing import Final

from flask import Blueprint
from werkzeug.wrappers import Response

from headrace.blueprints.reports.tables import (
    keys_text,
    rows_address,
    sentence_of,
    table_of,
    texts_of,
)
from headrace.blueprints.shared.errors import sign_in_again
from headrace.blueprints.shared.pages import render, render_part
from headrace.blueprints.shared.session import read, session_cookie
from headrace.platform.records.context import Context
from headrace.platform.reports import dashboards

blueprint = Blueprint("dashboards", __name__, url_prefix="/dashboards")

LINES: Final = 10
"""Lines of a table that a tile shows."""


@blueprint.before_request
def need_session() -> Response | None:
    """Send whoever has no session to the sign-in page before anything is looked up."""
    return None if session_cookie() else sign_in_again()


@blueprint.get("/")
def index() -> str:
    """The dashboards that the caller may open."""

    def action(context: Context) -> str:
        found = dashboards.available(context)
        return render(context, "dashboards/index.html", "dashboards", dashboards=found)

    return read(action)


@blueprint.get("/<name>")
def dashboard(name: str) -> str:
    """A dashboard: its tiles with nothing in them yet."""

    def action(context: Context) -> str:
        found = dashboards.opened(context, name)
        return render(context, "dashboards/dashboard.html", "dashboards", dashboard=found)

    return read(action)


@blueprint.get("/<name>/tiles/<tile_name>")
def tile(name: str, tile_name: str) -> str:
    """What a tile shows, as of now: a part of a page."""

    def action(context: Context) -> str:
        found = dashboards.tile_of(context, name, tile_name)
        shown = dashboards.run_tile(context, found)
        result = shown.result
        return render_part(
            context,
            "dashboards/tile.html",
            tile=found,
            result=result,
            place=f"{name}-{tile_name}",
            measure=shown.measure,
            number=texts_of(shown.measure, shown.number),
            rows_address=rows_address(context, result, (), ()),
            sentence=sentence_of(context, result),
            table=table_of(context, result, LINES),
            lines=LINES,
            keys_text=lambda keys: keys_text(context, keys),
        )

    return read(action)
