"""Export: all rows of a list into a file, page by page from one moment, as the caller may see them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, Literal, cast

from headrace.platform.access.policy import readable_fields
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Reading
from headrace.platform.exchange.delimited_writer import DelimitedWriter
from headrace.platform.exchange.workbook_writer import WorkbookWriter
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.catalog import Catalog, FieldModel, FieldPath
from headrace.platform.metadata.storage_types import SEPARATOR
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import Query, parse_query

Format = Literal["csv", "xlsx"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "xlsx")
CONTENT_TYPES: Final[Mapping[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
PAGE: Final = 1000
"""Rows that are read at a time, more than a list asks for: nothing is kept of them."""
MOST_IDS: Final = 500
KEY: Final = "key"
"""Under what name the key of a polymorphic reference stands beside its id while it is written."""
KEPT_IN_MEMORY: Final = 4 * 1024 * 1024
YES: Final = Text("yes", "是")
NO: Final = Text("no", "否")

Convert = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export. `query` is that of a list (filter, sort, fields, q), without paging.

    `shown` writes labels, titles and local times as people read them; without it API names, values and
    keys, as an import takes them best. `conditions` are those of a view.
    """

    object: str
    format: Format
    query: Mapping[str, Any]
    shown: bool = False
    conditions: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    paths: tuple[str, ...]
    convert: Convert


def export_records(context: Context, request: ExportRequest) -> IO[bytes]:
    """Return a file with all rows, at its start; it is on the disk where it is large.

    Raise RefusedError for a query that the caller may not ask, NotFoundError for the object.
    """
    reader.readable_object(context, request.object)
    columns = _Columns(context, request).all()
    asked = list(dict.fromkeys(path for column in columns for path in column.paths))
    data = {**request.query, "fields": asked}
    query = parse_query(context, request.object, data, request.conditions)
    query = replace(query, limit=PAGE)
    file = cast("IO[bytes]", SpooledTemporaryFile(KEPT_IN_MEMORY))  # noqa: SIM115 - the caller closes it
    try:
        with context.database.snapshot() as reading:
            rows = _rows(context, reading, request, query)
            values = ([column.convert(row) for column in columns] for row in rows)
            titles = [column.title for column in columns]
            label = context.catalog.objects[request.object].plural
            write_rows(file, request.format, label.within(context.language), titles, values)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def write_rows(
    file: IO[bytes],
    kind: Format,
    name: str,
    titles: Sequence[str],
    rows: Iterator[list[Any]],
) -> None:
    """Write rows below their titles; `name` is that of the sheet."""
    if kind == "xlsx":
        with WorkbookWriter(file) as workbook:
            workbook.begin(name, titles)
            for row in rows:
                workbook.add(row)
        return
    writer = DelimitedWriter(file)
    writer.begin(titles)
    for row in rows:
        writer.add(row)
    writer.end()


def _rows(
    context: Context, reading: Reading, request: ExportRequest, query: Query
) -> Iterator[Mapping[str, Any]]:
    fields = context.catalog.objects[request.object].fields
    names = [] if request.shown else [name for name, one in fields.items() if one.targets]
    while True:
        page = reader.find_in(context, reading, request.object, query)
        _put_keys(context, reading, [item.get(name) for item in page.items for name in names])
        yield from page.items
        if page.next is None:
            return
        query = replace(query, cursor=page.next)


def _put_keys(context: Context, reading: Reading, found: Iterable[Any]) -> None:
    """Add to polymorphic references the keys by which an import finds their records again.

    Costs a statement for each object that some refer to and whose records have readable keys.
    """
    by_object: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        if one is not None:
            by_object.setdefault(one["object"], []).append(one)
    for name, references in by_object.items():
        readable = readable_fields(context.catalog, context.principal, name)
        external = context.catalog.objects[name].external_ids
        key = next((one for one in external if one in readable), None)
        if key is None:
            continue
        ids = sorted({one["id"] for one in references})
        for start in range(0, len(ids), MOST_IDS):
            part = ids[start : start + MOST_IDS]
            asked = {"field": "id", "op": "in", "value": part}
            query = parse_query(context, name, {"fields": ["id", key], "filter": asked})
            page = reader.find_in(context, reading, name, replace(query, limit=len(part)))
            keys = {item["id"]: item[key] for item in page.items}
            for one in references:
                if keys.get(one["id"]) is not None:
                    one[KEY] = keys[one["id"]]


# -- columns -------------------------------------------------------------------------------------


class _Columns:
    """Makes the columns of an export from the names that were asked for."""

    def __init__(self, context: Context, request: ExportRequest) -> None:
        self._context = context
        self._request = request
        self._catalog = context.catalog
        self._zone = context.zone if context.principal.is_system else context.principal.zone

    def all(self) -> list[_Column]:
        """Return the columns; names that nobody knows are left to the query to refuse."""
        return [self._column(path) for path in self._paths()]

    def _paths(self) -> list[str]:
        given = self._request.query.get("fields")
        names = given.split(",") if isinstance(given, str) else given
        if names:
            return [str(name) for name in names if name]
        model = self._catalog.objects[self._request.object]
        readable = self._readable(model.name)
        return [name for name in model.fields if name in readable]

    def _readable(self, object_name: str) -> frozenset[str]:
        return readable_fields(self._catalog, self._context.principal, object_name)

    def _column(self, path: str) -> _Column:
        fields = self._catalog.path(self._request.object, path)
        if fields is None:
            return _Column(path, (path,), lambda _: None)
        field = fields[-1]
        title = self._title(fields) if self._request.shown else path
        if field.links is not None:
            return self._list(title, path, field)
        if field.targets:
            return self._polymorphic(title, path, field)
        if field.target is not None and field.name != "id":
            return self._reference(title, path, field)
        value = self._shown(field) if self._request.shown else _plain(field)
        return _Column(title, (path,), lambda row: _converted(row, path, value))

    def _title(self, fields: FieldPath) -> str:
        language = self._context.language
        return " / ".join(one.label.within(language) or one.name for one in fields)

    def _reference(self, title: str, path: str, field: FieldModel) -> _Column:
        """Write what people call the record, or the key by which an import finds it again."""
        target = self._catalog.object(str(field.target))
        part = "title"
        if not self._request.shown and target is not None:
            readable = self._readable(target.name)
            key = next((one for one in target.external_ids if one in readable), None)
            if key is not None:
                inner = f"{path}.{key}"
                value = _plain(target.fields[key])
                return _Column(title, (path, inner), lambda row: _converted(row, inner, value))
            part = "id"

        def convert(row: Mapping[str, Any]) -> Any:
            found = _at(row, path)
            return found.get(part) if isinstance(found, Mapping) else None

        return _Column(title, (path,), convert)

    def _list(self, title: str, path: str, field: FieldModel) -> _Column:
        """Write several records with semicolons between them, each as a single one is written."""
        key, shown = None, self._request.shown
        target = self._catalog.object(str(field.links))
        if not shown and target is not None and "." not in path:
            # Only what stands in the record itself can be asked for more than ids and titles.
            readable = self._readable(target.name)
            key = next((one for one in target.external_ids if one in readable), None)
        paths = (path,) if key is None else (path, f"{path}.{key}")
        part = "title" if shown else key or "id"

        def convert(row: Mapping[str, Any]) -> Any:
            parts = [
                one.get(part) or (None if shown else one["id"]) for one in _at(row, path) or ()
            ]
            return SEPARATOR.join(str(one) for one in parts if one is not None) or None

        return _Column(title, paths, convert)

    def _polymorphic(self, title: str, path: str, field: FieldModel) -> _Column:
        """Write the object, and the record as a single one is written."""
        language, shown = self._context.language, self._request.shown
        labels = {
            name: self._catalog.objects[name].label.within(language) for name in field.targets
        }

        def convert(row: Mapping[str, Any]) -> Any:
            found = _at(row, path)
            if not isinstance(found, Mapping):
                return None
            name = found["object"]
            if not shown:
                return f"{name}: {found.get(KEY) or found['id']}"
            return (
                f"{labels[name]}: {found['title']}" if found["title"] is not None else labels[name]
            )

        return _Column(title, (path,), convert)

    def _shown(self, field: FieldModel) -> Callable[[Any], Any]:
        language = self._context.language
        kind = field.storage.kind
        if field.computed == "workflow":
            labels = _state_labels(self._catalog, field, language)
            return lambda value: labels.get(value, value)
        if kind == "boolean":
            return lambda value: (YES if value else NO).within(language)
        if kind == "instant":
            return lambda value: (
                datetime.fromisoformat(value).astimezone(self._zone).replace(tzinfo=None)
            )
        plain = _plain(field)

        def show(value: Any) -> Any:
            found = field.type.shown(value, field.options, language)
            return plain(value) if found is value else _flat(found)

        return show


def _state_labels(catalog: Catalog, field: FieldModel, language: str) -> Mapping[str, str]:
    workflow = catalog.workflows.get(field.options.workflow)
    states = workflow.states if workflow else {}
    return {name: one.label.within(language) or name for name, one in states.items()}


def _plain(field: FieldModel) -> Callable[[Any], Any]:
    """Return how a value of the API is written in a cell."""
    match field.storage.kind:
        case "decimal":
            return lambda value: Decimal(str(value))
        case "date":
            return date.fromisoformat
        case "file" | "files":
            return _file_ids
        case _:
            return _flat


def _file_ids(value: Any) -> str:
    """Return the ids of files as one text, as an import takes them."""
    files = value if isinstance(value, list) else [value]
    return SEPARATOR.join(str(one["id"]) for one in files)


def _flat(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return SEPARATOR.join(value)
    if isinstance(value, (Mapping, list)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _converted(row: Mapping[str, Any], path: str, value: Callable[[Any], Any]) -> Any:
    found = _at(row, path)
    return None if found is None else value(found)


def _at(row: Mapping[str, Any], path: str) -> Any:
    current: Any = row
    for name in path.split("."):
        if not isinstance(current, Mapping):
            return None
        current = current.get(name)
    return current
