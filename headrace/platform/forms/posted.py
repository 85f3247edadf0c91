"""What a browser's form sends, as the data that the record store takes.

Names of inputs: `f.<field>`, `c.<relation>.<row>.<field>`; `…:text` carries what was typed into a
lookup, `c.….id` the stored row, `c.….removed` its removal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from headrace.platform.core.problems import Problem
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import ChildGrid, FormPage

MOST_ROWS: Final = 2_000
MISSING: Final = object()
_ROW = re.compile(r"c\.([a-z][a-z0-9_]*)\.([0-9]{1,4})\.")


@dataclass(frozen=True, slots=True)
class PostedRow:
    """One row of a grid as it was sent; `values` are in the form of the API."""

    values: dict[str, Any]
    id: str | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """A form as it was sent, and where each part of the store's data came from.

    `places` leads from a JSON Pointer of the data to the relation and the row on the form.
    """

    values: dict[str, Any]
    rows: dict[str, tuple[PostedRow, ...]]
    data: dict[str, Any]
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def posted(
    page: FormPage, form: Mapping[str, str], zone: ZoneInfo, stored: Mapping[str, Any] | None
) -> Posted:
    """Read a form. `stored` is the record as it is now: only what differs from it is sent on."""
    values = {
        view.name: _value(view, f"f.{view.name}", form, zone)
        for view in page.fields
        if view.editable
    }
    values = {name: value for name, value in values.items() if value is not MISSING}
    rows = {
        grid.name: _rows(grid, form, zone)
        for grid in page.grids
        if grid.editable and f"grid.{grid.name}" in form
    }
    data = {name: value for name, value in values.items() if _differs(stored, name, value)}
    places: dict[str, tuple[str, int]] = {}
    for grid in page.grids:
        if grid.name in rows:
            _add_rows(data, places, grid.name, rows[grid.name], stored)
    return Posted(values, rows, data, places)


def place_of(problem: Problem, sent: Posted) -> str:
    """Return the name of the input that a problem speaks of; "" where it is none."""
    parts = problem.path.split("/")[1:]
    for length in (3, 2):
        place = sent.places.get("/" + "/".join(parts[:length]))
        if place is not None:
            relation, row = place
            name = parts[length] if len(parts) > length else ""
            return f"c.{relation}.{row}.{name}" if name else f"c.{relation}"
    if not parts:
        return ""
    return f"c.{parts[0]}" if parts[0] in sent.rows else f"f.{parts[0]}"


def _rows(grid: ChildGrid, form: Mapping[str, str], zone: ZoneInfo) -> tuple[PostedRow, ...]:
    found = (_ROW.match(name) for name in form)
    positions = {int(one[2]) for one in found if one is not None and one[1] == grid.name}
    rows = (_row(grid, position, form, zone) for position in sorted(positions)[:MOST_ROWS])
    return tuple(row for row in rows if row.id is not None or _is_filled(row))


def _row(grid: ChildGrid, position: int, form: Mapping[str, str], zone: ZoneInfo) -> PostedRow:
    prefix = f"c.{grid.name}.{position}"
    values = {
        view.name: _value(view, f"{prefix}.{view.name}", form, zone)
        for view in grid.columns
        if view.editable
    }
    return PostedRow(
        {name: value for name, value in values.items() if value is not MISSING},
        form.get(f"{prefix}.id") or None,
        form.get(f"{prefix}.removed") == "1",
    )


def _is_filled(row: PostedRow) -> bool:
    """A new row in which nothing was entered is not meant to be saved."""
    return any(value not in (None, False) for value in row.values.values())


def _add_rows(
    data: dict[str, Any],
    places: dict[str, tuple[str, int]],
    relation: str,
    rows: tuple[PostedRow, ...],
    stored: Mapping[str, Any] | None,
) -> None:
    if stored is None:
        data[relation] = []
        for position, row in enumerate(rows):
            places[f"/{relation}/{len(data[relation])}"] = (relation, position)
            data[relation].append(_given(row.values))
        return
    before = {row["id"]: row for row in stored.get(relation) or ()}
    changes: dict[str, list[Any]] = {"create": [], "update": [], "delete": []}
    for position, row in enumerate(rows):
        kind, value = _change(row, before)
        if kind is not None:
            places[f"/{relation}/{kind}/{len(changes[kind])}"] = (relation, position)
            changes[kind].append(value)
    if any(changes.values()):
        data[relation] = {kind: values for kind, values in changes.items() if values}


def _change(row: PostedRow, before: Mapping[str, Mapping[str, Any]]) -> tuple[str | None, Any]:
    if row.id is None:
        return ("create", _given(row.values)) if not row.removed else (None, None)
    if row.removed:
        return "delete", row.id
    old = before.get(row.id)
    changed = {name: value for name, value in row.values.items() if _differs(old, name, value)}
    return ("update", {"id": row.id, **changed}) if changed else (None, None)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not filled in, so that defaults count."""
    return {name: value for name, value in values.items() if value is not None}


def _differs(stored: Mapping[str, Any] | None, name: str, value: Any) -> bool:
    if stored is None:
        return value is not None
    before = stored.get(name)
    if isinstance(before, Mapping):
        before = before.get("id")
    if isinstance(before, str) and isinstance(value, str) and name in stored:
        return _plain(before) != _plain(value)
    return before != value if not isinstance(before, int) else str(before) != str(value)


def _plain(text: str) -> str:
    """`1.50` and `1.5` are the same amount, and a line may end either way."""
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        whole, _, fraction = text.lstrip("+").partition(".")
        fraction = fraction.rstrip("0")
        return f"{whole}.{fraction}" if fraction else whole
    try:
        return datetime.fromisoformat(text).astimezone(ZoneInfo("UTC")).isoformat()
    except ValueError:
        return text.replace("\r\n", "\n")


def _value(view: FieldView, name: str, form: Mapping[str, str], zone: ZoneInfo) -> Any:
    if view.widget == "boolean":
        return name in form if f"{name}:sent" in form else MISSING
    if view.target is not None:
        return _reference(name, form)
    if name not in form:
        return MISSING
    text = form[name].strip()
    if text == "":
        return None
    return _instant(text, zone) if view.widget == "datetime" else text


def _reference(name: str, form: Mapping[str, str]) -> Any:
    if form.get(name):
        return form[name]
    typed = form.get(f"{name}:text")
    if typed is None and name not in form:
        return MISSING
    return {"key": typed.strip()} if typed and typed.strip() else None


def _instant(text: str, zone: ZoneInfo) -> str:
    """A local time of the viewer's zone as an instant; what is none is left to the store to refuse."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (local if local.tzinfo else local.replace(tzinfo=zone)).isoformat()
