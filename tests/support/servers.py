"""Real server processes on free ports, and the small client that tests call them with."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

ROOT = Path(__file__).parents[2]
SECRET = "a secret key that only the tests know, long enough"
START_SECONDS = 60


@dataclass
class Answer:
    """What came back: status, headers in lower case, body bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Calls one server with one token, over one kept connection."""

    port: int
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    _connection: HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | self.headers
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        for attempt in (1, 2):
            connection = self._connection or HTTPConnection("127.0.0.1", self.port, timeout=60)
            self._connection = connection
            try:
                connection.request(method, path, data, sent)
                response = connection.getresponse()
                found = {name.lower(): value for name, value in response.getheaders()}
                return Answer(response.status, found, response.read())
            except (ConnectionError, OSError):
                connection.close()
                self._connection = None
                if attempt == 2 or method != "GET":
                    raise
        raise AssertionError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str, /, **arguments: Any) -> Answer:
        query = "?" + urlencode(arguments) if arguments else ""
        return self.call("GET", path + query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, version: int) -> Answer:
        return self.call("PATCH", path, body, If_Match=f'"{version}"')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(database_url: str, **more: str) -> dict[str, str]:
    """Return the variables of a process that works on `database_url`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HEADRACE_")}
    return {
        **kept,
        "HEADRACE_DATABASE_URL": database_url,
        "HEADRACE_SECRET_KEY": SECRET,
        "HEADRACE_LANGUAGE": "en",
        **more,
    }


def headrace(
    database_url: str, *arguments: str, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command of the product and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "headrace", *arguments],
        env=options.pop("variables", None) or environment(database_url),
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=options.pop("timeout", 120),
        check=options.pop("check", True),
        **options,
    )


@contextlib.contextmanager
def server(
    database_url: str,
    *arguments: str,
    log: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """Start `headrace serve` on a free port; stop it, and whatever it started, at the end."""
    with contextlib.ExitStack() as stack:
        process, port = stack.enter_context(_process(database_url, arguments, log, variables or {}))
        _wait_for(port, process)
        yield port


@contextlib.contextmanager
def servers(
    count: int, database_url: str, variables: Mapping[str, str] | None = None
) -> Iterator[list[int]]:
    """Start `count` server processes on one database, all at the same time."""
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(_process(database_url, (), None, variables or {}))
            for _ in range(count)
        ]
        for process, port in started:
            _wait_for(port, process)
        yield [port for _, port in started]


LOOPING_SECONDS = 6
"""A process that was started in another's place and dies sooner ends the server: it seems to loop."""


@dataclass
class MortalServer:
    """A server whose processes may be killed; it starts others in their place."""

    port: int
    leader: int
    _seen: dict[int, float] = field(default_factory=dict)

    def kill_one(self, chance: random.Random) -> bool:
        """Kill one of the processes that answer requests, at once; say whether one was."""
        now = time.monotonic()
        self._seen = {one: self._seen.get(one, now) for one in _answering(self.leader)}
        found = [one for one, since in self._seen.items() if now - since > LOOPING_SECONDS]
        if not found:
            return False
        try:
            os.kill(chance.choice(found), signal.SIGKILL)
        except ProcessLookupError:
            # Killed a moment ago by another thread: not a second kill.
            return False
        return True


@contextlib.contextmanager
def mortal_server(
    database_url: str, workers: int, log: Path | None = None
) -> Iterator[MortalServer]:
    """Start a server of several processes, any of which may be killed."""
    with _process(database_url, ("--workers", str(workers)), log, {}) as (process, port):
        _wait_for(port, process)
        yield MortalServer(port, process.pid, dict.fromkeys(_answering(process.pid), 0.0))


def _answering(leader: int) -> list[int]:
    """Return the processes that `leader` started to answer requests."""
    listed = Path(f"/proc/{leader}/task/{leader}/children").read_text(encoding="ascii")
    with contextlib.suppress(FileNotFoundError):
        return [
            int(one)
            for one in listed.split()
            if b"resource_tracker" not in Path(f"/proc/{one}/cmdline").read_bytes()
        ]
    return []


@contextlib.contextmanager
def _process(
    database_url: str, arguments: Sequence[str], log: Path | None, variables: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        process = subprocess.Popen(
            [sys.executable, "-m", "headrace", "serve", *arguments],
            env=environment(
                database_url, HEADRACE_PORT=str(port), HEADRACE_HOST="127.0.0.1", **variables
            ),
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process, port
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(15)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), Client(port) as client:
            if client.get("/healthz").status == 200:
                return
        time.sleep(0.05)
    raise TimeoutError("the server does not answer")
