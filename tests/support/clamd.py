"""A small daemon that speaks ClamAV's INSTREAM over TCP, and is as slow or silent as a test wants."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

COMMAND = b"zINSTREAM\0"
BAD = b"a pattern that this daemon knows"


@dataclass
class Daemon:
    """What the daemon does, and what was sent to it; `most` bytes of a stream are taken."""

    address: str = ""
    silent: bool = False
    garbled: bool = False
    most: int = 10_000_000
    seen: list[bytes] = field(default_factory=list)

    def answer(self, content: bytes) -> bytes:
        if self.garbled:
            return b"UNKNOWN COMMAND\0"
        if len(content) > self.most:
            return b"INSTREAM size limit exceeded. ERROR\0"
        return b"stream: Trial.Pattern-1 FOUND\0" if BAD in content else b"stream: OK\0"


@contextmanager
def running_daemon() -> Iterator[Daemon]:
    """Run a daemon on a free port until the end of the block."""
    daemon = Daemon()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            assert self.rfile.read(len(COMMAND)) == COMMAND
            content = b""
            while size := struct.unpack(">I", self.rfile.read(4))[0]:
                content += self.rfile.read(size)
                if len(content) > daemon.most:
                    break
            daemon.seen.append(content)
            if not daemon.silent:
                self.wfile.write(daemon.answer(content))

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        daemon.address = f"tcp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield daemon
        finally:
            server.shutdown()
            thread.join()
