"""Doing jobs apart from serving: in threads, or told of them by a broker, a process for each lane."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Final

from headrace.platform.jobs.broker_opening import checked_broker
from headrace.platform.jobs.brokers import Broker
from headrace.platform.jobs.relay import Relay
from headrace.platform.jobs.worker import Lane
from headrace.platform.runtime import Platform

LOOK_SECONDS: Final = 0.5
"""How often a process that leads others looks whether they live."""
ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)


def work_in_threads(platform: Platform, lanes: Sequence[Lane], threads: int) -> None:
    """Do the jobs of `lanes` until told to end."""
    stop = _told_to_end()
    finish = platform.worker().start(threads, lanes)
    stop.wait()
    finish()


def work_for_broker(platform: Platform, lane: Lane, threads: int) -> None:
    """Do the jobs of a lane that the broker tells of, until told to end; tell it of jobs, too.

    Raise RefusedError where the broker does not let us in at the start; later it may go and come.
    """
    broker = checked_broker(platform.settings.broker_url)
    consume(platform, broker, lane, threads)


def consume(platform: Platform, broker: Broker, lane: Lane, threads: int) -> None:
    """Do the jobs of a lane that `broker` tells of, with a relay beside."""
    worker = platform.worker()
    finish = Relay(worker, broker).start((lane,))
    _end_with(os.getppid())
    try:
        broker.consume(lane, worker.take, worker.threads_of(lane, threads))
    finally:
        finish()


def lead(lanes: Sequence[Lane], threads: int) -> None:
    """Keep a process for each lane until told to end; one that dies is started again."""
    stop = _told_to_end()
    running = {lane: _started(lane, threads) for lane in lanes}
    while not stop.wait(LOOK_SECONDS):
        for lane, process in running.items():
            if process.poll() is not None:
                running[lane] = _started(lane, threads)
    for process in running.values():
        process.send_signal(signal.SIGTERM)
    for process in running.values():
        process.wait()


def _started(lane: Lane, threads: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "headrace", "worker"]
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
