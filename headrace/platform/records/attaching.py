"""Files of records: ids that were sent become values, and a file belongs to who took it first.

A file that somebody uploaded waits for a record. It is taken in the transaction that writes the record:
from then on it belongs to this field of this record. Whatever else an id may stand for (nothing, a file of
another record, one that somebody else uploaded) is the same to who sends it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.files.store import KnownFile, find_files
from headrace.platform.files.tables import FILE
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.field_types.base import files_of
from headrace.platform.metadata.field_types.files import SentFiles, misfit
from headrace.platform.metadata.storage_types import (
    Dialect,
    StoredFile,
    files_in,
    files_text,
)
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft

UNKNOWN_FILE: Final = Message(
    "file.unknown",
    "“{name}” names a file that you cannot use here.",
    "“{name}”指向的文件不存在或不可用于此处。",
    "Upload the file again, and send the id that you get; an id is good for one field of one record.",
    "请重新上传文件并使用返回的标识；一个标识只能用于一条记录的一个字段。",
)


@dataclass(frozen=True, slots=True)
class _Sent:
    """The files that were sent for a field of a draft."""

    draft: Draft
    field: FieldModel
    ids: tuple[str, ...]

    @property
    def place(self) -> str:
        return self.draft.place + pointer(self.field.name)


def resolve_files(batch: Batch) -> None:
    """Replace ids of files by what is kept of them, and refuse those that the caller cannot use.

    One statement for all drafts; none where no file was sent.
    """
    sent = list(_sent(batch))
    if not sent:
        return
    ids = {one for field in sent for one in field.ids}
    known = find_files(batch.work, batch.shapes.dialect, ids, locking=batch.locking)
    taken: set[str] = set()
    for one in sent:
        one.draft.given[one.field.name] = _value(batch, one, known, taken)
        taken.update(one.ids)


def _sent(batch: Batch) -> Iterator[_Sent]:
    for draft in batch.drafts():
        for name, value in draft.given.items():
            if isinstance(value, SentFiles):
                yield _Sent(draft, draft.shape.fields[name], value.ids)


def _value(batch: Batch, sent: _Sent, known: dict[str, KnownFile], taken: set[str]) -> str | None:
    """Return the value of a field; None, with a problem, where not all files can be used."""
    holder = _holder(sent.draft, sent.field)
    user = batch.context.principal.user_id
    files: list[StoredFile] = []
    new: list[KnownFile] = []
    for file_id in sent.ids:
        file = known.get(file_id)
        waits = file is not None and file.holder is None and file.uploaded_by == user
        if file is None or file_id in taken or not (waits or file.holder == holder):
            batch.problems.append(UNKNOWN_FILE.at(sent.place, name=sent.field.label))
            return None
        files.append(file.stored)
        if waits:
            new.append(file)
    kind = files_of(sent.field.type)
    if kind is not None:
        limits = kind.file_limits(sent.field.options)
        problems = (misfit(one.stored, limits, one.uploaded_at) for one in new)
        batch.problems.extend(one.below(sent.place) for one in problems if one is not None)
    return files_text(files)


def _holder(draft: Draft, field: FieldModel) -> tuple[str, str, str]:
    return draft.shape.model.id, draft.id, field.id


# -- writing -------------------------------------------------------------------------------------


def take_files(batch: Batch, work: UnitOfWork) -> None:
    """Let written records take their new files, and let go of those that they hold no more.

    Raise RefusedError where a value holds a file that is not there to be taken. What the history
    holds is not let go of: a restored state brings it back.
    """
    for draft in batch.drafts():
        if draft.kind not in {"create", "update"}:
            continue
        for field in draft.shape.file_fields:
            before = draft.old.get(field.name) if draft.old else None
            after = draft.new.get(field.name)
            if before != after:
                _change(work, draft, field, before, after)


def _change(
    work: UnitOfWork, draft: Draft, field: FieldModel, before: str | None, after: str | None
) -> None:
    old = {one.id for one in files_in(before)}
    new = {one.id for one in files_in(after)}
    object_id, record_id, field_id = _holder(draft, field)
    holder = {"b_object": object_id, "b_record": record_id, "b_field": field_id}
    for file_id in sorted(new - old):
        found = work.execute(_take(work.dialect), {"b_id": file_id, "b_now": work.now, **holder})
        if found.rowcount != 1:
            raise RefusedError(UNKNOWN_FILE.at(draft.place + pointer(field.name), name=field.label))
    if field.name in draft.shape.kept:
        return
    for file_id in sorted(old - new):
        work.execute(_release(work.dialect), {"b_id": file_id, "b_now": work.now, **holder})


def _held() -> sa.ColumnElement[bool]:
    """Return whether a file belongs to the holder that is given."""
    return sa.and_(
        FILE.c.object_id == sa.bindparam("b_object", type_=FILE.c.object_id.type),
        FILE.c.record_id == sa.bindparam("b_record", type_=FILE.c.record_id.type),
        FILE.c.field_id == sa.bindparam("b_field", type_=FILE.c.field_id.type),
    )


@functools.cache
def _take(dialect: Dialect) -> Prepared:
    this = FILE.c.id == sa.bindparam("b_id", type_=FILE.c.id.type)
    statement = (
        sa.update(FILE)
        .where(this, sa.or_(FILE.c.object_id.is_(None), _held()))
        .values(
            object_id=sa.bindparam("b_object", type_=FILE.c.object_id.type),
            record_id=sa.bindparam("b_record", type_=FILE.c.record_id.type),
            field_id=sa.bindparam("b_field", type_=FILE.c.field_id.type),
            claimed_at=sa.bindparam("b_now", type_=FILE.c.claimed_at.type),
            released_at=sa.null(),
        )
    )
    return prepare(statement, dialect)


@functools.cache
def _release(dialect: Dialect) -> Prepared:
    this = FILE.c.id == sa.bindparam("b_id", type_=FILE.c.id.type)
    released = sa.bindparam("b_now", type_=FILE.c.released_at.type)
    statement = sa.update(FILE).where(this, _held()).values(released_at=released)
    return prepare(statement, dialect)
