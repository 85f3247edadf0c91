"""Records as lines: title, state and address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from headrace.blueprints.shared.pages import word
from headrace.platform.access.policy import readable_fields
from headrace.platform.forms.field_view import FieldView, field_view
from headrace.platform.forms.lists import value_at
from headrace.platform.forms.shown import Display, Shown
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query


@dataclass(frozen=True, slots=True)
class Found:
    """A record in a short list."""

    title: str
    state: Shown | None
    address: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row; `card` is the class that places it on a phone."""

    view: FieldView
    shown: Shown
    raw: Any
    card: str = ""
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list; `mark` is the record with its version, where it can be chosen."""

    address: str
    cells: list[Cell]
    mark: str = ""


def display_of(context: Context) -> Display:
    """Return how the caller reads values."""
    return Display(context.language, context.principal.zone)


def record_address(object_name: str, record_id: Any) -> str:
    """Return the page of a record."""
    return url_for("workspace.record", object_name=object_name, record_id=record_id)


def title_of(context: Context, object_name: str, record: Mapping[str, Any]) -> str:
    """Return what a record is called: its title as people read it, else the object's name."""
    model = context.catalog.objects[object_name]
    view = field_view(context.catalog, model.fields[model.title])
    shown = display_of(context).of(view, record.get(model.title))
    if shown.is_empty:
        return word(
            context.language, "record.untitled", object=model.label.within(context.language)
        )
    return shown.text


def state_of(context: Context, object_name: str, record: Mapping[str, Any]) -> Shown | None:
    """Return the state of a record as a badge."""
    model = context.catalog.objects[object_name]
    if model.state_field is None or record.get(model.state_field) is None:
        return None
    view = field_view(context.catalog, model.fields[model.state_field])
    return display_of(context).of(view, record[model.state_field])


def found_rows(
    context: Context, object_name: str, query: Mapping[str, Any], limit: int
) -> tuple[list[Found], reader.Page]:
    """Return the first records of a query as short lines."""
    model = context.catalog.objects[object_name]
    readable = readable_fields(context.catalog, context.principal, object_name)
    names = [name for name in (model.title, model.state_field) if name in readable]
    data = {**query, "limit": limit, "fields": ",".join(["id", *map(str, names)])}
    page = reader.find(context, object_name, parse_query(context, object_name, data))
    return [found_row(context, object_name, record) for record in page.items], page


def found_row(context: Context, object_name: str, record: Mapping[str, Any]) -> Found:
    """Return a record as a short line."""
    return Found(
        title_of(context, object_name, record),
        state_of(context, object_name, record),
        record_address(object_name, record["id"]),
    )


def cells_of(
    display: Display,
    columns: tuple[FieldView, ...],
    record: Mapping[str, Any],
    cards: Mapping[str, str],
    measured: frozenset[str] = frozenset(),
) -> list[Cell]:
    """Return the cells of a row; `cards` places columns on a phone."""
    cells = []
    for view in columns:
        raw = value_at(record, view.name)
        card = cards.get(view.name, "")
        cells.append(Cell(view, display.of(view, raw, record), raw, card, view.name in measured))
    return cells
