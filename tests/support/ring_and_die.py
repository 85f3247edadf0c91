"""A worker over a world of approvals that is killed in the middle of its n-th timer.

    python -m tests.support.ring_and_die <database url> <instant> <n>

It dies after all that the timer did was written and before it was committed.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime

from headrace.platform.database.engine import connect_database
from headrace.platform.database.installing import load_tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from tests.support.approval_world import catalog_of, world_over
from tests.support.timed import EIGHT_HOURS, MANAGER, step, stop_clock, timed

CONTENTS = timed(step("one", MANAGER, time={**EIGHT_HOURS, "remind": [50, 80]}))


def main(url: str, instant: str, deadly: int) -> None:
    """Do what is due at an instant until the deadly timer."""
    database = connect_database(url)
    catalog = catalog_of(CONTENTS)
    world = world_over(database, catalog, load_tables(database, catalog))
    clock = stop_clock(world, "2025-06-13 15:00")
    clock.instant = datetime.fromisoformat(instant)
    ring, rung = world.timers.ring, 0

    def ring_and_die(context: Context, work: UnitOfWork, payload: dict[str, object]) -> None:
        nonlocal rung
        ring(context, work, payload)
        rung += 1
        if rung == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    world.timers.ring = ring_and_die  # type: ignore[method-assign, assignment]
    world.worker.drain()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
