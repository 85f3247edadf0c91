"""Why a record is the best match: the candidates in their order, each with what put it before the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import Column
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Text, pointer
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.definitions.objects import BestMatchDef
from headrace.platform.records.aggregating import compile_checked, run_checked
from headrace.platform.records.context import Context
from headrace.platform.records.filters import FilterSql
from headrace.platform.records.matching import (
    BEGINNING,
    DEPTH,
    FILLED,
    ID,
    PRIORITY,
    Matching,
    Rank,
)
from headrace.platform.records.query import (
    BAD_PARAMETER,
    ByKey,
    Filter,
    comparison,
    filter_values,
    parse_query,
)
from headrace.platform.records.reader import readable_object
from headrace.platform.records.source import Source, source, unknown_field

MOST_CANDIDATES: Final = 20
AN_OBJECT: Final = Text("an object of keys and values", "由匹配字段与值组成的对象")
AN_ID: Final = Text("the id of a record", "记录的标识")
NOTHING: Final = Text("left out", "省略")
REASONS: Final = {
    PRIORITY: Text("a higher priority", "优先级更高"),
    FILLED: Text("more keys that fit", "匹配的字段更多"),
    DEPTH: Text("a deeper place in the tree", "层级更深"),
    BEGINNING: Text("a later beginning", "生效更晚"),
    ID: Text("it was made earlier", "创建更早"),
}


def explain_match(context: Context, object_name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the candidates, the best first, as far as the caller may read them.

    `for` holds values of keys, `at` the day or instant, `filter` further conditions. Each candidate
    says which keys it fits by and what put it before the next. At most twenty are told.
    """
    readable_object(context, object_name)
    model = context.catalog.objects.get(object_name)
    definition = None if model is None else model.definition.best_match
    if model is None or definition is None:
        raise NotFoundError(NOT_FOUND.at())
    start = source(context, object_name)
    _check_readable(start, definition)
    for name in data:
        if name not in {"for", "at", "filter"}:
            raise RefusedError(
                BAD_PARAMETER.at(pointer(name), name=name, expected="for, at, filter")
            )
    keys = _keys(context, start, definition, data.get("for", {}))
    query = parse_query(context, object_name, {"filter": data.get("filter")})
    wanted: list[Filter] = [] if query.filter is None else [query.filter]
    compiler = FilterSql(start)
    where = [compiler.compile(one) for one in wanted]
    given = {name: (value, start.column(name) == value) for name, value in keys.items()}
    matching = Matching(context.catalog, model, start.column, context.tables.of)
    ranks = matching.ranks()
    at = _at(context, start, definition, data.get("at"))
    names = ("id", *definition.keys)
    columns = [*(start.column(name) for name in names), *(one.column for one in ranks)]
    select = start.select(
        [column.label(f"c{place}") for place, column in enumerate(columns)],
        where=[*matching.fits(given, at), *where],
        order_by=[one.clause for one in ranks],
    )
    checked = compile_checked(context, select.limit(MOST_CANDIDATES))
    values = compiler.parameters()([value for one in wanted for value in filter_values(one)])
    rows = run_checked(context, checked, values)
    width = len(names)
    for place, rank in reversed(list(enumerate(ranks, width))):
        rows = _sorted(rows, place, descending=rank.descending)
    items = [
        {
            "id": row[0],
            "matched": [name for name, value in zip(names, row, strict=False) if value is not None][
                1:
            ],
            "because": _because(row, rows[number + 1], ranks, width, context.language)
            if number + 1 < len(rows)
            else None,
        }
        for number, row in enumerate(rows)
    ]
    return {"items": items, "cut": len(items) == MOST_CANDIDATES}


Row = tuple[Any, ...]


def _sorted(rows: list[Row], place: int, *, descending: bool) -> list[Row]:
    """Sort by one column, empty values last; rows that are equal in it stay as they stand."""
    there = [row for row in rows if row[place] is not None]
    there.sort(key=lambda row: row[place], reverse=descending)
    return [*there, *(row for row in rows if row[place] is None)]


def _because(row: Row, following: Row, ranks: Sequence[Rank], width: int, language: str) -> str:
    """Return the first criterion in which a candidate differs from the next."""
    for place, rank in enumerate(ranks, width):
        if row[place] != following[place]:
            return REASONS[rank.name].within(language)
    return REASONS[ID].within(language)


def _check_readable(start: Source, definition: BestMatchDef) -> None:
    """Raise where the order rests on what the caller may not read, in any row."""
    named = (*definition.keys, definition.priority, definition.from_, definition.to)
    for name in named:
        if name is not None:
            start.resolve(name)


def _keys(
    context: Context, start: Source, definition: BestMatchDef, given: Any
) -> Mapping[str, Column]:
    if not isinstance(given, Mapping):
        raise RefusedError(BAD_PARAMETER.at("/for", name="for", expected=AN_OBJECT))
    found: dict[str, Column] = {}
    for name, raw in given.items():
        if name not in definition.keys:
            raise RefusedError(
                unknown_field(start.model.name, str(name), definition.keys, pointer("for", name))
            )
        if raw is not None:
            path = start.resolve(name)
            one = comparison(context, path, "=", raw, pointer("for", name))
            if isinstance(one.value, ByKey):
                raise RefusedError(
                    BAD_PARAMETER.at(pointer("for", name), name=name, expected=AN_ID)
                )
            found[name] = _bound(context, path[-1], one.value)
    return found


def _at(context: Context, start: Source, definition: BestMatchDef, given: Any) -> Column | None:
    bound = definition.from_ or definition.to
    if bound is None:
        if given is not None:
            raise RefusedError(BAD_PARAMETER.at("/at", name="at", expected=NOTHING))
        return None
    field = start.model.fields[bound]
    if given is None:
        now = context.today() if field.storage.kind == "date" else context.now()
        return _bound(context, field, now)
    return _bound(context, field, comparison(context, (field,), "=", given, "/at").value)


def _bound(context: Context, field: FieldModel, value: Any) -> Column:
    dialect = context.database.dialect
    kind = field.storage.column_type(dialect)
    return sa.literal(field.storage.to_driver(dialect)(value), kind)
