"""Reports: the question, the chart, the table; every number leads to the records it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.errors import sign_in_again
from headrace.blueprints.shared.pages import render, word
from headrace.blueprints.shared.session import read, session_cookie
from headrace.blueprints.workspace.rows import Row, cells_of, display_of, record_address
from headrace.platform.core.errors import RefusedError
from headrace.platform.forms.field_view import FieldView, path_view
from headrace.platform.forms.lists import list_for
from headrace.platform.forms.shown import amount_text, text_of
from headrace.platform.metadata.catalog import ReportModel
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER
from headrace.platform.reports import running
from headrace.platform.reports.results import Cell, Header, Key, Line, ReportResult

blueprint = Blueprint("reports", __name__, url_prefix="/reports")

PAGE_SIZE: Final = 100
NOTHING: Final = "–"


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the table, or one for each currency, and the records that they count."""

    texts: tuple[str, ...]
    address: str | None


@dataclass(frozen=True, slots=True)
class TableLine:
    """One row of the table."""

    keys: list[str]
    cells: list[Number]


@dataclass(frozen=True, slots=True)
class Table:
    """The table with its last line."""

    lines: list[TableLine]
    totals: list[Number]


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
            table=_table(context, result),
            sentence=_sentence(context, context.catalog.reports[name], result),
            measured=len(result.measures) > 1,
            keys_text=lambda keys: _keys_text(context, keys),
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


def _sentence(context: Context, model: ReportModel, result: ReportResult) -> str:
    about = model.definition.help.within(context.language)
    if about:
        return about
    groups = (*result.row_groups, *result.column_groups)
    by = " × ".join(group.label.within(context.language) for group in groups)
    measures = word(context.language, "shell.comma").join(
        measure.label.within(context.language) for measure in result.measures
    )
    asked = word(context.language, "reports.sentence", measures=measures, by=by)
    return asked if by else measures


def _table(context: Context, result: ReportResult) -> Table:
    lines = [_line(context, result, line) for line in result.lines]
    totals: list[Number] = []
    for keys, cell in zip(result.columns, result.column_totals, strict=True):
        totals += _numbers(context, result, cell, (), keys)
    totals += _numbers(context, result, result.total, (), ())
    return Table(lines, totals)


def _line(context: Context, result: ReportResult, line: Line) -> TableLine:
    cells: list[Number] = []
    for keys, cell in zip(result.columns, line.cells, strict=True):
        cells += _numbers(context, result, cell, line.keys, keys)
    cells += _numbers(context, result, line.total, line.keys, ())
    return TableLine([key.text.within(context.language) for key in line.keys], cells)


def _numbers(
    context: Context,
    result: ReportResult,
    cell: Cell | None,
    row_keys: Sequence[Key],
    column_keys: Sequence[Key],
) -> list[Number]:
    if cell is None:
        return [Number((), None) for _ in result.measures]
    address = _address(context, result, row_keys, column_keys)
    return [
        Number(_texts(measure, value), address)
        for measure, value in zip(result.measures, cell.values, strict=True)
    ]


def _texts(measure: Header, value: Any) -> tuple[str, ...]:
    if value is None or value == []:
        return (NOTHING,)
    if measure.by_currency:
        return tuple(amount_text(one["amount"], one["currency"]) for one in value)
    if measure.currency is not None:
        return (amount_text(value, measure.currency),)
    return (text_of(measure.kind, value),)


def _address(
    context: Context, result: ReportResult, row_keys: Sequence[Key], column_keys: Sequence[Key]
) -> str:
    cell: dict[str, Any] = {}
    if row_keys:
        cell["rows"] = [key.value for key in row_keys]
    if column_keys:
        cell["columns"] = [key.value for key in column_keys]
    shown = _keys_text(context, (*row_keys, *column_keys))
    if shown:
        cell["shown"] = shown
    return url_for("reports.rows", name=result.name, cell=orjson.dumps(cell).decode())


def _keys_text(context: Context, keys: Sequence[Key]) -> str:
    return " · ".join(key.text.within(context.language) for key in keys)
