"""Databases and servers of a benchmark: made for it, and gone when it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.clients import Target, call
from benchmarks.workloads import LIST
from benchmarks.workspace import Workspace, settings_for
from tests.support import postgres
from tests.support.servers import free_port

ROOT = Path(__file__).parents[1]
START_SECONDS = 60


@contextlib.contextmanager
def database_of(kind: str, folder: Path) -> Iterator[tuple[str, postgres.PostgresServer | None]]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite'}", None
        return
    directory = postgres.make_directory()
    try:
        server = postgres.running_server(directory)
        with server.database() as url:
            yield url, server
    finally:
        postgres.remove_directory(directory)


@contextlib.contextmanager
def served(
    workspace: Workspace, application: Sequence[str], workers: int, threads: int
) -> Iterator[tuple[int, int]]:
    """Serve an application; the settings are the same for both. Yield process and port."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        *application,
    ]
    process = subprocess.Popen(
        command, env=environment(workspace), cwd=ROOT, start_new_session=True
    )
    with ending(process):
        yield process.pid, port


@contextlib.contextmanager
def ending(process: subprocess.Popen[Any]) -> Iterator[None]:
    """End a process and all that it started when the block ends."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)


def environment(workspace: Workspace) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HEADRACE_")}
    return {**kept, **settings_for(workspace.url), "BENCH_CONFIG": str(workspace.config)}


def wait_for(target: Target) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            status, body = call(target, LIST)
            assert status == 200, (target.name, body)
            return
        time.sleep(0.1)
    raise TimeoutError(f"{target.name} does not answer")
