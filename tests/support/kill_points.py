"""Kills a process before or after any statement that its driver sends: found, not listed by hand.

The interpreter's profile hook sees every call of the drivers' `execute`, `executemany` and `commit`,
whoever makes it and through whatever layer.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from typing import Any

import psycopg

SENDING = frozenset({"execute", "executemany", "commit"})
PSYCOPG_CODE = frozenset(
    function.__code__
    for function in (
        psycopg.Cursor.execute,
        psycopg.Cursor.executemany,
        psycopg.Connection.commit,
    )
)


class Points:
    """Counts the moments before and after statements; kills the process at one of them."""

    def __init__(self, deadly: int | None = None) -> None:
        self.count = 0
        self.deadly = deadly

    def __call__(self, frame: Any, event: str, arg: Any) -> None:
        if not _is_statement(frame, event, arg):
            return
        self.count += 1
        if self.count == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def during(self, action: Callable[[], object]) -> None:
        sys.setprofile(self)
        try:
            action()
        finally:
            sys.setprofile(None)


def _is_statement(frame: Any, event: str, arg: Any) -> bool:
    if event in {"c_call", "c_return"}:
        owner = getattr(arg, "__self__", None)
        return isinstance(owner, sqlite3.Cursor | sqlite3.Connection) and arg.__name__ in SENDING
    return event in {"call", "return"} and frame.f_code in PSYCOPG_CODE


def in_child(action: Callable[[], object]) -> int:
    """Run `action` in a forked process; return its exit status (negative: killed by a signal).

    The caller must have closed its database connections.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action()
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended)


def count_in_child(action: Callable[[], object]) -> int:
    """Run `action` to its end in a forked process and return how many moments there are."""
    reading, writing = os.pipe()

    def counted() -> None:
        points = Points()
        points.during(action)
        os.write(writing, str(points.count).encode())

    status = in_child(counted)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    assert status == 0, "the action fails even without a kill"
    return int(text)
