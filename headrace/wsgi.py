"""The application of one server process: `headrace.wsgi:application` is what a server calls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from headrace.app import create_app
from headrace.platform import runtime
from headrace.settings import load_settings


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
