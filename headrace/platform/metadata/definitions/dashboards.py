"""Dashboards: tiles of reports on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import Name, key

MEASURE_PATTERN = r"^(count|sum|avg|min|max)_[a-z][a-z0-9_.]{0,160}$"


@dataclass(frozen=True, slots=True)
class TileDef:
    """One tile: what it shows of which report."""

    name: Name = key("API name, unique in the dashboard.")
    report: Name = key("The report that it shows.")
    kind: Literal["number", "chart", "table"] = key(
        "The report's total as a number, its chart, or the first lines of its table."
    )
    label: Text = key("Heading; without it the report's title.", Text())
    width: int = key("Columns that it takes of the four of the grid.", 1, minimum=1, maximum=4)
    measure: str | None = key(
        "The measure that a number shows, by its name in the report's answer (`sum_amount`,"
        " `count_all`); without it the first.",
        None,
        pattern=MEASURE_PATTERN,
    )


@dataclass(frozen=True, slots=True)
class DashboardDef:
    """Tiles of reports on a grid of four columns, one below the other on a phone."""

    kind: Literal["dashboard"] = key("Always `dashboard`.")
    name: Name = key("API name.")
    tiles: tuple[TileDef, ...] = key("The tiles, in order.", minItems=1, maxItems=24)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Title.", Text())
    help: Text = key("What it is for, shown below the title.", Text())
    roles: tuple[Name, ...] = key(
        "Roles that may open it; without it all that may open one of its reports.", ()
    )

    @property
    def title(self) -> Text:
        """The title; the API name where there is no label."""
        return self.label or Text(self.name, self.name)
