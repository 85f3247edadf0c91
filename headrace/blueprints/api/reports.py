"""Reports and the records behind their cells."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import answer, answer_bytes, known_arguments, read
from headrace.platform.core.errors import RefusedError
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER
from headrace.platform.reports import running
from headrace.platform.reports.results import ReportResult

blueprint = Blueprint("api_reports", __name__, url_prefix="/api/v1/reports")


@blueprint.get("/<name>")
def run(name: str) -> Response:
    """Run a report."""
    known_arguments("format")
    form = request.args.get("format", "json")
    if form not in {"json", "csv"}:
        raise RefusedError(BAD_PARAMETER.at("/format", name="format", expected="json, csv"))

    def action(context: Context) -> Response:
        result = running.run(context, name)
        if form == "csv":
            response = answer_bytes(context, _csv(result, context.language))
            response.headers["Content-Type"] = "text/csv; charset=utf-8"
            response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
            return response
        return answer(context, result.as_json(context.language))

    return read(action)


@blueprint.get("/<name>/rows")
def rows(name: str) -> Response:
    """The records behind a cell, exactly those that add up to it."""
    known_arguments("cell", *running.PAGE_PARAMETERS)
    cell = _cell(request.args.get("cell", "{}"))
    page = {key: value for key, value in request.args.items() if key != "cell"}
    return read(lambda context: answer(context, running.rows(context, name, cell, page).as_json()))


def _cell(text: str) -> dict[str, Any]:
    try:
        cell = orjson.loads(text)
    except orjson.JSONDecodeError:
        cell = None
    if not isinstance(cell, dict) or not set(cell) <= {"rows", "columns"}:
        expected = '{"rows": […], "columns": […]}'
        raise RefusedError(BAD_PARAMETER.at("/cell", name="cell", expected=expected))
    return cell


def _csv(result: ReportResult, language: str) -> bytes:
    """Write the table with a byte order mark, so that spreadsheets read Chinese right."""
    out = io.StringIO()
    writer = csv.writer(out)
    measures = [
        one.label.within(language) + (f" ({one.currency})" if one.currency else "")
        for one in result.measures
    ]
    heads = [one.label.within(language) for one in result.row_groups]
    spans = [" · ".join(key.text.within(language) for key in keys) for keys in result.columns]
    across = [f"{span}: {measure}" for span in spans for measure in measures]
    writer.writerow([_plain(text) for text in (*heads, *across, *measures)])
    width = len(result.measures)
    for line in result.lines:
        cells = [cell.values if cell else ("",) * width for cell in (*line.cells, line.total)]
        keys = [key.text.within(language) for key in line.keys]
        writer.writerow([_plain(text) for text in (*keys, *(v for c in cells for v in c))])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(value: Any) -> Any:
    """Keep a text from being taken for a formula by a spreadsheet; numbers stay numbers.

    Amounts in several currencies are one text, each behind its currency.
    """
    if isinstance(value, list):
        value = "; ".join(f"{one['currency'] or ''} {one['amount']}".strip() for one in value)
    if not isinstance(value, str):
        return value
    number = value.lstrip("-").replace(".", "", 1).isdigit()
    dangerous = value[:1] in {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"}
    return "'" + value if dangerous and not number else value
