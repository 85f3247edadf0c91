"""Row writers: functions made once for a shape that turn the driver's tuples into JSON values.

The columns of one level stand side by side in the select, so a record is a `zip` of names and
values; only values that need a conversion are touched again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.platform.access.parameters import Column
from headrace.platform.metadata.storage_types import Convert
from headrace.platform.records.query import Shape
from headrace.platform.records.source import Source

Row = tuple[Any, ...]
Record = dict[str, Any]
Writer = Callable[[Row], Record]


class Columns:
    """The columns of a select in order."""

    def __init__(self) -> None:
        self.items: list[Column] = []

    def add(self, column: Column) -> int:
        """Add a column and return its place in the rows."""
        self.items.append(column)
        return len(self.items) - 1

    def labelled(self) -> list[Column]:
        """Return the columns under distinct names."""
        return [column.label(f"c{index}") for index, column in enumerate(self.items)]


def compile_writer(source: Source, columns: Columns, shape: Shape, prefix: str = "") -> Writer:
    """Add the columns of `shape` and return what writes a record from a row of them."""
    dialect = source.surroundings.dialect
    model = source.surroundings.object(shape.object)
    names = tuple(name for name, _ in shape.fields)
    start = len(columns.items)
    for name in names:
        columns.add(source.column(prefix + name))
    conversions: list[tuple[str, int, Convert]] = []
    references: list[tuple[str, int, Callable[[Row], Record]]] = []
    for place, (name, inner) in enumerate(shape.fields, start):
        field = model.fields[name]
        if field.links is not None or field.targets:
            column, read = source.told(prefix + name)
            columns.items[place] = column
            conversions.append((name, place, read))
        elif field.target is not None and name != "id":
            references.append(
                (name, place, _compile_reference(source, columns, prefix + name, place, inner))
            )
        elif (convert := field.storage.to_json(dialect)) is not None:
            conversions.append((name, place, convert))
    return _writer(names, start, conversions, references)


def _writer(
    names: tuple[str, ...],
    start: int,
    conversions: list[tuple[str, int, Convert]],
    references: list[tuple[str, int, Callable[[Row], Record]]],
) -> Writer:
    end = start + len(names)

    def write(row: Row) -> Record:
        record = dict(zip(names, row[start:end], strict=True))
        for name, place, convert in conversions:
            record[name] = convert(row[place])
        for name, place, make in references:
            if row[place] is not None:
                record[name] = make(row)
        return record

    return write


def _compile_reference(
    source: Source, columns: Columns, path: str, place: int, inner: Shape | None
) -> Callable[[Row], Record]:
    """Return what writes `{"id", "title"}`, with more of the record where it is expanded."""
    dialect = source.surroundings.dialect
    titled = source.title(path)
    if titled is None:
        write: Callable[[Row], Record] = lambda row: {"id": row[place], "title": None}  # noqa: E731 - one of three
    else:
        column, field = titled
        title = columns.add(column)
        convert = field.storage.to_json(dialect)
        write = _titled(place, title, convert)
    if inner is None:
        return write
    details = compile_writer(source, columns, inner, path + ".")
    return lambda row: {**details(row), **write(row)}


def _titled(place: int, title: int, convert: Convert | None) -> Callable[[Row], Record]:
    if convert is None:
        return lambda row: {"id": row[place], "title": row[title]}
    return lambda row: {"id": row[place], "title": convert(row[title])}
