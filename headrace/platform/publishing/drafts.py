"""Drafts on the server: changes that several admins make together before they are published.

A draft stands on a published version and holds only what it changes. Every change is one row that
says who, when, before and after; its number is the version of the document that it made. A draft may
be wrong; only what is published must be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.audit import actor_of, record
from headrace.platform.access.tables import USER
from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.core.errors import ConflictError, NotFoundError, RefusedError, StaleError
from headrace.platform.core.ids import IdSource, is_record_id
from headrace.platform.core.problems import Message, errors
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.merging import changed, slot_of
from headrace.platform.publishing.aliases import load_aliases
from headrace.platform.publishing.catalogs import CatalogStore
from headrace.platform.publishing.draft_content import (
    OTHER_ID,
    OTHER_KIND,
    applied,
    entries_between,
    form_problem,
    id_of,
    with_ids,
)
from headrace.platform.publishing.draft_entries import draft_entry
from headrace.platform.publishing.draft_rows import (
    STATES,
    Action,
    Draft,
    DraftChange,
    DraftDocument,
    change_of,
    document_json,
    document_of,
    document_text,
    draft_of,
    held_document,
)
from headrace.platform.publishing.draft_tables import DRAFT, DRAFT_CHANGE, DRAFT_DOCUMENT
from headrace.platform.publishing.folders import Modules
from headrace.platform.publishing.identities import Known, identify

LONGEST_NAME: Final = 100

UNKNOWN: Final = Message(
    "draft.unknown",
    "There is no draft “{name}”.",
    "没有草稿“{name}”。",
    "`headrace draft list` shows the open ones.",
    "可用 `headrace draft list` 查看未完成的草稿。",
)
CLOSED: Final = Message(
    "draft.closed",
    "The draft “{name}” is {state} and cannot be changed any more.",
    "草稿“{name}”{state}，不能再修改。",
    "Make a new draft.",
    "请新建草稿。",
)
BAD_NAME: Final = Message(
    "draft.name",
    "A draft has a name of 1 to {limit} characters.",
    "草稿名称须为 1 至 {limit} 个字符。",
    "Say in a few words what the change is for.",
    "请用几个字说明此次修改的目的。",
)
NAME_TAKEN: Final = Message(
    "draft.name_taken",
    "There is an open draft “{name}” already.",
    "已有名为“{name}”的草稿。",
    "Work in it, or choose another name.",
    "请在该草稿中继续，或换一个名称。",
)
UNKNOWN_DOCUMENT: Final = Message(
    "draft.unknown_document",
    "The draft has no definition with the id “{id}”.",
    "草稿中没有标识为“{id}”的定义。",
    "Read the draft's list of documents.",
    "请查看草稿的文档列表。",
)
TAKEN: Final = Message(
    "draft.document_exists",
    "The draft has the {kind} “{name}” already.",
    "草稿中已有 {kind}“{name}”。",
    "Change that one, or choose another name.",
    "请修改已有的定义，或换一个名称。",
)
STALE: Final = Message(
    "draft.stale",
    "“{name}” was changed since you read it: it is at version {now}, you sent {sent}.",
    "“{name}”在您读取之后已被修改：现为版本 {now}，您提交的是 {sent}。",
    "Read it again and make your change on top.",
    "请重新读取后再修改。",
)
UNKNOWN_CHANGE: Final = Message(
    "draft.unknown_change",
    "The draft has no change number {number} that can be undone.",
    "草稿中没有可撤销的第 {number} 号修改。",
    "Read the draft's list of changes.",
    "请查看草稿的修改列表。",
)


class Drafts:
    """Makes drafts, reads them and changes what is in them."""

    def __init__(self, database: Database, catalogs: CatalogStore, ids: IdSource) -> None:
        self._database = database
        self._catalogs = catalogs
        self._ids = ids

    # -- reading ------------------------------------------------------------------------------

    def all(self, *, closed: bool = False) -> tuple[Draft, ...]:
        """Return the open drafts, the last changed first; with `closed` the others too."""
        query = sa.select(DRAFT).order_by(DRAFT.c.changed_at.desc(), DRAFT.c.id.desc())
        if not closed:
            query = query.where(DRAFT.c.state == "open")
        with self._database.reading() as reading:
            return tuple(draft_of(row) for row in reading.connection.execute(query))

    def get(self, draft_id: str) -> Draft:
        """Return a draft by id; raise NotFoundError where there is none."""
        with self._database.reading() as reading:
            return self._get(reading.connection, draft_id)

    def find(self, name_or_id: str) -> Draft:
        """Return a draft by id, or an open one by name."""
        if is_record_id(name_or_id):
            return self.get(name_or_id)
        query = sa.select(DRAFT).where(DRAFT.c.name == name_or_id, DRAFT.c.state == "open")
        with self._database.reading() as reading:
            row = reading.connection.execute(query).first()
        if row is None:
            raise NotFoundError(UNKNOWN.at(name=name_or_id))
        return draft_of(row)

    def documents(self, draft: Draft) -> tuple[DraftDocument, ...]:
        """Return everything as it would be, by file; then what the draft deletes."""
        base = {id_of(one): one for one in self._catalogs.content_of(draft.base).documents}
        with self._database.snapshot() as reading:
            entries = self.entries(reading.connection, draft.id)
            versions = self._versions(reading.connection, draft.id)
        made = applied(base.values(), entries)
        present = [
            DraftDocument(id_of(one), versions.get(id_of(one), 0), one, base.get(id_of(one)))
            for one in sorted(made, key=lambda one: one.file)
        ]
        gone = [
            DraftDocument(key, versions.get(key, 0), None, base.get(key))
            for key, one in entries.items()
            if one is None
        ]
        return (*present, *gone)

    def document(self, draft: Draft, definition_id: str) -> DraftDocument:
        """Return one definition; raise NotFoundError where draft and base do not know it."""
        with self._database.snapshot() as reading:
            return self._document(reading.connection, draft, definition_id)

    def content(self, draft: Draft) -> tuple[Document, ...]:
        """Return all documents as publishing the draft would leave them."""
        with self._database.snapshot() as reading:
            entries = self.entries(reading.connection, draft.id)
        return applied(self._catalogs.content_of(draft.base).documents, entries)

    def changes(self, draft: Draft, after: int = 0, limit: int = 200) -> tuple[DraftChange, ...]:
        """Return the changes with a number above `after`, the oldest first."""
        query = (
            sa.select(DRAFT_CHANGE, USER.c.name.label("by_name"))
            .outerjoin(USER, USER.c.id == DRAFT_CHANGE.c.by_user)
            .where(DRAFT_CHANGE.c.draft_id == draft.id, DRAFT_CHANGE.c.number > after)
            .order_by(DRAFT_CHANGE.c.number)
            .limit(limit)
        )
        with self._database.reading() as reading:
            return tuple(change_of(row) for row in reading.connection.execute(query))

    def people(self) -> Mapping[str, tuple[str, ...]]:
        """Return the names of those who changed each open draft, by its id."""
        query = (
            sa.select(DRAFT_CHANGE.c.draft_id, USER.c.name)
            .join(USER, USER.c.id == DRAFT_CHANGE.c.by_user)
            .join(DRAFT, DRAFT.c.id == DRAFT_CHANGE.c.draft_id)
            .where(DRAFT.c.state == "open")
            .distinct()
            .order_by(USER.c.name)
        )
        found: dict[str, tuple[str, ...]] = {}
        with self._database.reading() as reading:
            for draft, name in reading.connection.execute(query):
                found[str(draft)] = (*found.get(str(draft), ()), name)
        return found

    def entries(self, connection: sa.Connection, draft_id: str) -> dict[str, Document | None]:
        """Return what a draft holds, by definition id; None for what it deletes."""
        query = sa.select(DRAFT_DOCUMENT).where(DRAFT_DOCUMENT.c.draft_id == draft_id)
        return {row.definition_id: held_document(row) for row in connection.execute(query)}

    # -- changing -----------------------------------------------------------------------------

    def create(self, work: UnitOfWork, name: str, by_user: str | None) -> Draft:
        """Make an empty draft on top of the live version."""
        name = name.strip()
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise RefusedError(BAD_NAME.at("/name", limit=LONGEST_NAME))
        query = sa.select(DRAFT.c.id).where(DRAFT.c.name == name, DRAFT.c.state == "open")
        if work.connection.execute(query).first() is not None:
            raise RefusedError(NAME_TAKEN.at("/name", name=name))
        draft = Draft(
            self._ids.record_id(), name, "open", work.version, 0, by_user, work.now, work.now, None
        )
        work.connection.execute(sa.insert(DRAFT), asdict(draft))
        return self._log(work, draft, "create", by_user)

    def add(
        self, work: UnitOfWork, draft: Draft, module: str, content: Any, by_user: str | None
    ) -> DraftDocument:
        """Take in a new definition; it gets its ids, and those of its parts, here."""
        draft = self.locked(work, draft.id)
        _check_form(content)
        document = Document(module, with_ids(content, None, self._ids))
        present = self._present(work.connection, draft)
        if id_of(document) in present or slot_of(document) in map(slot_of, present.values()):
            raise ConflictError(TAKEN.at("/content", kind=document.kind, name=document.name))
        return self._store(work, draft, id_of(document), document, "put", by_user)

    def put(
        self,
        work: UnitOfWork,
        draft: Draft,
        definition_id: str,
        module: str | None,
        content: Any,
        expected: int,
        by_user: str | None,
    ) -> DraftDocument:
        """Replace a definition whole; raise StaleError where it is not at version `expected`."""
        draft = self.locked(work, draft.id)
        held = self._document(work.connection, draft, definition_id)
        self._check_version(work.connection, draft, held, expected)
        _check_form(content)
        former = held.document or held.before
        if content.get("id", definition_id) != definition_id:
            raise RefusedError(OTHER_ID.at("/content/id"))
        if former is not None and content["kind"] != former.kind:
            raise RefusedError(OTHER_KIND.at("/content/kind", kind=former.kind))
        made = with_ids(
            {**content, "id": definition_id}, former.content if former else None, self._ids
        )
        document = Document(module or (former.module if former else ""), made)
        return self._store(work, draft, definition_id, document, "put", by_user)

    def delete(
        self,
        work: UnitOfWork,
        draft: Draft,
        definition_id: str,
        expected: int,
        by_user: str | None,
    ) -> DraftDocument:
        """Delete a definition in the draft."""
        draft = self.locked(work, draft.id)
        held = self._document(work.connection, draft, definition_id)
        self._check_version(work.connection, draft, held, expected)
        if held.document is None:
            raise NotFoundError(UNKNOWN_DOCUMENT.at(id=definition_id))
        return self._store(work, draft, definition_id, None, "delete", by_user)

    def undo(
        self, work: UnitOfWork, draft: Draft, number: int, by_user: str | None
    ) -> DraftDocument:
        """Take back one change, as a change of its own; it must be the last one of its document."""
        draft = self.locked(work, draft.id)
        query = sa.select(DRAFT_CHANGE).where(
            DRAFT_CHANGE.c.draft_id == draft.id, DRAFT_CHANGE.c.number == number
        )
        row = work.connection.execute(query).first()
        if row is None or row.definition_id is None:
            raise NotFoundError(UNKNOWN_CHANGE.at(number=number))
        held = self._document(work.connection, draft, row.definition_id)
        self._check_version(work.connection, draft, held, number)
        return self._store(work, draft, row.definition_id, document_of(row.before), "undo", by_user)

    def replace(
        self,
        work: UnitOfWork,
        draft: Draft,
        wanted: Iterable[Document],
        action: Action,
        by_user: str | None,
        base: int | None = None,
    ) -> Draft:
        """Let the draft come out as `wanted`, on another version where `base` is given."""
        draft = self.locked(work, draft.id)
        before = {id_of(one): one for one in self._on_base(work.connection, draft)}
        if base is not None and base != draft.base:
            draft = self._changed(work, draft, base=base)
            draft = self._log(work, draft, action, by_user)
        live = self._catalogs.content_of(draft.base).documents
        after = {id_of(one): one for one in wanted}
        entries = entries_between(live, after.values())
        work.connection.execute(
            sa.delete(DRAFT_DOCUMENT).where(DRAFT_DOCUMENT.c.draft_id == draft.id)
        )
        known = {id_of(one): one for one in live}
        for key, one in entries.items():
            self._insert(work, draft, key, one, known.get(key))
        for key in sorted(before.keys() | after.keys()):
            old, new = before.get(key), after.get(key)
            if old is None or new is None or changed(old, new):
                draft = self._log(work, draft, action, by_user, key, old, new)
        return draft

    def take_modules(
        self, work: UnitOfWork, draft: Draft, modules: Modules, by_user: str | None
    ) -> Draft:
        """Let the draft have modules as they were read, in the place of its own ones.

        A definition with the name of a live one is that one, whatever its id. Raise RefusedError for
        what is wrong with the modules, and for names that definitions of other modules have.
        """
        wrong = errors(modules.problems)
        if wrong:
            raise RefusedError.of(wrong)
        draft = self.locked(work, draft.id)
        present = self._on_base(work.connection, draft)
        known = Known(load_aliases(work.connection), unasked="same", modules=modules.names)
        found = identify(modules.documents, present, self._ids, known)
        if found.problems:
            raise RefusedError.of(found.problems)
        kept = [one for one in present if one.module not in modules.names]
        return self.replace(work, draft, (*kept, *found.documents), "put", by_user)

    def discard(
        self, work: UnitOfWork, draft: Draft, expected: int | None, by_user: str | None
    ) -> Draft:
        """Give a draft up; its changes stay on record."""
        draft = self.locked(work, draft.id, expected)
        draft = self._changed(work, draft, state="discarded")
        return self._log(work, draft, "discard", by_user)

    def mark_published(
        self, work: UnitOfWork, draft: Draft, number: int, by_user: str | None
    ) -> Draft:
        """Close a draft that went live as version `number`."""
        draft = self.locked(work, draft.id, draft.version)
        draft = self._changed(work, draft, state="published", published=number)
        return self._log(work, draft, "publish", by_user)

    def locked(self, work: UnitOfWork, draft_id: str, expected: int | None = None) -> Draft:
        """Return an open draft, so that nobody else changes it until this work ends.

        Raise StaleError where `expected` is given and the draft is at another version.
        """
        draft = self._get(work.connection, draft_id, lock=True)
        refuse_closed(draft)
        refuse_stale(draft, expected)
        return draft

    # -- parts --------------------------------------------------------------------------------

    def _get(self, connection: sa.Connection, draft_id: str, *, lock: bool = False) -> Draft:
        query = sa.select(DRAFT).where(DRAFT.c.id == draft_id)
        found = (
            connection.execute(query.with_for_update() if lock else query).first()
            if is_record_id(draft_id)
            else None
        )
        if found is None:
            raise NotFoundError(UNKNOWN.at(name=draft_id))
        return draft_of(found)

    def _on_base(self, connection: sa.Connection, draft: Draft) -> tuple[Document, ...]:
        base = self._catalogs.content_of(draft.base).documents
        return applied(base, self.entries(connection, draft.id))

    def _present(self, connection: sa.Connection, draft: Draft) -> dict[str, Document]:
        return {id_of(one): one for one in self._on_base(connection, draft)}

    def _document(
        self, connection: sa.Connection, draft: Draft, definition_id: str
    ) -> DraftDocument:
        base = self._catalogs.content_of(draft.base).documents
        before = next((one for one in base if id_of(one) == definition_id), None)
        query = sa.select(DRAFT_DOCUMENT).where(
            DRAFT_DOCUMENT.c.draft_id == draft.id, DRAFT_DOCUMENT.c.definition_id == definition_id
        )
        row = connection.execute(query).first()
        version = self._versions(connection, draft.id, definition_id).get(definition_id, 0)
        if row is not None:
            return DraftDocument(definition_id, version, held_document(row), before)
        if before is None and not version:
            raise NotFoundError(UNKNOWN_DOCUMENT.at(id=definition_id))
        return DraftDocument(definition_id, version, before, before)

    def _versions(
        self, connection: sa.Connection, draft_id: str, definition_id: str | None = None
    ) -> Mapping[str, int]:
        """Return the number of the last change of each document that was ever changed."""
        query = (
            sa.select(DRAFT_CHANGE.c.definition_id, sa.func.max(DRAFT_CHANGE.c.number))
            .where(DRAFT_CHANGE.c.draft_id == draft_id)
            .group_by(DRAFT_CHANGE.c.definition_id)
        )
        if definition_id is not None:
            query = query.where(DRAFT_CHANGE.c.definition_id == definition_id)
        return {row[0]: row[1] for row in connection.execute(query) if row[0] is not None}

    def _check_version(
        self, connection: sa.Connection, draft: Draft, held: DraftDocument, expected: int
    ) -> None:
        if held.version == expected:
            return
        shown = held.document or held.before
        differences = {
            "version": held.version,
            "document": document_json(held.document),
            "read": self._as_read(connection, draft, held, expected),
        }
        name = shown.name if shown else held.id
        raise StaleError(
            STALE.at(name=name, now=held.version, sent=expected), differences=differences
        )

    def _as_read(
        self, connection: sa.Connection, draft: Draft, held: DraftDocument, version: int
    ) -> Any:
        """Return the document as it was at an earlier version; None where that is not known."""
        if version == 0:
            return document_json(held.before)
        query = sa.select(DRAFT_CHANGE.c.after).where(
            DRAFT_CHANGE.c.draft_id == draft.id,
            DRAFT_CHANGE.c.number == version,
            DRAFT_CHANGE.c.definition_id == held.id,
        )
        return document_json(document_of(connection.execute(query).scalar_one_or_none()))

    def _store(
        self,
        work: UnitOfWork,
        draft: Draft,
        definition_id: str,
        document: Document | None,
        action: Action,
        by_user: str | None,
    ) -> DraftDocument:
        held = self._held(work.connection, draft, definition_id)
        work.connection.execute(
            sa.delete(DRAFT_DOCUMENT).where(
                DRAFT_DOCUMENT.c.draft_id == draft.id,
                DRAFT_DOCUMENT.c.definition_id == definition_id,
            )
        )
        made = DraftDocument(definition_id, draft.version + 1, document, held.before)
        if made.is_changed:
            self._insert(work, draft, definition_id, document, held.before or held.document)
        self._log(work, draft, action, by_user, definition_id, held.document, document)
        return made

    def _held(self, connection: sa.Connection, draft: Draft, definition_id: str) -> DraftDocument:
        """Return a definition as it is before a change; one that is new has nothing before."""
        try:
            return self._document(connection, draft, definition_id)
        except NotFoundError:
            return DraftDocument(definition_id, 0, None)

    @staticmethod
    def _insert(
        work: UnitOfWork,
        draft: Draft,
        definition_id: str,
        document: Document | None,
        before: Document | None,
    ) -> None:
        known = document or before
        if known is None:
            return
        work.connection.execute(
            sa.insert(DRAFT_DOCUMENT),
            {
                "draft_id": draft.id,
                "definition_id": definition_id,
                "module": known.module,
                "content": canonical_bytes(known.content).decode(),
                "deleted": document is None,
            },
        )

    @staticmethod
    def _changed(work: UnitOfWork, draft: Draft, **values: Any) -> Draft:
        work.connection.execute(
            sa.update(DRAFT).where(DRAFT.c.id == draft.id).values(changed_at=work.now, **values)
        )
        return replace(draft, changed_at=work.now, **values)

    def _log(
        self,
        work: UnitOfWork,
        draft: Draft,
        action: Action,
        by_user: str | None,
        definition_id: str | None = None,
        before: Document | None = None,
        after: Document | None = None,
    ) -> Draft:
        """Note a change; its number becomes the version of the draft."""
        draft = self._changed(work, draft, version=draft.version + 1)
        row = {
            "draft_id": draft.id,
            "number": draft.version,
            "at": work.now,
            "by_user": by_user,
            "action": action,
            "definition_id": definition_id,
            "before": document_text(before),
            "after": document_text(after),
        }
        work.connection.execute(sa.insert(DRAFT_CHANGE), row)
        entry = draft_entry(draft, action, before, after, self._catalogs.types)
        record(work, [entry], actor_of(by_user))
        return draft


def refuse_closed(draft: Draft) -> None:
    """Raise ConflictError for a draft that was published or discarded."""
    if not draft.is_open:
        raise ConflictError(CLOSED.at(name=draft.name, state=STATES[draft.state]))


def refuse_stale(draft: Draft, expected: int | None) -> None:
    """Raise StaleError for a draft that is not at version `expected`."""
    if expected is not None and expected != draft.version:
        raise StaleError(
            STALE.at(name=draft.name, now=draft.version, sent=expected),
            differences={"version": draft.version},
        )


def _check_form(content: Any) -> None:
    problem = form_problem(content)
    if problem is not None:
        raise RefusedError(problem.below("/content"))
