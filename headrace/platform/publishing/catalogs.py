"""The live version and earlier ones, read from the database; built once in each process."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.canonical import canonical_bytes, combined_hash
from headrace.platform.core.errors import NotFoundError
from headrace.platform.core.problems import Message
from headrace.platform.database.engine import Database
from headrace.platform.database.names import load_names
from headrace.platform.database.system_tables import DOCUMENT, LIVE, VERSION
from headrace.platform.database.tables import Tables, build_tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.rows import ROWS_KIND, RowsFile

KEPT_DOCUMENTS: Final = 20_000

UNKNOWN_VERSION = Message(
    "version.unknown",
    "There is no version {number}.",
    "没有版本 {number}。",
    "`headrace versions` lists them.",
    "可用 `headrace versions` 查看。",
)


@dataclass(frozen=True, slots=True)
class Published:
    """A published version, ready for use: catalog, tables, rows that came with its modules."""

    catalog: Catalog
    tables: Tables
    rows: tuple[RowsFile, ...]

    @property
    def version(self) -> int:
        """The number of the version."""
        return self.catalog.version


@dataclass(frozen=True, slots=True)
class Version:
    """A line of the list of versions."""

    number: int
    at: datetime
    by_user: str | None
    message: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a version consists of."""

    documents: tuple[Document, ...]
    rows: tuple[RowsFile, ...]

    @property
    def hashes(self) -> list[str]:
        """The hashes of everything in it, in order."""
        return sorted([*(one.hash for one in self.documents), *(one.hash for one in self.rows)])


class BrokenVersionError(Exception):
    """A stored version cannot be built: the database was changed by hand, or by a newer program."""


class CatalogStore:
    """Gives the published version; every thread of the process shares what was built."""

    def __init__(self, database: Database, types: FieldTypes) -> None:
        self._database = database
        self._types = types
        self._lock = threading.Lock()
        self._live: Published | None = None
        self._parts: OrderedDict[str, Document | RowsFile] = OrderedDict()

    @property
    def types(self) -> FieldTypes:
        """The field types that definitions may use."""
        return self._types

    def current(self) -> Published:
        """Return the newest version this process knows: who uses it checks that it is still live."""
        return self._live or self.refresh()

    def refresh(self) -> Published:
        """Return the version that is live now."""
        with self._lock, self._database.snapshot() as reading:
            connection = reading.connection
            number = connection.execute(sa.select(LIVE.c.version)).scalar_one()
            if self._live is None or self._live.version != number:
                self._live = self._build(connection, number)
            return self._live

    def load(self, number: int) -> Published:
        """Return a version, live or not; its tables are those of today's names."""
        with self._lock, self._database.snapshot() as reading:
            return self._build(reading.connection, number)

    def versions(self) -> tuple[Version, ...]:
        """Return all versions, the newest first."""
        columns = (
            VERSION.c.number,
            VERSION.c.at,
            VERSION.c.by_user,
            VERSION.c.message,
            VERSION.c.fingerprint,
        )
        with self._database.reading() as reading:
            rows = reading.connection.execute(sa.select(*columns).order_by(VERSION.c.number.desc()))
            return tuple(Version(*row) for row in rows)

    def content_of(self, number: int | None = None) -> Content:
        """Return the documents and rows of a version, the live one without `number`."""
        with self._lock, self._database.snapshot() as reading:
            connection = reading.connection
            live: int = connection.execute(sa.select(LIVE.c.version)).scalar_one()
            return self.content(connection, live if number is None else number)

    def content(self, connection: sa.Connection, number: int) -> Content:
        """Return the documents and rows of a version; version 0 has none."""
        if number == 0:
            return Content((), ())
        query = sa.select(VERSION.c.documents).where(VERSION.c.number == number)
        hashes = connection.execute(query).scalar_one_or_none()
        if hashes is None:
            raise NotFoundError(UNKNOWN_VERSION.at(number=number))
        self._read_parts(connection, [one for one in hashes if one not in self._parts])
        parts = [self._parts[one] for one in hashes]
        return Content(
            tuple(part for part in parts if isinstance(part, Document)),
            tuple(part for part in parts if isinstance(part, RowsFile)),
        )

    def _read_parts(self, connection: sa.Connection, hashes: list[str]) -> None:
        for start in range(0, len(hashes), 500):
            chunk = hashes[start : start + 500]
            rows = connection.execute(sa.select(DOCUMENT).where(DOCUMENT.c.hash.in_(chunk)))
            for row in rows:
                self._parts[row.hash] = _part(row)
        while len(self._parts) > KEPT_DOCUMENTS:
            self._parts.popitem(last=False)

    def _build(self, connection: sa.Connection, number: int) -> Published:
        content = self.content(connection, number)
        built = build_catalog(content.documents, self._types, number)
        if built.catalog is None:
            raise BrokenVersionError(f"version {number}: {built.problems}")
        names = load_names(connection).with_catalog(built.catalog)
        previous = self._live.tables if self._live else None
        tables = build_tables(built.catalog, names, self._database.dialect, previous)
        return Published(built.catalog, tables, content.rows)


def save_version(
    work: UnitOfWork, number: int, content: Content, message: str, by_user: str | None
) -> None:
    """Store a version and let it be live: the last statements of a publish."""
    hashes = content.hashes
    known: set[str] = set()
    for start in range(0, len(hashes), 500):
        query = sa.select(DOCUMENT.c.hash).where(DOCUMENT.c.hash.in_(hashes[start : start + 500]))
        known.update(work.connection.execute(query).scalars())
    parts: Iterable[Document | RowsFile] = (*content.documents, *content.rows)
    added = {one.hash: _row(one) for one in parts if one.hash not in known}
    if added:
        work.connection.execute(sa.insert(DOCUMENT), list(added.values()))
    version = {
        "number": number,
        "at": work.now,
        "by_user": by_user,
        "message": message,
        "fingerprint": combined_hash(hashes),
        "documents": hashes,
    }
    work.connection.execute(sa.insert(VERSION), version)
    work.connection.execute(sa.update(LIVE).values(version=number))


def _row(part: Document | RowsFile) -> dict[str, Any]:
    if isinstance(part, Document):
        kind, name, content = part.kind, part.name, canonical_bytes(part.content).decode()
    else:
        kind, name, content = ROWS_KIND, f"{part.set}/{part.object}", part.text
    return {
        "hash": part.hash,
        "module": part.module,
        "kind": kind,
        "name": name,
        "content": content,
    }


def _part(row: Any) -> Document | RowsFile:
    if row.kind == ROWS_KIND:
        row_set, _, name = row.name.partition("/")
        return RowsFile(row.module, row_set, name, row.content)
    return Document(row.module, json.loads(row.content))
