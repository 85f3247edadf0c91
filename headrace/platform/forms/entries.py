"""What stands in the inputs of a form: from a record, from defaults, or as it was sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import ChildGrid, FormPage
from headrace.platform.forms.posted import (
    Posted,
    first_values_of,
    is_files,
    is_reference,
    picked_records,
    sent_form,
    ticked_files,
    ticked_values,
)
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.storage_types import typed_id
from headrace.platform.records.field_rules import FREE, Behaviour, Behaviours
from headrace.platform.records.preview import Standing

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One field: `value` and `text` of its input, and the `stored` value where it has none.

    `behaviour` is what field rules say of it here.
    """

    value: Any = ""
    text: str = ""
    stored: Any = None
    behaviour: Behaviour = FREE


@dataclass(frozen=True, slots=True)
class RowEntries:
    """One row of a grid; `known` are all its values as JSON for the page's formulas.

    `stored` says that its values are not to be replaced by new defaults, `was` is what its inputs
    held at first, `met` which field rules hold that the page cannot judge, as JSON.
    """

    entries: Mapping[str, Entry]
    known: str = "{}"
    number: str = ""
    id: str | None = None
    stored: bool = False
    removed: bool = False
    was: str = ""
    met: str = "{}"


def record_entries(fields: Iterable[FieldView], record: Record) -> dict[str, Entry]:
    """Return what stands in the inputs for a record as it is."""
    return {view.name: _entry(record.get(view.name)) for view in fields}


def sent_entries(
    fields: Iterable[FieldView], form: Mapping[str, str], prefix: str, record: Record
) -> dict[str, Entry]:
    """Return what was typed; `record` gives the values of fields without an input."""
    entries = record_entries(fields, record)
    for view in fields:
        name = f"{prefix}.{view.name}"
        if not view.editable or not _was_sent(view, name, form):
            continue
        ticked = view.widget == "boolean"
        value: Any = name in form if ticked else form.get(name, "")
        if view.files is not None:
            value = ticked_files(name, form)
        elif view.links is not None:
            value = picked_records(name, form)
        elif view.polymorphic and not value:
            value = typed_id(form.get(f"{name}:object", ""), "")
        elif view.many:
            value = ticked_values(name, form)
        entries[view.name] = Entry(value, form.get(f"{name}:text", ""), record.get(view.name))
    return entries


def stored_rows(
    grid: ChildGrid, rows: Iterable[Record], *, stored: bool, copied: bool = False
) -> list[RowEntries]:
    """Return the rows of a grid as they are; those `copied` from elsewhere are all to be saved."""
    return [
        RowEntries(
            record_entries(grid.columns, row),
            known_values(row),
            str(position),
            row.get("id"),
            stored,
            was="" if copied else first_values(grid.columns, row),
        )
        for position, row in enumerate(rows, 1)
    ]


def sent_rows(
    grid: ChildGrid, sent: Posted, form: Mapping[str, str], computed: Iterable[Record]
) -> list[RowEntries]:
    """Return the rows of a grid as they were typed, with computed values where there are some."""
    known = iter(computed)
    rows = []
    for number, row in enumerate(sent.rows.get(grid.name, ()), 1):
        record = {} if row.removed else next(known, {})
        prefix = f"c.{grid.name}.{row.position}"
        entries = sent_entries(grid.columns, form, prefix, record)
        entries |= record_entries(_named(grid.columns, row.following), record)
        was = form.get(f"{prefix}.was", "")
        if row.following:
            was = first_values_again(was, _named(grid.columns, row.following), record)
        rows.append(
            RowEntries(
                entries,
                known_values(record),
                str(number),
                row.id,
                stored=True,
                removed=row.removed,
                was=was,
            )
        )
    return rows


def with_behaviours(
    entries: Mapping[str, Entry], behaviours: Behaviours, record: Record
) -> dict[str, Entry]:
    """Return entries as field rules say; what is hidden or locked shows what a save keeps."""
    found = dict(entries)
    for name in behaviours.keys() & entries.keys():
        one = behaviours[name]
        kept = _entry(record.get(name)) if one.hidden or one.locked else entries[name]
        found[name] = replace(kept, behaviour=one)
    return found


def standing_rows(
    rows: Iterable[RowEntries], standings: Iterable[Standing], records: Iterable[Record]
) -> list[RowEntries]:
    """Return rows of a grid as field rules say; rows that are removed have no standing."""
    left, known = iter(standings), iter(records)
    found = []
    for row in rows:
        standing = None if row.removed else next(left, None)
        if standing is not None:
            entries = with_behaviours(row.entries, standing.behaviours, next(known, {}))
            found.append(replace(row, entries=entries, met=json.dumps(standing.to_json())))
        else:
            found.append(row)
    return found


def blank_row(grid: ChildGrid) -> RowEntries:
    """Return a new row; defaults come once it stands on the page."""
    return RowEntries({view.name: Entry() for view in grid.columns})


def known_values(record: Record) -> str:
    """Return the values of a record as JSON, without what is inside relations."""
    plain = {name: value for name, value in record.items() if not _is_relation(value)}
    return json.dumps(plain, ensure_ascii=False)


def _is_relation(value: Any) -> bool:
    if is_files(value):
        return False
    return isinstance(value, list) and not all(
        isinstance(one, str) or is_reference(one) for one in value
    )


def first_values(fields: Iterable[FieldView], record: Record) -> str:
    """Return what the inputs of a form hold at first, as JSON in the form that they send."""
    return json.dumps(
        {view.name: sent_form(record.get(view.name)) for view in fields if view.editable},
        ensure_ascii=False,
    )


def first_values_again(before: str | None, fields: Iterable[FieldView], record: Record) -> str:
    """Return what the inputs held at first, with the defaults of `fields` as they are shown now."""
    shown = {**first_values_of(before), **first_values_of(first_values(fields, record))}
    return json.dumps(shown, ensure_ascii=False)


def _named(fields: Iterable[FieldView], names: Collection[str]) -> list[FieldView]:
    return [view for view in fields if view.name in names]


def preview_data(page: FormPage, sent: Posted) -> dict[str, Any]:
    """Return what was sent as the data of a preview: all rows that stay, in their order."""
    data: dict[str, Any] = {name: value for name, value in sent.given.items() if value is not None}
    for grid in page.grids:
        if grid.name in sent.rows:
            data[grid.name] = [
                {**_filled(row.given), **({"id": row.id} if row.id else {})}
                for row in sent.rows[grid.name]
                if not row.removed
            ]
    return data


def total_field(catalog: Catalog, page: FormPage) -> FieldView | None:
    """Return the sum that stands beside the save button: what approvals ask about, if possible."""
    sums = [one for one in page.fields if one.widget == "money" and one.computed]
    asked = {
        path[0]
        for workflow in catalog.workflows.values()
        if workflow.object == page.object
        for approvals in workflow.approvals.values()
        for approval in approvals
        if approval.when is not None
        for path in approval.when.references()
    }
    of_all = [one for one in sums if _adds_up(catalog, page, one)]
    return next((one for one in sums if one.id in asked), of_all[-1] if of_all else None)


def _adds_up(catalog: Catalog, page: FormPage, view: FieldView) -> bool:
    """Say whether a figure speaks of all that is entered: an average or an extreme does not."""
    field = catalog.objects[page.object].fields.get(view.name)
    return field is None or field.computed != "rollup" or field.options.op == "sum"


def column_totals(catalog: Catalog, page: FormPage, grid: ChildGrid) -> dict[str, FieldView]:
    """Return the sums on the form over columns of a grid, by column: roll-ups over all its rows."""
    model = catalog.objects[page.object]
    found: dict[str, FieldView] = {}
    for view in page.fields:
        field = model.fields[view.name]
        if field.computed != "rollup" or field.options.op != "sum":
            continue
        source, _, column = str(field.options.of).partition(".")
        if source == grid.object and grid.column(column) is not None:
            found.setdefault(column, view)
    return found


def _entry(value: Any) -> Entry:
    if is_files(value):
        return Entry(value if isinstance(value, list) else [value], "", value)
    if isinstance(value, Mapping):
        return Entry(sent_form(value) or "", str(value.get("title") or ""), value)
    return Entry("" if value is None else value, "", value)


def _was_sent(view: FieldView, name: str, form: Mapping[str, str]) -> bool:
    if view.widget == "boolean" or view.many or view.files is not None:
        return f"{name}:sent" in form
    return name in form or f"{name}:text" in form


def _filled(values: Record) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
