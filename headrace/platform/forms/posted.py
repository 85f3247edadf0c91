"""What a browser's form sends, as the data that the record store takes.

Names of inputs: `f.<field>`, `c.<relation>.<row>.<field>`; `…:text` carries what was typed into a
lookup, `…:object` of which object a polymorphic one is, `c.….id` the stored row, `c.….removed` its removal. `was` and `c.….was` hold what the form
showed at first: only what was changed since is sent on, so that nobody's later change is undone.
`defaults`, which only a page without script sends, holds what a new record's defaults were shown as: one that
stands there still is computed anew from what was entered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.core.durations import clock_text, entered
from headrace.platform.core.problems import Problem
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import ChildGrid, FormPage
from headrace.platform.metadata.storage_types import (
    FILE_ADDRESS,
    SEPARATOR,
    Capture,
    typed_id,
    typed_parts,
)
from headrace.platform.metadata.strict_json import parse_json

MOST_ROWS: Final = 2_000
MISSING: Final = object()
DEFAULTS: Final = "defaults"
"""The input that holds which defaults a new record was shown with, where the page has no script."""
REFERENCE: Final = {"id", "title"}
_ROW = re.compile(r"c\.([a-z][a-z0-9_]*)\.([0-9]{1,4})\.")


@dataclass(frozen=True, slots=True)
class PostedRow:
    """One row of a grid as it was sent; `values` are in the form of the API.

    `position` is its number in the names of its inputs.
    """

    position: int
    values: dict[str, Any]
    id: str | None = None
    removed: bool = False
    was: Mapping[str, Any] = field(default_factory=dict)
    literal: frozenset[str] = frozenset()
    following: frozenset[str] = frozenset()

    @property
    def given(self) -> dict[str, Any]:
        """The values that somebody gave: without defaults that follow others."""
        return {name: value for name, value in self.values.items() if name not in self.following}


@dataclass(frozen=True, slots=True)
class Posted:
    """A form as it was sent, and where each part of the store's data came from.

    `places` leads from a JSON Pointer of the data to the relation and the row on the form, `following`
    are fields of a new record whose defaults are computed anew.
    """

    values: dict[str, Any]
    rows: dict[str, tuple[PostedRow, ...]]
    data: dict[str, Any]
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    following: frozenset[str] = frozenset()

    @property
    def given(self) -> dict[str, Any]:
        """The values that somebody gave: without defaults that follow others."""
        return {name: value for name, value in self.values.items() if name not in self.following}


def posted(page: FormPage, form: Mapping[str, str], zone: ZoneInfo) -> Posted:
    """Read a form: of a stored record what was changed, of a new one what was filled in."""
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
    is_new = page.mode == "create"
    was = first_values_of(form.get("was"))
    following = _following(page.fields, values, first_values_of(form.get(DEFAULTS)), form)
    given = {name: value for name, value in values.items() if name not in following}
    data = _given(given) if is_new else changed(values, was, _literal(page.fields))
    places: dict[str, tuple[str, int]] = {}
    for name, sent in rows.items():
        if is_new:
            _add_new_rows(data, places, name, sent)
        else:
            _add_changed_rows(data, places, name, sent)
    return Posted(values, rows, data, places, following if is_new else frozenset())


def _following(
    views: Iterable[FieldView],
    values: Mapping[str, Any],
    shown: Mapping[str, Any],
    form: Mapping[str, str],
) -> frozenset[str]:
    """Return the fields whose defaults nobody touched, on a page that could not follow them itself."""
    if DEFAULTS not in form:
        return frozenset()
    views = [view for view in views if view.follows and view.name in values]
    touched = changed({view.name: values[view.name] for view in views}, shown, _literal(views))
    return frozenset(
        view.name for view in views if view.name not in touched or values[view.name] is None
    )


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
    values = {name: value for name, value in values.items() if value is not MISSING}
    row_id, was = form.get(f"{prefix}.id") or None, first_values_of(form.get(f"{prefix}.was"))
    return PostedRow(
        position,
        values,
        row_id,
        form.get(f"{prefix}.removed") == "1",
        was,
        _literal(grid.columns),
        _following(grid.columns, values, was, form) if row_id is None else frozenset(),
    )


def _literal(views: Iterable[FieldView]) -> frozenset[str]:
    """Return the fields in which every character counts: in a code, `1.50` is not `1.5`."""
    return frozenset(view.name for view in views if not view.numeric and view.widget != "datetime")


def _is_filled(row: PostedRow) -> bool:
    """A new row in which nothing was entered besides its defaults is not meant to be saved."""
    return any(
        value not in (None, False) for value in changed(row.values, row.was, row.literal).values()
    )


def _add_new_rows(
    data: dict[str, Any],
    places: dict[str, tuple[str, int]],
    relation: str,
    rows: tuple[PostedRow, ...],
) -> None:
    data[relation] = [_given(row.given) for row in rows]
    places.update({f"/{relation}/{index}": (relation, index) for index in range(len(rows))})


def _add_changed_rows(
    data: dict[str, Any],
    places: dict[str, tuple[str, int]],
    relation: str,
    rows: tuple[PostedRow, ...],
) -> None:
    changes: dict[str, list[Any]] = {"create": [], "update": [], "delete": []}
    for index, row in enumerate(rows):
        kind, value = _change(row)
        if kind is not None:
            places[f"/{relation}/{kind}/{len(changes[kind])}"] = (relation, index)
            changes[kind].append(value)
    if any(changes.values()):
        data[relation] = {kind: values for kind, values in changes.items() if values}


def _change(row: PostedRow) -> tuple[str | None, Any]:
    if row.id is None:
        return "create", _given(row.given)
    if row.removed:
        return "delete", {"id": row.id}
    differing = changed(row.values, row.was, row.literal)
    return ("update", {"id": row.id, **differing}) if differing else (None, None)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not filled in, so that defaults count."""
    return {name: value for name, value in values.items() if value is not None}


def changed(
    values: Mapping[str, Any], was: Mapping[str, Any], literal: frozenset[str]
) -> dict[str, Any]:
    """Return the values that are not what the form showed at first."""
    return {
        name: value
        for name, value in values.items()
        if name not in was or not same_value(was[name], value, literal=name in literal)
    }


def same_value(before: Any, now: Any, *, literal: bool = False) -> bool:
    """Say whether two values of inputs mean the same; in `literal` texts every character counts."""
    if isinstance(before, str) and isinstance(now, str):
        if literal:
            return before == now.replace("\r\n", "\n")
        return _plain(before) == _plain(now)
    if isinstance(before, int) and isinstance(now, str):
        return _plain(str(before)) == _plain(now)
    if before is None and now is False:
        return True  # a box that nobody ticked says nothing yet
    return bool(before == now)


def first_values_of(text: str | None) -> Mapping[str, Any]:
    """Read what a form showed at first; what does not parse counts as nothing."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _plain(text: str) -> str:
    """`1.50` and `1.5` are the same amount, and a line may end either way."""
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        whole, _, fraction = text.lstrip("+").partition(".")
        fraction = fraction.rstrip("0")
        return f"{whole}.{fraction}" if fraction else whole
    try:
        # An input holds thousandths of a second at most.
        return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return text.replace("\r\n", "\n")


def sent_form(value: Any) -> Any:
    """Return a value of a record in the form in which its input sends it: references, files as ids."""
    if isinstance(value, list) and value and all(map(is_reference, value)):
        return [one["id"] for one in value]
    if isinstance(value, list) and is_files(value):
        return [one["id"] for one in value]
    if isinstance(value, Mapping) and "object" in value:
        return typed_id(value["object"], value["id"])
    return value.get("id") if isinstance(value, Mapping) else value


def is_reference(value: Any) -> bool:
    """Say whether a value is a reference as records hold it."""
    return isinstance(value, Mapping) and set(value) == REFERENCE


def is_files(value: Any) -> bool:
    """Say whether a value of a record is a file, or a list of some."""
    if isinstance(value, list):
        return bool(value) and all(map(is_files, value))
    return isinstance(value, Mapping) and "url" in value and "size" in value


def inputs_of(view: FieldView, name: str, value: Any) -> list[tuple[str, str]]:
    """Return the inputs that send `value`, of a record or of `first_values`: the way back of `_value`."""
    if view.widget == "boolean":
        ticked = [(name, "true")] if value is True else []
        return [(f"{name}:sent", "1"), *ticked]
    if view.files is not None:
        return [(f"{name}:sent", "1"), *_file_inputs(name, value)]
    if view.links is not None:
        listed = [one if isinstance(one, Mapping) else {"id": one} for one in value or ()]
        picked = [(f"{name}:={one['id']}", str(one.get("title") or "")) for one in listed]
        return [(f"{name}:sent", "1"), *picked]
    if view.many:
        return [(f"{name}:sent", "1"), *((f"{name}:={one}", "1") for one in value or ())]
    if view.polymorphic:
        sent = str(sent_form(value) or "")
        named = [(f"{name}:object", typed_parts(sent)[0])] if sent else []
        title = value.get("title") if isinstance(value, Mapping) else None
        return [(name, sent), *named, (f"{name}:text", str(title or ""))]
    if view.target is not None:
        title = value.get("title") if isinstance(value, Mapping) else None
        return [(name, str(sent_form(value) or "")), (f"{name}:text", str(title or ""))]
    if view.widget == "duration" and isinstance(value, int):
        return [(name, clock_text(value))]
    return [(name, "" if value is None else str(value))]


def _value(view: FieldView, name: str, form: Mapping[str, str], zone: ZoneInfo) -> Any:
    if view.widget == "boolean":
        return name in form if f"{name}:sent" in form else MISSING
    if view.files is not None:
        return _files(view, name, form) if f"{name}:sent" in form else MISSING
    if view.links is not None:
        return _references(name, form) if f"{name}:sent" in form else MISSING
    if view.many:
        return (ticked_values(name, form) or None) if f"{name}:sent" in form else MISSING
    if view.polymorphic:
        return _polymorphic(name, form)
    if view.target is not None:
        return _reference(name, form)
    if name not in form:
        return MISSING
    text = form[name].strip()
    if text == "":
        return None
    if view.widget == "duration":
        return entered(text)
    if view.widget == "json":
        return _compact(text)
    return _instant(text, zone) if view.widget == "datetime" else text


def _compact(text: str) -> str:
    """Return JSON as it is stored, so that another layout is no change; what is wrong stays to be told."""
    parsed = parse_json(text.encode("utf-8", "surrogatepass"))
    return text if parsed.problems else canonical_bytes(parsed.value).decode()


def _files(view: FieldView, name: str, form: Mapping[str, str]) -> Any:
    """Return the ids of the files that are kept; of a field for one, that of the last one."""
    ids = [one["id"] for one in ticked_files(name, form)]
    if view.files is not None and not view.files.several:
        return ids[-1] if ids else None
    return ids or None


def ticked_files(name: str, form: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the files of a field that are ticked, in the order of the form, with what it says of them."""
    start = f"{name}:="
    found = []
    for one in form:
        if one.startswith(start):
            file_id = one.removeprefix(start)
            found.append({"name": file_id[:8], "size": 0, **_told(form[one]), "id": file_id})
    return [{**one, "url": FILE_ADDRESS + one["id"]} for one in found]


def _told(text: str) -> dict[str, Any]:
    """Read what a form says of a file: to be shown again, never to be relied on."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    kinds = {"name": str, "size": int, "type": str}
    if not isinstance(told, dict):
        return {}
    known = {key: told[key] for key, kind in kinds.items() if isinstance(told.get(key), kind)}
    try:
        captured = Capture.of(told.get("captured") or {}).render()
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        captured = {}
    return {**known, "captured": captured} if captured else known


def told_of(file: Mapping[str, Any]) -> str:
    """Return what a form says of a file, beside its id."""
    known = {key: file.get(key) for key in ("name", "size", "type")}
    captured = {"captured": file["captured"]} if file.get("captured") else {}
    return json.dumps({**known, **captured}, ensure_ascii=False)


def _file_inputs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, Mapping):
            yield f"{name}:={one['id']}", told_of(one)
        elif one:
            yield f"{name}:={one}", "{}"


def ticked_values(name: str, form: Mapping[str, str]) -> list[str]:
    """Return the values of a field with several that are ticked, those too that it no longer has."""
    start = f"{name}:="
    return sorted(one.removeprefix(start) for one in form if one.startswith(start))


def picked_records(name: str, form: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the records that a list of references was sent with, in order, with their titles."""
    start = f"{name}:="
    return [
        {"id": one.removeprefix(start), "title": title}
        for one, title in form.items()
        if one.startswith(start)
    ]


def _references(name: str, form: Mapping[str, str]) -> Any:
    """Return what was picked, and what was typed where no script picked it: codes with semicolons."""
    typed = form.get(f"{name}:text", "").replace("；", SEPARATOR).split(SEPARATOR)
    keys = [{"key": one.strip()} for one in typed if one.strip()]
    return [*(one["id"] for one in picked_records(name, form)), *keys] or None


def _reference(name: str, form: Mapping[str, str]) -> Any:
    if form.get(name):
        return form[name]
    typed = form.get(f"{name}:text")
    if typed is None and name not in form:
        return MISSING
    return {"key": typed.strip()} if typed and typed.strip() else None


def _polymorphic(name: str, form: Mapping[str, str]) -> Any:
    """Return what was picked, or what was typed beside the object that was chosen."""
    found = _reference(name, form)
    return {"object": form.get(f"{name}:object"), **found} if isinstance(found, dict) else found


def _instant(text: str, zone: ZoneInfo) -> str:
    """A local time of the viewer's zone as an instant; what is none is left to the store to refuse."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (local if local.tzinfo else local.replace(tzinfo=zone)).isoformat()
