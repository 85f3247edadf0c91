"""Charts: a closed subset of Vega-Lite, made from the result; no data from elsewhere, no code.

The spec carries the report's own numbers inline. Money goes in as text and is read as a number by
the chart alone: what is drawn is a picture, the table beside it is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace.platform.metadata.definitions.screens import ChartDef
from headrace.platform.reports.arranging import Arranged
from headrace.platform.reports.compiler import CompiledReport

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
MOST_POINTS: Final = 2000


def chart_spec(
    chart: ChartDef, compiled: CompiledReport, arranged: Arranged, language: str
) -> Mapping[str, Any]:
    """Return the Vega-Lite spec of the first measure along the first row group."""
    measure = compiled.measures[0]
    first = compiled.rows[0]
    dated = first.definition.bucket is not None
    along: dict[str, Any] = {
        "field": "along",
        "type": "ordinal",
        "title": first.label.within(language),
        "sort": None,
        "axis": {"labelAngle": 0 if dated else -30, "labelLimit": 160},
    }
    height: dict[str, Any] = {
        "field": "amount",
        "type": "quantitative",
        "title": measure.label.within(language),
        "axis": {"format": "~s"},
    }
    encoding: dict[str, Any] = {"x": along, "y": height}
    if compiled.columns:
        title = compiled.columns[0].label.within(language)
        encoding["color"] = {"field": "series", "type": "nominal", "title": title}
    if chart.mark == "arc":
        encoding = {"theta": height, "color": {**along, "type": "nominal"}}
    elif not chart.stack:
        height["stack"] = None
        if chart.mark == "bar" and compiled.columns:
            encoding["xOffset"] = {"field": "series"}
    points = list(_points(compiled, arranged, language))[:MOST_POINTS]
    mark: dict[str, Any] = {"type": chart.mark, "tooltip": True}
    if chart.mark == "line":
        mark["point"] = True
    return {"$schema": SCHEMA, "data": {"values": points}, "mark": mark, "encoding": encoding}


def _points(
    compiled: CompiledReport, arranged: Arranged, language: str
) -> Iterator[dict[str, Any]]:
    for line in arranged.lines:
        along = " · ".join(key.text.within(language) for key in line.keys)
        if not compiled.columns:
            yield {"along": along, "amount": _number(line.total.values[0])}
            continue
        for keys, cell in zip(arranged.columns, line.cells, strict=True):
            if cell is not None:
                series = " · ".join(key.text.within(language) for key in keys)
                yield {"along": along, "series": series, "amount": _number(cell.values[0])}


def _number(value: Any) -> Any:
    """Return the value as the chart takes it: decimal text stays text, which Vega reads."""
    return 0 if value is None else value
