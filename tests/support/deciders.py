"""Client processes that race to decide the same tasks; each is a process of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.servers import Client

PATIENCE = 120


@dataclass(frozen=True)
class Outcome:
    """What one client was told about one task."""

    task: str
    client: int
    action: str
    status: int
    code: str


def race(
    ports: Sequence[int], tokens: Sequence[str], tasks: Sequence[tuple[str, int]]
) -> list[Outcome]:
    """Let one process for each token try to decide every task; all begin each task together."""
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(len(tokens))
    results: Any = spawn.Queue()
    processes = [
        spawn.Process(
            target=_decide_all,
            args=(number, ports[number % len(ports)], token, list(tasks), barrier, results),
        )
        for number, token in enumerate(tokens)
    ]
    for process in processes:
        process.start()
    try:
        return [one for _ in processes for one in results.get(timeout=PATIENCE)]
    finally:
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()


def _decide_all(
    number: int,
    port: int,
    token: str,
    tasks: list[tuple[str, int]],
    barrier: Any,
    results: Any,
) -> None:
    client = Client(port, token)
    client.get("/api/v1/me")
    outcomes = []
    for position, (task, version) in enumerate(tasks):
        action = "reject" if (number + position) % 2 else "approve"
        barrier.wait(PATIENCE)
        outcomes.append(_decide(client, number, task, version, action))
    results.put(outcomes)


def _decide(client: Client, number: int, task: str, version: int, action: str) -> Outcome:
    path = f"/api/v1/tasks/{task}/{action}"
    try:
        answer = client.post(path, {"comment": "decided in a race"}, If_Match=f'"{version}"')
    except OSError as error:
        return Outcome(task, number, action, 0, type(error).__name__)
    code = "" if answer.status == 200 else str(answer.json.get("code"))
    return Outcome(task, number, action, answer.status, code)
