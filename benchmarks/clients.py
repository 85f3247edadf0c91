"""Client processes: a few kept connections each, one request after the other on each connection."""

from __future__ import annotations

import json
import multiprocessing
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

WAIT_SECONDS = 30
LARGEST_READ = 1 << 20


@dataclass(frozen=True)
class Request:
    """One HTTP request; `ok` is the status that it must be answered with."""

    method: str
    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    ok: int = 200

    def message(self, port: int, token: str) -> bytes:
        """Return the bytes to send."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Authorization: Bearer {token}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


Requests = Callable[[], Iterator[Request]]
"""Gives the endless requests of one connection; called in the client's process."""


@dataclass(frozen=True)
class Target:
    """An application under test."""

    name: str
    port: int
    token: str


@dataclass
class Outcome:
    """What the clients saw: seconds of each request, seconds altogether, what went wrong."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


def run_clients(
    target: Target, connections: Sequence[Requests], processes: int, seconds: float
) -> Outcome:
    """Let the connections, dealt out to `processes`, work for `seconds`; return what they saw."""
    context = multiprocessing.get_context("fork")
    running = []
    for number in range(processes):
        mine = connections[number::processes]
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_client, args=(target, mine, seconds, there))
        process.start()
        there.close()
        running.append((process, here))
    outcome = Outcome()
    for process, pipe in running:
        part = pipe.recv()
        process.join()
        outcome.latencies += part.latencies
        outcome.failures += part.failures
        outcome.seconds = max(outcome.seconds, part.seconds)
    return outcome


def call(target: Target, request: Request) -> tuple[int, bytes]:
    """Send one request on a connection of its own; return status and body."""
    with socket.create_connection(("127.0.0.1", target.port), WAIT_SECONDS) as connection:
        connection.sendall(request.message(target.port, target.token))
        answer = _Answer()
        while not answer.add(connection.recv(LARGEST_READ)):
            pass
        return answer.status, answer.body


class _Answer:
    """Collects one answer of known length."""

    def __init__(self) -> None:
        self._data = b""
        self._head = self._end = 0
        self.status = 0

    def add(self, data: bytes) -> bool:
        """Take what came in; say whether the answer is complete."""
        if not data:
            raise ConnectionError("the server closed the connection")
        self._data += data
        if not self._head:
            head, found, _ = self._data.partition(b"\r\n\r\n")
            if not found:
                return False
            self.status = int(head[9:12])
            self._head = self._end = len(head) + 4
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    self._end += int(line[15:])
        return len(self._data) >= self._end

    @property
    def body(self) -> bytes:
        return self._data[self._head : self._end]


class _Connection:
    def __init__(self, target: Target, requests: Iterator[Request]) -> None:
        self._target = target
        self._requests = requests
        self.socket = socket.create_connection(("127.0.0.1", target.port), WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        self.request = next(self._requests)
        message = self.request.message(self._target.port, self._target.token)
        self._answer = _Answer()
        self._began = time.perf_counter()
        self.socket.sendall(message)

    def receive(self, outcome: Outcome) -> bool:
        """Read; say whether the answer is complete, and note how long it took."""
        if not self._answer.add(self.socket.recv(LARGEST_READ)):
            return False
        outcome.latencies.append(time.perf_counter() - self._began)
        if self._answer.status != self.request.ok:
            outcome.failures.append(f"{self._answer.status} {self._answer.body[:300]!r}")
        return True


def _client(target: Target, connections: Sequence[Requests], seconds: float, pipe: Any) -> None:
    outcome = Outcome()
    try:
        _work(target, connections, seconds, outcome)
    except (OSError, KeyError, ValueError, StopIteration) as error:
        outcome.failures.append(repr(error))
    pipe.send(outcome)
    pipe.close()


def _work(
    target: Target, connections: Sequence[Requests], seconds: float, outcome: Outcome
) -> None:
    with selectors.DefaultSelector() as selector:
        for requests in connections:
            made = _Connection(target, requests())
            selector.register(made.socket, selectors.EVENT_READ, made)
        began = time.perf_counter()
        for key in list(selector.get_map().values()):
            key.data.send()
        while selector.get_map():
            ready = selector.select(WAIT_SECONDS)
            if not ready:
                outcome.failures.append("no answer")
                return
            over = time.perf_counter() - began >= seconds
            for key, _ in ready:
                if not key.data.receive(outcome):
                    continue
                if over:
                    selector.unregister(key.data.socket)
                    key.data.socket.close()
                else:
                    key.data.send()
        outcome.seconds = time.perf_counter() - began
