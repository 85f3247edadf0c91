"""Bulk changes as they are kept: what was asked, how far they are, what became of each record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import ENDED, in_both_languages, state_with_job
from headrace.platform.exchange.bulk_requests import BulkRequest
from headrace.platform.exchange.bulk_tables import BULK, BULK_RECORD
from headrace.platform.jobs.tables import JOB
from headrace.platform.records.bulk import Item

KEPT: Final = timedelta(days=30)
"""How long it is kept what became of each record, and so how long a change can be undone."""


@dataclass(frozen=True, slots=True)
class BulkCounts:
    """Records by what became of them, or would become of them in a dry run; `records` is all of them."""

    records: int = 0
    updated: int = 0
    deleted: int = 0
    undeleted: int = 0
    unchanged: int = 0
    refused: int = 0
    warned: int = 0

    @property
    def fine(self) -> int:
        """How many were not refused."""
        return self.changed + self.unchanged

    @property
    def changed(self) -> int:
        """How many became something else."""
        return self.updated + self.deleted + self.undeleted

    def plus(self, outcomes: Sequence[BulkOutcome]) -> BulkCounts:
        """Return the counts with those of some records."""
        found = [one.status for one in outcomes]
        return BulkCounts(
            self.records,
            self.updated + found.count("updated"),
            self.deleted + found.count("deleted"),
            self.undeleted + found.count("undeleted"),
            self.unchanged + found.count("unchanged"),
            self.refused + found.count("refused"),
            self.warned + sum(bool(one.problems) and one.status != "refused" for one in outcomes),
        )

    def render(self) -> dict[str, int]:
        """Return the JSON form."""
        return {
            "records": self.records,
            "updated": self.updated,
            "deleted": self.deleted,
            "undeleted": self.undeleted,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "warned": self.warned,
        }


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of a record; problems are those of a refusal, or warnings."""

    record_id: str
    status: str
    version: int | None = None
    problems: tuple[Problem, ...] = ()
    before: Mapping[str, Any] | None = None
    shown: Mapping[str, Any] | None = None
    run: str | None = None

    @classmethod
    def of(cls, record_id: str, item: Item, before: Mapping[str, Any] | None = None) -> BulkOutcome:
        """Return what the store tells of a record; `before` is what no history tells of it."""
        return cls(record_id, item.status, item.version, item.problems, before=before, run=item.run)


@dataclass(frozen=True, slots=True)
class BulkRecord:
    """A record of a bulk change as it is kept; `status` None: still to do."""

    number: int
    id: str
    version: int
    status: str | None
    new_version: int | None
    problems: tuple[Mapping[str, Any], ...]
    shown: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BulkChange:
    """A bulk change as it is kept."""

    id: str
    object_id: str
    request: BulkRequest
    state: str
    by_user: str | None
    created: datetime
    finished: datetime | None
    job: str | None
    counts: BulkCounts
    problems: tuple[Mapping[str, Any], ...]
    done: int
    is_remembered: bool
    """Whether it is known still what became of each record."""

    @property
    def is_under_way(self) -> bool:
        """Whether more happens by itself."""
        return self.state in {"waiting", "running"}

    @property
    def can_be_undone(self) -> bool:
        """Whether it did what can be led back; what took back runs of a button cannot be done again."""
        request = self.request
        own = request.act in {"update", "delete", "undo"} and not request.by_run
        pressed = request.act == "button" and bool(request.sets or request.by_run)
        return (
            (own or pressed)
            and self.state in {"done", "cancelled", "failed", "refused"}
            and self.counts.changed > 0
            and not self.request.dry_run
            and self.is_remembered
        )


_ASKED: Final = sa.select(
    BULK,
    JOB.c.state.label("job_state"),
    sa.exists(sa.select(sa.literal(1)).where(BULK_RECORD.c.bulk_id == BULK.c.id)).label("known"),
).select_from(BULK.outerjoin(JOB, JOB.c.id == BULK.c.job))


def add_change(
    work: UnitOfWork,
    change_id: str,
    object_id: str,
    request: BulkRequest,
    by_user: str | None,
    *,
    state: str = "waiting",
    counts: BulkCounts = BulkCounts(),
    finished: datetime | None = None,
) -> None:
    """Keep what is asked for."""
    row: dict[str, Any] = {
        "id": change_id,
        "object_id": object_id,
        "request": request.render(),
        "state": state,
        "by_user": by_user,
        "created": work.now,
        "finished": finished,
        "counts": counts.render(),
        "problems": [],
        "done": counts.records if finished is not None else 0,
    }
    work.connection.execute(sa.insert(BULK).values(**row))


def read_change(connection: sa.Connection, change_id: str) -> BulkChange | None:
    """Return a bulk change; None where there is none."""
    row = connection.execute(_ASKED.where(BULK.c.id == change_id)).first()
    return None if row is None else _change(row)


def changes_of(
    connection: sa.Connection,
    by_user: str | None,
    object_ids: Collection[str],
    *,
    before: str | None = None,
    limit: int,
) -> list[BulkChange]:
    """Return bulk changes that a user asked for, of some objects, the latest first; `before` one of them."""
    asked = _ASKED.where(BULK.c.by_user == by_user, BULK.c.object_id.in_(object_ids))
    if before is not None:
        asked = asked.where(BULK.c.id < before)
    return [
        _change(row) for row in connection.execute(asked.order_by(BULK.c.id.desc()).limit(limit))
    ]


def _change(row: Any) -> BulkChange:
    return BulkChange(
        id=str(row.id),
        object_id=row.object_id,
        request=BulkRequest(**row.request),
        state=state_with_job(row.state, row.job_state),
        by_user=None if row.by_user is None else str(row.by_user),
        created=row.created,
        finished=row.finished,
        job=None if row.job is None else str(row.job),
        counts=BulkCounts(**row.counts),
        problems=tuple(row.problems),
        done=row.done,
        is_remembered=bool(row.known),
    )


def update_change(work: UnitOfWork, change_id: str, **values: Any) -> None:
    """Set columns of a bulk change."""
    work.connection.execute(sa.update(BULK).where(BULK.c.id == change_id).values(**values))


def advance_change(work: UnitOfWork, change_id: str, done: int, before: int) -> bool:
    """Say how far a change is; False where another worker has gone on from `before` meanwhile."""
    statement = (
        sa.update(BULK).where(BULK.c.id == change_id, BULK.c.done == before).values(done=done)
    )
    return work.connection.execute(statement).rowcount == 1


def end_change(
    work: UnitOfWork,
    change_id: str,
    state: str,
    counts: BulkCounts,
    problems: Iterable[Problem] = (),
) -> None:
    """Say that a bulk change is over."""
    update_change(
        work,
        change_id,
        state=state,
        finished=work.now,
        counts=counts.render(),
        problems=[in_both_languages(one) for one in problems],
    )


def keep_chosen(work: UnitOfWork, change_id: str, chosen: Sequence[tuple[str, int]]) -> None:
    """Keep which records at which versions are meant, in place of those kept before."""
    work.connection.execute(sa.delete(BULK_RECORD).where(BULK_RECORD.c.bulk_id == change_id))
    rows = [
        {"bulk_id": change_id, "record_id": record_id, "number": number, "version": version}
        for number, (record_id, version) in enumerate(chosen)
    ]
    if rows:
        work.connection.execute(sa.insert(BULK_RECORD), rows)


def forget_outcomes(work: UnitOfWork, change_id: str) -> None:
    """Forget what a dry run told of each record; the records stay chosen, as they were then."""
    cleared: dict[str, Any] = {
        "status": None,
        "new_version": None,
        "problems": sa.null(),
        "before": sa.null(),
        "shown": sa.null(),
        "run": None,
    }
    statement = sa.update(BULK_RECORD).where(BULK_RECORD.c.bulk_id == change_id)
    work.connection.execute(statement.values(**cleared))


def keep_outcomes(work: UnitOfWork, change_id: str, outcomes: Sequence[BulkOutcome]) -> None:
    """Keep what became of records."""
    rows = [
        {
            "b_record_id": one.record_id,
            "b_status": one.status,
            "b_new_version": one.version,
            "b_before": None if one.before is None else dict(one.before),
            "b_shown": None if one.shown is None else dict(one.shown),
            "b_run": one.run,
            "b_problems": [in_both_languages(problem) for problem in one.problems],
        }
        for one in outcomes
    ]
    if not rows:
        return
    names = ("status", "new_version", "problems", "before", "shown", "run")
    types = {name: BULK_RECORD.c[name].type for name in (*names, "record_id")}
    statement = (
        sa.update(BULK_RECORD)
        .where(
            BULK_RECORD.c.bulk_id == change_id,
            BULK_RECORD.c.record_id == sa.bindparam("b_record_id", type_=types["record_id"]),
        )
        .values({name: sa.bindparam("b_" + name, type_=types[name]) for name in names})
    )
    work.connection.execute(statement, rows)


def records_of_change(
    connection: sa.Connection,
    change_id: str,
    *,
    after: int = -1,
    limit: int,
    status: str | None = None,
    told: bool = False,
) -> list[BulkRecord]:
    """Return records of a bulk change in their order; `told` leaves those out of which nothing is told."""
    asked = sa.select(BULK_RECORD).where(
        BULK_RECORD.c.bulk_id == change_id, BULK_RECORD.c.number > after
    )
    if status is not None:
        asked = asked.where(BULK_RECORD.c.status == status)
    if told:
        nothing = sa.cast(BULK_RECORD.c.problems, sa.Text()) == "[]"
        asked = asked.where(BULK_RECORD.c.problems.is_not(None), sa.not_(nothing))
    found = connection.execute(asked.order_by(BULK_RECORD.c.number).limit(limit))
    return [
        BulkRecord(
            row.number,
            str(row.record_id),
            row.version,
            row.status,
            row.new_version,
            tuple(row.problems or ()),
            row.shown,
        )
        for row in found
    ]


@dataclass(frozen=True, slots=True)
class Done:
    """What a bulk change did to a record: its status, the values of before that only it keeps, and its run."""

    status: str | None
    before: Mapping[str, Any]
    run: str | None


def done_by(connection: sa.Connection, change_id: str, ids: Sequence[str]) -> dict[str, Done]:
    """Return what a bulk change did to some of its records."""
    kept = BULK_RECORD.c
    asked = sa.select(kept.record_id, kept.status, kept.before, kept.run).where(
        kept.bulk_id == change_id, kept.record_id.in_(ids)
    )
    found = connection.execute(asked)
    return {
        str(row.record_id): Done(row.status, row.before or {}, row.run and str(row.run))
        for row in found
    }


def all_records(connection: sa.Connection, change_id: str, page: int) -> Iterator[list[BulkRecord]]:
    """Yield all records of a bulk change in pages."""
    after = -1
    while found := records_of_change(connection, change_id, after=after, limit=page):
        yield found
        after = found[-1].number


def forget_old_changes(work: UnitOfWork) -> int:
    """Take away what became of the records of changes that ended long ago; return how many rows."""
    old = sa.select(BULK.c.id).where(BULK.c.state.in_(ENDED), BULK.c.finished < work.now - KEPT)
    removed = work.connection.execute(sa.delete(BULK_RECORD).where(BULK_RECORD.c.bulk_id.in_(old)))
    return removed.rowcount
