"""How the decisions of a step add up: pure, over the rows of its tasks.

A step has seats: the people whom the definition asks. The mode says how many of them must approve. Whoever was added by an approver decides besides: their rejection rejects,
and the step waits for their approval. Whoever is asked because the time is up decides the step for all
who are late. Opinions count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, Protocol

from headrace.platform.workflow.pinned import Step

Result = Literal["open", "approved", "rejected"]
Place = Literal["before", "beside", "after"]

PLACES: Final[tuple[Place, ...]] = ("before", "beside", "after")
"""Where an approver adds somebody."""

ESCALATED: Final = "escalated"
"""The place of who was asked because the time was up: their decision ends the step, whatever its mode."""

COUNTED: Final = frozenset({"open", "waiting", "approved", "rejected"})
UNDECIDED: Final = frozenset({"open", "waiting"})


class TaskRow(Protocol):
    """What counts of a task."""

    @property
    def id(self) -> Any:
        """The task's id; ids sort by age."""

    @property
    def state(self) -> Any:
        """Its state."""

    @property
    def kind(self) -> Any:
        """`opinion`, or None."""

    @property
    def place(self) -> Any:
        """Where its person was added; None for who the definition asks."""

    @property
    def added_to(self) -> Any:
        """The task from which its person was added."""

    @property
    def veto(self) -> Any:
        """Whether a rejection of it rejects whatever the others say."""


def result_of(step: Step, tasks: Sequence[TaskRow]) -> Result:
    """Say how a step stands by what was decided on its `tasks`."""
    by_escalation = {task.state for task in tasks if task.place == ESCALATED}
    if "rejected" in by_escalation:
        return "rejected"
    if "approved" in by_escalation:
        return "approved"
    added = _added(tasks)
    if any(task.state == "rejected" for task in added):
        return "rejected"
    own = seats_result(step, tasks)
    superfluous = set(moot(step, tasks))
    needed = [task for task in added if task.state in UNDECIDED and task.id not in superfluous]
    return "open" if own == "approved" and needed else own


def seats_result(step: Step, tasks: Sequence[TaskRow]) -> Result:
    """Say how a step stands by those alone whom the definition asks."""
    seats = seats_of(tasks)
    approved = sum(seat.state == "approved" for seat in seats)
    rejected = sum(seat.state == "rejected" for seat in seats)
    if step.mode == "ratio":
        needed = -(-len(seats) * (step.ratio or 100) // 100)
        if (
            any(seat.veto and seat.state == "rejected" for seat in seats)
            or len(seats) - rejected < needed
        ):
            return "rejected"
        return "approved" if seats and approved >= needed else "open"
    if rejected:
        return "rejected"
    needed = 1 if step.mode in {"one", "any"} else len(seats)
    return "approved" if seats and approved >= needed else "open"


def moot(step: Step, tasks: Sequence[TaskRow]) -> list[str]:
    """Return the ids of undecided tasks on which nothing depends any more, in an open step.

    Those are the seats that need not decide any more; and who was added before somebody that need
    not decide, whoever was added before them included.
    """
    own = seats_result(step, tasks)
    found = {seat.id for seat in seats_of(tasks) if own == "approved" and seat.state in UNDECIDED}
    undecided = {task.id for task in tasks if task.state in UNDECIDED}
    for task in _sorted(tasks):
        # Who was added is younger than who added them.
        needed = task.added_to in undecided and task.added_to not in found
        if task.place == "before" and task.id in undecided and not needed:
            found.add(task.id)
    return [task.id for task in _sorted(tasks) if task.id in found]


def next_turns(step: Step, tasks: Sequence[TaskRow]) -> list[str]:
    """Return the ids of waiting tasks whose turn it is."""
    own = seats_result(step, tasks)
    blocked = {
        task.added_to for task in tasks if task.place == "before" and task.state in UNDECIDED
    }
    added_open = any(task.state == "open" for task in _added(tasks))
    turns = [
        task.id
        for task in tasks
        if task.state == "waiting"
        and task.id not in blocked
        and task.kind is None
        and (
            task.place in {"before", "beside", ESCALATED}
            or (task.place == "after" and own == "approved" and not added_open)
        )
    ]
    waiting = [task for task in _sorted(tasks) if task.state == "waiting" and task.place is None]
    if step.mode == "sequence":
        busy = any(seat.state == "open" for seat in seats_of(tasks))
        waiting = [] if busy else waiting[:1]
    return turns + [task.id for task in waiting if task.id not in blocked]


def seats_of(tasks: Iterable[TaskRow]) -> list[TaskRow]:
    """Return the tasks of whom the definition asks, oldest first."""
    asked = (task for task in tasks if task.kind is None and task.place is None)
    return _sorted(task for task in asked if task.state in COUNTED)


def _added(tasks: Iterable[TaskRow]) -> list[TaskRow]:
    return [
        task
        for task in tasks
        if task.kind is None and task.place in PLACES and task.state in COUNTED
    ]


def _sorted(tasks: Iterable[TaskRow]) -> list[TaskRow]:
    return sorted(tasks, key=lambda task: str(task.id))
