"""Scenarios: run those of a draft, of a version or of what is live, without publishing anything."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, language_of, optional_body, platform, read
from headrace.blueprints.api.designing import require_design
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.publishing.catalogs import Content
from headrace.platform.records.context import Context

blueprint = Blueprint("api_scenarios", __name__, url_prefix="/api/v1/metadata/scenarios")

BAD_KEY: Final = Message(
    "request.scenarios",
    "“{name}” is missing or has a value that it cannot have.",
    "“{name}”缺失或取值不正确。",
    "See /api/v1/openapi.json for what can be sent.",
    "请查看 /api/v1/openapi.json 了解可发送的内容。",
)


@blueprint.post("/run")
def run() -> Response:
    """What comes out of scenarios, all or those named, of a draft, a version or what is live."""

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body("draft", "version", "names")
        here = platform()
        draft, version = _of(data, "draft", str), _of(data, "version", int)
        catalog = here.trials.definitions(draft, version) or context.catalog
        content = Content(catalog.documents, here.catalogs.content_of(version).rows)
        results = here.scenarios.run(catalog, content, _names(data))
        language = language_of(context)
        shown = [one.render(language) for one in results]
        red = sum(not one.green for one in results)
        return answer(context, {"items": shown, "green": len(results) - red, "red": red})

    return read(action)


def _names(data: dict[str, Any]) -> list[str] | None:
    given = data.get("names")
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise RefusedError(BAD_KEY.at("/names", name="names"))
    return given


def _of(data: dict[str, Any], name: str, kind: type) -> Any:
    value = data.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise RefusedError(BAD_KEY.at(pointer(name), name=name))
    return value
