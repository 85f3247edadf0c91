"""Imports as jobs: asked for in a request, carried out by a worker, followed and cancelled by both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError
from headrace.platform.core.ids import IdSource, is_record_id
from headrace.platform.core.problems import Message, Text
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import (
    ImportBatch,
    add_batch,
    change_batch,
    read_batch,
    read_content,
)
from headrace.platform.exchange.importing import UNFOLLOWED, Doors, Following, Importer
from headrace.platform.exchange.requests import ImportRequest
from headrace.platform.jobs.long_jobs import Course
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.records.context import Context

IMPORT: Final = "import"
"""The kind of these jobs."""

UNDER_WAY: Final = Message(
    "import.under_way",
    "This import is under way, or over.",
    "该导入正在进行或已结束。",
    "Look at its state; upload the file again to import it again.",
    "请查看其状态；如需再次导入，请重新上传文件。",
)


@dataclass(frozen=True, slots=True)
class Imports:
    """Keeps uploaded files, asks for their imports and carries them out."""

    database: Database
    importer: Importer
    outbox: Outbox
    ids: IdSource

    def upload(
        self,
        context: Context,
        work: UnitOfWork,
        request: ImportRequest,
        data: bytes,
    ) -> str:
        """Keep a file that can be read; return the id of the import, which is not asked for yet."""
        self.importer.preview(context, request, data)
        model = context.catalog.objects[request.object]
        batch_id = self.ids.record_id()
        add_batch(work, batch_id, model.id, request, data, _user_of(context))
        return batch_id

    def import_now(
        self,
        doors: Doors,
        user_id: str | None,
        request: ImportRequest,
        data: bytes,
        following: Following = UNFOLLOWED,
    ) -> ImportBatch:
        """Import a file here and now, without a worker; return what is kept of it."""
        batch_id = doors.write_as(
            user_id, lambda context, work: self.upload(context, work, request, data)
        )
        self.importer.run(doors, self.batch(batch_id), data, following)
        return self.batch(batch_id)

    def batch(self, batch_id: str) -> ImportBatch:
        """Return an import that is there; raise NotFoundError for any other."""
        with self.database.reading() as reading:
            batch = read_batch(reading.connection, batch_id)
        if batch is None:
            raise NotFoundError(NOT_FOUND.at())
        return batch

    def start(
        self, context: Context, work: UnitOfWork, request: ImportRequest, batch_id: str
    ) -> str:
        """Ask for the import of a kept file with these options; return the id of the job.

        Raise NotFoundError for somebody else's, ConflictError where it is under way.
        """
        batch = self.mine(context, work.connection, batch_id)
        if batch.state not in {"uploaded", "checked", "refused"}:
            raise ConflictError(UNDER_WAY.at())
        whole = replace(request, object=batch.request.object, file_name=batch.request.file_name)
        job = self.outbox.put(
            work, IMPORT, {"import": batch_id}, key=f"import:{batch_id}", by_user=batch.by_user
        )
        if job is None:
            raise ConflictError(UNDER_WAY.at())
        change_batch(work, batch_id, request=whole.render(), state="waiting", job=job, done_row=0)
        return job

    def mine(
        self, context: Context, connection: sa.Connection, batch_id: str, *, overseen: bool = False
    ) -> ImportBatch:
        """Return an import of the caller, or any where the caller oversees them; else NotFoundError."""
        batch = read_batch(connection, batch_id) if is_record_id(batch_id) else None
        if batch is None or not (overseen or batch.by_user == _user_of(context)):
            raise NotFoundError(NOT_FOUND.at())
        return batch

    def run(self, job: Job, course: Course, doors: Doors) -> None:
        """Carry out a job; an interrupted one goes on behind what it has written for good."""
        batch_id = str(job.payload["import"])
        with self.database.reading() as reading:
            batch = read_batch(reading.connection, batch_id)
            data = read_content(reading.connection, batch_id)
        if batch is None or data is None:
            with self.database.writing(None) as work:
                course.close(work, "cancelled")
            return
        self.importer.run(doors, batch, data, self._following(course, batch))

    def _following(self, course: Course, batch: ImportBatch) -> Following:
        def report(done: int, total: int, text: Text) -> None:
            if not batch.request.partial and self.database.capabilities.one_writer:
                return  # the import itself holds the only place to write
            course.report({"text": text.as_dict(), "rows": done, "total": total})

        def ended(work: UnitOfWork, state: str, result: Mapping[str, Any]) -> None:
            states = {"checked": "done"}
            course.close(work, states.get(state, state), result)

        return Following(report, course.cancelled, ended)


def _user_of(context: Context) -> str | None:
    return None if context.principal.is_system else context.principal.user_id
