"""Publishes a module folder in a process of its own, which dies by SIGKILL when publish has returned.

Prints the number of the version and the machine's monotonic nanoseconds at that moment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import ROOT, environment


@dataclass(frozen=True)
class Published:
    """What the process that died has told: its version, and when `publish` had returned."""

    version: int
    returned: int


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    """Start the process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.publish_and_die", url, str(folder)],
        env=environment(url),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[str]) -> Published:
    """Wait until the process has been killed; return what it told."""
    out, error = process.communicate(timeout=120)
    if process.returncode != -signal.SIGKILL:
        raise AssertionError(f"the publishing process ended with {process.returncode}: {error}")
    version, returned = out.split()
    return Published(int(version), int(returned))


def publish_and_die(url: str, folder: Path) -> Published:
    """Publish in a process that is dead afterwards."""
    return finish(start(url, folder))


def main() -> None:
    """Publish, tell, die: no connection is closed and nothing is tidied up."""
    from tests.support.dealers import open_platform

    url, folder = sys.argv[1:]
    with open_platform(url) as platform:
        plan = platform.publisher.plan(Path(folder))
        version = platform.publisher.publish(plan, "the last thing this process does", None).version
        os.write(1, f"{version} {time.monotonic_ns()}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
