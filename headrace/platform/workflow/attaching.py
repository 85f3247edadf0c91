"""Files of what people say in approvals: each belongs to the decision that it came with.

A file that somebody uploaded waits. The decision that names it takes it in its own transaction, so
both are there or neither is. Whatever else an id may stand for (nothing, a file that a record or another
decision has, one that somebody else uploaded) is the same to who sends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.files.tables import FILE, OF_DECISIONS
from headrace.platform.metadata.storage_types import StoredFile, files_text

MOST_FILES: Final = 10
"""Files that go with one decision."""

UNKNOWN_FILE: Final = Message(
    "file.unknown",
    "File {number} of the comment cannot be used here.",
    "意见的第 {number} 个文件不存在或不可用于此处。",
    "Upload the file again, and send the id that you get; an id is good for one comment.",
    "请重新上传文件并使用返回的标识；一个标识只能用于一条意见。",
)
TWICE: Final = Message(
    "files.twice",
    "File {number} of the comment is named twice.",
    "意见的第 {number} 个文件重复。",
    "Name each file once.",
    "每个文件只填一次。",
)
TOO_MANY: Final = Message(
    "files.too_many",
    "These are {count} files; a comment takes at most {most}.",
    "共 {count} 个文件，一条意见最多 {most} 个。",
    "Remove some, or put them into one file.",
    "请移除部分文件，或合并为一个文件。",
)


def take_files(work: UnitOfWork, user_id: str, decision_id: str, ids: Sequence[str]) -> str | None:
    """Let a decision take files that wait and that a user uploaded; return what it keeps of them.

    Of two that want the same file at one moment, one gets it. Raise RefusedError that says which files
    cannot be used, which are named twice, or that they are too many.
    """
    if len(ids) > MOST_FILES:
        raise RefusedError(TOO_MANY.at("/files", count=len(ids), most=MOST_FILES))
    twice = [index for index, one in enumerate(ids) if one in ids[:index]]
    if twice:
        places = (TWICE.at(pointer("files", index), number=index + 1) for index in twice)
        raise RefusedError.of(places)
    # In one order, so that two that want the same files never wait for each other.
    taken = {one: _take(work, user_id, decision_id, one) for one in sorted(ids)}
    files = [taken[one] for one in ids]
    unknown = [index for index, one in enumerate(files) if one is None]
    if unknown:
        places = (UNKNOWN_FILE.at(pointer("files", index), number=index + 1) for index in unknown)
        raise RefusedError.of(places)
    return files_text(one for one in files if one is not None)


def _take(work: UnitOfWork, user_id: str, decision_id: str, file_id: str) -> StoredFile | None:
    """Take a file that waits; None where there is none that the user may use."""
    if not is_record_id(file_id):
        return None
    waits = sa.and_(FILE.c.object_id.is_(None), FILE.c.uploaded_by == user_id)
    taking = (
        sa.update(FILE)
        .where(FILE.c.id == file_id, waits)
        .values(
            object_id=OF_DECISIONS,
            record_id=decision_id,
            field_id="files",
            claimed_at=work.now,
        )
        .returning(FILE.c.name, FILE.c.type, FILE.c.size)
    )
    row = work.connection.execute(taking).first()
    return None if row is None else StoredFile(file_id, row.name, row.type, int(row.size))
