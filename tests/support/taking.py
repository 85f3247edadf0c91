"""Processes that take from the same record at the same moment, told by lines on their standard input.

A line is an object name and the JSON of a record to create; the answer is `saved` or the code of the refusal
with the place of its first problem.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from headrace.platform.core.errors import PlatformError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform
from tests.support.servers import ROOT, environment


class Takers:
    """Some processes, each with a platform of its own on the same database."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self.processes = processes

    def take(self, requests: list[tuple[str, dict[str, Any]]]) -> list[str]:
        """Let each process create one record, all at once; return what each said."""
        busy = self.processes[: len(requests)]
        for process, (object_name, values) in zip(busy, requests, strict=True):
            assert process.stdin is not None
            process.stdin.write(f"{object_name} {json.dumps(values)}\n")
            process.stdin.flush()
        said = []
        for process in busy:
            assert process.stdout is not None
            said.append(process.stdout.readline().strip())
        return said


@contextmanager
def takers(url: str, count: int) -> Iterator[Takers]:
    """Start the processes, and wait until each is ready."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.taking", url],
            env=environment(url),
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
        yield Takers(processes)
    finally:
        for process in processes:
            if process.stdin is not None:
                process.stdin.close()
            process.wait(timeout=60)
            if process.stdout is not None:
                process.stdout.close()


def _create(
    platform: Platform, name: str, values: dict[str, Any], context: Context, work: UnitOfWork
) -> None:
    platform.store.create(context, work, name, values)


def main() -> None:
    """Serve lines until there are no more."""
    from tests.support.publishing import platform_at

    with platform_at(sys.argv[1]) as platform:
        platform.catalogs.current()
        print("ready", flush=True)
        for line in sys.stdin:
            object_name, _, values = line.partition(" ")
            create = partial(_create, platform, object_name, json.loads(values))
            try:
                platform.write_as_system(create)
            except PlatformError as error:
                print(error.problems[0].code, error.problems[0].path, flush=True)
            else:
                print("saved", flush=True)


if __name__ == "__main__":
    main()
