"""How the decisions of a step add up, against the plain rules and over random orders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.core.problems import Text
from headrace.platform.workflow.pinned import Step
from headrace.platform.workflow.voting import moot, next_turns, result_of


@dataclass(frozen=True)
class Task:
    id: str
    state: str = "open"
    place: str | None = None
    added_to: str | None = None
    kind: str | None = None
    veto: bool | None = None


def step(mode: Any, ratio: int | None = None) -> Step:
    return Step("s", Text("S"), mode, None, frozenset(), (), ratio)


def tasks(*states: str) -> list[Task]:
    return [Task(str(number), state) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("mode", "ratio", "states", "expected"),
    [
        ("any", None, ["open", "open"], "open"),
        ("any", None, ["approved", "open"], "approved"),
        ("any", None, ["open", "rejected"], "rejected"),
        ("one", None, ["approved"], "approved"),
        ("all", None, ["approved", "open"], "open"),
        ("all", None, ["approved", "approved"], "approved"),
        ("all", None, ["approved", "rejected"], "rejected"),
        ("sequence", None, ["approved", "open", "waiting"], "open"),
        ("sequence", None, ["approved", "approved"], "approved"),
        ("ratio", 60, ["approved", "approved", "open"], "approved"),
        ("ratio", 67, ["approved", "approved", "open"], "open"),
        ("ratio", 60, ["approved", "rejected", "open"], "open"),
        ("ratio", 60, ["rejected", "rejected", "open"], "rejected"),
        ("ratio", 100, ["approved", "rejected", "open"], "rejected"),
        ("ratio", 1, ["open", "rejected", "rejected"], "open"),
        ("all", None, ["released", "approved", "transferred"], "approved"),
        ("all", None, [], "open"),
    ],
)
def test_the_modes(mode, ratio, states, expected):
    assert result_of(step(mode, ratio), tasks(*states)) == expected


def test_a_veto_ends_what_a_share_would_have_approved():
    found = [*tasks("approved", "approved", "open"), Task("9", "rejected", veto=True)]
    assert result_of(step("ratio", 50), found) == "rejected"


def test_opinions_count_for_nothing():
    found = [Task("1", "approved"), Task("2", "open", kind="opinion")]
    assert result_of(step("all"), found) == "approved"


@pytest.mark.parametrize("place", ["beside", "before"])
def test_who_was_added_is_needed_too(place):
    asker = Task("1", "approved" if place == "beside" else "waiting")
    added = Task("2", "open", place, "1")
    assert result_of(step("any"), [asker, added]) == "open"
    rejected = replace(added, state="rejected")
    assert result_of(step("any"), [asker, rejected]) == "rejected"
    both = [replace(asker, state="approved"), replace(added, state="approved")]
    assert result_of(step("any"), both) == "approved"


def test_who_comes_after_is_asked_when_the_others_are_done():
    after = Task("2", "waiting", "after", "1")
    assert next_turns(step("any"), [Task("1"), after]) == []
    assert next_turns(step("any"), [Task("1", "approved"), after]) == ["2"]
    beside = Task("3", "open", "beside", "1")
    assert next_turns(step("any"), [Task("1", "approved"), after, beside]) == []


def test_the_asker_gets_the_task_back_after_who_came_before():
    asker, before = Task("1", "waiting"), Task("2", "open", "before", "1")
    assert next_turns(step("any"), [asker, before]) == []
    assert next_turns(step("any"), [asker, replace(before, state="approved")]) == ["1"]
    # Somebody else has decided the step: nobody needs the word before.
    other = Task("0", "approved")
    assert set(moot(step("any"), [other, asker, before])) == {"1", "2"}
    assert result_of(step("any"), [other, asker, before]) == "approved"


def test_who_was_added_before_somebody_superfluous_is_so_too():
    first, second = Task("2", "waiting", "before", "1"), Task("3", "open", "before", "2")
    found = [Task("1", "approved"), first, second]
    assert moot(step("any"), found) == ["2", "3"]
    assert result_of(step("any"), found) == "approved"


def test_who_was_asked_because_the_time_was_up_ends_the_step():
    late, second = Task("1"), Task("2", "approved", "escalated")
    assert result_of(step("all"), [late, second, Task("3")]) == "approved"
    rejected = replace(second, state="rejected")
    assert result_of(step("ratio", 50), [replace(late, state="approved"), rejected]) == "rejected"
    # They may have somebody decide before them, and get the task back.
    before = Task("3", "approved", "before", "2")
    assert next_turns(step("all"), [late, replace(second, state="waiting"), before]) == ["2"]


def test_a_sequence_opens_one_after_the_other():
    assert next_turns(step("sequence"), tasks("open", "waiting", "waiting")) == []
    assert next_turns(step("sequence"), tasks("approved", "waiting", "waiting")) == ["1"]
    assert next_turns(step("sequence"), tasks("approved", "approved", "waiting")) == ["2"]


MODES = st.sampled_from(
    [("any", None), ("all", None), ("sequence", None), ("ratio", 34), ("ratio", 67), ("ratio", 100)]
)


@given(
    mode=MODES,
    people=st.integers(1, 5),
    added=st.lists(st.sampled_from(["before", "beside", "after", "escalated"]), max_size=4),
    choices=st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=40),
)
def test_a_step_never_waits_for_nobody(mode, people, added, choices):
    """Whatever is decided in whatever order, an open step has an open task, and it ends."""
    one = step(*mode)
    rows = {str(n): Task(str(n)) for n in range(people)}
    if one.mode == "sequence":
        rows = {n: task if n == "0" else replace(task, state="waiting") for n, task in rows.items()}
    for number, place in enumerate(added):
        asker = next(task for task in rows.values() if task.state == "open")
        key = str(50 + number)
        rows[key] = Task(key, "waiting" if place == "after" else "open", place, asker.id)
        if place == "before":
            rows[asker.id] = replace(asker, state="waiting")
    for pick, approves in [*choices, *[(0, True)] * 60]:
        found = list(rows.values())
        if result_of(one, found) != "open":
            break
        for key in moot(one, found):
            rows[key] = replace(rows[key], state="closed")
        for key in next_turns(one, list(rows.values())):
            rows[key] = replace(rows[key], state="open")
        waiting = [task for task in rows.values() if task.state == "open"]
        assert waiting, rows
        task = waiting[pick % len(waiting)]
        rows[task.id] = replace(task, state="approved" if approves else "rejected")
    assert result_of(one, list(rows.values())) != "open"
