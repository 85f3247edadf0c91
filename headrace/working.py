"""Doing jobs apart from serving: in threads, or told of them by a broker, a process for each lane."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from headrace.platform.jobs.broker_opening import open_broker
from headrace.platform.jobs.brokers import Broker
from headrace.platform.jobs.relay import HANDED_FOR, Relay
from headrace.platform.jobs.worker import Lane, Worker
from headrace.platform.runtime import Platform

LOOK_SECONDS: Final = 0.5
"""How often a process that leads others looks whether they live."""
AGAIN_SECONDS: Final = 5
"""How long after its start a process is started again at the earliest."""
DEAF: Final = 3
"""Exit code of a process that hears nothing."""
LOG: Final = logging.getLogger(__name__)
ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)


def work_in_threads(platform: Platform, lanes: Sequence[Lane], threads: int) -> None:
    """Do the jobs of `lanes` until told to end."""
    stop = _told_to_end()
    finish = platform.worker().start(threads, lanes)
    stop.wait()
    finish()


def consume(
    worker: Worker,
    broker: Broker,
    lane: Lane,
    threads: int,
    *,
    handed_for: timedelta = HANDED_FOR,
    alone: bool = True,
) -> None:
    """Do the jobs of a lane that `broker` tells of until told to end, with a relay beside.

    With `alone`, the relay does jobs that the broker brings to nobody. A process that hears nothing
    while others are missed ends: whoever leads it starts another.
    """
    ear = Ear(worker, handed_for)
    relay = Relay(worker, broker, handed_for=handed_for, missed=ear.end_if_deaf)
    finish = relay.start((lane,) if alone else ())
    try:
        broker.consume(lane, ear.take, worker.threads_of(lane, threads))
    finally:
        finish()


class Ear:
    """Takes what a broker says, and knows when it last said something.

    A library that lost its connection at a bad moment may listen for ever to nothing.
    """

    def __init__(self, worker: Worker, patience: timedelta) -> None:
        self._worker = worker
        self._patience = patience.total_seconds()
        self._lock = threading.Lock()
        self._busy = 0
        self._heard = time.monotonic()

    def take(self, job_id: str) -> None:
        """Do the job that was told of, if it can be done now."""
        self._count(1)
        try:
            self._worker.take(job_id)
        finally:
            self._count(-1)

    def _count(self, by: int) -> None:
        with self._lock:
            self._busy += by
            self._heard = time.monotonic()

    def end_if_deaf(self) -> None:
        """End this process where it does nothing and has not been told of anything for a while."""
        with self._lock:
            silent = time.monotonic() - self._heard
            if self._busy or silent < self._patience:
                return
            LOG.error("nothing heard from the broker for %d s: starting again", silent)
            # Nothing is being done, and the thread that listens may never end by itself.
            os._exit(DEAF)


def consume_led(platform: Platform, lane: Lane, threads: int) -> None:
    """Do the jobs of a lane in a process that another one leads; the broker may be away."""
    _end_with(os.getppid())
    consume(platform.worker(), open_broker(platform.settings.broker_url), lane, threads)


def lead(lanes: Sequence[Lane], threads: int) -> None:
    """Keep a process for each lane until told to end; one that dies is started again."""
    stop = _told_to_end()
    running = {lane: _started(lane, threads) for lane in lanes}
    born = dict.fromkeys(lanes, time.monotonic())
    while not stop.wait(LOOK_SECONDS):
        for lane, process in running.items():
            if process.poll() is not None and time.monotonic() - born[lane] >= AGAIN_SECONDS:
                running[lane], born[lane] = _started(lane, threads), time.monotonic()
    for process in running.values():
        process.send_signal(signal.SIGTERM)
    for process in running.values():
        process.wait()


def _started(lane: Lane, threads: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "headrace", "worker", "--led"]
    return subprocess.Popen([*command, "--only", lane, "--threads", str(threads)])  # noqa: S603 - our own


def _told_to_end() -> threading.Event:
    stop = threading.Event()
    for number in ENDINGS:
        signal.signal(number, lambda *_: stop.set())
    return stop


def _end_with(parent: int) -> None:
    """Let this process end when the one that started it is gone: nobody would end it later."""

    def watch() -> None:
        while os.getppid() == parent:
            threading.Event().wait(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="worker-parent", daemon=True).start()
