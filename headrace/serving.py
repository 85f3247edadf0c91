"""The server: as many processes as asked for, each with an application of its own."""

from __future__ import annotations

from typing import Final

from granian import Granian
from granian.constants import Interfaces

from headrace.settings import Settings

TARGET: Final = "headrace.wsgi:application"
BLOCKING_THREADS: Final = 4


def serve(settings: Settings, workers: int) -> None:
    """Serve until the process is told to end."""
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
