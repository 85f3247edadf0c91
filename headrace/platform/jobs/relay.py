"""The relay: tells a broker of the jobs that can be done. Any number of processes may run one.

It marks the rows it tells of, in a transaction before it tells: two relays never tell of the same row at
the same time. A row whose mark has run out was not taken, for whatever reason, and is told of again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from headrace.platform.jobs.brokers import Broker, BrokerAwayError
from headrace.platform.jobs.tables import JOB
from headrace.platform.jobs.worker import LANES, POLL_SECONDS, Lane, Rounds, Worker

HANDED_FOR: Final = timedelta(seconds=30)
"""How long workers have to take a job that they were told of."""
MOST_QUEUED: Final = 1000
"""Messages of a lane that a broker holds: more would only grow old there."""
FULL_SECONDS: Final = 0.1
"""How soon a relay looks again where a broker holds all that it may."""
ALONE_FOR: Final = timedelta(seconds=5)
"""How long jobs are done without a broker that is away, before it is asked again."""
LOG: Final = logging.getLogger(__name__)


@dataclass
class Relay:
    """Hands the jobs of `worker`'s database over to the workers behind `broker`; for one thread."""

    worker: Worker
    broker: Broker
    handed_for: timedelta = HANDED_FOR
    most: int = MOST_QUEUED
    away: bool = False
    """Whether the broker was away when it was last told of something."""
    missed: Callable[[], None] = lambda: None
    """Called where a job of this process's lanes was not taken in time by whoever was told of it."""
    full: bool = False
    """Whether a lane of the broker holds all that it may."""

    def hand_over(self) -> int:
        """Tell of all jobs that can be done and were not told of lately; return how many.

        Raise BrokerAwayError where nobody could be told.
        """
        self.full = False
        return sum(self._hand_over(lane) for lane in LANES)

    def _hand_over(self, lane: Lane) -> int:
        database, now = self.worker.database, self.worker.real_clock.now()
        wanted = sa.select(JOB.c.id).where(
            self.worker.ready(),
            self.worker.of_lane(lane),
            sa.or_(JOB.c.handed_until.is_(None), JOB.c.handed_until <= now),
        )
        with database.reading() as reading:
            # Looking first keeps an idle relay from taking SQLite's write lock every second.
            if reading.connection.execute(wanted.limit(1)).first() is None:
                return 0
        room = self.most - self.broker.queued(lane)
        if room <= 0:
            self.full = True
            return 0
        chosen = wanted.order_by(JOB.c.due, JOB.c.id).limit(room)
        until = now + self.handed_for
        with database.writing(None) as work:
            locked = chosen.with_for_update(skip_locked=True)
            ids = [str(one) for one in work.connection.execute(locked).scalars()]
            marked = sa.update(JOB).where(JOB.c.id.in_(ids)).values(handed_until=until)
            if ids:
                work.connection.execute(marked)
        try:
            self.broker.send(lane, ids)
        except BrokerAwayError:
            self._take_back(ids, until)
            raise
        return len(ids)

    def _take_back(self, ids: Sequence[str], until: datetime) -> None:
        """Let jobs be told of at once by whoever reaches the broker first."""
        ours = sa.update(JOB).where(JOB.c.id.in_(ids), JOB.c.handed_until == until)
        with self.worker.database.writing(None) as work:
            work.connection.execute(ours.values(handed_until=None))

    def run_forever(self, stop: threading.Event, lanes: Collection[Lane] = ()) -> None:
        """Hand over until `stop` is set, woken by jobs of this process; look after the rounds too.

        While the broker is away, or brings jobs of `lanes` to nobody, they are done here, one after
        the other.
        """
        rounds, arrived = Rounds(self.worker), self.worker.outbox.arrived
        while not stop.is_set():
            busy = False
            try:
                arrived.clear()
                busy = self._once(lanes, stop)
                rounds.go(busy=busy)
            except Exception:  # the database may be away: keep the thread alive
                LOG.exception("the relay could not look for jobs")
            if not busy:
                arrived.wait(FULL_SECONDS if self.full else POLL_SECONDS)
        self.broker.close()

    def _once(self, lanes: Collection[Lane], stop: threading.Event) -> bool:
        if lanes and self._nobody_came(lanes):
            self.missed()
            self._do_alone(lanes, stop)
        try:
            handed = self.hand_over()
        except BrokerAwayError as error:
            if not self.away:
                LOG.warning("the broker is away: %s", error)
            self.away = True
            return self._do_alone(lanes, stop)
        if self.away and handed:
            LOG.warning("the broker is back")
            self.away = False
        return handed > 0

    def _nobody_came(self, lanes: Collection[Lane]) -> bool:
        """Say whether jobs of `lanes` were told of, and not taken in time."""
        told = JOB.c.handed_until <= self.worker.real_clock.now()
        ours = sa.or_(sa.false(), *(self.worker.of_lane(lane) for lane in lanes))
        late = sa.select(JOB.c.id).where(self.worker.ready(), ours, told)
        with self.worker.database.reading() as reading:
            return reading.connection.execute(late.limit(1)).first() is not None

    def _do_alone(self, lanes: Collection[Lane], stop: threading.Event) -> bool:
        """Do jobs of `lanes` for a while; say whether more may be there."""
        now = self.worker.real_clock.now
        ends = now() + ALONE_FOR
        more = True
        while more and not stop.is_set() and now() < ends:
            done = [self.worker.run_lane_once(lane) for lane in lanes]
            more = any(done)
        return more

    def start(self, lanes: Collection[Lane] = ()) -> Callable[[], None]:
        """Hand over in a background thread; return the function that stops it and waits."""
        stop = threading.Event()
        thread = threading.Thread(
            target=self.run_forever, args=(stop, lanes), name="worker-relay", daemon=True
        )
        thread.start()

        def finish() -> None:
            stop.set()
            self.worker.outbox.arrived.set()
            thread.join()

        return finish
