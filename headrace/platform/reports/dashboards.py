"""Dashboards of a principal: the tiles whose reports it may run, each run as the report itself is.

There is no second way to a number: a tile is what `running.run` gives, and a report that would be refused
is left out. A dashboard with nothing in it for the principal is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.problems import Text
from headrace.platform.metadata.catalog import ReportModel
from headrace.platform.metadata.definitions.dashboards import DashboardDef, TileDef
from headrace.platform.metadata.definitions.screens import measure_name
from headrace.platform.records.context import Context
from headrace.platform.reports import running
from headrace.platform.reports.results import Header, ReportResult


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile with the report that it shows."""

    definition: TileDef
    report: ReportModel

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name

    @property
    def label(self) -> Text:
        """The heading."""
        return self.definition.label or self.report.label

    @property
    def position(self) -> int:
        """Which measure of the report a number shows."""
        names = [measure_name(one) for one in self.report.definition.measures]
        wanted = self.definition.measure
        return names.index(wanted) if wanted in names else 0


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard with the tiles that its viewer may see."""

    definition: DashboardDef
    tiles: tuple[Tile, ...]

    @property
    def name(self) -> str:
        """The API name."""
        return self.definition.name

    @property
    def label(self) -> Text:
        """The title."""
        return self.definition.title


@dataclass(frozen=True, slots=True)
class Shown:
    """A tile with what it shows as of now."""

    tile: Tile
    result: ReportResult

    @property
    def measure(self) -> Header:
        """The measure that a number shows."""
        return self.result.measures[self.tile.position]

    @property
    def number(self) -> Any:
        """The total of that measure, as a JSON value."""
        return self.result.total.values[self.tile.position]

    def as_json(self, language: str) -> dict[str, Any]:
        """Return the JSON form, texts in one language: a number by itself, else the whole report."""
        found = self.result.as_json(language)
        definition = self.tile.definition
        shown: dict[str, Any] = {
            **tile_json(self.tile, language),
            "as_of": found["as_of"],
            "record_count": found["record_count"],
        }
        if definition.kind == "number":
            measure = found["measures"][self.tile.position]
            return {**shown, "measure": measure, "value": self.number}
        return {**shown, "result": found}


def available(context: Context) -> tuple[Dashboard, ...]:
    """Return the dashboards in which the principal may see something, in the order of their names."""
    every = (_seen(context, one) for _, one in sorted(context.catalog.dashboards.items()))
    return tuple(one for one in every if one is not None)


def opened(context: Context, name: str) -> Dashboard:
    """Return a dashboard; raise NotFoundError where there is none with something for the principal."""
    definition = context.catalog.dashboards.get(name)
    found = None if definition is None else _seen(context, definition)
    if found is None:
        raise NotFoundError(NOT_FOUND.at())
    return found


def tile_of(context: Context, name: str, tile_name: str) -> Tile:
    """Return a tile; raise NotFoundError where the principal has none of this name there."""
    for tile in opened(context, name).tiles:
        if tile.name == tile_name:
            return tile
    raise NotFoundError(NOT_FOUND.at())


def run_tile(context: Context, tile: Tile) -> Shown:
    """Run the report of a tile."""
    return Shown(tile, running.run(context, tile.report.name))


def tile_json(tile: Tile, language: str) -> dict[str, Any]:
    """Return what a tile is, without what it shows, as JSON."""
    return {
        "name": tile.name,
        "label": tile.label.within(language),
        "kind": tile.definition.kind,
        "width": tile.definition.width,
        "report": tile.report.name,
    }


def _seen(context: Context, definition: DashboardDef) -> Dashboard | None:
    wanted = frozenset(definition.roles)
    principal = context.principal
    if wanted and not principal.is_system and not wanted & principal.role_names:
        return None
    tiles = tuple(
        Tile(one, context.catalog.reports[one.report])
        for one in definition.tiles
        if running.may_run(context, one.report)
    )
    return Dashboard(definition, tiles) if tiles else None
