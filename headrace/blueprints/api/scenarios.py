"""Scenarios: run those of a draft, of a version or of what is live, without publishing anything."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    BAD_VALUE,
    answer,
    language_of,
    optional_body,
    platform,
    read,
    text_of,
    value_of,
)
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.shapes.drawing import (
    RecordingAnswer,
    RecordingAsked,
    ScenariosAnswer,
    ScenariosAsked,
)
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.shapes import keys_of
from headrace.platform.publishing.catalogs import Content
from headrace.platform.records.context import Context

blueprint = Blueprint("api_scenarios", __name__, url_prefix="/api/v1/metadata/scenarios")


@blueprint.post("/run")
def run() -> Response:
    """What comes out of scenarios, all or those named, of a draft, a version or what is live."""

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body(*keys_of(ScenariosAsked))
        here = platform()
        draft, version = (
            value_of(data, "draft", str),
            value_of(data, "version", int),
        )
        catalog = here.trials.definitions(draft, version) or context.catalog
        content = Content(catalog.documents, here.catalogs.content_of(version).rows)
        results = here.scenarios.run(catalog, content, _names(data))
        language = language_of(context)
        red = sum(not one.green for one in results)
        shown: ScenariosAnswer = {
            "items": [one.render(language) for one in results],
            "green": len(results) - red,
            "red": red,
        }
        return answer(context, shown)

    return read(action)


@blueprint.post("/record")
def record() -> Response:
    """A scenario made of what was done with a record, as a document; and what comes out of it now."""

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body(*keys_of(RecordingAsked))
        object_name, record_id = text_of(data, "object"), text_of(data, "record")
        name = value_of(data, "name", str) or f"{object_name[:30]}_recorded"
        here, language = platform(), language_of(context)
        content = here.catalogs.content_of()
        document, left_out = here.recorder.record(context, content, object_name, record_id, name)
        module = context.catalog.objects[object_name].module
        problems, result = here.scenarios.try_out(context.catalog, content, module, document)
        shown: RecordingAnswer = {
            "module": module,
            "content": document,
            "left_out": [one.within(language) for one in left_out],
            "problems": [one.render(language) for one in problems],
            "result": None if result is None else result.render(language),
        }
        return answer(context, shown)

    return read(action)


def _names(data: dict[str, Any]) -> list[str] | None:
    given = data.get("names")
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise RefusedError(BAD_VALUE.at("/names", name="names"))
    return given
