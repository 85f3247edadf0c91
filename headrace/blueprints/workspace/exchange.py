"""Import and export on the screen: choose a file, see where it goes, check it, import it; a list as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from flask import Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.shared.downloads import download
from headrace.blueprints.shared.import_files import error_file, file_name
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write, write_once
from headrace.blueprints.workspace.blueprint import blueprint, known_object, need_right
from headrace.blueprints.workspace.lists import query_of, where_of
from headrace.platform.access.policy import can
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import (
    Finding,
    ImportBatch,
    count_findings,
    read_content,
    read_findings,
    within,
)
from headrace.platform.exchange.exporting import (
    CONTENT_TYPES,
    FORMATS,
    ExportRequest,
    export_records,
)
from headrace.platform.exchange.importing import Preview
from headrace.platform.exchange.mapping import is_problem_column
from headrace.platform.exchange.requests import EMPTY_CELLS, MODES, ImportRequest, read_request
from headrace.platform.forms.lists import list_for
from headrace.platform.jobs.long_jobs import JobState, ask_to_cancel, read_job
from headrace.platform.records.context import Context

SHOWN_FINDINGS: Final = 100
COLUMN: Final = "column."
SECONDS: Final = "1"
"""After how many a page of an import that is under way looks again."""

NO_FILE: Final = Message(
    "import.file_needed",
    "No file was chosen.",
    "未选择文件。",
    "Choose a CSV or XLSX file.",
    "请选择 CSV 或 XLSX 文件。",
)


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A column of the file with its first values and the field that it goes to."""

    index: int
    header: str
    samples: tuple[str, ...]
    path: str


# -- export ----------------------------------------------------------------------------------------


@blueprint.get("/o/<object_name>/export")
def export(object_name: str) -> Response:
    """All rows of a list as its address says it, as people read them."""
    arguments = {name: value for name, value in request.args.items() if value}
    kind = arguments.pop("format", "")
    if kind not in FORMATS:
        raise NotFoundError(NOT_FOUND.at())

    def action(context: Context) -> Response:
        model = known_object(context, object_name)
        need_right(context, object_name, "read")
        page = list_for(context.catalog, context.principal, object_name, arguments.get("view"))
        asked = ExportRequest(
            object_name,
            kind,
            query_of(context, page, arguments),
            shown=True,
            conditions=where_of(page),
        )
        file = export_records(context, asked)
        name = f"{model.plural.within(context.language)} {context.today().isoformat()}.{kind}"
        return download(file, name, CONTENT_TYPES[asked.format])

    return read(action)


# -- choosing a file ---------------------------------------------------------------------------------


@blueprint.get("/o/<object_name>/import")
def import_file(object_name: str) -> str:
    """Ask for a file."""
    return read(lambda context: _asking(context, object_name))


@blueprint.post("/o/<object_name>/import", endpoint="upload")
def upload(object_name: str) -> BaseResponse:
    """Keep the file and show what is in it; one that cannot be read is said to be so at once."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _refused(object_name, (NO_FILE.at("/file"),))
    name, data = file_name(file.filename), file.read()
    try:

        def action(context: Context, work: UnitOfWork) -> str:
            known_object(context, object_name)
            creating = can(context.catalog, context.principal, object_name, "create")
            asked = read_request(object_name, name, {"mode": "create" if creating else "update"})
            return platform().imports.upload(context, work, asked, data)

        batch_id = write(action)
    except RefusedError as error:
        return _refused(object_name, error.problems)
    return redirect(url_for("workspace.import_batch", batch_id=batch_id), HTTPStatus.SEE_OTHER)


def _refused(object_name: str, problems: tuple[Problem, ...]) -> Response:
    body = read(lambda context: _asking(context, object_name, problems))
    return make_response(body, HTTPStatus.UNPROCESSABLE_ENTITY)


def _asking(context: Context, object_name: str, problems: tuple[Problem, ...] = ()) -> str:
    model = known_object(context, object_name)
    page = list_for(context.catalog, context.principal, object_name, None)
    if not page.may_import:
        raise NotFoundError(NOT_FOUND.at())
    values: dict[str, Any] = {"model": model, "problems": problems}
    return render(context, "workspace/import.html", f"object:{object_name}", **values)


# -- one import --------------------------------------------------------------------------------------


@blueprint.get("/imports/<batch_id>")
def import_batch(batch_id: str) -> Response:
    """An import: its columns while they can be changed, how far it is, what became of it."""

    def action(context: Context) -> Response:
        with context.database.snapshot() as reading:
            connection = reading.connection
            batch = platform().imports.mine(context, connection, batch_id)
            data = read_content(connection, batch.id)
            job = read_job(connection, batch.job) if batch.job else None
            found = read_findings(connection, batch.id, limit=SHOWN_FINDINGS)
            count = count_findings(connection, batch.id)
        return _batch_page(context, batch, data, job, found, count)

    return read(action)


@blueprint.post("/imports/<batch_id>", endpoint="start_import")
def start_import(batch_id: str) -> BaseResponse:
    """Check or import the file with the columns and options of the form."""
    form = request.form
    checking = form.get("do") != "import"

    def action(context: Context, work: UnitOfWork) -> str:
        imports = platform().imports
        batch = imports.mine(context, work.connection, batch_id)
        mapped = {
            form.get(f"header.{name.removeprefix(COLUMN)}", ""): path or None
            for name, path in form.items()
            if name.startswith(COLUMN)
        }
        given = {
            "mode": form.get("mode", "create"),
            "key": form.get("match") or None,
            "empty": form.get("empty", "keep"),
            "sheet": form.get("sheet") or None,
            "partial": form.get("partial") == "true",
            "dry_run": checking,
            "map": mapped,
        }
        asked = read_request(batch.request.object, batch.request.file_name, given)
        imports.start(context, work, asked, batch.id)
        return batch.id

    write_once(action)
    return redirect(url_for("workspace.import_batch", batch_id=batch_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/imports/<batch_id>/cancel", endpoint="cancel_import")
def cancel_import(batch_id: str) -> BaseResponse:
    """Ask an import to end; what it has written stays."""

    def action(context: Context, work: UnitOfWork) -> None:
        batch = platform().imports.mine(context, work.connection, batch_id)
        if batch.job is not None:
            ask_to_cancel(work, batch.job)

    write(action)
    return redirect(url_for("workspace.import_batch", batch_id=batch_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/imports/<batch_id>/file", endpoint="import_errors")
def import_errors(batch_id: str) -> Response:
    """The rows that were not taken."""
    return read(lambda context: error_file(platform(), context, batch_id))


def _batch_page(
    context: Context,
    batch: ImportBatch,
    data: bytes | None,
    job: JobState | None,
    found: list[Finding],
    count: int,
) -> Response:
    object_name = batch.request.object
    model = known_object(context, object_name)
    under_way = batch.state in {"waiting", "running"}
    preview = None
    problems: list[Any] = [within(one, context.language) for one in batch.problems]
    if data is not None and not under_way and batch.state not in {"done", "failed"}:
        preview = _preview(context, batch.request, data)
        if preview is not None and batch.state == "uploaded":
            problems = [one.render(context.language) for one in preview.problems]
    values: dict[str, Any] = {
        "model": model,
        "batch": batch,
        "outcome": batch.counts,
        "problems": problems,
        "findings": [one.render(context.language) for one in found],
        "finding_count": count,
        "progress": (job.progress if job else None) or {},
        "under_way": under_way,
        "preview": preview,
        "columns": _columns(batch, preview) if preview else [],
        "modes": MODES,
        "empties": EMPTY_CELLS,
        "key": new_key(),
    }
    body = render(context, "workspace/import_batch.html", f"object:{object_name}", **values)
    response = make_response(body)
    if under_way:
        response.headers["Refresh"] = SECONDS
    return response


def _preview(context: Context, asked: ImportRequest, data: bytes) -> Preview | None:
    """Look into the file again; None where the caller may do nothing with it any more."""
    whole = replace(asked, map={}, key=None, migrate=False)
    try:
        return platform().imports.importer.preview(context, whole, data)
    except RefusedError:
        return None


def _columns(batch: ImportBatch, preview: Preview) -> list[ColumnRow]:
    chosen: Mapping[str, str | None] = batch.request.map
    rows = []
    for index, header in enumerate(preview.headers):
        if header == "" or is_problem_column(header):
            continue
        samples = tuple(row[index] for row in preview.rows if row[index])[:3]
        proposed = preview.proposed.get(header, "")
        path = (chosen[header] or "") if header in chosen else proposed
        rows.append(ColumnRow(index, header, samples, path))
    return rows
