"""Files: uploaded first, then named by id in the record that holds them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.api.calls import known_arguments, platform, read, write_once
from headrace.blueprints.shared.files import (
    asked_small,
    file_answer,
    keep_upload,
    limits_of,
    sent_upload,
)
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.workflow.file_reading import readable_file

blueprint = Blueprint("api_files", __name__, url_prefix="/api/v1/files")


@blueprint.post("")
def upload() -> Response:
    """Keep the part `file`; it waits a day for a record. `for` names a field that it must fit."""
    known_arguments("for")
    meant_for = request.args.get("for", "")
    # What follows takes long, for known callers only.
    read(lambda context: limits_of(context, meant_for) if meant_for else None)
    sent = sent_upload(platform())

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        kept = keep_upload(platform(), context, work, sent, meant_for=meant_for)
        return 201, kept.render()

    response = write_once(action, {"name": sent.name, "file": sent.sha256})
    response.headers["Location"] = response.get_json()["url"]
    return response


@blueprint.get("/<file_id>")
def content(file_id: str) -> BaseResponse:
    """The content of a file, or its small image, for whoever may read now what holds it."""
    known_arguments("size")
    small = asked_small()
    found = read(lambda context: readable_file(context, file_id))
    return file_answer(platform(), found, small=small)
