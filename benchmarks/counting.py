"""Counts the SQL statements of a request: both applications in this process, one call at a time.

Usage: python -m benchmarks.counting, with the settings in the environment and, on standard input,
JSON: the database's address, its log (PostgreSQL), the token, and requests for each application.
Begin and commit count. On SQLite the driver traces; on PostgreSQL the server's log is read.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from headrace.app import create_app
from headrace.platform import runtime
from headrace.settings import load_settings

LOGGED = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")


class Trace:
    """Statements that SQLite ran."""

    def __init__(self, *engines: sa.Engine) -> None:
        self._seen: list[str] = []
        for engine in engines:
            sa.event.listen(engine, "connect", self._watch)

    def _watch(self, connection: Any, _record: Any) -> None:
        connection.set_trace_callback(self._seen.append)

    def taken(self) -> list[str]:
        """Return what was run since the last call."""
        seen = [one for one in self._seen if not one.startswith("--")]
        self._seen.clear()
        return seen


class Log:
    """Statements that PostgreSQL logged; several may come in one message."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = path.stat().st_size

    def taken(self) -> list[str]:
        """Return what was run since the last call."""
        with self._path.open("rb") as log:
            log.seek(self._read)
            text = log.read()
        self._read += len(text)
        lines = LOGGED.findall(text.decode(errors="replace"))
        return [part for line in lines for part in line.split("; ")]


def count(app: Flask, token: str, requests: list[Any], taken: Callable[[], list[str]]) -> list[int]:
    """Return how many statements each request takes; the first ones only warm up.

    The last of the requests of each kind is the one that counts: plans and principals are kept then.
    """
    client = app.test_client()
    counts = []
    for kind in requests:
        for method, path, body, headers, ok in kind:
            taken()
            sent = {"Authorization": f"Bearer {token}", **dict(headers)}
            answer = client.open(path, method=method, json=body, headers=sent)
            assert answer.status_code == ok, (method, path, answer.text)
        statements = taken()
        counts.append(len(statements))
        if os.environ.get("BENCH_SHOW"):
            sys.stderr.write("\n".join([f"-- {method} {path}", *statements, ""]))
    return counts


def main() -> None:
    asked = json.load(sys.stdin)
    platform = runtime.build(load_settings(os.environ, Path(asked["folder"])))
    handwritten = importlib.import_module("benchmarks.handwritten")
    if asked["log"] is None:
        platform.database.dispose()
        taken = Trace(platform.database.engine, handwritten.ENGINE).taken
    else:
        taken = Log(Path(asked["log"])).taken
    result = {
        name: count(app, asked["token"], asked["requests"][name], taken)
        for name, app in (("headrace", create_app(platform)), ("handwritten", handwritten.app))
    }
    platform.close()
    handwritten.ENGINE.dispose()
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
