"""A report's result as a table of texts, each number with the way to the records it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from flask import url_for

from headrace.blueprints.shared.pages import word
from headrace.platform.forms.shown import amount_text, text_of
from headrace.platform.records.context import Context
from headrace.platform.reports.results import Cell, Header, Key, Line, ReportResult

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


def sentence_of(context: Context, result: ReportResult) -> str:
    """Return the question that a report answers, in the viewer's language."""
    model = context.catalog.reports[result.name]
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


def table_of(context: Context, result: ReportResult, most: int | None = None) -> Table:
    """Return the table of a report, with its first lines only where `most` says how many."""
    lines = [_line(context, result, line) for line in result.lines[:most]]
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
    address = rows_address(context, result, row_keys, column_keys)
    return [
        Number(texts_of(measure, value), address)
        for measure, value in zip(result.measures, cell.values, strict=True)
    ]


def texts_of(measure: Header, value: Any) -> tuple[str, ...]:
    """Return a number as people read it, or one for each currency."""
    if value is None or value == []:
        return (NOTHING,)
    if measure.by_currency:
        return tuple(amount_text(one["amount"], one["currency"]) for one in value)
    if measure.currency is not None:
        return (amount_text(value, measure.currency),)
    return (text_of(measure.kind, value),)


def rows_address(
    context: Context, result: ReportResult, row_keys: Sequence[Key], column_keys: Sequence[Key]
) -> str:
    """Return where the records behind a cell are listed."""
    cell: dict[str, Any] = {}
    if row_keys:
        cell["rows"] = [key.value for key in row_keys]
    if column_keys:
        cell["columns"] = [key.value for key in column_keys]
    shown = keys_text(context, (*row_keys, *column_keys))
    if shown:
        cell["shown"] = shown
    return url_for("reports.rows", name=result.name, cell=orjson.dumps(cell).decode())


def keys_text(context: Context, keys: Sequence[Key]) -> str:
    """Return the keys of a line or column as one text."""
    return " · ".join(key.text.within(context.language) for key in keys)
