"""A list as a file: `GET /records/<object>?format=csv|xlsx`."""

from __future__ import annotations

from typing import Any, Final, cast

from flask import Response

from headrace.blueprints.api.calls import read
from headrace.blueprints.shared.downloads import download
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import pointer
from headrace.platform.exchange.exporting import (
    CONTENT_TYPES,
    FORMATS,
    ExportRequest,
    Format,
    export_records,
)
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER, UNKNOWN_PARAMETER

TAKEN: Final = ("format", "labels", "filter", "sort", "fields", "q")


def exported(object_name: str, given: dict[str, Any]) -> Response:
    """Return the file; raise RefusedError for arguments that make no sense with one."""
    for name in given:
        if name not in TAKEN:
            known = ", ".join(TAKEN)
            raise RefusedError(UNKNOWN_PARAMETER.at(pointer(name), name=name, known=known))
    kind, labels = given.pop("format"), given.pop("labels", "false")
    if kind not in FORMATS:
        expected = ", ".join(FORMATS)
        raise RefusedError(BAD_PARAMETER.at("/format", name="format", expected=expected))
    if labels not in {"true", "false"}:
        raise RefusedError(BAD_PARAMETER.at("/labels", name="labels", expected="true, false"))
    request = ExportRequest(object_name, cast(Format, kind), given, shown=labels == "true")

    def action(context: Context) -> Response:
        file = export_records(context, request)
        label = context.catalog.objects[object_name].plural.within(context.language)
        response = download(file, f"{label}.{kind}", CONTENT_TYPES[request.format])
        response.headers["Headrace-Metadata-Version"] = str(context.catalog.version)
        return response

    return read(action)
