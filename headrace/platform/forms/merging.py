"""A form that somebody else overtook: what was, what is typed and what is stored now, brought together.

What only one of the two changed is taken over by itself. Where both changed the same, a clash is
left to choose, and everything typed stays in the inputs until then. Merging gives the inputs of the
same form over what is stored now, so that saving, showing it again, or being overtaken once more
need nothing of their own.

Names of inputs beside those of `forms/posted.py`: `keep.<place>` is the choice at a clash, and
`alt.<choice>.<input>` holds an input as that choice would have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from headrace.platform.forms.entries import Entry, first_values, sent_entries
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import ChildGrid, FormPage
from headrace.platform.forms.posted import (
    MISSING,
    Posted,
    PostedRow,
    changed,
    first_values_of,
    inputs_of,
    same_value,
    sent_form,
)
from headrace.platform.metadata.storage_types import typed_parts

Inputs = list[tuple[str, str]]
Titles = Callable[[str, str], str | None]
"""Gives the title of a record of an object, as far as the viewer may see it."""
Side = Literal["clash", "mine", "theirs"]
RowEvent = Literal["added", "changed", "removed"]
CHOICES: Final = ("mine", "theirs", "was")


@dataclass(frozen=True, slots=True)
class Line:
    """A difference: a field, or a row as a whole where there is no `view`.

    `was` and `theirs` are values as records hold them, `mine` is what was typed; for a row they
    say what happened to it. `was` is MISSING where the form did not say it. `grid` and `row` (from
    1, as on the form; 0 for a row that only they have) say where the field stands.
    """

    place: str
    side: Side
    view: FieldView | None = None
    grid: ChildGrid | None = None
    row: int = 0
    was: Any = MISSING
    mine: Entry | RowEvent | None = None
    theirs: Any = None

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be chosen at a clash."""
        return CHOICES if self.view is not None and self.was is not MISSING else CHOICES[:2]


@dataclass(frozen=True, slots=True)
class Merge:
    """The differences in the order of the form, and the inputs of the merged form."""

    lines: tuple[Line, ...]
    inputs: Inputs

    @property
    def clashes(self) -> tuple[Line, ...]:
        """What both changed."""
        return tuple(line for line in self.lines if line.side == "clash")


def merge(
    page: FormPage,
    sent: Posted,
    form: Iterable[tuple[str, str]],
    record: Mapping[str, Any],
    titles: Titles,
) -> Merge:
    """Bring a form together with the record as it is now, child rows included."""
    merger = _Merger(list(form), titles)
    first = first_values_of(merger.get("was"))
    entries = sent_entries(page.fields, dict(merger.inputs), "f", record)
    merger.fields(page.fields, "f", sent.values, first, record, entries)
    for grid in page.grids:
        if grid.name in sent.rows:
            merger.rows(grid, sent.rows[grid.name], record.get(grid.name) or [])
    merger.put("was", first_values(page.fields, record))
    return Merge(tuple(merger.lines), merger.inputs)


def settled(form: Iterable[tuple[str, str]]) -> Inputs:
    """Return the inputs of a form once what was chosen at its clashes has taken effect."""
    given = list(form)
    inputs = [pair for pair in given if not pair[0].startswith(("keep.", "alt."))]
    for name, choice in given:
        kind, _, place = name.partition(".")
        if kind != "keep" or choice not in CHOICES:
            continue
        start = f"alt.{choice}."
        instead = [
            (one.removeprefix(start), value)
            for one, value in given
            if one.startswith(start) and _belongs(one.removeprefix(start), place)
        ]
        if instead or choice != "mine":
            inputs = [pair for pair in inputs if not _belongs(pair[0], place)]
            inputs += instead
    return inputs


def _belongs(name: str, place: str) -> bool:
    return name == place or name.startswith((place + ":", place + "."))


class _Merger:
    def __init__(self, inputs: Inputs, titles: Titles) -> None:
        self.inputs = inputs
        self.titles = titles
        self.lines: list[Line] = []

    def get(self, name: str) -> str:
        return next((value for one, value in self.inputs if one == name), "")

    def put(self, name: str, *values: str) -> None:
        self.drop(name)
        self.inputs += [(name, value) for value in values]

    def drop(self, place: str) -> None:
        self.inputs = [pair for pair in self.inputs if not _belongs(pair[0], place)]

    def replace(self, place: str, view: FieldView, value: Any) -> None:
        self.drop(place)
        self.inputs += inputs_of(view, place, value)

    def fields(
        self,
        views: Iterable[FieldView],
        prefix: str,
        sent: Mapping[str, Any],
        first: Mapping[str, Any],
        record: Mapping[str, Any],
        entries: Mapping[str, Entry],
        grid: ChildGrid | None = None,
        row: int = 0,
    ) -> None:
        """Merge the fields of the record, or of one of its rows."""
        for view in views:
            if not view.editable or view.name not in sent:
                continue
            mine, was = sent[view.name], first.get(view.name, MISSING)
            stored = record.get(view.name)
            now = sent_form(stored)
            place = f"{prefix}.{view.name}"
            side = _side(was, mine, now)
            if side is None or side == "theirs":
                self.replace(place, view, stored)
            if side is not None:
                entry, was = entries[view.name], self._titled(view, was)
                self.lines.append(Line(place, side, view, grid, row, was, entry, stored))
            if side == "clash":
                self._offer(place, view, {"theirs": stored, "was": was})

    def rows(
        self, grid: ChildGrid, sent: tuple[PostedRow, ...], stored: Iterable[Mapping[str, Any]]
    ) -> None:
        """Merge the rows of a grid: those of the form, then those that only they have."""
        present = {str(row["id"]): row for row in stored}
        for number, row in enumerate(sent, 1):
            if row.id is None:
                self._line(grid, row.position, number, "mine", mine="added")
            elif row.id in present:
                self._row(grid, row, number, present[row.id])
            else:
                self._gone(grid, row, number)
        known = {row.id for row in sent}
        free = max((row.position for row in sent), default=-1) + 1
        added = [row for record_id, row in present.items() if record_id not in known]
        for position, theirs in enumerate(added, free):
            self._take_in(grid, position, theirs)
            self._line(grid, position, 0, "theirs", theirs="added")

    def _row(self, grid: ChildGrid, row: PostedRow, number: int, theirs: Mapping[str, Any]) -> None:
        prefix = f"c.{grid.name}.{row.position}"
        if not row.removed:
            entries = sent_entries(grid.columns, dict(self.inputs), prefix, theirs)
            self.fields(grid.columns, prefix, row.values, row.was, theirs, entries, grid, number)
        elif _differs(grid, row.was, theirs):
            self._line(grid, row.position, number, "clash", mine="removed", theirs="changed")
            self.inputs += [
                (f"alt.theirs.{name}", value)
                for name, value in _stored_inputs(grid, prefix, theirs)
            ]
        else:
            self._line(grid, row.position, number, "mine", mine="removed")
        self.put(f"{prefix}.was", first_values(grid.columns, theirs))

    def _gone(self, grid: ChildGrid, row: PostedRow, number: int) -> None:
        """A row that they removed: what was changed in it can be added again."""
        prefix = f"c.{grid.name}.{row.position}"
        if row.removed:
            self.drop(prefix)
        elif not changed(row.values, row.was, row.literal):
            self.drop(prefix)
            self._line(grid, row.position, number, "theirs", theirs="removed")
        else:
            self._line(grid, row.position, number, "clash", mine="changed", theirs="removed")
            self.inputs += [
                (f"alt.mine.{name}", value)
                for name, value in list(self.inputs)
                if _belongs(name, prefix)
                and name not in {f"{prefix}.id", f"{prefix}.removed", f"{prefix}.was"}
            ]

    def _titled(self, view: FieldView, was: Any) -> Any:
        """Forms remember references by id; people need the title."""
        if view.links is not None and isinstance(was, list):
            return [{"id": one, "title": self.titles(view.links, one)} for one in was]
        if view.polymorphic and isinstance(was, str):
            named, record_id = typed_parts(was)
            return {"object": named, "id": record_id, "title": self.titles(named, record_id)}
        if view.target is None or not isinstance(was, str):
            return was
        return {"id": was, "title": self.titles(view.target, was)}

    def _take_in(self, grid: ChildGrid, position: int, row: Mapping[str, Any]) -> None:
        self.inputs += _stored_inputs(grid, f"c.{grid.name}.{position}", row)

    def _offer(self, place: str, view: FieldView, values: Mapping[str, Any]) -> None:
        for choice, value in values.items():
            if value is not MISSING:
                self.inputs += [
                    (f"alt.{choice}.{name}", text) for name, text in inputs_of(view, place, value)
                ]

    def _line(
        self,
        grid: ChildGrid,
        position: int,
        number: int,
        side: Side,
        *,
        mine: RowEvent | None = None,
        theirs: RowEvent | None = None,
    ) -> None:
        place = f"c.{grid.name}.{position}"
        line = Line(place, side, grid=grid, row=number, mine=mine, theirs=theirs)
        self.lines.append(line)


def _side(was: Any, mine: Any, now: Any) -> Side | None:
    """Return who changed a value; None where there is nothing to tell."""
    if same_value(now, mine):
        return None
    if was is MISSING:
        return "clash"
    if same_value(was, now):
        return "mine"
    return "theirs" if same_value(was, mine) else "clash"


def _differs(grid: ChildGrid, first: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return any(
        view.name in first and not same_value(first[view.name], sent_form(row.get(view.name)))
        for view in grid.columns
        if view.editable
    )


def _stored_inputs(
    grid: ChildGrid, prefix: str, row: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield the inputs of a stored row that nobody has touched."""
    yield f"{prefix}.id", str(row["id"])
    yield f"{prefix}.removed", ""
    yield f"{prefix}.was", first_values(grid.columns, row)
    for view in grid.columns:
        if view.editable:
            yield from inputs_of(view, f"{prefix}.{view.name}", row.get(view.name))
