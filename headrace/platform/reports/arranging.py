"""From the statement's rows to the table: keys sorted and named, cells put where they cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.formulas.pinyin import sort_key
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.metadata.storage_types import Dialect, typed_id, values_in
from headrace.platform.reports.compiler import CompiledReport, Group
from headrace.platform.reports.results import Cell, Key, Line

NOTHING: Final = Text("(none)", "（无）")
LAST: Final = "\U0010ffff"
"""Stands behind all texts."""
MOST_LINES: Final = 500
MOST_COLUMNS: Final = 60

Keys = tuple[Key, ...]
Read = tuple[Keys, Keys, Cell, int]
"""Row keys, column keys, measures and number of records."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """The parts of a result that come from the statement's rows."""

    columns: tuple[Keys, ...]
    lines: tuple[Line, ...]
    column_totals: tuple[Cell | None, ...]
    total: Cell
    record_count: int
    cut: int


def arrange(
    compiled: CompiledReport, found: Sequence[Sequence[Any]], catalog: Catalog, dialect: Dialect
) -> Arranged:
    """Arrange the rows of the compiled statement; what is over the limits is counted as cut."""
    reader = _RowReader(compiled, catalog, dialect)
    levels = reader.levels(found)
    two_sided = bool(compiled.columns)
    grouped = bool(compiled.rows or compiled.columns)
    finest = levels.get(0, [])
    by_row = levels.get(1, []) if two_sided else finest
    by_column = levels.get(2, []) if two_sided else []
    overall = levels.get(3 if two_sided else 1, []) if grouped else finest
    empty = Cell(tuple(reader.nothing()))
    total, count = (overall[0][2], overall[0][3]) if overall else (empty, 0)
    all_columns = sorted((keys for _, keys, _, _ in by_column), key=_order)
    all_rows = sorted(by_row, key=lambda one: _order(one[0]))
    columns, rows = all_columns[:MOST_COLUMNS], all_rows[:MOST_LINES]
    crossing = {(_values(a), _values(b)): cell for a, b, cell, _ in finest}
    lines = tuple(
        Line(keys, tuple(crossing.get((_values(keys), _values(c))) for c in columns), cell)
        for keys, _, cell, _ in (rows if compiled.rows else [])
    )
    sums = {_values(keys): cell for _, keys, cell, _ in by_column}
    totals = tuple(sums.get(_values(keys)) for keys in columns)
    cut = len(all_columns) - len(columns) + len(all_rows) - len(rows)
    return Arranged(tuple(columns), lines, totals, total, count, cut)


class _RowReader:
    """Reads level, keys, count and measures from one row of the statement."""

    def __init__(self, compiled: CompiledReport, catalog: Catalog, dialect: Dialect) -> None:
        self.compiled = compiled
        self.namers = {
            id(group): KeyNamer(group, catalog, dialect)
            for group in (*compiled.rows, *compiled.columns)
        }

    def levels(self, found: Sequence[Sequence[Any]]) -> dict[int, list[Read]]:
        """Return what was read by level; amounts in several currencies beside each other in one cell."""
        levels: dict[int, list[Read]] = {}
        apart: dict[tuple[int, Any, Any], dict[int, list[Any]]] = {}
        count = self.compiled.level_count
        for row in found:
            split, level = divmod(int(row[0]), count)
            rows, columns, cell, records, named = self.read(row)
            if split == 0:
                levels.setdefault(level, []).append((rows, columns, cell, records))
                continue
            kept = apart.setdefault((level, _values(rows), _values(columns)), {})
            for place, measure in enumerate(self.compiled.measures):
                if measure.split == split - 1 and cell.values[place] is not None:
                    amount = {"currency": named[split - 1], "amount": cell.values[place]}
                    kept.setdefault(place, []).append(amount)
        if self.compiled.currencies:
            for level, read in levels.items():
                levels[level] = [
                    (
                        rows,
                        columns,
                        self._by_currency(cell, apart, (level, _values(rows), _values(columns))),
                        records,
                    )
                    for rows, columns, cell, records in read
                ]
        return levels

    def _by_currency(
        self, cell: Cell, apart: Mapping[Any, Mapping[int, list[Any]]], where: Any
    ) -> Cell:
        kept = apart.get(where, {})
        return Cell(
            tuple(
                value
                if measure.split is None
                else sorted(kept.get(place, ()), key=lambda one: one["currency"] or LAST)
                for place, (measure, value) in enumerate(
                    zip(self.compiled.measures, cell.values, strict=True)
                )
            )
        )

    def read(self, row: Sequence[Any]) -> tuple[Keys, Keys, Cell, int, tuple[Any, ...]]:
        """Return row keys, column keys, measures, number of records, and currencies."""
        position = 1
        sides: list[Keys] = []
        for side in (self.compiled.rows, self.compiled.columns):
            keys = []
            for group in side:
                width = 1 if group.title is None else 2
                keys.append(self.namers[id(group)].key(row[position : position + width]))
                position += width
            sides.append(tuple(keys))
        width = len(self.compiled.currencies)
        named = tuple(
            None if one is None else str(one).upper() for one in row[position : position + width]
        )
        position += width
        count = int(row[position])
        position += 1
        values = []
        for measure in self.compiled.measures:
            width = len(measure.columns)
            values.append(measure.value(row[position : position + width]))
            position += width
        return sides[0], sides[1], Cell(tuple(values)), count, named

    def nothing(self) -> list[Any]:
        """Return the measures over no records."""
        return [
            measure.value([0] * len(measure.columns))
            if measure.definition.op == "count"
            else None
            if measure.split is None
            else []
            for measure in self.compiled.measures
        ]


class KeyNamer:
    """Turns the driver values of a group into a key that people can read."""

    def __init__(self, group: Group, catalog: Catalog, dialect: Dialect) -> None:
        self.bucket = group.definition.bucket
        self.to_json = None if group.storage.many else group.storage.to_json(dialect)
        self.many = group.storage.many
        title = group.title_storage
        self.title_to_json = title.to_json(dialect) if title is not None else None
        self.has_title = group.title is not None
        self.is_text = group.storage.kind == "text"
        self.labels = value_labels(group.field, catalog)
        self.told = group.told
        self.catalog = catalog

    def key(self, found: Sequence[Any]) -> Key:
        """Return the key of one row."""
        value = found[0]
        if value is None:
            return Key(None, NOTHING)
        if self.told is not None:
            return self._referred(self.told(found[1]))
        shown = self.to_json(value) if self.to_json else value
        shown = str(shown) if not isinstance(shown, (str, int, bool)) else shown
        if self.has_title:
            title = found[1]
            text = str(self.title_to_json(title) if self.title_to_json else title)
            return Key(shown, NOTHING, LAST) if title is None else _named(shown, text)
        if self.bucket is not None:
            return Key(shown, period_text(str(shown), self.bucket))
        if self.many:
            held = tuple(values_in(str(shown)) or ())
            return Key(held, self._together(held))
        label = self.labels.get(str(shown))
        if label is not None:
            return Key(shown, label)
        if self.is_text:
            return _named(shown, str(shown))
        return Key(shown, Text(str(shown), str(shown)))

    def _referred(self, found: Mapping[str, Any]) -> Key:
        """Name a record and the object that it is of; records of an object stand together."""
        label = self.catalog.objects[found["object"]].label
        title = (
            NOTHING if found["title"] is None else Text(str(found["title"]), str(found["title"]))
        )
        english = f"{label.within('en')}: {title.within('en')}"
        text = Text(english, f"{label.within('zh')}：{title.within('zh')}")
        return Key(typed_id(found["object"], found["id"]), text, sort_key(english))

    def _together(self, held: Sequence[str]) -> Text:
        """Name the values that a group of records has together."""
        names = [self.labels.get(one) or Text(one, one) for one in held]
        return Text(
            ", ".join(one.within("en") for one in names),
            "、".join(one.within("zh") for one in names),
        )


def _named(value: Any, text: str) -> Key:
    return Key(value, Text(text, text), sort_key(text))


def period_text(first_day: str, bucket: str) -> Text:
    """Name the period that begins with `first_day`."""
    year, month, _ = first_day.split("-")
    if bucket == "year":
        return Text(year, f"{year}年")
    if bucket == "quarter":
        quarter = (int(month) + 2) // 3
        return Text(f"{year} Q{quarter}", f"{year}年{quarter}季度")
    if bucket == "month":
        return Text(f"{year}-{month}", f"{year}-{month}")
    return Text(first_day, first_day)


def value_labels(field: FieldModel, catalog: Catalog) -> Mapping[str, Text]:
    """Return the labels of a field's stored values: choices, states, yes and no."""
    choices = getattr(field.options, "choices", None)
    if choices is not None:
        return {one.value: one.label for one in choices}
    workflow = catalog.workflows.get(getattr(field.options, "workflow", ""))
    if workflow is not None:
        return {state.name: state.label for state in workflow.definition.states}
    if field.type.key == "boolean" or getattr(field.options, "returns", "") == "boolean":
        return {"True": Text("Yes", "是"), "False": Text("No", "否")}
    return {}


def _values(keys: Keys) -> tuple[Any, ...]:
    return tuple(key.value for key in keys)


def _order(keys: Keys) -> tuple[Any, ...]:
    """Sort texts by pinyin, others by value, numbers by size, nothing last."""
    return tuple(
        (key.value is None, key.order, _comparable(key.value), key.text.en) for key in keys
    )


def _comparable(value: Any) -> tuple[int, Any]:
    if isinstance(value, (bool, int)):
        return (0, value)
    return (1, str(value or ""))
