"""A module from a spreadsheet: a file becomes a proposal, the reviewed one a draft, its rows an import."""

from __future__ import annotations

import hashlib
from typing import Any, Final, cast

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    answer,
    body_object,
    known_arguments,
    language_of,
    number_argument,
    platform,
    read,
    write_once,
)
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.drafts import render_draft
from headrace.blueprints.api.imports import FILE_NEEDED
from headrace.blueprints.api.jobs import accepted
from headrace.blueprints.api.shapes.spreadsheets import (
    ImportStartedAnswer,
    KeptSpreadsheetJson,
    MadeDocumentJson,
    RowProblemJson,
    SpreadsheetAnswer,
    SpreadsheetDraftAnswer,
    SpreadsheetDraftAsked,
    SpreadsheetsAnswer,
    UploadedAnswer,
)
from headrace.blueprints.shared.ahead import ahead
from headrace.blueprints.shared.import_files import file_name
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.core.shapes import keys_of
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import within
from headrace.platform.exchange.spreadsheets.proposals import Proposal
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.publishing.spreadsheets import ReadyRows, Reviewed, Spreadsheet
from headrace.platform.records.context import Context

blueprint = Blueprint("api_spreadsheets", __name__, url_prefix="/api/v1/metadata/spreadsheets")

BAD_BODY: Final = Message(
    "spreadsheet.body",
    "“{name}” is missing or is nothing that can be sent here.",
    "“{name}”缺失或不能在此提交。",
    "Send “proposal” as it came, with your changes, and “draft” for a draft that is there.",
    "请提交“proposal”（在原提议上修改），放入已有草稿时另附“draft”。",
)


@blueprint.before_request
def refuse_others() -> None:
    """Refuse who may not design before anything of the request is looked at."""
    read(require_design)


@blueprint.get("")
def find() -> Response:
    """One's own spreadsheets, the newest first."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        with context.database.reading() as reading:
            found = platform().spreadsheets.listed(context, reading.connection)
        shown: SpreadsheetsAnswer = {"items": [_shown(context, one) for one in found]}
        return answer(context, shown)

    return read(action)


@blueprint.post("")
def upload() -> Response:
    """Keep a file; the answer has what it proposes."""
    known_arguments()
    file = request.files.get("file")
    if file is None or not file.filename:
        raise RefusedError(FILE_NEEDED.at("/file"))
    name, data = file_name(file.filename), file.read()
    file.close()
    content = {"name": name, "file": hashlib.sha256(data).hexdigest()}

    def look(context: Context) -> Proposal:
        require_design(context)
        with context.database.snapshot() as reading:
            return platform().spreadsheets.proposal(context, reading, name, data)

    proposal = read(look)

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        kept = platform().spreadsheets.keep(context, work, name, data)
        shown: UploadedAnswer = {"id": kept, "proposal": proposal.render(language_of(context))}
        return 201, shown

    return write_once(action, content)


@blueprint.get("/<spreadsheet>")
def get(spreadsheet: str) -> Response:
    """How far a spreadsheet is, and what it proposes; `sheet` and `header` say where its table is."""
    known_arguments("sheet", "header")
    sheet = request.args.get("sheet")
    header = number_argument("header", -1)

    def action(context: Context) -> Response:
        require_design(context)
        here = platform().spreadsheets
        with context.database.snapshot() as reading:
            kept = here.mine(context, reading.connection, spreadsheet)
            data = here.file(context, reading.connection, spreadsheet)
            proposal = here.proposal(
                context, reading, kept.file_name, data, sheet, header if header >= 0 else None
            )
        shown: SpreadsheetAnswer = {
            **_shown(context, kept),
            "proposal": proposal.render(language_of(context)),
        }
        return answer(context, shown)

    return read(action)


@blueprint.post("/<spreadsheet>/draft")
def put_into_draft(spreadsheet: str) -> Response:
    """Put the documents of the reviewed proposal into a draft, a new one where none is named."""
    data = body_object()
    for name in data:
        if name not in keys_of(SpreadsheetDraftAsked):
            raise RefusedError(BAD_BODY.at(pointer(name), name=name))
    given, draft = data.get("proposal"), data.get("draft")
    if not isinstance(given, dict):
        raise RefusedError(BAD_BODY.at("/proposal", name="proposal"))
    if draft is not None and not isinstance(draft, str):
        raise RefusedError(BAD_BODY.at("/draft", name="draft"))

    def review(context: Context) -> Reviewed:
        require_design(context)
        with context.database.reading() as reading:
            here = platform().spreadsheets
            return here.review(context, reading.connection, spreadsheet, given)

    reviewed = ahead(lambda: read(review))

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        here = platform().spreadsheets
        held, made = here.put_into_draft(context, work, reviewed(), draft)
        documents: list[MadeDocumentJson] = [
            {"id": one.id, "kind": one.document.kind, "name": one.document.name}
            for one in made
            if one.document is not None
        ]
        shown: SpreadsheetDraftAnswer = {"draft": render_draft(held), "documents": documents}
        return 201, shown

    return write_once(action, data)


@blueprint.post("/<spreadsheet>/import")
def start_import(spreadsheet: str) -> Response:
    """Ask for the import of the rows, once the object is live; the answer has those left out."""
    known_arguments()

    def ready(context: Context) -> ReadyRows:
        require_design(context)
        with context.database.reading() as reading:
            return platform().spreadsheets.rows(context, reading.connection, spreadsheet)

    found = ahead(lambda: read(ready))

    def ask(context: Context, work: UnitOfWork) -> ImportStartedAnswer:
        require_design(context)
        here = platform().spreadsheets
        job, import_id, left_out = here.start_import(context, work, found())
        language = language_of(context)
        rows: list[RowProblemJson] = [
            {"row": one.row, **one.problem.render(language)} for one in left_out
        ]
        return {"job": job, "import": import_id, "left_out": rows}

    return accepted(ask, {})


def _shown(context: Context, one: Spreadsheet) -> KeptSpreadsheetJson:
    language = language_of(context)
    return {
        "id": one.id,
        "file": one.file_name,
        "state": one.state,
        "created_at": instant_text(one.created),
        "draft": one.draft,
        "import": one.import_id,
        "left_out": [cast(RowProblemJson, within(row, language)) for row in one.left_out],
    }
