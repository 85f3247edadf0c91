"""Jobs per second: the local worker, Celery workers on Redis, and a loop written by hand.

Run: .venv/bin/python -m benchmarks.jobs [jobs]
All do the same jobs, which add one row each, from the same job table in PostgreSQL. The loop takes a row, does its
work and closes it in one transaction: no lease that others see, no attempts, no back-off, no kinds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import sqlalchemy as sa

from headrace.platform.jobs.tables import JOB
from headrace.platform.jobs.worker import Worker
from tests.support import broker_worker, postgres
from tests.support.broker_worker import EFFECT, THREADS, make_worker
from tests.support.brokers import end_group, guarded, redis, wait_until
from tests.support.scratch import make_system_tables
from tests.support.servers import environment

JOBS = 2000
ROUNDS = 3


def put(worker: Worker, count: int) -> None:
    """Put jobs in an empty table, all at once: nobody sees one before the last."""
    with worker.database.writing(None) as work:
        work.connection.execute(sa.delete(JOB))
        work.connection.execute(sa.delete(EFFECT))
    with worker.database.writing(None) as work:
        for number in range(count):
            worker.outbox.put(work, "note", {"number": number})


def open_count(worker: Worker) -> int:
    query = sa.select(sa.func.count()).where(JOB.c.state.in_(("waiting", "started")))
    with worker.database.reading() as reading:
        return reading.connection.execute(query).scalar_one()


def by_local_worker(worker: Worker) -> None:
    threads = [threading.Thread(target=worker.drain) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def by_hand(url: str) -> None:
    """Drain the table with one connection a thread and nothing else."""
    address = sa.make_url(url)
    take = (
        "SELECT id, payload->>'number' FROM sys_job WHERE state = 'waiting' AND due <= now() "
        "ORDER BY due, id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )

    def drain() -> None:
        host = address.query["host"]
        with psycopg.connect(
            host=str(host), user=address.username, dbname=address.database, autocommit=True
        ) as connection:
            more = True
            while more:
                with connection.transaction():
                    row = connection.execute(take).fetchone()
                    more = row is not None
                    if row is not None:
                        connection.execute("INSERT INTO effect VALUES (%s)", (int(row[1]),))
                        connection.execute(
                            "UPDATE sys_job SET state = 'done', finished = now() WHERE id = %s",
                            (row[0],),
                        )

    threads = [threading.Thread(target=drain) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def timed(worker: Worker, count: int, drain: Callable[[], None]) -> float:
    """Return jobs per second; each must have been done once."""
    put(worker, count)
    began = time.perf_counter()
    drain()
    took = time.perf_counter() - began
    with worker.database.reading() as reading:
        done = sorted(reading.connection.execute(sa.select(EFFECT.c.number)).scalars())
    assert done == list(range(count)), "lost or doubled"
    return count / took


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else JOBS
    directory = postgres.make_directory()
    try:
        server = postgres.running_server(directory)
        with server.database() as url, redis() as broker, tempfile.TemporaryDirectory() as folder:
            measure(url, broker.url, Path(folder), count)
    finally:
        postgres.remove_directory(directory)


def measure(url: str, broker_url: str, folder: Path, count: int) -> None:
    worker = make_worker(url, 300)
    make_system_tables(worker.database)
    with worker.database.defining() as connection:
        EFFECT.metadata.create_all(connection)
    command = [sys.executable, broker_worker.__file__, url, broker_url, "bench", "300", "never"]
    process = guarded(command, environment(url), folder)
    put(worker, 1)
    wait_until(lambda: open_count(worker) == 0)

    def by_celery() -> None:
        wait_until(lambda: open_count(worker) == 0, seconds=600)

    # The Celery worker takes what it is told of, so it only lives while it is measured.
    rates: dict[str, list[float]] = {"celery": [], "local": [], "hand": []}
    for _ in range(ROUNDS):
        rates["celery"].append(timed(worker, count, by_celery))
    end_group(process)
    for _ in range(ROUNDS):
        rates["local"].append(timed(worker, count, lambda: by_local_worker(worker)))
        rates["hand"].append(timed(worker, count, lambda: by_hand(url)))
    worker.database.dispose()
    hand = statistics.median(rates["hand"])
    for name, found in rates.items():
        middle = statistics.median(found)
        print(f"{name:8} {middle:8.0f} jobs/s   {middle / hand:5.2f} of the loop by hand")


if __name__ == "__main__":
    main()
