"""Keep one PostgreSQL server while the test run lives; a program of its own, started by postgres.py.

Usage: postgres_guard.py DIRECTORY OWNER_PID POSTGRES ACCOUNT
"""

from __future__ import annotations

import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

STOP_SECONDS = 15


def main(directory: Path, owner: int, postgres: str, account: str) -> None:
    if guard := os.fork():
        (directory / "guard").write_text(str(guard))
        return
    os.setsid()  # Ctrl-C ends the tests first, then this process ends the server
    stop, stopped = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(stopped, b"."))
    server = start(directory, postgres, account)
    try:
        select.select([stop, *owner_handle(owner), os.pidfd_open(server.pid)], [], [])
        server.send_signal(signal.SIGINT)  # "fast": clients are disconnected
        server.wait(STOP_SECONDS)
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(directory, ignore_errors=True)


def owner_handle(owner: int) -> list[int]:
    try:
        return [os.pidfd_open(owner)]
    except ProcessLookupError:
        return [os.open(os.devnull, os.O_RDONLY)]


def start(directory: Path, postgres: str, account: str) -> subprocess.Popen[bytes]:
    identity = {}
    if account:
        entry = pwd.getpwnam(account)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    with (directory / "log").open("wb") as log:
        return subprocess.Popen(
            [postgres, "-D", str(directory / "data")],
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            **identity,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
