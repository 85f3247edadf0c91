"""Workspaces behind a real port, for a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from headrace.app import create_app
from tests.support.browsing import PASSWORD
from tests.support.live import Live, open_platform


@contextmanager
def served(folder: Path, contents: dict[tuple[str, str], dict[str, Any]]) -> Iterator[str]:
    """Publish `contents` in a new SQLite file, with the user `admin`; give the server's address."""
    with serving(published(folder, contents)) as address:
        yield address


def published(folder: Path, contents: dict[tuple[str, str], dict[str, Any]]) -> Live:
    """Publish `contents` in a new SQLite file, with the user `admin`."""
    platform = open_platform(f"sqlite:///{folder / 'workspace.sqlite'}")
    live = Live(platform, create_app(platform))
    live.publish(contents)
    live.add_user("admin", "admin", password=PASSWORD)
    return live


@contextmanager
def serving(live: Live) -> Iterator[str]:
    """Give the address of a server of a workspace, which is closed afterwards."""
    server = make_server("127.0.0.1", 0, live.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        live.platform.close()
