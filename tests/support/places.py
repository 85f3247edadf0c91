"""Where a test run keeps its files: in memory where there is room, for no test asks a disk.

A commit on a disk waits for that disk; hundreds of thousands of commits make the better part of
a run. Processes that tests kill find everything again; only a power cut would not.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 -- the run makes folders of its own in it
NEEDED = 6 * 1024**3
"""Free bytes, of the folder and of the machine, that a run in memory asks for."""


def work_in_memory() -> None:
    """Let this process and its children make their temporary files in memory, if there is room."""
    if "TMPDIR" in os.environ or not _has_room():
        return
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # found anew at the next use


def _has_room() -> bool:
    if not os.access(MEMORY, os.W_OK):
        return False
    folder = os.statvfs(MEMORY)
    return min(folder.f_bavail * folder.f_frsize, _available_memory()) >= NEEDED


def _available_memory() -> int:
    """Return the bytes that the kernel could give without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
