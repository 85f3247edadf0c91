"""What a report gives: keys and numbers, arranged for a table, with the way back to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NotRequired, TypedDict

from headrace.platform.core.problems import Text
from headrace.platform.core.shapes import Moment


class KeyJson(TypedDict):
    """One value of a group: as JSON, and what people read."""

    value: Any
    text: str


class HeaderJson(TypedDict):
    """The heading of a group or measure."""

    name: str
    label: str
    kind: str
    currency: NotRequired[Annotated[str, "Of all amounts."]]
    by_currency: NotRequired[
        Annotated[bool, "Values are lists of `{currency, amount}`: nothing is added up."]
    ]


class LineJson(TypedDict):
    """A row of the table; a cell is null where no record falls into it."""

    keys: list[KeyJson]
    cells: list[list[Any] | None]
    total: list[Any]


class ReportJson(TypedDict):
    """A finished report: keys and numbers, arranged for a table."""

    name: str
    title: str
    row_groups: list[HeaderJson]
    column_groups: list[HeaderJson]
    measures: list[HeaderJson]
    columns: list[list[KeyJson]]
    rows: list[LineJson]
    column_totals: list[list[Any] | None]
    total: list[Any]
    record_count: int
    groups_not_shown: int
    as_of: Moment
    chart: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Key:
    """One value of a group: `value` is JSON, `text` what people read; null is nothing.

    `order` is what texts are ordered by: digits, letters, then Chinese by pinyin.
    """

    value: Any
    text: Text
    order: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The heading of a group or measure. `kind` says how values are shown (`money`, `date`, …).

    `currency` is that of all amounts of a measure; where records say theirs, `by_currency` holds and a
    value is a list of `{"currency", "amount"}`.
    """

    name: str
    label: Text
    kind: str
    currency: str | None = None
    by_currency: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """The measures of one crossing of groups, as JSON values in the order of the measures."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: its keys, a cell for each column key, and its total.

    A cell is None where no record falls into it.
    """

    keys: tuple[Key, ...]
    cells: tuple[Cell | None, ...]
    total: Cell


@dataclass(frozen=True, slots=True)
class ReportResult:
    """A finished report, as of `as_of` (the workspace's clock).

    `columns` are the keys across the page, empty where there are no column groups; `cut` counts
    the groups that are not shown.
    """

    name: str
    label: Text
    row_groups: tuple[Header, ...]
    column_groups: tuple[Header, ...]
    measures: tuple[Header, ...]
    columns: tuple[tuple[Key, ...], ...]
    lines: tuple[Line, ...]
    column_totals: tuple[Cell | None, ...]
    total: Cell
    record_count: int
    cut: int
    as_of: datetime
    metadata_version: int
    chart: dict[str, Any] | None

    def as_json(self, language: str) -> ReportJson:
        """Return the JSON form, texts in one language."""
        return {
            "name": self.name,
            "title": self.label.within(language),
            "row_groups": [_header(one, language) for one in self.row_groups],
            "column_groups": [_header(one, language) for one in self.column_groups],
            "measures": [_header(one, language) for one in self.measures],
            "columns": [[_key(key, language) for key in keys] for keys in self.columns],
            "rows": [
                {
                    "keys": [_key(key, language) for key in line.keys],
                    "cells": [list(cell.values) if cell else None for cell in line.cells],
                    "total": list(line.total.values),
                }
                for line in self.lines
            ],
            "column_totals": [list(one.values) if one else None for one in self.column_totals],
            "total": list(self.total.values),
            "record_count": self.record_count,
            "groups_not_shown": self.cut,
            "as_of": self.as_of.isoformat(),
            "chart": self.chart,
        }


def _header(header: Header, language: str) -> HeaderJson:
    shown: HeaderJson = {
        "name": header.name,
        "label": header.label.within(language),
        "kind": header.kind,
    }
    if header.by_currency:
        shown["by_currency"] = True
    elif header.currency is not None:
        shown["currency"] = header.currency
    return shown


def _key(key: Key, language: str) -> KeyJson:
    return {"value": key.value, "text": key.text.within(language)}
