"""Reports: the question, the chart, the table; every number leads to the records it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.reports.tables import keys_text, sentence_of, table_of
from headrace.blueprints.shared.errors import sign_in_again
from headrace.blueprints.shared.pages import render, word
from headrace.blueprints.shared.session import read, session_cookie
from headrace.blueprints.workspace.rows import Row, cells_of, display_of, record_address
from headrace.platform.core.errors import RefusedError
from headrace.platform.forms.field_view import FieldView, path_view
from headrace.platform.forms.lists import list_for
from headrace.platform.metadata.catalog import ReportModel
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER
from headrace.platform.reports import running

blueprint = Blueprint("reports", __name__, url_prefix="/reports")

PAGE_SIZE: Final = 100


@blueprint.before_request
def need_session() -> Response | None:
    """Send whoever has no session to the sign-in page before anything is looked up."""
    return None if session_cookie() else sign_in_again()


@blueprint.get("/")
def index() -> str:
    """The reports that the caller may open."""

    def action(context: Context) -> str:
        return render(context, "reports/index.html", "reports", reports=running.available(context))

    return read(action)


@blueprint.get("/<name>")
def report(name: str) -> str:
    """A report as of now."""

    def action(context: Context) -> str:
        result = running.run(context, name)
        return render(
            context,
            "reports/report.html",
            "reports",
            result=result,
            table=table_of(context, result),
            sentence=sentence_of(context, result),
            keys_text=lambda keys: keys_text(context, keys),
        )

    return read(action)


@blueprint.get("/<name>/rows")
def rows(name: str) -> str:
    """The records behind a cell: exactly those that add up to it."""
    cell = _cell(request.args.get("cell", "{}"))
    cursor = request.args.get("cursor")

    def action(context: Context) -> str:
        # Asked first: a report that is not the caller's is not there.
        asked: dict[str, Any] = {"count": "exact", "limit": PAGE_SIZE}
        if cursor:
            asked["cursor"] = cursor
        found = running.rows(context, name, cell, {**asked, "fields": "id"})
        model = context.catalog.reports[name]
        columns, measured = _columns(context, model)
        asked["fields"] = ",".join(dict.fromkeys(["id", *(one.name for one in columns)]))
        found = running.rows(context, name, cell, asked)
        display = display_of(context)
        cards = _cards(columns, measured)
        shown = [
            Row(
                record_address(model.definition.object, record["id"]),
                cells_of(display, columns, record, cards, measured),
            )
            for record in found.items
        ]
        return render(
            context,
            "reports/rows.html",
            "reports",
            name=name,
            label=model.label,
            heading=_heading(context, cell),
            columns=columns,
            rows=shown,
            count=found.count,
            next=url_for("reports.rows", name=name, cell=request.args["cell"], cursor=found.next)
            if found.next
            else None,
        )

    return read(action)


def _cell(text: str) -> dict[str, Any]:
    try:
        cell = orjson.loads(text)
    except orjson.JSONDecodeError:
        cell = None
    if not isinstance(cell, dict) or not set(cell) <= {"rows", "columns", "shown"}:
        expected = '{"rows": […], "columns": […]}'
        raise RefusedError(BAD_PARAMETER.at("/cell", name="cell", expected=expected))
    return cell


def _columns(context: Context, model: ReportModel) -> tuple[tuple[FieldView, ...], frozenset[str]]:
    """Return the columns of the list with those that the report sums, and which they are."""
    catalog, name = context.catalog, model.definition.object
    page = list_for(catalog, context.principal, name, "all")
    columns = {one.name: one for one in page.columns}
    summed = [one.field for one in model.definition.measures if one.field is not None]
    for path in (*(one.field for one in model.definition.group_rows), *summed):
        fields = catalog.path(name, path)
        if fields is not None and path not in columns:
            columns[path] = path_view(catalog, fields)
    return tuple(columns.values()), frozenset(summed)


def _cards(columns: Sequence[FieldView], measured: frozenset[str]) -> dict[str, str]:
    """Place the summed field and one more on a phone's card."""
    rest = [one.name for one in columns[1:] if one.name not in measured]
    numbers = [one.name for one in columns if one.name in measured]
    return dict(zip([*rest[:1], *numbers[:1]], ("card-first", "card-second"), strict=False))


def _heading(context: Context, cell: dict[str, Any]) -> str:
    shown = cell.get("shown")
    if isinstance(shown, str) and shown:
        return shown
    return word(context.language, "reports.total")
