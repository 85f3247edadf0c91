"""A worker of its own over a bare job table, told of jobs by a broker; a program that tests kill.

Usage: broker_worker.py DATABASE_URL BROKER_URL PREFIX LEASE_SECONDS alone|never
Each job of kind `note` adds a row to the table `effect`, so that a job done twice is seen.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import timedelta

import sqlalchemy as sa

from headrace.platform.core.clock import RealClock
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import connect_database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.celery_broker import CeleryBroker
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.relay import Relay
from headrace.platform.jobs.worker import Worker

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


def main(database_url: str, broker_url: str, prefix: str, lease: str, fall_back: str) -> None:
    worker = make_worker(database_url, float(lease))
    broker = CeleryBroker(broker_url, prefix)
    relay = Relay(worker, CeleryBroker(broker_url, prefix), handed_for=HANDED_FOR)
    finish = relay.start(("short",) if fall_back == "alone" else ())
    broker.consume("short", worker.take, THREADS)
    finish()


if __name__ == "__main__":
    threading.current_thread().name = "main"
    main(*sys.argv[1:])
