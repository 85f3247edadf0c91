"""Jobs of workers that are killed: taken over soon, never while the worker lives, and done once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from headrace.platform.database.system_tables import SETTING
from headrace.platform.jobs.tables import JOB
from headrace.platform.jobs.worker import Lane, Worker
from tests.support.hold_and_die import KINDS, worker_of
from tests.support.scratch import make_system_tables

LEASE = 0.6
LANES: dict[str, Lane] = {"short": "short", "own": "short", "apart": "apart", "long": "long"}


@contextmanager
def held(url: str, lane: Lane) -> Iterator[subprocess.Popen[str]]:
    """Let a process hold the next job of a lane; killed at the end at the latest."""
    command = [sys.executable, "-m", "tests.support.hold_and_die", url, lane, str(LEASE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def worker(database_url: str) -> Iterator[Worker]:
    made = worker_of(database_url, LEASE)
    make_system_tables(made.database)
    yield made
    made.database.dispose()


@pytest.mark.parametrize("how", list(LANES))
def test_a_killed_worker_keeps_its_job_as_long_as_its_lease(
    worker: Worker, database_url: str, backend: str, how: str
) -> None:
    lane = LANES[how]
    with worker.database.writing(None) as work:
        job_id = worker.outbox.put(work, KINDS[how], {})
    with held(database_url, lane) as process:
        # On SQLite its transaction keeps everybody else from writing.
        if (how, backend) != ("short", "sqlite"):
            ends = time.monotonic() + 3 * LEASE
            while time.monotonic() < ends:
                assert not worker.run_lane_once(lane)
                time.sleep(LEASE / 4)
        process.kill()
        process.wait()
        while not worker.run_lane_once(lane):
            time.sleep(LEASE / 4)
    with worker.database.reading() as reading:
        job = reading.connection.execute(sa.select(JOB)).one()
        traces = reading.connection.execute(sa.select(SETTING).where(SETTING.c.key == job_id))
        assert [row.value for row in traces] == [2]
    assert (job.state, job.attempts) == ("done", 2)
