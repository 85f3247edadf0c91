"""Balances of accounts as of a day: what the entries that count until then come to.

The database sums up the entries that the caller may read, in one statement; it reads those that the filter
leaves, by the index of the first field of the account where that is filtered by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import Column
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.objects import LedgerDef
from headrace.platform.metadata.storage_types import INTEGER, Convert
from headrace.platform.records.aggregating import compile_checked, run_checked
from headrace.platform.records.context import Context
from headrace.platform.records.filters import FilterSql
from headrace.platform.records.query import BAD_PARAMETER, Filter, filter_values, parse_query
from headrace.platform.records.reader import readable_object
from headrace.platform.records.source import Source, source

MOST_ACCOUNTS: Final = 1_000
A_DAY: Final = Text("a date such as 2025-06-30", "日期，如 2025-06-30")
PARAMETERS: Final = ("on", "filter")


@dataclass(frozen=True, slots=True)
class Balances:
    """The accounts with what they come to; `cut` says that there are more than are given."""

    on: date
    items: tuple[Mapping[str, Any], ...]
    cut: bool

    def as_json(self) -> dict[str, Any]:
        """Return the answer of the API."""
        return {"on": self.on.isoformat(), "items": list(self.items), "cut": self.cut}


def balances(context: Context, object_name: str, data: Mapping[str, Any]) -> Balances:
    """Return the balances of all accounts with entries as of the day `on` (today without it).

    `filter` leaves some entries out, as in a list. Back-dated entries count from their own date.
    Raise NotFoundError where the object is no ledger or the caller may not read it, `field.unknown`
    where they may not read what a balance is made of.
    """
    readable_object(context, object_name)
    model = context.catalog.objects.get(object_name)
    if model is None or model.ledger is None:
        raise NotFoundError(NOT_FOUND.at())
    on = _day(context, data.get("on"))
    query = parse_query(context, object_name, {"filter": data.get("filter")})
    definition = model.ledger.definition
    start = source(context, object_name)
    names = definition.partition
    keys = [start.column(name) for name in names]
    titles = [_title(start, name) for name in names]
    amount = sa.func.coalesce(sa.func.sum(start.column(definition.amount)), 0)
    compiler = FilterSql(start)
    wanted: list[Filter] = [] if query.filter is None else [query.filter]
    where = [compiler.compile(one) for one in wanted]
    where.append(_until(context, start, definition, on))
    shown = [*keys, *(one for one, _ in titles if one is not None)]
    labelled = [column.label(f"c{place}") for place, column in enumerate(shown)]
    figures = [amount.label("amount"), sa.func.count().label("entries")]
    select = start.select(
        [*labelled, *figures], where=where, group_by=[f"c{place}" for place in range(len(shown))]
    )
    checked = compile_checked(context, _ordered(select, len(shown)))
    given = compiler.parameters()([value for one in wanted for value in filter_values(one)])
    rows = run_checked(context, checked, given)
    writers = _writers(context, start, definition)
    items = [_item(row, names, [convert for _, convert in titles], writers) for row in rows]
    if not names:
        items = [one for one in items if one["entries"]]
    kept = sorted(items[:MOST_ACCOUNTS], key=lambda one: [_shown(one[name]) for name in names])
    return Balances(on, tuple(kept), len(items) > MOST_ACCOUNTS)


def _shown(value: Any) -> str:
    """Return what a key is sorted by: what people see of it."""
    return str(value.get("title") or value["id"]) if isinstance(value, Mapping) else str(value)


Writers = tuple[list[Convert], Convert]


def _day(context: Context, given: Any) -> date:
    if given is None:
        return context.today()
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise RefusedError(BAD_PARAMETER.at("/on", name="on", expected=A_DAY)) from error


def _until(context: Context, start: Source, definition: LedgerDef, on: date) -> Column:
    """Return the condition that an entry counts at the end of a day of the workspace."""
    column = start.column(definition.date)
    storage = start.model.fields[definition.date].storage
    convert = storage.to_driver(context.database.dialect)
    kind = storage.column_type(context.database.dialect)
    if storage.kind == "date":
        return column <= sa.literal(convert(on), kind)
    if on == date.max:
        return sa.true()
    next_day = datetime.combine(on + timedelta(days=1), time(), context.zone)
    return column < sa.literal(convert(next_day), kind)


def _title(start: Source, name: str) -> tuple[Column | None, Convert | None]:
    if start.model.fields[name].targets:
        return start.told(name)
    titled = start.title(name) if start.model.fields[name].target is not None else None
    if titled is None:
        return None, None
    column, field = titled
    return column, field.storage.to_json(start.surroundings.dialect) or _same


def _ordered(select: sa.Select[Any], columns: int) -> sa.Select[Any]:
    order = [f"c{place}" for place in reversed(range(columns))]
    return select.order_by(*order).limit(MOST_ACCOUNTS + 1)


def _writers(context: Context, start: Source, definition: LedgerDef) -> Writers:
    dialect = context.database.dialect
    fields = start.model.fields
    keys = [fields[name].storage.to_json(dialect) or _same for name in definition.partition]
    storage = fields[definition.amount].storage
    return keys, int if storage == INTEGER else (storage.to_json(dialect) or _same)


def _item(
    row: tuple[Any, ...],
    names: tuple[str, ...],
    titles: list[Convert | None],
    writers: Writers,
) -> Mapping[str, Any]:
    keys, amount = writers
    item: dict[str, Any] = {}
    place = len(names)
    for number, name in enumerate(names):
        value = row[number]
        item[name] = None if value is None else keys[number](value)
        title = titles[number]
        if title is not None:
            shown = row[place]
            found = None if shown is None else title(shown)
            item[name] = found if isinstance(found, Mapping) else {"id": value, "title": found}
            place += 1
    return {**item, "balance": amount(row[place]), "entries": int(row[place + 1])}


def _same(value: Any) -> Any:
    return value
