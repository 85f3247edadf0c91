"""Time limits of steps and runs: reminders, escalation, automatic decisions, each once and in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError
from headrace.platform.jobs.tables import JOB
from headrace.platform.workflow.delegations import Delegations
from headrace.platform.workflow.repairing import Repairs
from headrace.platform.workflow.tables import DECISION
from headrace.platform.workflow.timing import TIMER
from tests.support.approval_world import World, approval_world
from tests.support.timed import (
    ADMIN,
    BOSS,
    EIGHT_HOURS,
    FINANCE,
    MANAGER,
    ring,
    shown,
    step,
    stop_clock,
    timed,
    timeline,
    told,
    waiting_timers,
)

FRIDAY = "2025-06-13 15:00"
WorldOf = Callable[..., AbstractContextManager[World]]


@pytest.fixture
def world_of(database_url: str) -> WorldOf:
    @contextmanager
    def make(*steps: dict[str, Any], at: str = FRIDAY, **keys: Any) -> Iterator[World]:
        with approval_world(database_url, timed(*steps, **keys)) as world:
            stop_clock(world, at)
            yield world

    return make


def due_of(world: World, run_id: str) -> str:
    return shown(world.rows_of_step(run_id)[-1].due_at)


# -- reminders and escalation ----------------------------------------------------------------------


def test_a_reminder_an_escalation_and_a_decision_at_the_minute(world_of: WorldOf):
    both = step("sign_off", FINANCE, BOSS, mode="all", time=EIGHT_HOURS)
    with world_of(both) as world:
        world.set_roles("fred")
        claim = world.claim()
        run_id = world.submit(claim)
        assert due_of(world, run_id) == "06-16 14:00"
        world.clock.set("2025-06-13 16:30")
        world.decide("faye", run_id)
        ring(world, "2025-06-16 12:23")
        assert told(world, "task.reminder") == []
        ring(world, "2025-06-16 12:24")
        assert told(world, "task.reminder") == [("06-16 12:24", "bob")]
        ring(world, "2025-06-16 13:59")
        assert set(world.open_tasks(run_id)) == {"bob"}
        ring(world, "2025-06-16 14:00")
        assert set(world.open_tasks(run_id)) == {"bob", "ann"}
        assert told(world, "task.overdue") == [("06-16 14:00", "bob")]
        assert told(world, "task.escalated") == [("06-16 14:00", "ann")]
        world.clock.set("2025-06-16 14:20")
        world.decide("ann", run_id)
        assert world.state(claim) == "paid"
        assert world.open_tasks(run_id) == {}
        assert timeline(world, run_id) == [
            ("06-13 16:30", "approve"),
            ("06-16 12:24", "remind"),
            ("06-16 14:00", "remind"),
            ("06-16 14:00", "escalate"),
            ("06-16 14:20", "approve"),
        ]
        spent = sa.select(DECISION.c.worked_seconds).where(DECISION.c.action == "approve")
        hours = [row.worked_seconds / 3600 for row in world.rows(spent.order_by(DECISION.c.id))]
        assert hours == [1.5, 20 / 60]
        assert waiting_timers(world) == []


def test_the_first_decision_counts_after_an_escalation(world_of: WorldOf):
    both = step("sign_off", FINANCE, BOSS, mode="all", time=EIGHT_HOURS)
    with world_of(both) as world:
        world.set_roles("fred")
        run_id = world.submit(world.claim())
        ring(world, "2025-06-16 14:00")
        stale = world.open_tasks(run_id)["ann"]
        world.decide("faye", run_id)
        assert set(world.open_tasks(run_id)) == {"ann", "bob"}
        world.decide("bob", run_id)
        assert world.run(run_id).state == "approved"
        with pytest.raises(ConflictError, match=r"task\.already_decided"):
            world.does(
                "ann",
                lambda c, w: world.tasks.decide(c, w, stale.id, "approve", version=stale.version),
            )


def test_after_a_night_without_a_worker_only_the_last_thing_is_done(world_of: WorldOf):
    with world_of(step("one", MANAGER, time={**EIGHT_HOURS, "remind": [50, 80]})) as world:
        run_id = world.submit(world.claim())
        ring(world, "2025-06-17 09:00")
        assert told(world, "task.reminder") == []
        assert told(world, "task.overdue") == [("06-17 09:00", "mia")]
        assert set(world.open_tasks(run_id)) == {"mia", "ann"}
        ring(world, "2025-06-18 09:00")
        assert len(told(world, "task.overdue")) == 1


def test_a_clock_that_goes_back_repeats_nothing(world_of: WorldOf):
    with world_of(step("one", MANAGER, time={**EIGHT_HOURS, "remind": [50, 80]})) as world:
        run_id = world.submit(world.claim())
        ring(world, "2025-06-16 10:00")
        ring(world, "2025-06-15 10:00")
        ring(world, "2025-06-16 10:30")
        assert told(world, "task.reminder") == [("06-16 10:00", "mia")]
        ring(world, "2025-06-16 14:00")
        assert [action for _, action in timeline(world, run_id)] == ["remind", "remind", "escalate"]


def test_a_decision_stops_the_clock(world_of: WorldOf):
    with world_of(step("one", MANAGER, time=EIGHT_HOURS), time={"limit": "9"}) as world:
        run_id = world.submit(world.claim())
        assert waiting_timers(world) == ["06-16 12:24", "06-16 13:12"]
        world.decide("mia", run_id)
        assert waiting_timers(world) == []
        ring(world, "2025-06-20 09:00")
        assert timeline(world, run_id) == [("06-13 15:00", "approve")]


def test_a_timer_that_comes_after_the_decision_changes_nothing(world_of: WorldOf):
    with world_of(step("one", MANAGER, time={"limit": "8", "then": "reject"})) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        job = world.rows(sa.select(JOB).where(JOB.c.kind == TIMER))[0]
        world.clock.set("2025-06-16 15:00")
        world.decide("mia", run_id)
        world.does("system", lambda c, w: world.timers.ring(c, w, job.payload))
        assert world.state(claim) == "paid"
        assert [action for _, action in timeline(world, run_id)] == ["approve"]


def test_delegates_are_reminded_too(world_of: WorldOf):
    with world_of(step("one", BOSS, time=EIGHT_HOURS)) as world:
        world.submit(world.claim())
        day = date(2025, 6, 16)
        world.clock.set("2025-06-15 10:00")
        world.does(
            "bob",
            lambda c, w: Delegations(world.notifications).create(
                c, w, world.users["rita"], day, day
            ),
        )
        ring(world, "2025-06-16 12:24")
        assert told(world, "task.reminder") == [("06-16 12:24", "bob"), ("06-16 12:24", "rita")]


def test_an_escalation_to_who_is_asked_already_only_reminds(world_of: WorldOf):
    time = {**EIGHT_HOURS, "escalate_to": [{"role": "boss"}]}
    with world_of(step("one", BOSS, time=time)) as world:
        world.set_roles("rita")
        run_id = world.submit(world.claim())
        ring(world, "2025-06-16 14:00")
        assert set(world.open_tasks(run_id)) == {"bob"}
        assert told(world, "task.overdue") == [("06-16 14:00", "bob")]


# -- automatic decisions ---------------------------------------------------------------------------


def test_a_step_does_not_approve_itself_without_the_values_that_it_needs(world_of: WorldOf):
    limit = {"limit": "4", "then": "approve"}
    first = step("one", MANAGER, time=limit, editable=["reserve"], required=["reserve"])
    with world_of(first) as world:
        run_id = world.submit(world.claim())
        ring(world, "2025-06-16 10:00")
        assert world.steps(run_id) == ["open"]
        assert not any(action == "timeout_approve" for _, action in world.decisions(run_id))


def test_a_step_approves_itself_when_told_to(world_of: WorldOf):
    first = step("one", MANAGER, time={"limit": "4", "then": "approve"})
    with world_of(first, step("two", FINANCE)) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        ring(world, "2025-06-16 10:00")
        assert world.steps(run_id) == ["approved", "open"]
        assert world.decisions(run_id)[-1] == ("system", "timeout_approve")
        assert world.history(claim)[-1] == "timeout_approve"
        assert told(world, "task.timed_out") == [("06-16 10:00", "mia")]
        view = world.engine.approvals(world.context("ann"), "claim", claim)[0].steps[0]
        said = view.decisions[-1].render("en")
        assert said["reason"] == "Not decided within 4 working hours, by 2025-06-16 10:00."
        assert said["worked_hours"] == "4.00"
        with pytest.raises(ConflictError, match=r"approval\.decided"):
            world.does("dora", lambda c, w: world.engine.withdraw(c, w, run_id))


def test_a_step_rejects_itself_when_told_to(world_of: WorldOf):
    with world_of(step("one", MANAGER, time={"limit": "4", "then": "reject"})) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        ring(world, "2025-06-16 10:00")
        assert (world.state(claim), world.steps(run_id)) == ("rejected", ["rejected"])
        assert world.open_tasks(run_id) == {}
        assert told(world, "approval.ended") == [("06-16 10:00", "dora")]


@pytest.mark.parametrize("then", ["approve", "reject"])
def test_nothing_is_decided_where_the_approvers_were_not_found(world_of: WorldOf, then: str):
    with world_of(step("one", MANAGER, time={"limit": "4", "then": then})) as world:
        world.set_user("mia", active=False)
        claim = world.claim()
        run_id = world.submit(claim)
        ring(world, "2025-06-16 10:00")
        assert world.state(claim) == "in_approval"
        assert set(world.open_tasks(run_id)) == {"ann"}
        assert told(world, "task.overdue") == [("06-16 10:00", "ann")]


def test_what_the_flow_refuses_is_not_decided_but_told(world_of: WorldOf):
    with world_of(step("one", MANAGER, time={"limit": "4", "then": "approve"})) as world:
        contents = timed(step("one", MANAGER, time={"limit": "4", "then": "approve"}))
        submit = contents["workflow", "claim_flow"]["transitions"][0]
        submit["on"]["approved"] = {"to": "paid", "when": "fee > 0"}
        world.publish(contents)
        claim = world.claim()
        run_id = world.submit(claim)
        ring(world, "2025-06-16 10:00")
        assert world.state(claim) == "in_approval"
        assert set(world.open_tasks(run_id)) == {"mia"}
        assert [action for _, action in timeline(world, run_id)] == ["remind"]


# -- the whole approval ----------------------------------------------------------------------------


def test_a_run_rejects_itself_after_three_working_days(world_of: WorldOf):
    total = {"limit": "3", "unit": "working_days", "then": "reject"}
    steps = (step("one", MANAGER, time=EIGHT_HOURS), step("two", FINANCE))
    with world_of(*steps, time=total) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        assert shown(world.run(run_id).due_at) == "06-18 15:00"
        world.clock.set("2025-06-16 09:30")
        world.decide("mia", run_id)
        ring(world, "2025-06-18 09:36")
        assert [who for _, who in told(world, "task.reminder")] == ["faye", "fred"]
        ring(world, "2025-06-18 15:00")
        assert (world.state(claim), world.steps(run_id)) == ("rejected", ["approved", "closed"])
        assert world.decisions(run_id)[-1] == ("system", "timeout_reject")


def test_a_run_escalates_in_the_step_where_it_waits(world_of: WorldOf):
    total = {"limit": "8", "then": "escalate", "escalate_to": [ADMIN]}
    with world_of(step("one", MANAGER), time=total) as world:
        run_id = world.submit(world.claim())
        ring(world, "2025-06-16 14:00")
        assert set(world.open_tasks(run_id)) == {"mia", "ann"}


# -- versions, other ways to count ------------------------------------------------------------------


def test_a_run_keeps_the_time_of_its_version(world_of: WorldOf):
    with world_of(step("one", MANAGER, time=EIGHT_HOURS)) as world:
        run_id = world.submit(world.claim())
        world.publish(timed(step("one", MANAGER, time={"limit": "1"})))
        ring(world, "2025-06-16 13:59")
        assert set(world.open_tasks(run_id)) == {"mia"}
        ring(world, "2025-06-16 14:00")
        assert set(world.open_tasks(run_id)) == {"mia", "ann"}


def test_a_run_that_is_moved_takes_the_total_time_of_the_new_version(world_of: WorldOf):
    three_days = {"limit": "3", "unit": "working_days", "then": "reject"}
    with world_of(step("one", MANAGER)) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        assert (world.run(run_id).due_at, waiting_timers(world)) == (None, [])
        repairs = Repairs(world.store, world.notifications)
        world.publish(timed(step("one", MANAGER), time=three_days))
        world.clock.set("2025-06-16 10:00")
        world.does("ann", lambda c, w: repairs.repair(c, w, run_id, "move", reason="New times"))
        assert shown(world.run(run_id).due_at) == "06-18 15:00", "counted from the beginning"
        world.does("ann", lambda c, w: repairs.undo(c, w, run_id, "Too early"))
        assert (world.run(run_id).due_at, waiting_timers(world)) == (None, [])
        world.publish(timed(step("one", MANAGER), time={**three_days, "limit": "1"}))
        world.clock.set("2025-06-17 10:00")
        world.does("ann", lambda c, w: repairs.repair(c, w, run_id, "move", reason="Again"))
        ring(world, "2025-06-17 10:01")
        assert world.decisions(run_id)[-1] == ("system", "timeout_reject")
        assert world.state(claim) == "rejected"


@pytest.mark.parametrize(
    ("time", "reminded", "due"),
    [
        ({"limit": "48", "unit": "hours"}, "06-15 05:24", "06-15 15:00"),
        ({"limit": "2", "unit": "days"}, "06-15 05:24", "06-15 15:00"),
        ({"limit": "2", "unit": "working_days"}, "06-17 11:24", "06-17 15:00"),
        ({"limit": "0.5"}, "06-13 15:24", "06-13 15:30"),
    ],
)
def test_times_are_counted_as_their_unit_says(
    world_of: WorldOf, time: dict[str, Any], reminded: str, due: str
):
    with world_of(step("one", MANAGER, time=time)) as world:
        run_id = world.submit(world.claim())
        assert waiting_timers(world) == [reminded]
        assert due_of(world, run_id) == due


def test_a_task_knows_when_it_is_due(world_of: WorldOf):
    with world_of(step("one", MANAGER, time=EIGHT_HOURS)) as world:
        run_id = world.submit(world.claim())
        item = world.tasks.inbox(world.context("mia")).items[0]
        assert item.render("en")["due_at"] == "2025-06-16T06:00:00.000000Z"
        assert item.late is False
        ring(world, "2025-06-16 14:00")
        late = world.tasks.inbox(world.context("mia")).items[0]
        assert late.late is True
        view = world.tasks.get(world.context("ann"), world.open_tasks(run_id)["ann"].id)
        assert (view.run.steps[0].late, view.run.steps[0].tasks[-1].place) == (True, "escalated")


def test_late_tasks_come_first_page_by_page(world_of: WorldOf):
    steps = (step("one", MANAGER, time={"limit": "8"}),)
    with world_of(*steps) as world:
        late = []
        for minute in ("00", "05", "10"):
            world.clock.set(f"2025-06-13 15:{minute}")
            late.append(world.submit(world.claim()))
        world.clock.set("2025-06-16 11:00")
        fresh = [world.submit(world.claim()) for _ in range(2)]
        ring(world, "2025-06-16 15:00")
        seen, cursor = [], None
        while True:
            page = world.tasks.inbox(world.context("mia"), limit=2, before=cursor)
            seen += [item.run_id for item in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert seen == [*late, *reversed(fresh)]


def test_a_step_that_is_moved_takes_the_time_of_the_new_version(world_of: WorldOf):
    with world_of(step("one", MANAGER)) as world:
        run_id = world.submit(world.claim())
        assert waiting_timers(world) == []
        world.publish(timed(step("one", MANAGER, time=EIGHT_HOURS)))
        world.clock.set("2025-06-16 10:00")
        repairs = Repairs(world.store, world.notifications)
        world.does("ann", lambda c, w: repairs.repair(c, w, run_id, "move", reason="New times"))
        assert due_of(world, run_id) == "06-16 18:00"
        assert len(waiting_timers(world)) == 1
        ring(world, "2025-06-16 18:00")
        assert set(world.open_tasks(run_id)) == {"mia", "ann"}
