"""Showing masked fields whole: for one record, to whoever has the right, with a line in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.policy import pairs_for
from headrace.platform.access.principals import SYSTEM_PRINCIPAL
from headrace.platform.core.errors import NOT_FOUND, ForbiddenError, NotFoundError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.source import row_rights, unknown_field
from headrace.platform.records.tables import HISTORY, UNMASKED

NOT_UNMASKABLE: Final = Message(
    "field.not_unmaskable",
    "You may not see “{name}” whole.",
    "您无权查看“{name}”的完整内容。",
    "Ask an administrator for the right to unmask it.",
    "请向管理员申请查看完整内容的权限。",
)
NOTHING_ASKED: Final = Message(
    "unmask.nothing",
    "No field is named.",
    "没有指明字段。",
    'Send {"fields": ["…"]} with at least one masked field.',
    '请发送 {"fields": ["…"]}，至少指明一个脱敏字段。',
)


def unmask(
    context: Context, work: UnitOfWork, object_name: str, record_id: str, names: Sequence[str]
) -> dict[str, Any]:
    """Return the whole values of masked fields of a record by name, and note who saw which.

    Raise NotFoundError for a record that the caller may not read, `field.unknown` for a name that is
    unknown or unreadable, ForbiddenError for a field that the caller may read only masked.
    """
    model = context.catalog.object(object_name)
    known = model is not None and is_record_id(record_id)
    readable = row_rights(context, work, object_name, record_id, "read") if known else None
    if model is None or readable is None:
        raise NotFoundError(NOT_FOUND.at())
    if not names:
        raise RefusedError(NOTHING_ASKED.at("/fields"))
    fields = [_asked(model, name, readable, index) for index, name in enumerate(names)]
    allowed = row_rights(context, work, object_name, record_id, "unmask") or frozenset()
    for index, field in enumerate(fields):
        if field.name not in allowed:
            raise ForbiddenError(NOT_UNMASKABLE.at(pointer("fields", index), name=field.label))
    whole = reader.get_in(
        context.as_principal(SYSTEM_PRINCIPAL),
        work,
        object_name,
        record_id,
        fields=("version", *(field.name for field in fields)),
    )
    _note(context, work, model, whole, fields)
    return {field.name: whole[field.name] for field in fields}


def unmaskable(context: Context, object_name: str, record_id: str) -> frozenset[str]:
    """Return the masked fields of a record that the caller may see whole; costs a statement or none."""
    surroundings = context.surroundings()
    if not pairs_for(surroundings.catalog, surroundings.rights, object_name, "unmask"):
        return frozenset()
    with context.database.reading() as reading:
        return row_rights(context, reading, object_name, record_id, "unmask") or frozenset()


def _asked(model: ObjectModel, name: Any, readable: frozenset[str], index: int) -> FieldModel:
    masked = {
        one.name: one
        for one in model.fields.values()
        if one.definition.masked is not None and one.name in readable
    }
    field = masked.get(name) if isinstance(name, str) else None
    if field is None:
        raise RefusedError(unknown_field(model.name, str(name), masked, pointer("fields", index)))
    return field


def _note(
    context: Context,
    work: UnitOfWork,
    model: ObjectModel,
    record: Mapping[str, Any],
    fields: Sequence[FieldModel],
) -> None:
    """Write the line that says who saw which fields whole."""
    line = {
        "id": context.ids.record_id(),
        "object_id": model.id,
        "record_id": record["id"],
        "version": record["version"],
        "at": context.now(),
        "user": context.principal.user_id,
        "action": UNMASKED,
        "changes": {},
        "comment": " ".join(field.id for field in fields),
        "metadata_version": context.catalog.version,
    }
    work.connection.execute(sa.insert(HISTORY).values(line))
