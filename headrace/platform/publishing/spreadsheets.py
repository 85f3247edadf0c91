"""A module from a spreadsheet: the file is kept, reviewed, put into a draft, and imported when that is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError
from headrace.platform.core.ids import IdSource, is_record_id
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import in_both_languages, read_batch
from headrace.platform.exchange.import_jobs import Imports
from headrace.platform.exchange.requests import ImportRequest
from headrace.platform.exchange.spreadsheets.documents import documents_of
from headrace.platform.exchange.spreadsheets.layout import LeftOut
from headrace.platform.exchange.spreadsheets.proposals import (
    Opened,
    Proposal,
    look_up,
    open_table,
    propose,
)
from headrace.platform.exchange.spreadsheets.reviewing import reviewed
from headrace.platform.exchange.spreadsheets.writing import Kept, ReadyFile, ready_file
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.publishing.draft_rows import Draft, DraftDocument
from headrace.platform.publishing.drafts import Drafts
from headrace.platform.publishing.spreadsheet_tables import SPREADSHEET
from headrace.platform.records.context import Context

KEPT: Final = timedelta(days=30)
SHOWN: Final = 50
LONGEST_DRAFT: Final = 90

State = Literal["uploaded", "drafted", "published", "imported"]

IN_DRAFT: Final = Message(
    "spreadsheet.in_draft",
    "This spreadsheet is in a draft already.",
    "该表格已放入草稿。",
    "Go on in the draft, or discard it to begin again.",
    "请在该草稿中继续，或放弃草稿后重新开始。",
)
NOT_LIVE: Final = Message(
    "spreadsheet.not_live",
    "The object of this spreadsheet is not published.",
    "该表格对应的对象尚未发布。",
    "Publish the draft first; then import the rows.",
    "请先发布草稿，再导入数据行。",
)
IMPORTED: Final = Message(
    "spreadsheet.imported",
    "The rows of this spreadsheet were imported already, or are being imported.",
    "该表格的数据行已导入或正在导入。",
    "Look at the import.",
    "请查看该导入。",
)
NOTHING_LEFT: Final = Message(
    "spreadsheet.nothing_left",
    "No column of this spreadsheet has a field any more.",
    "该表格的列已没有对应的字段。",
    "Import the file at the object's list instead.",
    "请改在该对象的列表中导入文件。",
)


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """An uploaded file and how far it is; `made` is None until it is in a draft."""

    id: str
    file_name: str
    created: datetime
    draft: str | None
    draft_state: str | None
    made: Mapping[str, Any] | None
    import_id: str | None
    left_out: tuple[Mapping[str, Any], ...]

    @property
    def state(self) -> State:
        """How far it is."""
        if self.import_id is not None:
            return "imported"
        if self.draft is None or self.draft_state == "discarded":
            return "uploaded"
        return "published" if self.draft_state == "published" else "drafted"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A reviewed proposal and the documents that it becomes."""

    spreadsheet: str
    proposal: Proposal
    documents: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ReadyRows:
    """The rows of a spreadsheet as an import takes them at a version of what is live."""

    spreadsheet: str
    version: int
    asked: ImportRequest
    ready: ReadyFile


class Spreadsheets:
    """Keeps uploaded spreadsheets of designers, and leads each to its module and records."""

    def __init__(self, drafts: Drafts, imports: Imports, ids: IdSource) -> None:
        self._drafts = drafts
        self._imports = imports
        self._ids = ids

    # -- reading ------------------------------------------------------------------------------

    def mine(self, context: Context, connection: sa.Connection, spreadsheet: str) -> Spreadsheet:
        """Return one of the caller's spreadsheets; raise NotFoundError for any other."""
        return self._of(self._row(context, connection, spreadsheet))

    def listed(self, context: Context, connection: sa.Connection) -> list[Spreadsheet]:
        """Return the caller's newest spreadsheets."""
        columns = [one for one in SPREADSHEET.c if one.name != "content"]
        query = (
            sa.select(*columns)
            .where(SPREADSHEET.c.by_user == context.principal.user_id)
            .order_by(SPREADSHEET.c.id.desc())
            .limit(SHOWN)
        )
        return [self._of(row) for row in connection.execute(query)]

    def proposal(
        self,
        context: Context,
        reading: Any,
        file_name: str,
        data: bytes,
        sheet: str | None = None,
        header: int | None = None,
    ) -> Proposal:
        """Return what a file proposes, with the live records that it names as the caller reads them.

        Raise RefusedError where it cannot be read, has no table or is too large.
        """
        opened = open_table(file_name, data, sheet, header)
        return propose(opened, context.catalog, look_up(context, reading, opened))

    def file(self, context: Context, connection: sa.Connection, spreadsheet: str) -> bytes:
        """Return the content of one of the caller's spreadsheets."""
        return bytes(self._row(context, connection, spreadsheet).content)

    # -- going on -----------------------------------------------------------------------------

    def keep(self, context: Context, work: UnitOfWork, file_name: str, data: bytes) -> str:
        """Keep a file that a proposal could be made of; return its id."""
        spreadsheet = self._ids.record_id()
        work.connection.execute(
            sa.insert(SPREADSHEET).values(
                id=spreadsheet,
                file_name=file_name,
                content=data,
                by_user=context.principal.user_id,
                created=work.now,
            )
        )
        return spreadsheet

    def review(
        self,
        context: Context,
        connection: sa.Connection,
        spreadsheet: str,
        given: Mapping[str, Any],
    ) -> Reviewed:
        """Return what a reviewed proposal becomes; reads the file, so it needs no unit of work.

        Raise RefusedError with what is wrong with the review.
        """
        row = self._row(context, connection, spreadsheet)
        opened = _opened(row, given.get("sheet"), given.get("header"))
        proposal = reviewed(given, opened, propose(opened, context.catalog), context.catalog)
        documents = documents_of(proposal, _designing(context), context.catalog)
        return Reviewed(spreadsheet, proposal, tuple(documents))

    def put_into_draft(
        self, context: Context, work: UnitOfWork, review: Reviewed, draft_id: str | None = None
    ) -> tuple[Draft, list[DraftDocument]]:
        """Put the documents of a review into a draft, a new one where none is named.

        Raise ConflictError where the spreadsheet is in a draft.
        """
        row = self._row(context, work.connection, review.spreadsheet, locked=True)
        if self._of(row).state != "uploaded":
            raise ConflictError(IN_DRAFT.at())
        user = context.principal.user_id
        if draft_id is None:
            draft = self._drafts.create(work, self._draft_name(review.proposal), user)
        else:
            draft = self._drafts.locked(work, draft_id)
        made = [
            self._drafts.add(work, draft, review.proposal.module, content, user)
            for content in review.documents
        ]
        work.connection.execute(
            sa.update(SPREADSHEET)
            .where(SPREADSHEET.c.id == review.spreadsheet)
            .values(draft_id=draft.id, made=_made(review.proposal, made))
        )
        return self._drafts.locked(work, draft.id), made

    def rows(self, context: Context, connection: sa.Connection, spreadsheet: str) -> ReadyRows:
        """Return the rows as the import will be given them; needs no unit of work.

        Fields are found by their ids: what was renamed meanwhile is renamed here too. Raise
        ConflictError while the object is not live.
        """
        row = self._row(context, connection, spreadsheet)
        made = self._of(row).made
        model = None if made is None else _live(context, str(made["object"]))
        if made is None or model is None:
            raise ConflictError(NOT_LIVE.at())
        fields = _fields(model, made["columns"])
        if not fields:
            raise ConflictError(NOTHING_LEFT.at())
        ready = ready_file(_opened(row, made["sheet"], made["header"]), fields)
        stem = row.file_name.rpartition(".")[0] or row.file_name
        asked = ImportRequest(model.name, f"{stem}.csv", partial=True)
        return ReadyRows(spreadsheet, context.catalog.version, asked, ready)

    def start_import(
        self, context: Context, work: UnitOfWork, rows: ReadyRows
    ) -> tuple[str, str, Sequence[LeftOut]]:
        """Ask for the import of rows; return the job, the import and the rows that it is not given.

        Raise ConflictError where they were imported.
        """
        kept = self._of(self._row(context, work.connection, rows.spreadsheet, locked=True))
        self._refuse_twice(work, kept)
        if rows.version != context.catalog.version:
            # Seldom: another version went live since, in which fields may have other names.
            rows = self.rows(context, work.connection, rows.spreadsheet)
        import_id = self._imports.upload(context, work, rows.asked, rows.ready.data)
        job = self._imports.start(context, work, rows.asked, import_id)
        left_out = rows.ready.left_out
        told = [{"row": one.row, **in_both_languages(one.problem)} for one in left_out]
        work.connection.execute(
            sa.update(SPREADSHEET)
            .where(SPREADSHEET.c.id == rows.spreadsheet)
            .values(import_id=import_id, left_out=told)
        )
        return job, import_id, left_out

    # -- parts --------------------------------------------------------------------------------

    def _row(
        self,
        context: Context,
        connection: sa.Connection,
        spreadsheet: str,
        *,
        locked: bool = False,
    ) -> Any:
        """Return the caller's row; `locked`, so that of two who go on with it only one does."""
        query = sa.select(SPREADSHEET).where(
            SPREADSHEET.c.id == spreadsheet,
            SPREADSHEET.c.by_user == context.principal.user_id,
        )
        query = query.with_for_update() if locked else query
        row = connection.execute(query).first() if is_record_id(spreadsheet) else None
        if row is None:
            raise NotFoundError(NOT_FOUND.at())
        return row

    def _of(self, row: Any) -> Spreadsheet:
        draft = None if row.draft_id is None else str(row.draft_id)
        return Spreadsheet(
            id=str(row.id),
            file_name=row.file_name,
            created=row.created,
            draft=draft,
            draft_state=None if draft is None else self._drafts.get(draft).state,
            made=row.made,
            import_id=None if row.import_id is None else str(row.import_id),
            left_out=tuple(row.left_out or ()),
        )

    def _draft_name(self, proposal: Proposal) -> str:
        """Return a name for a draft that no open one has."""
        taken = {one.name for one in self._drafts.all()}
        label = proposal.module_label.within("zh")[:LONGEST_DRAFT]
        number, name = 1, label
        while name in taken:
            number += 1
            name = f"{label} {number}"
        return name

    def _refuse_twice(self, work: UnitOfWork, kept: Spreadsheet) -> None:
        if kept.import_id is None:
            return
        batch = read_batch(work.connection, kept.import_id)
        failed = batch is not None and batch.has_ended and batch.state != "done"
        if batch is None or not failed or batch.counts.created:
            raise ConflictError(IMPORTED.at())


def forget_old_spreadsheets(work: UnitOfWork) -> int:
    """Take away files that were uploaded some weeks ago; return how many."""
    old = sa.delete(SPREADSHEET).where(SPREADSHEET.c.created < work.now - KEPT)
    return work.connection.execute(old).rowcount


def _opened(row: Any, sheet: Any, header: Any) -> Opened:
    return open_table(
        row.file_name,
        bytes(row.content),
        sheet if isinstance(sheet, str) else None,
        header if isinstance(header, int) and not isinstance(header, bool) else None,
    )


def _designing(context: Context) -> list[str]:
    roles = context.catalog.roles
    held = dict.fromkeys(context.principal.role_names)
    return sorted(one for one in held if one in roles and roles[one].design)


def _made(proposal: Proposal, documents: Sequence[DraftDocument]) -> dict[str, Any]:
    """Return what went into the draft: ids by which it is found again whatever it is called then."""
    held = next(
        one for one in documents if one.document is not None and one.document.kind == "object"
    )
    content: Mapping[str, Any] = held.document.content if held.document else {}
    ids = {one["name"]: one["id"] for one in content["fields"]}
    return {
        "sheet": proposal.sheet,
        "header": proposal.header,
        "rows": proposal.rows,
        "object": held.id,
        "columns": [{"index": one.index, "field": ids[one.name]} for one in proposal.kept],
    }


def _live(context: Context, object_id: str) -> ObjectModel | None:
    objects = context.catalog.objects.values()
    return next((one for one in objects if one.id == object_id), None)


def _fields(model: ObjectModel, columns: Sequence[Mapping[str, Any]]) -> list[Kept]:
    """Return the columns whose fields are still there and written by people."""
    by_id = {one.id: one for one in model.fields.values() if one.computed is None}
    return [
        Kept(one["index"], field.name, field.type.key, field.storage.scale)
        for one in columns
        if (field := by_id.get(one["field"])) is not None
    ]
