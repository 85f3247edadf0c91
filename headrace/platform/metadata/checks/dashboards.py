"""Checks of dashboards: every tile has something to show, and somebody to show it to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.building import closest
from headrace.platform.metadata.building.messages import UNKNOWN_REFERENCE
from headrace.platform.metadata.catalog import ReportModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.definitions.dashboards import DashboardDef, TileDef
from headrace.platform.metadata.definitions.screens import measure_name

TILE_TWICE = Message(
    "dashboard.tile_twice",
    "The tile “{other}” shows the same already.",
    "图块“{other}”已显示相同内容。",
    "Remove one, or show something else of the report.",
    "请删除其一，或改为显示该报表的其他内容。",
    severity="warning",
)
NOTHING_TO_SHOW = Message(
    "dashboard.nothing_to_show",
    "The report “{report}” has no {part} that the tile could show.",
    "报表“{report}”没有可供图块显示的{part}。",
    "Show its number, or give the report what is missing.",
    "请改为显示数值，或在报表中补充。",
)
NO_MEASURE = Message(
    "dashboard.measure",
    "The report “{report}” has no measure “{name}”.",
    "报表“{report}”没有度量“{name}”。",
    "It has: {known}.",
    "可用：{known}。",
)
MEASURE_UNUSED = Message(
    "dashboard.measure_unused",
    "Only a number shows one measure; here “measure” does nothing.",
    "只有数值图块显示单个度量，此处的“measure”不起作用。",
    "Remove it, or make the tile a number.",
    "请删除，或将图块改为数值。",
)
TILE_NOBODY = Message(
    "dashboard.tile_nobody",
    "Nobody sees this tile: none of the dashboard's roles may open the report “{report}”.",
    "没有人会看到此图块：看板的角色均无权打开报表“{report}”。",
    "Let one of them open the report, or remove the tile.",
    "请允许其中某个角色打开该报表，或删除图块。",
    severity="warning",
)
TILE_ROLES = Message(
    "dashboard.tile_left_out",
    "This tile is left out for {roles}, who may not open the report “{report}”.",
    "{roles}无权打开报表“{report}”，因此看不到此图块。",
    "Let them open the report, or take them from the dashboard.",
    "请允许其打开该报表，或将其从看板的角色中移除。",
    severity="warning",
)
_PARTS: Final = {
    "chart": Text("chart", "图表"),
    "table": Text("row group", "行分组"),
}


def check_dashboards(subject: Subject) -> Iterator[Problem]:
    """Find dashboards and tiles that could not show anything to anybody.

    Reads one dashboard with its reports, the grants of their objects, and the roles.
    """
    yield from subject.each("dashboards", "dashboards", partial(_dashboard, subject))


def openers(subject: Subject, dashboard: DashboardDef) -> frozenset[str]:
    """Return the roles that see at least one tile of a dashboard."""
    reports = (subject.catalog.reports.get(one.report) for one in dashboard.tiles)
    found = (who_opens(subject, one) for one in reports if one is not None)
    named = frozenset(dashboard.roles or subject.catalog.roles)
    return frozenset().union(*found) & named


def who_opens(subject: Subject, report: ReportModel) -> frozenset[str]:
    """Return the roles that may open a report and read each field that it is made of."""
    definition = report.definition
    named = frozenset(definition.roles or subject.catalog.roles)
    roles = subject.readers.who(definition.object) & named
    grouped = [one.field for one in (*definition.group_rows, *definition.group_columns)]
    measured = [one.field for one in definition.measures if one.field is not None]
    for field in (*grouped, *measured):
        path = subject.catalog.path(definition.object, field)
        roles = roles if path is None else subject.readers.who_reads(path, roles)
    return roles


def _dashboard(subject: Subject, dashboard: DashboardDef) -> Iterator[Problem]:
    for index, role in enumerate(dashboard.roles):
        if role not in subject.catalog.roles:
            place = subject.at("dashboard", dashboard.name, "roles", index)
            yield UNKNOWN_REFERENCE.at(place, kind="role", name=role)
    shown: dict[tuple[str, str, str | None], str] = {}
    for index, tile in enumerate(dashboard.tiles):
        place = subject.at("dashboard", dashboard.name, "tiles", index)
        other = shown.setdefault((tile.report, tile.kind, tile.measure), tile.name)
        if other != tile.name:
            yield TILE_TWICE.at(place, other=other)
        report = subject.catalog.reports.get(tile.report)
        if report is None:
            yield UNKNOWN_REFERENCE.at(place + "/report", kind="report", name=tile.report)
            continue
        yield from _tile(tile, report, place)
        yield from _seen(subject, dashboard, report, place)


def _tile(tile: TileDef, report: ReportModel, place: str) -> Iterator[Problem]:
    definition = report.definition
    if tile.kind == "chart" and definition.chart is None:
        yield NOTHING_TO_SHOW.at(place + "/kind", report=report.name, part=_PARTS["chart"])
    if tile.kind == "table" and not definition.group_rows:
        yield NOTHING_TO_SHOW.at(place + "/kind", report=report.name, part=_PARTS["table"])
    if tile.measure is None:
        return
    known = [measure_name(one) for one in definition.measures]
    if tile.kind != "number":
        yield MEASURE_UNUSED.at(place + "/measure")
    elif tile.measure not in known:
        near = closest(tile.measure, known)
        said = ", ".join(dict.fromkeys([near, *known] if near in known else known))
        yield NO_MEASURE.at(place + "/measure", report=report.name, name=tile.measure, known=said)


def _seen(
    subject: Subject, dashboard: DashboardDef, report: ReportModel, place: str
) -> Iterator[Problem]:
    if not subject.catalog.permissions:
        return
    seers = who_opens(subject, report)
    named = [one for one in dashboard.roles if one in subject.catalog.roles]
    if not seers & set(named or subject.catalog.roles):
        yield TILE_NOBODY.at(place, report=report.name)
        return
    left_out = [one for one in named if one not in seers]
    if left_out:
        yield TILE_ROLES.at(place, roles=", ".join(left_out), report=report.name)
