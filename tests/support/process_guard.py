"""Run a command in a process group of its own that ends with its owner, however that ends.

Usage: process_guard.py OWNER_PID COMMAND...
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys


def main(owner: int, command: list[str]) -> None:
    child = subprocess.Popen(command)
    with contextlib.suppress(ProcessLookupError):
        select.select([os.pidfd_open(owner), os.pidfd_open(child.pid)], [], [])
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
