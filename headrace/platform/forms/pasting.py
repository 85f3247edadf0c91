"""A block of cells that was copied from a spreadsheet, as values for the rows of a grid.

Cells are read as those of an imported file, so both understand the same; references are found by an
external id or the title among what the viewer may see, in one statement for each hundred texts of a column.
Nothing is saved; what cannot be read is told at its cell, and the store checks everything again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from marshmallow import ValidationError

from headrace.platform.access.policy import readable_fields
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import ChildGrid
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.field_types.cells import Cell
from headrace.platform.metadata.record_names import named_record
from headrace.platform.metadata.storage_types import SEPARATOR
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query

MOST_CELLS: Final = 20_000
CHUNK: Final = 100

TOO_LARGE: Final = Message(
    "paste.too_large",
    "At most {limit} cells can be pasted at once.",
    "一次最多粘贴 {limit} 个单元格。",
    "Paste them in parts, or import them from a file.",
    "请分批粘贴，或通过文件导入。",
)
UNKNOWN: Final = Message(
    "reference.not_found",
    "“{name}” points to nothing that you can choose here.",
    "“{name}”指向的记录不存在或不可选择。",
    "Pick one of the records that the field offers.",
    "请从该字段提供的记录中选择。",
)
SEVERAL: Final = Message(
    "paste.several",
    "Several records of “{name}” are called that.",
    "“{name}”中有多条记录同名。",
    "Choose one, or paste its code.",
    "请手动选择，或粘贴其编码。",
)


@dataclass(slots=True)
class PastedRow:
    """The values of one row by field, and what is wrong with others of its cells."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Problem] = field(default_factory=dict)


def read_block(
    context: Context, grid: ChildGrid, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[PastedRow]:
    """Return the rows of a block whose cells stand under `columns`; others are left out."""
    if len(rows) * max(len(columns), 1) > MOST_CELLS:
        raise RefusedError(TOO_LARGE.at(limit=MOST_CELLS))
    model = context.catalog.objects[grid.object]
    found = [PastedRow() for _ in rows]
    for index, name in enumerate(columns):
        view = grid.column(name)
        if view is None or not view.editable:
            continue
        cells = [row[index].strip() if index < len(row) else "" for row in rows]
        definition = model.fields[name]
        if view.links is not None:
            _take_lists(context, view, cells, found)
        elif view.polymorphic:
            _take_polymorphic(context, view, definition, cells, found)
        elif view.target is not None:
            _take_references(context, view, cells, found)
        else:
            _take_values(context, definition, cells, found)
    return found


def _take_values(
    context: Context, definition: FieldModel, cells: Iterable[str], rows: Iterable[PastedRow]
) -> None:
    zone = context.principal.zone
    parser = definition.type.value_field(definition.options)
    for text, row in zip(cells, rows, strict=True):
        if not text:
            continue
        try:
            value = definition.type.from_cell(Cell(text), definition.options, zone)
            parser.deserialize(value, definition.name, None)
            row.values[definition.name] = value
        except ValidationError as refusal:
            row.errors[definition.name] = _first_problem(refusal)


def _first_problem(refusal: ValidationError) -> Problem:
    messages = refusal.messages if isinstance(refusal.messages, list) else []
    return next(one for one in messages if isinstance(one, Problem))


def _take_references(
    context: Context, view: FieldView, cells: Sequence[str], rows: Iterable[PastedRow]
) -> None:
    wanted = sorted({text for text in cells if text})
    known = _references(context, str(view.target), wanted)
    for text, row in zip(cells, rows, strict=True):
        matches = known.get(text, {})
        if len(matches) == 1:
            (record_id, title) = next(iter(matches.items()))
            row.values[view.name] = {"id": record_id, "title": title}
        elif text:
            message = SEVERAL if matches else UNKNOWN
            row.errors[view.name] = message.at(name=view.label)


def _take_polymorphic(
    context: Context,
    view: FieldView,
    definition: FieldModel,
    cells: Sequence[str],
    rows: Iterable[PastedRow],
) -> None:
    """Take cells that name an object, and behind a colon one of its records."""
    named = [named_record(context.catalog, definition, text) for text in cells]
    known = {
        name: _references(
            context, name, sorted({one[1] for one in named if one and one[0] == name})
        )
        for name in definition.targets
    }
    for text, found, row in zip(cells, named, rows, strict=True):
        matches = known[found[0]].get(found[1], {}) if found else {}
        if found and len(matches) == 1:
            (record_id, title) = next(iter(matches.items()))
            row.values[view.name] = {"object": found[0], "id": record_id, "title": title}
        elif text:
            message = SEVERAL if matches else UNKNOWN
            row.errors[view.name] = message.at(name=view.label)


def _take_lists(
    context: Context, view: FieldView, cells: Sequence[str], rows: Iterable[PastedRow]
) -> None:
    """Take cells that name several records, with semicolons between them."""
    parts = [_named_parts(text) for text in cells]
    known = _references(context, str(view.links), sorted({one for each in parts for one in each}))
    for names, row in zip(parts, rows, strict=True):
        found = [known.get(one, {}) for one in names]
        wrong = next((one for one in found if len(one) != 1), None)
        if wrong is not None:
            row.errors[view.name] = (SEVERAL if wrong else UNKNOWN).at(name=view.label)
        elif found:
            row.values[view.name] = [
                {"id": record_id, "title": title}
                for one in found
                for record_id, title in one.items()
            ]


def _named_parts(text: str) -> list[str]:
    parts = (one.strip() for one in text.replace("；", SEPARATOR).split(SEPARATOR))
    return [one for one in dict.fromkeys(parts) if one]


def _references(
    context: Context, target: str, texts: Sequence[str]
) -> Mapping[str, dict[str, str]]:
    """Return ids with titles of the records that a text names: by an external id, else by title."""
    model = context.catalog.object(target)
    readable = readable_fields(context.catalog, context.principal, target)
    names = [
        name
        for name in dict.fromkeys((*(model.external_ids if model else ()), *_titles(model)))
        if model is not None and name in readable and model.fields[name].storage.kind == "text"
    ]
    found: dict[str, dict[str, str]] = {}
    if model is None:
        return found
    for name in names:
        missing = [text for text in texts if text not in found]
        for start in range(0, len(missing), CHUNK):
            some = missing[start : start + CHUNK]
            for record in _named(context, target, name, model.title, some):
                title = str(record.get(model.title) or record["id"])
                found.setdefault(str(record[name]), {})[record["id"]] = title
    return found


def _titles(model: Any) -> tuple[str, ...]:
    return (model.title,) if model is not None else ()


def _named(
    context: Context, target: str, name: str, title: str, texts: Sequence[str]
) -> list[dict[str, Any]]:
    readable = readable_fields(context.catalog, context.principal, target)
    shown = [one for one in dict.fromkeys(("id", name, title)) if one in readable]
    fitting = [text for text in texts if _fits(context, target, name, text)]
    if not fitting:
        return []
    data = {
        "filter": {"field": name, "op": "in", "value": fitting},
        "fields": ",".join(shown),
        "limit": CHUNK * 2,
    }
    return reader.find(context, target, parse_query(context, target, data)).items


def _fits(context: Context, target: str, name: str, text: str) -> bool:
    """Say whether a text can be a value of the field: a filter takes nothing else."""
    model = context.catalog.object(target)
    definition = model.fields[name] if model is not None else None
    if definition is None or definition.computed is not None:
        return True
    try:
        definition.type.value_field(definition.options).deserialize(text)
    except ValidationError:
        return False
    return True
