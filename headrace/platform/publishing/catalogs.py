"""The live version and earlier ones, read from the database; built once in each process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.canonical import canonical_bytes, combined_hash
from headrace.platform.core.errors import NotFoundError
from headrace.platform.core.problems import Message
from headrace.platform.database.engine import Database
from headrace.platform.database.names import Names, load_names
from headrace.platform.database.system_tables import DOCUMENT, LIVE, VERSION
from headrace.platform.database.tables import Tables, build_tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.building.search_keys import without_keys
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.checks import Checker
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.row_names import rows_following
from headrace.platform.publishing.rows import ROWS_KIND, RowsFile

KEPT_PARTS: Final = 2_000
"""How many documents and files of versions that are not live are kept in memory."""

UNKNOWN_VERSION = Message(
    "version.unknown",
    "There is no version {number}.",
    "没有版本 {number}。",
    "`headrace versions` lists them.",
    "可用 `headrace versions` 查看。",
)


@dataclass(frozen=True, slots=True)
class Published:
    """A published version, ready for use: catalog, tables, rows that came with its modules.

    `content` is what it was built from, None where it was put together otherwise.
    """

    catalog: Catalog
    tables: Tables
    rows: tuple[RowsFile, ...]
    content: Content | None = None

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


@dataclass(frozen=True)
class Content:
    """What a version consists of."""

    documents: tuple[Document, ...]
    rows: tuple[RowsFile, ...]

    @cached_property
    def document_ids(self) -> frozenset[int]:
        """Which documents these are, as values of this process."""
        return frozenset(map(id, self.documents))

    def with_documents(self, documents: tuple[Document, ...]) -> Content:
        """Return other documents with these rows, which follow the names of what they speak of."""
        return Content(documents, rows_following(self.rows, self.documents, documents))

    def without(self, other: Content) -> tuple[Document, ...]:
        """Return the documents that are not the very same in another content; most mostly are."""
        same = other.document_ids
        return tuple(one for one in self.documents if id(one) not in same)

    @cached_property
    def by_hash(self) -> Mapping[str, Document | RowsFile]:
        """Everything in it by its hash."""
        parts: tuple[Document | RowsFile, ...] = (*self.documents, *self.rows)
        return {one.hash: one for one in parts}

    @cached_property
    def hashes(self) -> list[str]:
        """The hashes of everything in it, in order."""
        return sorted([*(one.hash for one in self.documents), *(one.hash for one in self.rows)])


class BrokenVersionError(Exception):
    """A stored version cannot be built: the database was changed by hand, or by a newer program."""


MOST_VERSIONS: Final = 2**31 - 1
"""The largest number that a version can have; a database does not take any other."""


class CatalogStore:
    """Gives the published version; every thread of the process shares what was built."""

    def __init__(self, database: Database, types: FieldTypes) -> None:
        self._database = database
        self._types = types
        self.checker = Checker()
        self._expected: tuple[Catalog, Content] | None = None
        self._lock = threading.Lock()
        self._live: Published | None = None
        self._kept: dict[str, Document | RowsFile] = {}

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

    def expect(self, catalog: Catalog, content: Content) -> None:
        """Take up what this process has just published, so that it is not built again."""
        self._expected = (catalog, content)

    def load(self, number: int) -> Published:
        """Return a version, live or not; its tables are those of today's names."""
        with self._lock, self._database.snapshot() as reading:
            published = self._build(reading.connection, number)
            self._keep(published.content)
            return published

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
            content = self.content(connection, live if number is None else number)
            self._keep(content)
            return content

    def content_with(self, hashes: Sequence[str]) -> Content:
        """Return the content that consists of these stored parts."""
        with self._lock, self._database.snapshot() as reading:
            return self._content_of_hashes(reading.connection, hashes)

    def _keep(self, content: Content | None) -> None:
        """Keep parts of a version for the next look at it, or at one like it; the oldest go."""
        self._kept = {**self._kept, **(content.by_hash if content else {})}
        for one in list(self._kept)[:-KEPT_PARTS]:
            del self._kept[one]

    def content(self, connection: sa.Connection, number: int) -> Content:
        """Return the documents and rows of a version; version 0 has none."""
        live = self._live
        if live is not None and live.version == number and live.content is not None:
            return live.content
        if number == 0:
            return Content((), ())
        query = sa.select(VERSION.c.documents).where(VERSION.c.number == number)
        known = 0 < number <= MOST_VERSIONS
        hashes = connection.execute(query).scalar_one_or_none() if known else None
        if hashes is None:
            raise NotFoundError(UNKNOWN_VERSION.at(number=number))
        return self._content_of_hashes(connection, hashes)

    def _content_of_hashes(self, connection: sa.Connection, hashes: Sequence[str]) -> Content:
        found = self._known_parts(self._live, hashes)
        found.update(_read_parts(connection, [one for one in hashes if one not in found]))
        parts = [found[one] for one in hashes]
        return Content(
            tuple(part for part in parts if isinstance(part, Document)),
            tuple(part for part in parts if isinstance(part, RowsFile)),
        )

    def _known_parts(
        self, live: Published | None, hashes: Sequence[str]
    ) -> dict[str, Document | RowsFile]:
        """Return the parts that are in memory, so that each is one value in all versions."""
        known = live.content.by_hash if live is not None and live.content is not None else {}
        places: list[Mapping[str, Document | RowsFile]] = [known, self._kept]
        if self._expected is not None:
            places.append(self._expected[1].by_hash)
        found: dict[str, Document | RowsFile] = {}
        missing: Iterable[str] = hashes
        for place in places:
            found.update((one, place[one]) for one in missing if one in place)
            missing = [one for one in missing if one not in found]
        return found

    def _build(self, connection: sa.Connection, number: int) -> Published:
        content = self.content(connection, number)
        live = self._live
        known = live.tables.names if live else None
        stored = load_names(connection, known)
        former = live.catalog if live else None
        catalog = _with_kept_keys(self._catalog(number, content), stored, former)
        names = stored.with_catalog(catalog, named=former)
        tables = build_tables(catalog, names, self._database.dialect, live.tables if live else None)
        return Published(catalog, tables, content.rows, content)

    def _catalog(self, number: int, content: Content) -> Catalog:
        """Return the catalog of a version: the one that was planned here, or one that is built."""
        expected, self._expected = self._expected, None
        if expected is not None:
            catalog, planned = expected
            if catalog.version == number and planned.hashes == content.hashes:
                return catalog
        previous = self._live.catalog if self._live else None
        built = build_catalog(content.documents, self._types, number, previous)
        if built.catalog is None:
            raise BrokenVersionError(f"version {number}: {built.problems}")
        return built.catalog


def _with_kept_keys(catalog: Catalog, names: Names, former: Catalog | None) -> Catalog:
    """Return a catalog without the keys of texts that have no column yet: the next publish makes them.

    So a database that was published by an earlier program goes on, and searches texts as they are.
    Objects that are those of the `former` catalog were looked at for that.
    """
    known: Mapping[str, ObjectModel] = {} if former is None else former.objects
    changed = {
        name: without_keys(model, lacking)
        for name, model in catalog.objects.items()
        if known.get(name) is not model
        and (lacking := {one.name for one in model.fields.values() if _has_no_column(one, names)})
    }
    if not changed:
        return catalog
    return replace(catalog, objects={**catalog.objects, **changed})


def _has_no_column(field: FieldModel, names: Names) -> bool:
    return field.key_of is not None and field.stored and field.id not in names


def save_version(
    work: UnitOfWork,
    number: int,
    content: Content,
    message: str,
    by_user: str | None,
    former: Content | None = None,
) -> None:
    """Store a version and let it be live: the last statements of a publish.

    What is in `former`, the content of an earlier version, is known to be stored.
    """
    hashes = content.hashes
    save_parts(work, content, former)
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


def save_parts(work: UnitOfWork, content: Content, former: Content | None = None) -> None:
    """Store the documents and rows of `content` that are not stored yet."""
    stored = former.by_hash if former else {}
    unsure = [one for one in content.by_hash if one not in stored]
    known: set[str] = set()
    for start in range(0, len(unsure), 500):
        query = sa.select(DOCUMENT.c.hash).where(DOCUMENT.c.hash.in_(unsure[start : start + 500]))
        known.update(work.connection.execute(query).scalars())
    added = [_row(content.by_hash[one]) for one in unsure if one not in known]
    if added:
        work.connection.execute(sa.insert(DOCUMENT), added)


def _read_parts(
    connection: sa.Connection, hashes: Sequence[str]
) -> Iterator[tuple[str, Document | RowsFile]]:
    for start in range(0, len(hashes), 500):
        chunk = hashes[start : start + 500]
        for row in connection.execute(sa.select(DOCUMENT).where(DOCUMENT.c.hash.in_(chunk))):
            yield row.hash, _part(row)


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
    return Document.stored(row.module, json.loads(row.content), row.hash)
