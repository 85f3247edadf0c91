"""A new record that begins with the values of another: what people chose, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from headrace.platform.access.policy import can
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import FormPage
from headrace.platform.forms.posted import sent_form
from headrace.platform.formulas.tree import Literal
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.records.context import Context

DAYS: Final = frozenset({"date", "datetime"})
"""Types whose values begin with a day, which is compared as text."""


def may_copy(context: Context, model: ObjectModel) -> bool:
    """Say whether the caller may begin a record with the values of another.

    Details are copied with their master, and an entry of a ledger is posted, not repeated.
    """
    if model.master is not None or model.ledger is not None:
        return False
    return can(context.catalog, context.principal, model.name, "create")


def copied(context: Context, page: FormPage, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record that a new one begins with, as the form of `page` sends them.

    Only what the caller can enter there, without what has to be new each time: unique and masked
    values, files (each belongs to one record), days that have passed, and what the present time or the
    user fills in by default.
    """
    objects, today = context.catalog.objects, context.today().isoformat()
    values = _values(objects[page.object], page.fields, record, today)
    for grid in page.grids:
        if grid.addable:
            rows = [
                _values(objects[grid.object], grid.columns, row, today)
                for row in record.get(grid.name) or ()
                if not _is_of_another_kind(objects[grid.object], grid.columns, row)
            ]
            values[grid.name] = [row for row in rows if row] or [{}]
    return values


def _values(
    model: ObjectModel, views: Iterable[FieldView], record: Mapping[str, Any], today: str
) -> dict[str, Any]:
    found = {}
    for view in views:
        field = model.fields.get(view.name)
        if field is None or not view.editable or view.files is not None or _is_new(field):
            continue
        value = sent_form(record.get(view.name))
        passed = field.type.key in DAYS and str(value) < today
        if value is not None and value != [] and not passed:
            found[view.name] = value
    return found


def _is_new(field: FieldModel) -> bool:
    """Say whether each record has a value of its own, whatever another one says."""
    default = field.default
    now = default is not None and (default.uses_clock or default.uses_user)
    return now or field.of_its_own


def _is_of_another_kind(
    model: ObjectModel, views: Iterable[FieldView], row: Mapping[str, Any]
) -> bool:
    """Say whether a row is what nobody who fills this form can add: a gift among what was ordered.

    What the form does not ask begins with its default; where that is a word or a yes or no, and the
    row says another, a copy would be a different row.
    """
    asked = {view.name for view in views if view.editable}
    return any(
        field.name not in asked
        and field.computed is None
        and isinstance(begun := _always(field), str | bool)
        and row.get(field.name) not in (None, begun)
        for field in model.fields.values()
    )


def _always(field: FieldModel) -> Any:
    """Return the default of a field that is the same for each record; None of any other."""
    default = field.default
    return default.tree.value if default and isinstance(default.tree, Literal) else None
