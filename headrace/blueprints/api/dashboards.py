"""Dashboards with what their tiles show."""

from __future__ import annotations

from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, known_arguments, read
from headrace.platform.records.context import Context
from headrace.platform.reports import dashboards

blueprint = Blueprint("api_dashboards", __name__, url_prefix="/api/v1/dashboards")


@blueprint.get("")
def listed() -> Response:
    """The dashboards that the caller may open, with what tiles they have."""
    known_arguments()

    def action(context: Context) -> Response:
        language = context.language
        items = [
            {
                "name": one.name,
                "label": one.label.within(language),
                "help": one.definition.help.within(language),
                "tiles": [dashboards.tile_json(tile, language) for tile in one.tiles],
            }
            for one in dashboards.available(context)
        ]
        return answer(context, {"items": items})

    return read(action)


@blueprint.get("/<name>")
def opened(name: str) -> Response:
    """A dashboard with what each tile shows as of now."""
    known_arguments()

    def action(context: Context) -> Response:
        language = context.language
        found = dashboards.opened(context, name)
        shown = [dashboards.run_tile(context, tile).as_json(language) for tile in found.tiles]
        content = {
            "name": found.name,
            "label": found.label.within(language),
            "help": found.definition.help.within(language),
            "tiles": shown,
        }
        return answer(context, content)

    return read(action)
