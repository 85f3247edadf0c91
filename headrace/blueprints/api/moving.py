"""Modules on their way out: the published definitions as a zip package."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import known_arguments, platform, read
from headrace.blueprints.api.designing import ZIP, require_design
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.publishing.archives import write_archive
from headrace.platform.publishing.catalogs import UNKNOWN_VERSION
from headrace.platform.publishing.export import export_files
from headrace.platform.records.context import Context

blueprint = Blueprint("api_moving", __name__, url_prefix="/api/v1/metadata")

LONGEST_NUMBER: Final = 15
YES_OR_NO: Final = Message(
    "request.yes_or_no",
    "“{value}” is neither true nor false.",
    "“{value}”既不是 true 也不是 false。",
    "Send true or false.",
    "请发送 true 或 false。",
)


@blueprint.get("/export")
def export() -> Response:
    """The definitions as a zip package: `module` (repeatable), `closure`, `version`."""
    known_arguments("module", "closure", "version")
    modules = request.args.getlist("module")
    closure = _truth(request.args.get("closure", "false"), "/closure")
    number = _number(request.args.get("version"))

    def action(context: Context) -> bytes:
        require_design(context)
        content = platform().catalogs.content_of(number)
        return write_archive(export_files(content, modules, closure=closure))

    response = Response(read(action), content_type=ZIP)
    response.headers["Content-Disposition"] = 'attachment; filename="modules.zip"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _truth(text: str, place: str) -> bool:
    if text not in {"true", "false"}:
        raise RefusedError(YES_OR_NO.at(place, value=text))
    return text == "true"


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST_NUMBER or int(text) == 0:
        raise NotFoundError(UNKNOWN_VERSION.at("/version", number=text))
    return int(text)
