"""Who may have a file: whoever may read the field that holds it, of that record, at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.files.store import KnownFile, find_files
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records import reader
from headrace.platform.records.context import Context

_OBJECTS: Final = "objects by id"


def known_file(context: Context, file_id: str) -> KnownFile:
    """Return a file, whoever may have it; raise NotFoundError where there is none."""
    if not is_record_id(file_id):
        raise NotFoundError(NOT_FOUND.at())
    with context.database.reading() as reading:
        found = find_files(reading, context.database.dialect, [file_id]).get(file_id)
    if found is None:
        raise NotFoundError(NOT_FOUND.at())
    return found


def is_readable(context: Context, file: KnownFile) -> bool:
    """Say whether the caller may have a file of a record, or one that waits.

    One that nothing has taken yet is for who uploaded it. Any other needs the right to read the field
    that holds it now, in that very record; an open task gives it too.
    """
    return _is_own(context, file) or _is_held_for(context, file)


def _is_own(context: Context, file: KnownFile) -> bool:
    return file.holder is None and file.uploaded_by == context.principal.user_id


def _is_held_for(context: Context, file: KnownFile) -> bool:
    """Say whether the holding record shows the file to the caller."""
    if file.holder is None:
        return False
    object_id, record_id, field_id = file.holder
    model = _objects(context).get(object_id)
    field = (
        next((one for one in model.fields.values() if one.id == field_id), None) if model else None
    )
    if model is None or field is None:
        return False
    try:
        record = reader.get(context, model.name, record_id, fields=(field.name,), by_task=True)
    except (NotFoundError, RefusedError):
        return False
    value = record.get(field.name)
    shown = value if isinstance(value, list) else [value]
    return any(isinstance(one, Mapping) and one.get("id") == file.id for one in shown)


def _objects(context: Context) -> Mapping[str, ObjectModel]:
    return context.compiled.get(
        context.catalog,
        _OBJECTS,
        lambda: {model.id: model for model in context.catalog.objects.values()},
    )
