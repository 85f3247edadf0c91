"""What must hold between the rows of one approval after whatever happened at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from headrace.platform.workflow.tables import DECIDING, DECISION, RUN, STEP, TASK

Rows = Callable[[sa.Select[Any]], list[Any]]


def disagreements(rows: Rows, run_id: str, state: str, branches: int = 1) -> Iterator[str]:
    """Yield what is wrong with the rows of a run whose record is in `state`.

    The run may wait in so many branches at once.
    """
    (run,) = rows(sa.select(RUN).where(RUN.c.id == run_id))
    steps = rows(sa.select(STEP).where(STEP.c.run == run_id))
    tasks = rows(sa.select(TASK).where(TASK.c.run == run_id))
    decisions = rows(sa.select(DECISION).where(DECISION.c.run == run_id))
    opened = [one for one in steps if one.state == "open"]
    left = [one for one in tasks if one.state in {"open", "waiting"}]
    if run.state == "open":
        if state != "in_approval":
            yield "the record of an open run does not wait"
        if not 1 <= len(opened) <= branches or len({one.node for one in opened}) != len(opened):
            yield f"{len(opened)} open steps"
        if not any(one.state == "open" and one.kind is None for one in left):
            yield "an open run waits for nobody"
    elif opened or left:
        yield f"an ended run has {len(opened)} open steps and {len(left)} open tasks"
    elif state == "in_approval":
        yield "the record of an ended run still waits"
    if any(one.step not in {step.id for step in opened} for one in left):
        yield "an open task in a step that is not open"
    if len({one.position for one in steps}) != len(steps):
        yield "two steps in one place"
    said: dict[tuple[str, int], int] = {}
    for one in decisions:
        if one.action in DECIDING:
            said[one.task, one.round] = said.get((one.task, one.round), 0) + 1
    decided = {"approved", "rejected", "returned"}
    for task in tasks:
        number = said.get((task.id, task.round), 0)
        if number != (task.state in decided):
            yield f"{number} decisions on a task that is {task.state}"
