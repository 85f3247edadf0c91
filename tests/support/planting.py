"""Changes that tests make in the product's code inside other processes: bugs, and places to wait."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from headrace.platform.database.engine import Database
from headrace.platform.workflow import runs

ROOT = Path(__file__).parents[2]
PLANT, FOLDER = "TEST_PLANT", "TEST_FOLDER"


def variables(plant_name: str, folder: Path | None = None) -> dict[str, str]:
    """Return the environment of a process that shall start with a change."""
    path = f"{Path(__file__).with_name('plants')}{os.pathsep}{ROOT}"
    return {"PYTHONPATH": path, PLANT: plant_name, FOLDER: str(folder or "")}


def plant() -> None:
    """Make the change that the environment of this process names."""
    PLANTS[os.environ[PLANT]]()


def decide_without_condition() -> None:
    """Take the condition out of the UPDATE that decides a task."""
    runs.still_open = lambda task_id, version: runs.TASK.c.id == task_id


def hold_writers() -> None:
    """Let writers wait while a file `before` or `within` stands in the folder.

    `before`: the catalog is loaded, the lock is not asked for yet. `within`: everything is written,
    nothing committed. Each that waits leaves a file `<place>.<something>`.
    """
    folder = Path(os.environ[FOLDER])
    writing = Database.writing

    @contextlib.contextmanager
    def held(self: Database, version: int | None, *others: Any, **more: Any) -> Iterator[Any]:
        if version is not None:
            _wait(folder, "before")
        with writing(self, version, *others, **more) as work:
            yield work
            if version is not None:
                _wait(folder, "within")

    Database.writing = held  # type: ignore[method-assign, assignment]


def _wait(folder: Path, place: str) -> None:
    stop = folder / place
    if not stop.exists():
        return
    (folder / f"{place}.{uuid.uuid4()}").touch()
    while stop.exists():
        time.sleep(0.005)


PLANTS: dict[str, Callable[[], None]] = {
    "decide_without_condition": decide_without_condition,
    "hold_writers": hold_writers,
}
