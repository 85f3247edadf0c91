"""Imports: a file becomes a job; afterwards what was imported, by whom, and what was wrong."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    answer,
    known_arguments,
    language_of,
    limit_argument,
    number_argument,
    platform,
    read,
)
from headrace.blueprints.api.jobs import accepted
from headrace.blueprints.shared.designing import may_design
from headrace.blueprints.shared.import_files import error_file, file_name
from headrace.platform.access.policy import can
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import (
    ImportBatch,
    list_batches,
    read_findings,
    records_of,
    within,
)
from headrace.platform.exchange.requests import ImportRequest, read_request
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER

blueprint = Blueprint("api_imports", __name__, url_prefix="/api/v1")

TRUTHS: Final = ("partial", "dry_run", "migrate")

FILE_NEEDED: Final = Message(
    "import.file_needed",
    "The request has no file.",
    "请求中没有文件。",
    "Send multipart/form-data with the part “file”.",
    "请以 multipart/form-data 发送，并包含“file”部分。",
)


@blueprint.post("/records/<object_name>/import")
def start(object_name: str) -> Response:
    """Ask for an import; the parts are `file`, `map` (JSON) and the options."""
    known_arguments()
    asked, data = uploaded(object_name)
    content = {**asked.render(), "file": hashlib.sha256(data).hexdigest()}

    def ask(context: Context, work: UnitOfWork) -> dict[str, str]:
        imports = platform().imports
        batch_id = imports.upload(context, work, asked, data)
        return {"job": imports.start(context, work, asked, batch_id), "import": batch_id}

    return accepted(ask, content)


def uploaded(object_name: str) -> tuple[ImportRequest, bytes]:
    """Return the options of a form with a file, and the file."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise RefusedError(FILE_NEEDED.at("/file"))
    given: dict[str, Any] = {name: value for name, value in request.form.items() if value != ""}
    for name in TRUTHS:
        if given.get(name) in {"true", "false"}:
            given[name] = given[name] == "true"
    if "map" in given:
        parsed = parse_json(str(given["map"]).encode())
        if parsed.problems:
            raise RefusedError(*(one.below("/map") for one in parsed.problems))
        given["map"] = parsed.value
    return read_request(object_name, file_name(file.filename), given), file.read()


@blueprint.get("/imports")
def find() -> Response:
    """Imports, newest first: one's own, all for those who design; `object` and `record` narrow them."""
    known_arguments("object", "record", "limit", "cursor")
    limit = limit_argument()
    object_name, record = request.args.get("object"), request.args.get("record")
    before = request.args.get("cursor")
    for name, value in (("record", record), ("cursor", before)):
        if value is not None and not is_record_id(value):
            raise RefusedError(BAD_PARAMETER.at(pointer(name), name=name, expected="id"))
    if record is not None and object_name is None:
        raise RefusedError(BAD_PARAMETER.at("/object", name="object", expected="text"))

    def action(context: Context) -> Response:
        model = context.catalog.objects.get(object_name) if object_name is not None else None
        may_read = object_name is None or can(
            context.catalog, context.principal, object_name, "read"
        )
        if not may_read or (object_name is not None and model is None):
            raise NotFoundError(NOT_FOUND.at())
        with context.database.reading() as reading:
            found = list_batches(
                reading.connection,
                by_user=None if may_design(context) else context.principal.user_id,
                object_id=None if model is None else model.id,
                record_id=record,
                before=before,
                limit=limit + 1,
            )
        following = found[limit - 1].id if len(found) > limit else None
        items = [_shown(context, one) for one in found[:limit]]
        return answer(context, {"items": items, "next": following})

    return read(action)


@blueprint.get("/imports/<batch_id>")
def get(batch_id: str) -> Response:
    """One import: who, from which file, when, and what became of it."""
    known_arguments()

    def action(context: Context) -> Response:
        with context.database.reading() as reading:
            imports = platform().imports
            overseen = may_design(context)
            batch = imports.mine(context, reading.connection, batch_id, overseen=overseen)
        return answer(context, _shown(context, batch))

    return read(action)


@blueprint.get("/imports/<batch_id>/errors")
def errors(batch_id: str) -> Response:
    """What was wrong with the rows of one's own import, in pages."""
    known_arguments("limit", "cursor")
    limit, after = limit_argument(), number_argument("cursor", -1)

    def action(context: Context) -> Response:
        with context.database.reading() as reading:
            batch = platform().imports.mine(context, reading.connection, batch_id)
            found = read_findings(reading.connection, batch.id, after=after, limit=limit + 1)
        following = str(found[limit - 1].number) if len(found) > limit else None
        items = [one.render(language_of(context)) for one in found[:limit]]
        return answer(context, {"items": items, "next": following})

    return read(action)


@blueprint.get("/imports/<batch_id>/records")
def records(batch_id: str) -> Response:
    """The records that an import made or changed, with the rows that they came from, in pages."""
    known_arguments("limit", "cursor")
    limit, after = limit_argument(), number_argument("cursor", 0)

    def action(context: Context) -> Response:
        with context.database.reading() as reading:
            imports = platform().imports
            overseen = may_design(context)
            batch = imports.mine(context, reading.connection, batch_id, overseen=overseen)
            found = records_of(reading.connection, batch.id, after=after, limit=limit + 1)
        following = str(found[limit - 1][0]) if len(found) > limit else None
        items = [{"row": row, "action": done, "id": one} for row, done, one in found[:limit]]
        return answer(context, {"items": items, "next": following})

    return read(action)


@blueprint.get("/imports/<batch_id>/file")
def file(batch_id: str) -> Response:
    """The rows of one's own import that were not taken, with what is wrong with each."""
    known_arguments()
    return read(lambda context: error_file(platform(), context, batch_id))


def _shown(context: Context, batch: ImportBatch) -> dict[str, Any]:
    language = language_of(context)
    asked = batch.request.render()
    return {
        "id": batch.id,
        "state": batch.state,
        "file": asked.pop("file_name"),
        "object": asked.pop("object"),
        "by": batch.by_user,
        "created_at": instant_text(batch.created),
        "finished_at": None if batch.finished is None else instant_text(batch.finished),
        "job": batch.job,
        **batch.counts.render(),
        "problems": [within(one, language) for one in batch.problems],
        "options": asked,
    }
