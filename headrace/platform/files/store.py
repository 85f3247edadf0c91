"""Keeps uploaded files and gives their content out; who may have it is asked elsewhere.

Content lies in the database, in parts (docs/decisions/0020): a file is there or is not together with
the row that speaks of it, through crashes, backups and any number of processes.
"""

from __future__ import annotations

import functools
import hashlib
import io
import secrets
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from json import dumps, loads
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.hooks import Hook
from headrace.platform.core.problems import Message
from headrace.platform.database.engine import Database
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.files.captures import Noted, noted_in
from headrace.platform.files.tables import FILE, PART
from headrace.platform.files.thumbnails import thumbnail
from headrace.platform.metadata.field_types.base import FileLimits
from headrace.platform.metadata.field_types.files import (
    MEGABYTE,
    MOST_MEGABYTES,
    TOO_LARGE,
    megabytes,
    misfit,
)
from headrace.platform.metadata.file_kinds import IMAGES, LOOKED_AT, FileKind, kind_of, safe_name
from headrace.platform.metadata.storage_types import INSTANT, Capture, Dialect, StoredFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PART_BYTES: Final = 256 * 1024
SMALL: Final = -1
"""The number of the part that is a small image of the others."""
LARGEST: Final = MOST_MEGABYTES * MEGABYTE
KEPT_WAITING: Final = timedelta(days=1)
MOST_WAITING: Final = 200
"""Files of one user that no record has taken."""
MOST_BYTES_WAITING: Final = 5 * LARGEST
MOST_IDS: Final = 500
"""Ids that one statement asks for."""

EMPTY: Final = Message(
    "file.empty",
    "“{name}” is empty.",
    "“{name}”是空文件。",
    "Choose a file with something in it.",
    "请选择有内容的文件。",
)
TOO_MANY_WAITING: Final = Message(
    "file.too_many_waiting",
    "You have uploaded {count} files ({size} MB) that no record has taken.",
    "您已上传 {count} 个文件（{size} MB）尚未保存到任何记录。",
    "Save the records that they are for; what no record takes goes after a day.",
    "请先保存使用这些文件的记录；一天内未被使用的文件将被清除。",
)


class Upload:
    """A file on its way in: a name as it was sent, and a stream that can be read again."""

    def __init__(self, sent_name: str, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        head = stream.read(LOOKED_AT)
        stream.seek(max(0, self.size - LOOKED_AT))
        self.kind: FileKind = kind_of(head, stream.read(LOOKED_AT), sent_name)
        self.name = safe_name(sent_name, self.kind)
        self.looked_into = False

    def parts(self) -> Iterator[bytes]:
        """Yield the content from the beginning."""
        self._stream.seek(0)
        while part := self._stream.read(PART_BYTES):
            yield part

    def read_through(self) -> None:
        """Do what takes long, before a transaction that others wait for."""
        if 0 < self.size <= LARGEST:
            _ = self.sha256, self.small, self.noted

    @functools.cached_property
    def small(self) -> bytes | None:
        """A small image of it, where it is an image."""
        return thumbnail(self._stream) if self._is_image else None

    @functools.cached_property
    def noted(self) -> Noted:
        """What the camera noted in it, where it is an image."""
        return noted_in(self._stream) if self._is_image else Noted()

    @property
    def _is_image(self) -> bool:
        return self.size > 0 and self.kind.key in IMAGES

    @functools.cached_property
    def sha256(self) -> str:
        """The hash of the content."""
        digest = hashlib.sha256()
        for part in self.parts():
            digest.update(part)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What is known of a file; `holder` is (object id, record id, field id), None while it waits."""

    stored: StoredFile
    sha256: str
    uploaded_by: str
    uploaded_at: datetime
    holder: tuple[str, str, str] | None

    @property
    def id(self) -> str:
        """The file's id."""
        return self.stored.id


class FileStore:
    """Keeps files and reads them; holds nothing but its hook and the workspace's zone, safe to share."""

    def __init__(self, database: Database, zone: tzinfo) -> None:
        self.database = database
        self.zone = zone
        self.before_keep: Hook[[Upload]] = Hook("files.before_keep")

    def look_into(self, upload: Upload) -> None:
        """Let scanners look into an upload, once; raise RefusedError with what they found.

        That may take long: do it before a transaction that others wait for.
        """
        if not upload.looked_into:
            self.before_keep(upload)
            upload.looked_into = True

    def keep(
        self, work: UnitOfWork, user_id: str, upload: Upload, limits: FileLimits | None = None
    ) -> StoredFile:
        """Keep a file that waits for a record of this user; raise RefusedError with what is wrong.

        `limits` are those of the field that it is meant for, where that is known.
        """
        found = replace(self._stored(upload), id=new_file_id())
        self._check(work, user_id, found, limits)
        self.bring(work, found, upload, user_id, work.now)
        return found

    def bring(
        self, work: UnitOfWork, found: StoredFile, upload: Upload, user_id: str, at: datetime
    ) -> None:
        """Keep what was a file elsewhere, too: under its id, as it was sent by a user at an instant."""
        self.look_into(upload)
        work.connection.execute(
            sa.insert(FILE).values(
                id=found.id,
                name=found.name,
                type=found.type,
                size=found.size,
                sha256=upload.sha256,
                uploaded_by=user_id,
                uploaded_at=at,
                captured=dumps(found.captured.render()) if found.captured else None,
            )
        )
        for number, content in enumerate(upload.parts()):
            work.connection.execute(
                sa.insert(PART).values(file_id=found.id, number=number, content=content)
            )
        if upload.small is not None:
            work.connection.execute(
                sa.insert(PART).values(file_id=found.id, number=SMALL, content=upload.small)
            )

    def _stored(self, upload: Upload) -> StoredFile:
        captured = upload.noted.capture(self.zone)
        return StoredFile("", upload.name, upload.kind.media_type, upload.size, captured)

    def _check(
        self, work: UnitOfWork, user_id: str, sent: StoredFile, limits: FileLimits | None
    ) -> None:
        if not sent.size:
            raise RefusedError(EMPTY.at("/file", name=sent.name))
        if sent.size > LARGEST:
            size = megabytes(sent.size)
            raise RefusedError(
                TOO_LARGE.at("/file", name=sent.name, size=size, most=MOST_MEGABYTES)
            )
        problem = None if limits is None else misfit(sent, limits, work.now)
        if problem is not None:
            raise RefusedError(problem.below("/file"))
        waiting = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(FILE.c.size), 0)).where(
            FILE.c.uploaded_by == user_id, FILE.c.object_id.is_(None)
        )
        count, size = work.connection.execute(waiting).one()
        if count >= MOST_WAITING or int(size) + sent.size > MOST_BYTES_WAITING:
            raise RefusedError(TOO_MANY_WAITING.at("/file", count=count, size=megabytes(int(size))))

    def content(self, file: KnownFile) -> BinaryIO:
        """Return the content of a file as a stream that can begin anywhere."""
        return io.BufferedReader(FileContent(self.database, file), PART_BYTES)

    def small(self, file: KnownFile) -> bytes | None:
        """Return the small image of a file; None where it has none."""
        prepared = _select_part(self.database.dialect)
        with self.database.reading() as reading:
            rows: list[Any] = reading.rows(prepared, {"b_id": file.id, "b_number": SMALL})
        return bytes(rows[0][0]) if rows else None


def new_file_id() -> str:
    """Return an id of which every bit is random, written like any other id."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16)))


class Rows(Protocol):
    """A unit of work, or a connection that only reads."""

    def rows(self, prepared: Prepared, parameters: Any, /) -> list[Any]:
        """Run a prepared statement and return its rows."""
        ...


def find_files(
    rows: Rows, dialect: Dialect, ids: Collection[str], *, locking: bool = False
) -> dict[str, KnownFile]:
    """Return what is known of files by id; one statement. With `locking` no other write takes them."""
    found: dict[str, KnownFile] = {}
    uploaded = INSTANT.from_driver(dialect)
    ordered = sorted(ids)
    for start in range(0, len(ordered), MOST_IDS):
        some = ordered[start : start + MOST_IDS]
        for row in rows.rows(_select_files(dialect, locking), {"ids": some}):
            file_id, name, media_type, size, sha256, by_user, at, captured, *holder = row
            known = Capture.of(loads(captured)) if captured else Capture()
            stored = StoredFile(str(file_id), name, media_type, int(size), known)
            held = (str(holder[0]), str(holder[1]), str(holder[2])) if holder[0] else None
            found[stored.id] = KnownFile(stored, sha256, str(by_user), uploaded(at), held)
    return found


@functools.cache
def _select_files(dialect: Dialect, locking: bool) -> Prepared:  # noqa: FBT001 - cached by its place
    ids = sa.bindparam("ids", expanding=True, type_=FILE.c.id.type)
    query = sa.select(
        FILE.c.id,
        FILE.c.name,
        FILE.c.type,
        FILE.c.size,
        FILE.c.sha256,
        FILE.c.uploaded_by,
        FILE.c.uploaded_at,
        FILE.c.captured,
        FILE.c.object_id,
        FILE.c.record_id,
        FILE.c.field_id,
    )
    query = query.where(FILE.c.id.in_(ids)).order_by(FILE.c.id)
    return prepare(query.with_for_update() if locking else query, dialect)


def remove_files(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """Remove files with their content; say how many. What was taken meanwhile stays."""
    gone = list(connection.execute(sa.delete(FILE).where(which).returning(FILE.c.id)).scalars())
    for start in range(0, len(gone), MOST_IDS):
        some = gone[start : start + MOST_IDS]
        connection.execute(sa.delete(PART).where(PART.c.file_id.in_(some)))
    return len(gone)


def count_files(connection: sa.Connection) -> tuple[int, int, int]:
    """Return how many files there are, their bytes, and how many of them lack some of their content."""
    parts = sa.select(sa.func.count()).where(PART.c.file_id == FILE.c.id).scalar_subquery()
    wanted = (FILE.c.size + (PART_BYTES - 1)) // PART_BYTES
    broken = sa.func.coalesce(sa.func.sum(sa.case((parts != wanted, 1), else_=0)), 0)
    size = sa.func.coalesce(sa.func.sum(FILE.c.size), 0)
    count, total, lacking = connection.execute(sa.select(sa.func.count(), size, broken)).one()
    return int(count), int(total), int(lacking)


def name_uploader(work: UnitOfWork, file_id: str, user_id: str | None) -> None:
    """Say who sent a file that was brought from elsewhere, where that is somebody here."""
    if user_id is not None:
        change = sa.update(FILE).where(FILE.c.id == file_id).values(uploaded_by=user_id)
        work.connection.execute(change)


def forget_waiting(work: UnitOfWork) -> int:
    """Remove files that no record took within a day; return how many."""
    old = FILE.c.uploaded_at < work.now - KEPT_WAITING
    return remove_files(work.connection, sa.and_(FILE.c.object_id.is_(None), old))


class FileContent(io.RawIOBase):
    """The content of a file, read part by part, each in a short read of its own.

    Content never changes, so parts that are read at different times fit each other. Raise OSError
    where the file went meanwhile.
    """

    def __init__(self, database: Database, file: KnownFile) -> None:
        super().__init__()
        self._database = database
        self._file = file
        self._place = 0
        self._number = -1
        self._part = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that reading can begin anywhere."""
        return True

    def tell(self) -> int:
        """Return where reading goes on."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on reading elsewhere."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._file.stored.size}[
            whence
        ]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read into a buffer, up to the end of a part."""
        view = memoryview(buffer).cast("B")
        if self._place >= self._file.stored.size:
            return 0
        number, start = divmod(self._place, PART_BYTES)
        if number != self._number:
            self._part, self._number = self._read_part(number), number
        found = self._part[start : start + len(view)]
        view[: len(found)] = found
        self._place += len(found)
        return len(found)

    def _read_part(self, number: int) -> bytes:
        prepared = _select_part(self._database.dialect)
        with self._database.reading() as reading:
            rows: list[Any] = reading.rows(prepared, {"b_id": self._file.id, "b_number": number})
        if not rows:
            raise OSError(f"the content of file {self._file.id} is gone")
        return bytes(rows[0][0])


@functools.cache
def _select_part(dialect: Dialect) -> Prepared:
    wanted = (
        PART.c.file_id == sa.bindparam("b_id", type_=PART.c.file_id.type),
        PART.c.number == sa.bindparam("b_number", type_=PART.c.number.type),
    )
    return prepare(sa.select(PART.c.content).where(*wanted), dialect)
