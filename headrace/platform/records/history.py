"""The history: one line for each change of a record, written with the change and never touched again."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from headrace.platform.core.json_text import json_text
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.storage_types import (
    Dialect,
    file_json,
    files_json,
    instant_text,
    values_in,
)
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.tables import HISTORY

ALWAYS = frozenset({"created", "deleted", "undeleted", "migrated"})
"""Actions that leave a line even where no field that is kept has changed."""


def write_history(batch: Batch, work: UnitOfWork) -> None:
    """Write the lines of all drafts that were written."""
    lines = [line for draft in batch.drafts() if (line := _line(batch, draft)) is not None]
    if not lines:
        return
    for line in lines:
        line["h_saved_with"] = lines[0]["h_id"]
        line["h_through"] = work.actor.through
    prepared = _insert(batch.shapes.dialect)
    if len(lines) == 1:
        work.execute(prepared, lines[0])
    else:
        work.execute_many(prepared, lines)


@functools.cache
def _insert(dialect: Dialect) -> Prepared:
    values = {
        column.name: sa.bindparam("h_" + column.name, type_=column.type) for column in HISTORY.c
    }
    return prepare(sa.insert(HISTORY).values(values), dialect)


def _line(batch: Batch, draft: Draft) -> dict[str, Any] | None:
    if draft.kind == "computed":
        return None
    kept = draft.shape.kept_fields
    if not kept:
        return None
    changes = _changes(draft, kept)
    whole = draft.shape.keeps_history and draft.action in ALWAYS
    if not changes and not whole and draft.comment is None:
        return None
    context = batch.context
    return {
        "h_id": context.ids.record_id(),
        "h_object_id": draft.shape.model.id,
        "h_record_id": draft.id,
        "h_version": draft.version,
        "h_at": batch.now,
        "h_user": context.principal.user_id,
        "h_acted_for": draft.acted_for,
        "h_action": draft.action,
        "h_changes": changes,
        "h_comment": draft.comment,
        "h_metadata_version": context.catalog.version,
    }


def _changes(draft: Draft, kept: Sequence[FieldModel]) -> dict[str, list[Any]]:
    old, new = draft.old or {}, draft.new
    if draft.kind == "delete":
        return {}
    changes: dict[str, list[Any]] = {}
    for field in kept:
        before, after = old.get(field.name), new[field.name]
        if before != after:
            changes[field.id] = [field_json(field, before), field_json(field, after)]
    return changes


def field_json(field: FieldModel, value: Any) -> Any:
    """Return a Python value of a field as the API sends it; a reference as its id."""
    if value is None:
        return None
    if field.storage.nested:
        return json_text(value)
    if field.storage.many:
        return values_in(value)
    match field.storage.kind:
        case "file":
            return file_json(value)
        case "files":
            return files_json(value)
        case _:
            return json_value(value)


def json_value(value: Any) -> Any:
    """Return a Python value as the API sends it: decimals, days and instants as text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
