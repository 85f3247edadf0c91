"""A module from a spreadsheet on the screen: upload, review, make a draft, import the rows."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from headrace.blueprints.shared.ahead import ahead
from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.errors import sign_in_again
from headrace.blueprints.shared.import_files import file_name
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, session_cookie, write_once
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import ConflictError, PlatformError, RefusedError
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import within
from headrace.platform.exchange.spreadsheets.judging import TYPES
from headrace.platform.exchange.spreadsheets.proposals import (
    TITLES,
    FieldProposalJson,
    ProposalJson,
)
from headrace.platform.publishing.spreadsheets import ReadyRows, Reviewed, Spreadsheet
from headrace.platform.records.context import Context

blueprint = Blueprint("spreadsheets", __name__, url_prefix="/design/spreadsheet")

LOOKUP: Final = "lookup:"
"""Begins the type of a column that refers to records; the object stands behind it."""
HEADER_DIGITS: Final = 6
PLACE: Final = "design"

NO_FILE: Final = Message(
    "spreadsheet.file_needed",
    "No file was chosen.",
    "未选择文件。",
    "Choose a CSV or XLSX file.",
    "请选择 CSV 或 XLSX 文件。",
)


@blueprint.before_request
def need_session() -> Response | None:
    """Send whoever has no session to the sign-in page before a file is looked at."""
    return None if session_cookie() else sign_in_again()


@blueprint.get("")
def listed() -> str:
    """Ask for a file; below it those that were uploaded before."""
    return read(lambda context: _list(context, ()))


@blueprint.post("")
def upload() -> Response:
    """Keep a file that a module can be made of, and show what it proposes."""
    read(only_designers)
    try:
        name, data = _sent_file()
        read(lambda context: _proposed(context, name, data, None, None))

        def action(context: Context, work: UnitOfWork) -> str:
            only_designers(context)
            return platform().spreadsheets.keep(context, work, name, data)

        kept = write_once(action, sent=data)
    except RefusedError as error:
        problems = error.problems
        return make_response(read(lambda context: _list(context, problems)), status_of(error))
    return redirect(url_for("spreadsheets.shown", spreadsheet=kept), HTTPStatus.SEE_OTHER)


def _sent_file() -> tuple[str, bytes]:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise RefusedError(NO_FILE.at("/file"))
    found = file_name(file.filename), file.read()
    file.close()
    return found


@blueprint.get("/<spreadsheet>")
def shown(spreadsheet: str) -> Response:
    """The proposal while it can be changed; afterwards the draft, the import and what is left out."""
    return read(lambda context: _page(context, spreadsheet, None))


@blueprint.post("/<spreadsheet>")
def put_into_draft(spreadsheet: str) -> Response:
    """Make a draft of the proposal as it was reviewed."""
    given = reviewed_form(request.form)

    def review(context: Context) -> Reviewed:
        only_designers(context)
        with context.database.reading() as reading:
            here = platform().spreadsheets
            return here.review(context, reading.connection, spreadsheet, given)

    reviewed = ahead(lambda: read(review))

    def action(context: Context, work: UnitOfWork) -> str:
        only_designers(context)
        return platform().spreadsheets.put_into_draft(context, work, reviewed())[0].id

    try:
        write_once(action)
    except (RefusedError, ConflictError) as error:
        refused = error
        return read(lambda context: _page(context, spreadsheet, refused, given))
    return redirect(url_for("spreadsheets.shown", spreadsheet=spreadsheet), HTTPStatus.SEE_OTHER)


@blueprint.post("/<spreadsheet>/import")
def start_import(spreadsheet: str) -> Response:
    """Import the rows into the object, once it is live."""

    def ready(context: Context) -> ReadyRows:
        only_designers(context)
        with context.database.reading() as reading:
            return platform().spreadsheets.rows(context, reading.connection, spreadsheet)

    rows = ahead(lambda: read(ready))

    def action(context: Context, work: UnitOfWork) -> str:
        only_designers(context)
        return platform().spreadsheets.start_import(context, work, rows())[1]

    try:
        batch = write_once(action)
    except (RefusedError, ConflictError) as error:
        refused = error
        return read(lambda context: _page(context, spreadsheet, refused))
    return redirect(url_for("workspace.import_batch", batch_id=batch), HTTPStatus.SEE_OTHER)


# -- the form ------------------------------------------------------------------------------------


def reviewed_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return what the form of a review says, as the API is sent it."""
    given: dict[str, Any] = {
        "sheet": form.get("sheet", ""),
        "header": _number(form.get("header")),
        "module": _named(form, "module"),
        "object": _named(form, "object"),
        "title": form.get("title") or None,
        "fields": [_field(form, index) for index in form.getlist("index")],
    }
    return given


def _named(form: MultiDict[str, str], part: str) -> dict[str, Any]:
    return {"name": form.get(f"{part}.name", "").strip(), "label": _label(form, part)}


def _label(form: MultiDict[str, str], part: str) -> dict[str, str]:
    texts = {key: form.get(f"{part}.label_{key}", "").strip() for key in ("en", "zh")}
    return {key: text for key, text in texts.items() if text}


def _field(form: MultiDict[str, str], index: str) -> dict[str, Any]:
    part = f"f.{index}"
    chosen = form.get(f"{part}.type", "")
    type_, _, target = chosen.partition(":")
    return {
        "index": _number(index),
        "keep": f"{part}.keep" in form,
        "name": form.get(f"{part}.name", "").strip(),
        "label": _label(form, part),
        "type": type_,
        **({"options": {"to": target}} if chosen.startswith(LOOKUP) else {}),
        "required": f"{part}.required" in form,
        "key": f"{part}.key" in form,
    }


def _number(text: str | None) -> int | None:
    plain = text or ""
    fits = plain.isascii() and plain.isdigit() and len(plain) <= HEADER_DIGITS
    return int(plain) if fits else None


# -- pages ---------------------------------------------------------------------------------------


def _list(context: Context, problems: tuple[Problem, ...]) -> str:
    only_designers(context)
    with context.database.reading() as reading:
        found = platform().spreadsheets.listed(context, reading.connection)
    return render(
        context,
        "design/spreadsheets.html",
        PLACE,
        spreadsheets=found,
        problems=problems,
        key=new_key(),
    )


def _proposed(
    context: Context, name: str, data: bytes, sheet: str | None, header: int | None
) -> ProposalJson:
    only_designers(context)
    with context.database.snapshot() as reading:
        here = platform().spreadsheets
        found = here.proposal(context, reading, name, data, sheet, header)
    return found.render(context.language)


def _page(
    context: Context,
    spreadsheet: str,
    refused: PlatformError | None,
    given: Mapping[str, Any] | None = None,
) -> Response:
    only_designers(context)
    here = platform().spreadsheets
    with context.database.reading() as reading:
        kept = here.mine(context, reading.connection, spreadsheet)
        data = here.file(context, reading.connection, spreadsheet)
    problems = refused.problems if refused is not None else ()
    if kept.state == "uploaded":
        body, problems = _review(context, kept, data, problems, given)
    else:
        body = _state(context, kept, problems)
    status = status_of(refused) if refused is not None else HTTPStatus.OK
    return make_response(
        body, HTTPStatus.UNPROCESSABLE_ENTITY if problems and not refused else status
    )


def _review(
    context: Context,
    kept: Spreadsheet,
    data: bytes,
    problems: tuple[Problem, ...],
    given: Mapping[str, Any] | None,
) -> tuple[str, tuple[Problem, ...]]:
    """Return the page of a review, and what is wrong with where the table was said to be."""
    asked = given or request.args
    sheet, header = asked.get("sheet"), asked.get("header")
    header = header if isinstance(header, int) else _number(header)
    try:
        proposal = _proposed(context, kept.file_name, data, sheet, header)
    except RefusedError as error:
        problems = (*problems, *error.problems)
        proposal = _proposed(context, kept.file_name, data, None, None)
    body = render(
        context,
        "design/spreadsheet_review.html",
        PLACE,
        kept=kept,
        key=new_key(),
        proposal=_overlaid(proposal, given or {}),
        problems=problems,
        types=[one for one in TYPES if one != "lookup"],
        titles=TITLES,
        targets={one["options"]["to"]: _object_label(context, one) for one in _lookups(proposal)},
    )
    return body, problems


def _lookups(proposal: ProposalJson) -> list[FieldProposalJson]:
    return [one for one in proposal["fields"] if one["type"] == "lookup"]


def _object_label(context: Context, field: FieldProposalJson) -> str:
    model = context.catalog.objects[field["options"]["to"]]
    return model.label.within(context.language)


def _overlaid(proposal: ProposalJson, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a proposal with what somebody sent in it, so that nothing is typed twice."""
    proposed = {one["index"]: one for one in proposal["fields"]}
    sent = {one["index"]: one for one in given.get("fields", ())}
    fields = [{**one, **sent.get(index, {}), "proposed": one} for index, one in proposed.items()]
    parts = {key: given[key] for key in ("module", "object", "title") if key in given}
    return {**proposal, **parts, "fields": fields}


def _state(context: Context, kept: Spreadsheet, problems: tuple[Problem, ...]) -> str:
    object_id = str((kept.made or {}).get("object"))
    objects = context.catalog.objects.values()
    model = next((one for one in objects if one.id == object_id), None)
    return render(
        context,
        "design/spreadsheet.html",
        PLACE,
        kept=kept,
        key=new_key(),
        model=model,
        left_out=[within(one, context.language) for one in kept.left_out],
        problems=problems,
    )
