"""A worker of its own over a bare job table, told of jobs by a broker; a program that tests kill.

Usage: broker_worker.py DATABASE_URL BROKER_URL PREFIX LEASE_SECONDS alone|never|deaf
`alone` does jobs itself that the broker brings to nobody, `deaf` listens where nobody speaks.
Each job of kind `note` adds a row to the table `effect`, so that a job done twice is seen.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta

import sqlalchemy as sa

from headrace.platform.core.clock import RealClock
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import connect_database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.celery_broker import CeleryBroker
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.worker import Worker
from headrace.working import consume

EFFECT = sa.Table("effect", sa.MetaData(), sa.Column("number", sa.Integer()))
HANDED_FOR = timedelta(seconds=1)
THREADS = 2


def note(job: Job, work: UnitOfWork) -> None:
    work.connection.execute(sa.insert(EFFECT).values(number=job.payload["number"]))
    time.sleep(job.payload.get("seconds", 0))


def make_worker(database_url: str, lease_seconds: float) -> Worker:
    clock = RealClock()
    return Worker(
        connect_database(database_url),
        Outbox(clock, RandomIds()),
        {"note": note},
        clock,
        lease=timedelta(seconds=lease_seconds),
    )


def main(database_url: str, broker_url: str, prefix: str, lease: str, how: str) -> None:
    worker = make_worker(database_url, float(lease))
    broker = CeleryBroker(broker_url, prefix)
    if how == "deaf":
        broker.consume = CeleryBroker(broker_url, f"{prefix}-other").consume
    consume(worker, broker, "short", THREADS, handed_for=HANDED_FOR, alone=how != "never")


if __name__ == "__main__":
    main(*sys.argv[1:])
