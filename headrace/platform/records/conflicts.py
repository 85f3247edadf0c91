"""Somebody saved first: what a stale change meets, field by field and child row by child row.

The differences hold, for what was sent and stands otherwise now, `{"yours", "stored"}` and, where
the history keeps the field, `"was"`: the value at the version that the change was made from. A
relation holds them by the id of its row; a row that is no longer there is `{"deleted": true}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from headrace.platform.core.errors import StaleError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.field_types.values import KeyReference, TypedReference
from headrace.platform.metadata.masking import masked_value
from headrace.platform.records.attaching import resolve_files
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.flushing import STALE
from headrace.platform.records.history import field_json
from headrace.platform.records.permits import names_in_row
from headrace.platform.records.references import seen_of, seen_reference
from headrace.platform.records.tables import HISTORY

Differences = dict[str, Any]


def check_version(
    batch: Batch, work: UnitOfWork, draft: Draft, version: int, data: Any = None
) -> None:
    """Raise StaleError with what differs where the row, or a named child, is at another version.

    `data` is what was sent: it names rows that may be gone.
    """
    stored = draft.old["version"] if draft.old else 0
    if version != stored:
        resolve_files(batch)
        found = {
            **_differences(batch, work, draft, version),
            **_of_children(batch, work, draft, data),
        }
        raise StaleError(STALE.at(draft.place), differences=found)
    for rows in draft.children.values():
        for child in rows:
            expected = child.expected_version
            if expected is not None and child.old and expected != child.old["version"]:
                raise StaleError(
                    STALE.at(child.place), differences=_differences(batch, work, child, expected)
                )


def _differences(batch: Batch, work: UnitOfWork, draft: Draft, version: Any) -> Differences:
    """Return the stored values beside those that were sent, for fields that the caller may read.

    `version` is the one that the change was made from, where it is known.
    """
    if draft.old is None or draft.environment is None:
        return {}
    row = RowEnvironment(batch, draft.shape, draft.old, draft.old)
    readable = names_in_row(row, batch.context.principal, "read") or frozenset()
    found: Differences = {"version": draft.old["version"]}
    differing = {
        name: value
        for name, value in draft.given.items()
        if name in readable
        and draft.old.get(name) != value
        and not isinstance(value, KeyReference | TypedReference | tuple)
    }
    before = _values_at(work, draft, version) if differing else {}
    for name, value in differing.items():
        field = draft.shape.fields[name]
        stored = _readable(batch, field, field_json(field, draft.old.get(name)))
        yours = field_json(field, value)
        if field.targets:
            yours = _readable(batch, field, yours)
        if (field.links is not None or field.targets) and yours == stored:
            continue  # they differ by what the caller does not see
        found[name] = {"yours": yours, "stored": stored}
        if field.id in before:
            found[name]["was"] = _readable(batch, field, before[field.id])
        elif name in draft.shape.kept and isinstance(version, int):
            found[name]["was"] = found[name]["stored"]
    return found


def _readable(batch: Batch, field: FieldModel, value: Any) -> Any:
    """Return a value as the caller may read it: masked, a list without what they do not see."""
    if field.links is not None and isinstance(value, list):
        return seen_of(batch, field, value) or None
    if field.targets:
        return seen_reference(batch, field, value)
    return masked_value(field, value)


def _of_children(batch: Batch, work: UnitOfWork, draft: Draft, data: Any) -> Differences:
    """Return the differences of child rows that were sent, by relation and id."""
    found: Differences = {}
    for relation, rows in draft.children.items():
        known = {child.id: child for child in rows}
        changed: Differences = {}
        for record_id in _named_rows(data, relation):
            child = known.get(record_id)
            if child is None:
                changed[record_id] = {"deleted": True}
            elif child.kind == "update":
                differing = _differences(batch, work, child, child.expected_version)
                if len(differing) > 1:
                    changed[record_id] = differing
        if changed:
            found[relation] = changed
    return found


def _named_rows(data: Any, relation: str) -> Iterable[str]:
    """Yield the ids of stored rows that a change names."""
    parts = data.get(relation) if isinstance(data, Mapping) else None
    if not isinstance(parts, Mapping):
        return
    for part in ("update", "delete"):
        items = parts.get(part)
        for item in items if isinstance(items, list) else ():
            record_id = item.get("id") if isinstance(item, Mapping) else item
            if isinstance(record_id, str):
                yield record_id


def _values_at(work: UnitOfWork, draft: Draft, version: Any) -> Differences:
    """Return what the fields that were changed since `version` held then, by field id."""
    if not isinstance(version, int) or not draft.shape.kept:
        return {}
    statement = (
        sa.select(HISTORY.c.changes)
        .where(
            HISTORY.c.object_id == draft.shape.model.id,
            HISTORY.c.record_id == draft.id,
            HISTORY.c.version > version,
        )
        .order_by(HISTORY.c.version, HISTORY.c.id)
    )
    found: Differences = {}
    for changes in work.connection.execute(statement).scalars():
        for field_id, (old, _) in changes.items():
            found.setdefault(field_id, old)
    return found
