"""Imports as they are kept: the file and its options, how far it is, what was wrong, which records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.groups import RowError
from headrace.platform.exchange.requests import ImportRequest, read_request
from headrace.platform.exchange.sheets import SheetRow
from headrace.platform.exchange.tables import (
    IMPORT,
    IMPORT_BAD_ROW,
    IMPORT_ERROR,
    IMPORT_RECORD,
)
from headrace.platform.exchange.writing import Written
from headrace.platform.jobs.tables import JOB

KEPT_UPLOADS: Final = timedelta(days=1)
KEPT_ERRORS: Final = timedelta(days=30)
ENDED: Final = frozenset({"checked", "done", "refused", "cancelled", "failed"})


@dataclass(frozen=True, slots=True)
class Counts:
    """Records by what became of them; `rows` are the rows of the file that were looked at."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    refused: int = 0

    def plus(self, written: Sequence[Written]) -> Counts:
        """Return the counts with those of a block."""
        actions = [one.action for one in written]
        return Counts(
            self.rows + sum(len(one.group.rows) for one in written),
            self.created + actions.count("created"),
            self.updated + actions.count("updated"),
            self.refused + actions.count(None),
        )

    def render(self) -> dict[str, int]:
        """Return the JSON form."""
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """An import as it is kept."""

    id: str
    object_id: str
    request: ImportRequest
    state: str
    by_user: str | None
    created: datetime
    finished: datetime | None
    job: str | None
    counts: Counts
    problems: tuple[Mapping[str, Any], ...]
    headers: Mapping[str, Sequence[str]]
    done_row: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in ENDED


_ASKED: Final = sa.select(
    *(column for column in IMPORT.c if column.name != "content"), JOB.c.state.label("job_state")
).select_from(IMPORT.outerjoin(JOB, JOB.c.id == IMPORT.c.job))
"""What is told of an import. Its job may have been cancelled, or given up, before it could say so."""


def add_batch(
    work: UnitOfWork,
    batch_id: str,
    object_id: str,
    request: ImportRequest,
    content: bytes,
    by_user: str | None,
    *,
    state: str = "uploaded",
) -> None:
    """Keep an uploaded file with its options."""
    row: dict[str, Any] = {
        "id": batch_id,
        "object_id": object_id,
        "file_name": request.file_name,
        "request": request.render(),
        "state": state,
        "by_user": by_user,
        "created": work.now,
        "counts": Counts().render(),
        "problems": [],
        "headers": {},
        "done_row": 0,
        "content": content,
    }
    work.connection.execute(sa.insert(IMPORT).values(**row))


def read_batch(connection: sa.Connection, batch_id: str) -> ImportBatch | None:
    """Return an import; None where there is none."""
    row = connection.execute(_ASKED.where(IMPORT.c.id == batch_id)).first()
    return None if row is None else _batch(row)


def list_batches(
    connection: sa.Connection,
    *,
    by_user: str | None,
    object_id: str | None = None,
    record_id: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[ImportBatch]:
    """Return imports, newest first: of one user (None: of all), into an object or a record."""
    statement = _ASKED.where(IMPORT.c.state != "uploaded")
    if by_user is not None:
        statement = statement.where(IMPORT.c.by_user == by_user)
    if object_id is not None:
        statement = statement.where(IMPORT.c.object_id == object_id)
    if record_id is not None:
        of_record = sa.select(IMPORT_RECORD.c.import_id).where(
            IMPORT_RECORD.c.object_id == object_id, IMPORT_RECORD.c.record_id == record_id
        )
        statement = statement.where(IMPORT.c.id.in_(of_record))
    if before is not None:
        statement = statement.where(IMPORT.c.id < before)
    found = connection.execute(statement.order_by(IMPORT.c.id.desc()).limit(limit))
    return [_batch(row) for row in found]


def read_content(connection: sa.Connection, batch_id: str) -> bytes | None:
    """Return the file of an import; None once it is over."""
    content = connection.execute(sa.select(IMPORT.c.content).where(IMPORT.c.id == batch_id))
    found = content.scalar()
    return None if found is None else bytes(found)


def change_batch(work: UnitOfWork, batch_id: str, **values: Any) -> None:
    """Set columns of an import."""
    work.connection.execute(sa.update(IMPORT).where(IMPORT.c.id == batch_id).values(**values))


def advance_batch(
    work: UnitOfWork, batch_id: str, counts: Counts, done_row: int, before: int
) -> bool:
    """Say how far an import is; False where another worker has gone on from `before` meanwhile."""
    change = (
        sa.update(IMPORT)
        .where(IMPORT.c.id == batch_id, IMPORT.c.done_row == before)
        .values(counts=counts.render(), done_row=done_row)
    )
    return work.connection.execute(change).rowcount == 1


def end_batch(
    work: UnitOfWork, batch_id: str, state: str, counts: Counts, problems: Iterable[Problem] = ()
) -> None:
    """Say that an import is over; the file goes unless it was only checked."""
    values: dict[str, Any] = {
        "state": state,
        "finished": work.now,
        "counts": counts.render(),
        "problems": [in_both_languages(one) for one in problems],
    }
    if state in {"done", "cancelled"}:
        values["content"] = None
    change_batch(work, batch_id, **values)


def forget_findings(work: UnitOfWork, batch_id: str) -> None:
    """Forget what an earlier run found wrong."""
    for table in (IMPORT_ERROR, IMPORT_BAD_ROW):
        work.connection.execute(sa.delete(table).where(table.c.import_id == batch_id))


def keep_written(
    work: UnitOfWork, batch_id: str, object_id: str, written: Sequence[Written]
) -> None:
    """Remember the records that a block made or changed."""
    rows = [
        {
            "import_id": batch_id,
            "record_id": one.id,
            "object_id": object_id,
            "row": one.group.number,
            "action": one.action,
        }
        for one in written
        if one.action is not None
    ]
    if rows:
        work.connection.execute(sa.insert(IMPORT_RECORD), rows)


BadRow = tuple[str, SheetRow]
"""A row that was not taken, with the name of its sheet ("" is the main one)."""


def keep_findings(
    work: UnitOfWork,
    batch_id: str,
    errors: Sequence[RowError],
    bad: Sequence[BadRow],
    start: int,
) -> int:
    """Remember errors, and the rows as they were given; return the next free number."""
    found = [
        {
            "import_id": batch_id,
            "number": number,
            "row": one.row,
            "sheet": one.sheet,
            "column": one.column,
            "problem": in_both_languages(one.problem),
        }
        for number, one in enumerate(sorted(errors, key=lambda one: (one.sheet, one.row)), start)
    ]
    rows = [
        {
            "import_id": batch_id,
            "number": number,
            "row": row.number,
            "sheet": sheet,
            "cells": [cell.shown() for cell in row.cells],
        }
        for number, (sheet, row) in enumerate(bad, start)
    ]
    if found:
        work.connection.execute(sa.insert(IMPORT_ERROR), found)
    if rows:
        work.connection.execute(sa.insert(IMPORT_BAD_ROW), rows)
    return start + max(len(found), len(rows))


def next_finding(connection: sa.Connection, batch_id: str) -> int:
    """Return the number behind the last finding that is kept."""
    highest = -1
    for table in (IMPORT_ERROR, IMPORT_BAD_ROW):
        asked = sa.select(sa.func.max(table.c.number)).where(table.c.import_id == batch_id)
        found = connection.execute(asked).scalar()
        highest = max(highest, -1 if found is None else int(found))
    return highest + 1


@dataclass(frozen=True, slots=True)
class Finding:
    """An error of a row as it is kept."""

    number: int
    row: int
    sheet: str
    column: str | None
    problem: Mapping[str, Any]

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        texts = {name: self.problem[name].get(language) for name in ("message", "hint")}
        named = {name: self.problem[name] for name in ("severity", "code")}
        shown = {"row": self.row, "column": self.column, **named, **texts}
        return {**shown, "sheet": self.sheet} if self.sheet else shown


def read_findings(
    connection: sa.Connection, batch_id: str, *, after: int = -1, limit: int = 200
) -> list[Finding]:
    """Return the errors of an import in the order in which they were found."""
    found = connection.execute(
        sa.select(IMPORT_ERROR)
        .where(IMPORT_ERROR.c.import_id == batch_id, IMPORT_ERROR.c.number > after)
        .order_by(IMPORT_ERROR.c.number)
        .limit(limit)
    )
    return [Finding(row.number, row.row, row.sheet, row.column, row.problem) for row in found]


def count_findings(connection: sa.Connection, batch_id: str) -> int:
    """Return how many errors an import has."""
    asked = sa.select(sa.func.count()).where(IMPORT_ERROR.c.import_id == batch_id)
    return int(connection.execute(asked).scalar() or 0)


def bad_rows(
    connection: sa.Connection, batch_id: str, sheet: str = ""
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet that were not taken: number and cells as they were given."""
    found = connection.execute(
        sa.select(IMPORT_BAD_ROW.c.row, IMPORT_BAD_ROW.c.cells)
        .where(IMPORT_BAD_ROW.c.import_id == batch_id, IMPORT_BAD_ROW.c.sheet == sheet)
        .order_by(IMPORT_BAD_ROW.c.number)
    )
    for row in found:
        yield row.row, list(row.cells)


def messages_by_row(
    connection: sa.Connection, batch_id: str, language: str
) -> Mapping[tuple[str, int], list[str]]:
    """Return what was wrong with each row, by sheet and number, in one language."""
    found: dict[tuple[str, int], list[str]] = {}
    asked = (
        sa.select(IMPORT_ERROR)
        .where(IMPORT_ERROR.c.import_id == batch_id)
        .order_by(IMPORT_ERROR.c.number)
    )
    for row in connection.execute(asked):
        message = row.problem["message"].get(language, "")
        place = f"{row.column}: " if row.column else ""
        found.setdefault((row.sheet, row.row), []).append(place + message)
    return found


def records_of(
    connection: sa.Connection, batch_id: str, *, after: int = 0, limit: int = 200
) -> list[tuple[int, str, str]]:
    """Return the records of an import: number of the row, action, id."""
    found = connection.execute(
        sa.select(IMPORT_RECORD.c.row, IMPORT_RECORD.c.action, IMPORT_RECORD.c.record_id)
        .where(IMPORT_RECORD.c.import_id == batch_id, IMPORT_RECORD.c.row > after)
        .order_by(IMPORT_RECORD.c.row)
        .limit(limit)
    )
    return [(row.row, row.action, str(row.record_id)) for row in found]


def forget_old_imports(work: UnitOfWork) -> int:
    """Take away files that nobody imported, and bad rows nobody came back for; return how many."""
    abandoned = sa.and_(IMPORT.c.state == "uploaded", IMPORT.c.created < work.now - KEPT_UPLOADS)
    gone = work.connection.execute(sa.delete(IMPORT).where(abandoned)).rowcount
    old = sa.select(IMPORT.c.id).where(
        IMPORT.c.state.in_(ENDED), IMPORT.c.finished < work.now - KEPT_ERRORS
    )
    for table in (IMPORT_ERROR, IMPORT_BAD_ROW):
        removed = work.connection.execute(sa.delete(table).where(table.c.import_id.in_(old)))
        gone += removed.rowcount
    forgotten = sa.and_(IMPORT.c.created < work.now - KEPT_ERRORS, IMPORT.c.content.is_not(None))
    work.connection.execute(sa.update(IMPORT).where(forgotten).values(content=None))
    return gone


def in_both_languages(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON with its texts by language."""
    en, zh = problem.render("en"), problem.render("zh")
    texts = {name: {"en": en[name], "zh": zh[name]} for name in ("message", "hint")}
    return {**en, **texts}


def within(problem: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return a problem kept in both languages as JSON in one."""
    texts = {name: problem[name].get(language) for name in ("message", "hint")}
    return {**problem, **texts}


def _batch(row: Any) -> ImportBatch:
    given = dict(row.request)
    object_name, file_name = given.pop("object"), given.pop("file_name")
    return ImportBatch(
        id=str(row.id),
        object_id=row.object_id,
        request=read_request(object_name, file_name, given),
        state=state_with_job(row.state, row.job_state),
        by_user=None if row.by_user is None else str(row.by_user),
        created=row.created,
        finished=row.finished,
        job=None if row.job is None else str(row.job),
        counts=Counts(**row.counts),
        problems=tuple(row.problems),
        headers=dict(row.headers),
        done_row=row.done_row,
    )


def state_with_job(kept: str, job: str | None) -> str:
    """Return the state of what a job does; the job may have ended before it could say so."""
    if kept == "waiting" and job in {"cancelled", None}:
        return "cancelled"
    if kept == "running" and job == "cancelled":
        return "cancelled"  # by somebody who looks after the queue
    return "failed" if kept in {"waiting", "running"} and job == "dead" else kept
