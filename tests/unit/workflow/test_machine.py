from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.workflow.machine import (
    GuardError,
    Move,
    NoWayError,
    Plan,
    Position,
    leaving,
    move,
    plan_of,
)
from tests.support.approval_world import catalog_of

PLAN = Plan(
    ("draft", "waiting", "done"),
    (
        Move("submit", "asked", "draft", "waiting"),
        Move("submit", "without_approval", "draft", "done"),
        Move("submit", "approved", "waiting", "done"),
    ),
)


def yes() -> bool:
    return True


def no() -> bool:
    return False


def test_a_move_leads_to_the_state_of_its_branch():
    assert move(PLAN, "draft", "submit", "asked", yes) == "waiting"
    assert move(PLAN, "draft", "submit", "without_approval", yes) == "done"
    assert move(PLAN, "waiting", "submit", "approved", yes) == "done"


def test_a_guard_that_does_not_hold_stops_the_move():
    with pytest.raises(GuardError):
        move(PLAN, "draft", "submit", "asked", no)


@pytest.mark.parametrize(
    ("state", "transition"), [("done", "submit"), ("draft", "unknown"), ("nowhere", "submit")]
)
def test_a_transition_that_does_not_leave_the_state_is_no_way(state, transition):
    with pytest.raises(NoWayError):
        move(PLAN, state, transition, "asked", yes)


def test_names_cannot_hide_attributes_of_the_machine():
    names = ("state", "trigger", "is_draft", "to_x", "events", "initial", "__init__")
    plan = Plan(names, tuple(Move(name, "asked", name, "state") for name in names))
    for name in names:
        assert move(plan, name, name, "asked", yes) == "state"
        assert leaving(plan, name) == (name,)


def test_a_machine_keeps_no_position():
    position = Position("draft")
    assert position.__slots__ == ("state",)
    for _ in range(100):
        move(PLAN, "draft", "submit", "asked", yes)
    from headrace.platform.workflow import machine

    assert machine._machine(PLAN).models == []


def test_threads_share_a_machine():
    wrong: list[str] = []

    def run() -> None:
        for _ in range(300):
            if move(PLAN, "draft", "submit", "asked", yes) != "waiting":
                wrong.append("asked")
            if move(PLAN, "waiting", "submit", "approved", yes) != "done":
                wrong.append("approved")

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_plan_of_a_workflow_has_the_moves_of_people():
    plan = plan_of(catalog_of().workflows["claim_flow"])
    assert leaving(plan, "draft") == ("submit", "cancel")
    assert leaving(plan, "in_approval") == ()
    assert move(plan, "draft", "submit", "without_approval", yes) == "paid"


STATES = st.sampled_from(["a", "b", "c", "d"])


@given(
    st.lists(
        st.builds(Move, st.sampled_from(["x", "y"]), st.just("asked"), STATES, STATES),
        max_size=8,
        unique_by=lambda one: (one.transition, one.source),
    ),
    STATES,
    st.sampled_from(["x", "y"]),
    st.booleans(),
)
def test_machines_agree_with_a_table_of_moves(moves, state, transition, guard):
    plan = Plan(("a", "b", "c", "d"), tuple(moves))
    table = {(one.source, one.transition): one.target for one in moves}
    expected = table.get((state, transition))
    if expected is None:
        with pytest.raises(NoWayError):
            move(plan, state, transition, "asked", lambda: guard)
    elif guard:
        assert move(plan, state, transition, "asked", lambda: guard) == expected
    else:
        with pytest.raises(GuardError):
            move(plan, state, transition, "asked", lambda: guard)
    assert set(leaving(plan, state)) == {name for source, name in table if source == state}
