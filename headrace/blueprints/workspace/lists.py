"""The list of an object: tabs, filters, sort and pages are all in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from flask import request, url_for

from headrace.blueprints.shared.pages import render, word
from headrace.blueprints.shared.session import read
from headrace.blueprints.workspace.blueprint import blueprint, known_object, need_right
from headrace.blueprints.workspace.rows import Row, cells_of, display_of, record_address
from headrace.platform.access.policy import can, readable_fields
from headrace.platform.automation.buttons import of_several
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Text
from headrace.platform.forms.bulk import bulk_acts
from headrace.platform.forms.lists import (
    Condition,
    ListPage,
    conditions,
    filter_json,
    list_for,
)
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import typed_parts
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.periods import may_see_periods
from headrace.platform.records.query import ME, parse_query

PAGE_SIZE: Final = 50
TRAIL: Final = "~"
MOST_BACK: Final = 30
PAGING: Final = ("cursor", "trail", "done", "gone")


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of rows with the count of all."""

    rows: list[Row]
    count: int | str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, and the address without it."""

    text: str
    without: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a list leads: the next page, the one before, each sort, and no filter."""

    next: str | None = None
    previous: str | None = None
    clear: str | None = None
    sort: dict[str, str] = field(default_factory=dict)


@blueprint.get("/o/<object_name>")
def records(object_name: str) -> str:
    """A list; htmx asks for its rows alone."""
    arguments = {name: value for name, value in request.args.items() if value}

    def action(context: Context) -> str:
        known_object(context, object_name)
        need_right(context, object_name, "read")
        page = list_for(context.catalog, context.principal, object_name, arguments.get("view"))
        return _page(context, page, arguments)

    return read(action)


def _page(context: Context, page: ListPage, arguments: Mapping[str, str]) -> str:
    found = conditions(page, arguments)
    keys = _sort_keys(page, arguments)
    acts = bulk_acts(context, page.object)
    pressed = of_several(context, page.object)
    result = _find(context, page, arguments, found, keys)
    display = display_of(context)
    cards = _cards(page)
    rows = [
        Row(
            record_address(page.object, record["id"]),
            cells_of(display, page.columns, record, cards),
            f"{record['id']}.{record['version']}" if acts or pressed else "",
        )
        for record in result.items
    ]
    values: dict[str, Any] = {
        "page": page,
        "acts": acts,
        "buttons": pressed,
        "list_query": urlencode({k: v for k, v in arguments.items() if k not in PAGING}),
        "result": Rows(rows, result.count if result.count is not None else len(rows)),
        "sort": _sorted(keys),
        "addresses": _addresses(page, arguments, keys, result),
        "q": arguments.get("q", ""),
        "given": arguments,
        "whole": {name: value for name, value in arguments.items() if name not in PAGING},
        "kept": [(name, value) for name, value in arguments.items() if name not in {*PAGING, "q"}],
        "filter_fields": page.offered_filters,
        "deleted_address": url_for("workspace.deleted_records", object_name=page.object)
        if can(context.catalog, context.principal, page.object, "delete")
        else None,
        "changes_address": url_for("workspace.past_bulk_changes", object=page.object)
        if acts or pressed
        else None,
        "undelete_address": _undelete_address(page, arguments),
        "balances_address": _balances_address(context, page),
        "periods_address": url_for("workspace.periods_page", object_name=page.object)
        if may_see_periods(context, page.object)
        else None,
        "chips": [_chip(context, page, arguments, one) for one in found],
    }
    template = "workspace/_rows_alone.html" if _is_partial() else "workspace/list.html"
    return render(context, template, f"object:{page.object}", **values)


def _balances_address(context: Context, page: ListPage) -> str | None:
    """Return the page of what the accounts of a ledger come to, for who may read that."""
    ledger = context.catalog.objects[page.object].ledger
    if ledger is None:
        return None
    needed = {*ledger.definition.partition, ledger.definition.amount, ledger.definition.date}
    if not needed <= readable_fields(context.catalog, context.principal, page.object):
        return None
    return url_for("workspace.balances_page", object_name=page.object)


def _undelete_address(page: ListPage, arguments: Mapping[str, str]) -> str | None:
    """Return the way back for the record that was just deleted."""
    gone = arguments.get("gone", "")
    if not is_record_id(gone):
        return None
    return url_for("workspace.undelete_page", object_name=page.object, record_id=gone)


def _is_partial() -> bool:
    return request.headers.get("HX-Request") == "true"


def _find(
    context: Context,
    page: ListPage,
    arguments: Mapping[str, str],
    found: Sequence[Condition],
    keys: Sequence[str],
) -> reader.Page:
    data = {
        **_asked(context, page, arguments, found, keys),
        "fields": ",".join(dict.fromkeys((*page.asked_fields, "version"))),
        "limit": PAGE_SIZE,
        "count": "exact",
    }
    if arguments.get("cursor"):
        data["cursor"] = arguments["cursor"]
    where = where_of(page)
    return reader.find(context, page.object, parse_query(context, page.object, data, where))


def _asked(
    context: Context,
    page: ListPage,
    arguments: Mapping[str, str],
    found: Sequence[Condition],
    keys: Sequence[str],
) -> dict[str, Any]:
    """Return which rows are asked for, and in what order."""
    data: dict[str, Any] = {"sort": ",".join(keys)}
    if arguments.get("q") and page.searchable:
        data["q"] = arguments["q"]
    filters = filter_json(found, context.principal.zone)
    if filters is not None:
        data["filter"] = filters
    return data


def where_of(page: ListPage) -> tuple[Expression, ...]:
    """Return the condition of the open tab."""
    return () if page.open.where is None else (page.open.where,)


def query_of(context: Context, page: ListPage, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the query of all rows of a list as its address says it, with the columns shown."""
    found = conditions(page, arguments)
    asked = _asked(context, page, arguments, found, _sort_keys(page, arguments))
    return {**asked, "fields": ",".join(one.name for one in page.columns)}


def _sort_keys(page: ListPage, arguments: Mapping[str, str]) -> tuple[str, ...]:
    given = arguments.get("sort")
    return (given,) if given else page.open.sort


def _sorted(keys: Sequence[str]) -> dict[str, str]:
    return {
        key.removeprefix("-"): "falling" if key.startswith("-") else "rising" for key in keys[:1]
    }


def _cards(page: ListPage) -> dict[str, str]:
    cards = {page.state: "card-state"} if page.state else {}
    return cards | dict(zip(page.card_fields, ("card-first", "card-second"), strict=False))


def _addresses(
    page: ListPage, arguments: Mapping[str, str], keys: Sequence[str], result: reader.Page
) -> Addresses:
    following = result.next
    kept = {name: value for name, value in arguments.items() if name not in PAGING}
    trail = arguments["trail"].split(TRAIL) if "trail" in arguments else []
    cursor = arguments.get("cursor")
    return Addresses(
        next=_address(page, kept, cursor=following, trail=[*trail, cursor or ""])
        if following
        else None,
        previous=_address(page, kept, cursor=trail[-1] if trail else "", trail=trail[:-1])
        if cursor
        else None,
        clear=_address(page, {"view": page.open.name})
        if any(name == "q" or name.startswith("f.") for name in kept)
        else None,
        sort={
            column.name: _address(page, {**kept, "sort": _turned(column.name, keys)})
            for column in page.columns
            # The titles of references have no index over the rows: of very many none is sorted so.
            if column.sortable and (column.pointed is None or isinstance(result.count, int))
        },
    )


def _turned(name: str, keys: Sequence[str]) -> str:
    return f"-{name}" if keys[:1] == (name,) else name


def _address(
    page: ListPage, arguments: Mapping[str, str], *, cursor: str = "", trail: Sequence[str] = ()
) -> str:
    paging = {"cursor": cursor} if cursor else {}
    if cursor and trail:
        paging["trail"] = TRAIL.join(trail[-MOST_BACK:])
    values: dict[str, Any] = {**arguments, **paging}
    return url_for("workspace.records", object_name=page.object, **values)


def _chip(
    context: Context, page: ListPage, arguments: Mapping[str, str], condition: Condition
) -> Chip:
    rest = {
        name: value
        for name, value in arguments.items()
        if name not in condition.arguments and name not in PAGING
    }
    return Chip(_chip_text(context, condition), _address(page, rest))


def _chip_text(context: Context, condition: Condition) -> str:
    language, view = context.language, condition.view
    label = view.label.within(language)
    if condition.value is not None:
        return word(language, "list.chip_is", field=label, value=_chip_value(context, condition))
    if condition.least and condition.most:
        return word(
            language,
            "list.chip_between",
            field=label,
            least=condition.least,
            most=condition.most,
        )
    key = "list.chip_from" if condition.least else "list.chip_to"
    return word(language, key, field=label, value=condition.least or condition.most)


def _chip_value(context: Context, condition: Condition) -> str:
    view, value = condition.view, str(condition.value)
    if view.widget == "boolean":
        return word(context.language, "value.yes" if value == "true" else "value.no")
    if view.pointed == USER_OBJECT and value == ME:
        return context.principal.name
    if view.pointed is not None:
        return reader.title(context, view.pointed, value) or value
    choice = view.choice(value)
    if view.polymorphic and choice is None:
        named, record_id = typed_parts(value)
        return reader.title(context, named, record_id) or value
    return (choice.label if choice else Text(value, value)).within(context.language)
