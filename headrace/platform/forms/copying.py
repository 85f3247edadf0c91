"""A new record that begins with the values of another: what people chose, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headrace.platform.access.policy import can
from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import FormPage
from headrace.platform.forms.posted import sent_form
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.records.context import Context


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
    values, files (each belongs to one record), and what the present time or the user fills in by default.
    """
    objects = context.catalog.objects
    values = _values(objects[page.object], page.fields, record)
    for grid in page.grids:
        if grid.editable:
            rows = [
                _values(objects[grid.object], grid.columns, row)
                for row in record.get(grid.name) or ()
                if not _made_by_itself(row, record)
            ]
            values[grid.name] = [row for row in rows if row] or [{}]
    return values


def _values(
    model: ObjectModel, views: Iterable[FieldView], record: Mapping[str, Any]
) -> dict[str, Any]:
    found = {}
    for view in views:
        field = model.fields.get(view.name)
        if field is None or not view.editable or view.files is not None or _is_new(field):
            continue
        value = sent_form(record.get(view.name))
        if value is not None and value != []:
            found[view.name] = value
    return found


def _is_new(field: FieldModel) -> bool:
    """Say whether each record has a value of its own, whatever another one says."""
    default = field.default
    if field.unique or field.definition.masked is not None:
        return True
    return default is not None and (default.uses_clock or default.uses_user)


def _made_by_itself(row: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Say whether the system added a row to what somebody made; the same will follow again."""
    by = _author(row)
    return by == SYSTEM_USER_ID and _author(record) not in (None, SYSTEM_USER_ID)


def _author(row: Mapping[str, Any]) -> str | None:
    author = row.get("created_by")
    return str(author["id"]) if isinstance(author, Mapping) else None
