"""A worker that takes a job and never ends it; a program that tests kill.

    python -m tests.support.hold_and_die <database url> <lane> <lease in seconds>

It says `held` once the job's handler runs, which has written then, within its transaction where it has one.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from headrace.platform.core.clock import RealClock
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import connect_database
from headrace.platform.database.system_tables import SETTING
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.long_jobs import Course
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.worker import Worker

KINDS = {"short": "note", "own": "ring", "apart": "send", "long": "count"}
"""Kinds of jobs by how they are done."""


def said(work: UnitOfWork, job: Job) -> None:
    """Leave a trace of what was done: a second one of the same job is refused by the database."""
    work.connection.execute(sa.insert(SETTING).values(key=job.id, value=job.attempt))


def worker_of(url: str, lease: float, hold: Any = None) -> Worker:
    """Return a worker whose handlers leave a trace, and call `hold` before they are done."""

    def short(job: Job, work: UnitOfWork) -> None:
        said(work, job)
        if hold:
            hold()

    def own(job: Job, course: Course) -> None:
        if hold:
            hold()
        with worker.database.writing(None) as work:
            said(work, job)
            course.close(work)

    clock = RealClock()
    worker = Worker(
        connect_database(url),
        Outbox(clock, RandomIds()),
        {KINDS["short"]: short},
        clock,
        lease=timedelta(seconds=lease),
    )
    worker.own_handlers = {KINDS["own"]: own}
    worker.apart_handlers = {KINDS["apart"]: own}
    worker.long_handlers = {KINDS["long"]: own}
    return worker


def main(url: str, lane: str, lease: str) -> None:
    """Take a job of a lane and hold it for ever."""

    def hold() -> None:
        print("held", flush=True)
        time.sleep(3_600)

    worker_of(url, float(lease), hold).run_lane_once(lane)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
