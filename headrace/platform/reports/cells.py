"""From a cell of a report back to its records: the filter that finds exactly them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import Catalog, ReportModel
from headrace.platform.metadata.definitions.screens import GroupDef
from headrace.platform.metadata.storage_types import instant_text

BAD_CELL = Message(
    "report.cell",
    "The cell does not fit the groups of this report.",
    "该单元格与此报表的分组不符。",
    "Give a list of values, one for each of: {groups}.",
    "请按以下分组依次给出取值：{groups}。",
)


def cell_filter(
    catalog: Catalog, report: ReportModel, cell: Mapping[str, Any], zone: ZoneInfo
) -> dict[str, Any]:
    """Return the filter (the API's JSON form) of the records behind a cell.

    `cell` has `rows` and `columns`, lists of the keys' values; a missing list means the total over
    that side. Buckets are the first day of the period, in the workspace's calendar.
    """
    conditions: list[dict[str, Any]] = []
    for part, groups in (
        ("rows", report.definition.group_rows),
        ("columns", report.definition.group_columns),
    ):
        values = cell.get(part)
        if values is None:
            continue
        if not isinstance(values, list) or len(values) != len(groups):
            names = ", ".join(one.field for one in groups) or "-"
            raise RefusedError(BAD_CELL.at("/" + part, groups=names))
        for group, value in zip(groups, values, strict=True):
            conditions += _conditions(catalog, report, group, value, zone)
    return {"and": conditions}


def _conditions(
    catalog: Catalog, report: ReportModel, group: GroupDef, value: Any, zone: ZoneInfo
) -> list[dict[str, Any]]:
    if value is None:
        return [{"field": group.field, "op": "is_null", "value": True}]
    if group.bucket is None:
        return [{"field": group.field, "op": "=", "value": value}]
    try:
        first = date.fromisoformat(str(value))
    except ValueError:
        raise RefusedError(BAD_CELL.at("", groups=group.field)) from None
    following = next_period(first, group.bucket)
    path = catalog.path(report.definition.object, group.field)
    instants = path is not None and path[-1].value_type.kind is Kind.DATETIME
    shown = _start_of_day if instants else _day
    return [
        {"field": group.field, "op": ">=", "value": shown(first, zone)},
        {"field": group.field, "op": "<", "value": shown(following, zone)},
    ]


def _day(day: date, _zone: ZoneInfo) -> str:
    return day.isoformat()


def _start_of_day(day: date, zone: ZoneInfo) -> str:
    return str(instant_text(datetime(day.year, day.month, day.day, tzinfo=zone)))


def next_period(first: date, bucket: str) -> date:
    """Return the first day of the period after the one that begins with `first`."""
    if bucket == "day":
        return first + timedelta(days=1)
    months = {"month": 1, "quarter": 3, "year": 12}[bucket]
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
