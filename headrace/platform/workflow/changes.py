"""What changed on a record since it was submitted, or since somebody read it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from headrace.platform.database.engine import Reading
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.masking import masked_value
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Row as RecordRow
from headrace.platform.records.history_reader import titles_of
from headrace.platform.records.source import row_rights
from headrace.platform.records.tables import HISTORY
from headrace.platform.workflow.runs import Row
from headrace.platform.workflow.subjects import snapshot


def changed_fields(
    context: Context, on: Reading | UnitOfWork, model: ObjectModel, run: Row, present: RecordRow
) -> dict[str, list[Any]]:
    """Return `[as submitted, now]` by field name, for what an approver of the caller's kind reads.

    An open task gives read on its record, so the audience is all that hides a field here.
    """
    internal = context.principal.audience == "internal"
    now = snapshot(model, present, context.database.dialect)
    submitted = run.snapshot
    found = {
        field.name: [masked_value(field, one) for one in (submitted.get(field.id), now[field.id])]
        for field in model.fields.values()
        if field.id in now
        and submitted.get(field.id) != now[field.id]
        and (internal or not field.internal)
    }
    return _as_seen(context, on, model, found)


def changed_since(
    context: Context, work: UnitOfWork, model: ObjectModel, record_id: str, version: int
) -> dict[str, list[Any]]:
    """Return `[then, now]` by name of what the history says since `version`, as far as readable."""
    readable = row_rights(context, work, model.name, record_id, "read") or frozenset()
    fields = {field.id: field for field in model.fields.values() if field.name in readable}
    statement = (
        sa.select(HISTORY.c.changes)
        .where(
            HISTORY.c.object_id == model.id,
            HISTORY.c.record_id == record_id,
            HISTORY.c.version > version,
        )
        .order_by(HISTORY.c.version, HISTORY.c.id)
    )
    found: dict[str, list[Any]] = {}
    for changes in work.connection.execute(statement).scalars():
        for field_id, (old, new) in changes.items():
            field = fields.get(field_id)
            if field is not None:
                first = found.get(field.name, [masked_value(field, old)])[0]
                found[field.name] = [first, masked_value(field, new)]
    return _as_seen(context, work, model, found)


def _as_seen(
    context: Context,
    on: Reading | UnitOfWork,
    model: ObjectModel,
    found: dict[str, list[Any]],
) -> dict[str, list[Any]]:
    """Return changes without what may not be read in lists of references, and in polymorphic ones."""
    for name in [one for one in found if model.fields[one].targets]:
        before, now = (_referred(context, on, model.fields[name], one) for one in found[name])
        if before == now:
            del found[name]
        else:
            found[name] = [before, now]
    for name in [one for one in found if model.fields[one].links is not None]:
        target = str(model.fields[name].links)
        ids = {one for value in found[name] for one in value or ()}
        seen = titles_of(context, on, target, ids)
        pair = [[one for one in value or () if one in seen] or None for value in found[name]]
        if pair[0] == pair[1]:
            del found[name]
        else:
            found[name] = pair
    return found


def _referred(
    context: Context, on: Reading | UnitOfWork, field: FieldModel, value: str | None
) -> dict[str, Any] | None:
    known = None if value is None else context.catalog.typed(field, value)
    titles = {} if known is None else titles_of(context, on, known[0], [known[1]])
    if known is None or known[1] not in titles:
        return None
    return {"object": known[0], "id": known[1], "title": titles[known[1]]}
