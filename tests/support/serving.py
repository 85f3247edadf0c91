"""A workspace behind a real port, for a real browser."""

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
    platform = open_platform(f"sqlite:///{folder / 'workspace.sqlite'}")
    app = create_app(platform)
    live = Live(platform, app)
    live.publish(contents)
    live.add_user("admin", "admin", password=PASSWORD)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        platform.close()
