"""Serving: the application of one server process, and the server that runs several of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from granian import Granian
from granian.constants import Interfaces

from headrace.app import create_app
from headrace.platform import runtime
from headrace.settings import Settings, load_settings

TARGET: Final = "headrace.serving:application"
BLOCKING_THREADS: Final = 4


def application() -> Any:
    """Make the WSGI application of this process, with a worker thread for jobs.

    Called in each server process; the settings come from the environment, so that all are alike.
    """
    settings = load_settings(os.environ, Path.cwd())
    platform = runtime.build(settings)
    platform.catalogs.current()
    app = create_app(platform)
    platform.worker().start()
    return app


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


def export_settings(values: Iterable[tuple[str, str]]) -> None:
    """Put settings where server processes find them."""
    os.environ.update(values)
