"""The file of a bulk change at both doors."""

from __future__ import annotations

from typing import cast

from flask import Response

from headrace.blueprints.shared.downloads import download
from headrace.platform.exchange.bulk_files import write_result_file
from headrace.platform.exchange.exporting import CONTENT_TYPES, Format
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform


def result_file(platform: Platform, context: Context, change_id: str, kind: str) -> Response:
    """Return what became of each record; raise NotFoundError where the change is not the caller's."""
    format_ = cast(Format, kind)
    with context.database.snapshot() as reading:
        change = platform.bulk_changes.mine(context, reading.connection, change_id)
        written = write_result_file(context, reading, change, format_)
    label = context.catalog.objects[change.request.object].plural.within(context.language)
    return download(written, f"{label} {change.created:%Y-%m-%d}.{kind}", CONTENT_TYPES[format_])
