"""Files of imports at both doors: the name of one that was sent, and the rows that were not taken."""

from __future__ import annotations

from typing import Final

from flask import Response

from headrace.blueprints.shared.downloads import download
from headrace.platform.exchange.error_files import error_format, write_error_file
from headrace.platform.exchange.exporting import CONTENT_TYPES
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform

LONGEST_NAME: Final = 200


def file_name(given: str) -> str:
    """Return the last part of a file's name, however the sender writes paths."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in last if one.isprintable())[-LONGEST_NAME:] or "file"


def error_file(platform: Platform, context: Context, batch_id: str) -> Response:
    """Return the error file of an import; raise NotFoundError where it is not the caller's."""
    with context.database.snapshot() as reading:
        batch = platform.imports.mine(context, reading.connection, batch_id)
        written = write_error_file(reading.connection, batch, context.language)
    kind = error_format(batch)
    stem = batch.request.file_name.rpartition(".")[0] or batch.request.file_name
    return download(written, f"{stem}-errors.{kind}", CONTENT_TYPES[kind])
