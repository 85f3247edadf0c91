"""The state machine: the only importer of `transitions`, never handed a record.

A machine is made once for each `Plan` (the moves of a workflow or of a pinned approval) and moves a
tiny `Position`. Names written by admins are prefixed, so that none can hide an attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from transitions import EventData, Machine, MachineError

from headrace.platform.metadata.catalog import WorkflowModel

Branch = Literal["asked", "without_approval", "approved", "rejected", "withdrawn", "returned"]
"""Which way a transition goes: its approval is asked, none applies, or the approval ended so."""

MACHINES_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Move:
    """A way from a state to a state: a transition and its branch."""

    transition: str
    branch: Branch
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All states and moves; equal plans share a machine."""

    states: tuple[str, ...]
    moves: tuple[Move, ...]


class NoWayError(Exception):
    """The transition does not leave the state that the record is in."""


class GuardError(Exception):
    """The guard of the move does not hold."""


class Position:
    """The place in the machine: all that `transitions` ever sees."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def plan_of(workflow: WorkflowModel) -> Plan:
    """Return the moves of people; the outcomes of approvals belong to their runs."""
    moves: list[Move] = []
    for transition in workflow.transitions.values():
        definition = transition.definition
        for source in definition.from_:
            moves.append(Move(transition.name, "asked", source, definition.to))
            otherwise = transition.without_approval
            target = otherwise.to if otherwise else definition.to
            moves.append(Move(transition.name, "without_approval", source, target))
    return Plan(tuple(workflow.states), tuple(moves))


def move(plan: Plan, state: str, transition: str, branch: Branch, guard: Callable[[], bool]) -> str:
    """Return the state that the branch of a transition leads to from `state`.

    Raise NoWayError where it does not leave `state`, GuardError where `guard` does not hold.
    """
    machine = _machine(plan)
    event = machine.events.get(_trigger(transition, branch))
    if event is None or state not in plan.states:
        raise NoWayError(transition)
    position = Position(_inner(state))
    try:
        moved = event.trigger(position, guard=guard)
    except MachineError as error:
        raise NoWayError(transition) from error
    if not moved:
        raise GuardError(transition)
    return _outer(position.state)


def leaving(plan: Plan, state: str) -> tuple[str, ...]:
    """Return the transitions that leave `state`, in the order of the workflow."""
    machine = _machine(plan)
    triggers = set(machine.get_triggers(_inner(state))) if state in plan.states else set()
    names: Iterable[str] = (
        one.transition for one in plan.moves if _trigger(one.transition, one.branch) in triggers
    )
    return tuple(dict.fromkeys(names))


@lru_cache(MACHINES_KEPT)
def _machine(plan: Plan) -> Any:
    machine = Machine(
        model=None,
        states=[_inner(state) for state in plan.states],
        initial=None,
        auto_transitions=False,
        send_event=True,
    )
    for one in plan.moves:
        machine.add_transition(
            _trigger(one.transition, one.branch),
            _inner(one.source),
            _inner(one.target),
            conditions=[_holds],
        )
    return machine


def _holds(event: EventData) -> bool:
    return bool(event.kwargs["guard"]())


def _trigger(transition: str, branch: Branch) -> str:
    return f"{branch}:{transition}"


def _inner(state: str) -> str:
    return "s:" + state


def _outer(state: str) -> str:
    return state.removeprefix("s:")
