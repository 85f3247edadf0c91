"""A real HTTP receiver of webhooks, which answers as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass
class Receiver:
    """What arrived, and what is answered: statuses in turn, the last one for ever."""

    address: str
    answers: list[int] = field(default_factory=lambda: [200])
    location: str | None = None
    seconds: float = 0
    says: list[str] = field(default_factory=lambda: [""])
    """Bodies of the answers, in turn like the statuses."""
    paths: list[str] = field(default_factory=list)
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[dict[str, Any]]:
        return [orjson.loads(body) for _, body in self.arrived]

    def next_answer(self) -> int:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def next_said(self) -> str:
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.arrived.append((dict(self.headers), body))
            receiver.paths.append(self.path)
            time.sleep(receiver.seconds)
            self.send_response(receiver.next_answer())
            if receiver.location is not None:
                self.send_header("Location", receiver.location)
            said = receiver.next_said().encode()
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://localhost:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
