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
AMOUNTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"format": "~s"},
    "zh": {
        "labelExpr": "abs(datum.value) >= 1e8 ? format(datum.value / 1e8, ',~f') + '亿' : "
        "abs(datum.value) >= 1e4 ? format(datum.value / 1e4, ',~f') + '万' : format(datum.value, ',~f')"
    },
}
"""How the ticks of an axis are written: 2M in English, 200万 in Chinese, which counts in ten thousands."""


def chart_spec(
    chart: ChartDef, compiled: CompiledReport, arranged: Arranged, language: str
) -> dict[str, Any]:
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
        "axis": AMOUNTS[language],
    }
    encoding: dict[str, Any] = {"x": along, "y": height}
    if measure.currency is not None:
        height["title"] += f" ({measure.currency})"
    if compiled.columns or measure.split is not None:
        split = compiled.columns[0] if compiled.columns else compiled.currencies[measure.split or 0]
        title = split.label.within(language)
        encoding["color"] = {"field": "series", "type": "nominal", "title": title}
    if chart.mark == "arc":
        color = {**along, "type": "nominal"} if measure.split is None else encoding["color"]
        encoding = {"theta": height, "color": color}
    elif not chart.stack:
        height["stack"] = None
        if chart.mark == "bar" and "color" in encoding:
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
            yield from _drawn({"along": along}, line.total.values[0])
            continue
        for keys, cell in zip(arranged.columns, line.cells, strict=True):
            if cell is not None:
                series = " · ".join(key.text.within(language) for key in keys)
                yield from _drawn({"along": along, "series": series}, cell.values[0])


def _drawn(point: Mapping[str, str], value: Any) -> Iterator[dict[str, Any]]:
    """Yield the points of a value: one, or one for each currency that its amounts are in."""
    if not isinstance(value, list):
        yield {**point, "amount": _number(value)}
        return
    for one in value:
        series = " · ".join(filter(None, (point.get("series"), one["currency"])))
        yield {**point, "series": series, "amount": one["amount"]}


def _number(value: Any) -> Any:
    """Return the value as the chart takes it: decimal text stays text, which Vega reads."""
    return 0 if value is None else value
