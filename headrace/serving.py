"""The server: as many processes as asked for, each with an application of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Final

from granian import Granian
from granian.constants import Interfaces

from headrace.settings import Settings

TARGET: Final = "headrace.wsgi:application"
BLOCKING_THREADS: Final = 4


def serve(settings: Settings, workers: int) -> None:
    """Serve until the process is told to end."""
    with _counting_together(settings):
        Granian(
            TARGET,
            address=settings.host,
            port=settings.port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=BLOCKING_THREADS,
            factory=True,
            websockets=False,
            respawn_failed_workers=True,
        ).serve()


@contextmanager
def _counting_together(settings: Settings) -> Iterator[None]:
    """Give the server processes a folder in which they count together, where metrics are read."""
    if not settings.metrics_token:
        yield
        return
    with TemporaryDirectory(prefix="headrace-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield
