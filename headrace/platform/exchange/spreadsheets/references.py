"""Which live object the values of a column name: found by asking for them, as the caller may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import ValidationError

from headrace.platform.access.policy import readable_fields
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.spreadsheets.columns import Column
from headrace.platform.exchange.spreadsheets.judging import SHOWN_ROWS, Judgement
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.field_types.cells import Cell
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import operators_of, parse_query

PAGE: Final = 200
TRIED: Final = 12
"""Values of a column that are asked for before all of them are."""
MOST_VALUES: Final = 2_000
"""Different values of a column that names records."""
MOST_COLUMNS: Final = 15
LONGEST: Final = 120
NEEDED: Final = 95
"""Percent of the rows that must name a record."""
FEWEST: Final = 3
"""Different values from which on a column is taken for references whatever it is called."""
NAMING: Final = frozenset({"text", "choice", "integer"})
"""Types that a column may be taken for that names records."""

NAMED: Final = Message(
    "spreadsheet.named_records",
    "{good} of {filled} values are “{field}” of a record of “{object}”.",
    "{filled} 个值中有 {good} 个是“{object}”记录的“{field}”。",
    "Choose text to keep them as they are typed.",
    "如需按原文保存，请选择文本。",
)
NOT_NAMED: Final = Message(
    "spreadsheet.names_no_record",
    "Not in row {rows}.",
    "第 {rows} 行不是。",
    "Those rows are listed when the rows are imported; add the records before that.",
    "导入时会列出这些行；可先补充相应记录。",
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A field by which records of an object are named."""

    model: ObjectModel
    field: FieldModel


def references(
    context: Context, work: UnitOfWork | Any, columns: Sequence[tuple[Column, Judgement]]
) -> dict[int, Judgement]:
    """Return the columns whose values name records of one object, by their place in the table."""
    asked = [one for one, judgement in columns if _may_name(one, judgement)][:MOST_COLUMNS]
    if not asked:
        return {}
    best: dict[int, tuple[int, Judgement]] = {}
    for place in _places(context):
        tried = {one.index: dict(list(one.texts.items())[:TRIED]) for one in asked}
        wanted = [text for texts in tried.values() for text in texts]
        known = _known(context, work, place, wanted)
        for column in asked:
            counts = {text: len(rows) for text, rows in tried[column.index].items()}
            hits = sum(count for text, count in counts.items() if text in known)
            if hits * 10 < sum(counts.values()) * 8:
                continue
            found = _whole(context, work, place, column)
            rank = _rank(place, column, found)
            if found is not None and rank > best.get(column.index, (0, found))[0]:
                best[column.index] = (rank, found)
    return {index: judgement for index, (_, judgement) in best.items()}


def _may_name(column: Column, judgement: Judgement) -> bool:
    texts = column.texts
    return (
        judgement.type in NAMING
        and 0 < len(texts) <= MOST_VALUES
        and all(len(one) <= LONGEST for one in texts)
        and not column.hints("note")
    )


def _places(context: Context) -> Iterator[_Place]:
    """Yield the fields by which imports find records: external ids, then titles."""
    for name, model in context.catalog.objects.items():
        if name == USER_OBJECT or model.master is not None:
            continue
        readable = readable_fields(context.catalog, context.principal, name)
        for field_name in dict.fromkeys((*model.external_ids, model.title)):
            field = model.fields.get(field_name)
            if field is None or field_name not in readable or field_name == "id":
                continue
            if "in" in operators_of(field) and field.storage.kind == "text":
                yield _Place(model, field)


def _whole(
    context: Context, work: UnitOfWork | Any, place: _Place, column: Column
) -> Judgement | None:
    texts = column.texts
    alike = _alike(place, column)
    if len(texts) < FEWEST and not alike:
        return None
    known = _known(context, work, place, list(texts))
    missed = sorted(
        (row, text) for text, rows in texts.items() if text not in known for row in rows
    )
    good = column.filled - len(missed)
    if good * 100 < column.filled * NEEDED and len(missed) > column.tolerated:
        return None
    reasons = [
        NAMED.at(good=good, filled=column.filled, field=place.field.label, object=place.model.label)
    ]
    if missed:
        rows = ", ".join(str(row) for row, _ in missed[:SHOWN_ROWS])
        more = ", …" if len(missed) > SHOWN_ROWS else ""
        reasons.append(NOT_NAMED.at(rows=rows + more))
    return Judgement("lookup", {"to": str(place.model.name)}, tuple(reasons), missed)


def _rank(place: _Place, column: Column, found: Judgement | None) -> int:
    """Return how well a column's values fit: all of them first, then names alike, then keys."""
    if found is None:
        return 0
    good = column.filled - len(found.unread)
    share = good * 1000 // max(column.filled, 1)
    by_key = place.field.name in place.model.external_ids
    return 4 * share + 2 * int(_alike(place, column)) + int(by_key) + 1


def _alike(place: _Place, column: Column) -> bool:
    header = column.header.casefold()
    labels = (place.model.label.en, place.model.label.zh, str(place.model.name).replace("_", " "))
    return any(len(one) > 1 and one.casefold() in header for one in labels)


def _known(
    context: Context, work: UnitOfWork | Any, place: _Place, texts: Sequence[str]
) -> frozenset[str]:
    """Return those of `texts` that name one record and no other."""
    values = {text: value for text in texts if (value := _value(context, place.field, text))}
    counts: dict[str, int] = {}
    wanted = list(dict.fromkeys(values.values()))
    for start in range(0, len(wanted), PAGE // 2):
        part = wanted[start : start + PAGE // 2]
        data: Mapping[str, Any] = {
            "fields": ["id", place.field.name],
            "filter": {"field": place.field.name, "op": "in", "value": part},
            "sort": ["id"],
            "limit": PAGE,
        }
        query = parse_query(context, str(place.model.name), data)
        for item in reader.find_in(context, work, str(place.model.name), query).items:
            value = str(item[place.field.name])
            counts[value] = counts.get(value, 0) + 1
    return frozenset(text for text, value in values.items() if counts.get(value) == 1)


def _value(context: Context, field: FieldModel, text: str) -> str | None:
    try:
        value = field.type.from_cell(Cell(text), field.options, context.principal.zone)
        if field.computed is None:
            value = field.type.value_field(field.options).deserialize(value)
    except ValidationError:
        return None
    return value if isinstance(value, str) and value else None
