"""Approval runs: who is asked, what decisions do, how runs end, and that nobody slips through."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.workflow.tables import TASK
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace

Steps = list[dict[str, Any]]
WorldOf = Callable[..., AbstractContextManager[World]]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url) as made:
        yield made


@pytest.fixture
def world_of(database_url: str) -> WorldOf:
    def make(*steps: dict[str, Any]) -> AbstractContextManager[World]:
        contents = workspace()
        contents["approval", "claim_by_amount"]["steps"] = list(steps)
        return approval_world(database_url, contents)

    return make


def step(name: str, *approvers: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"name": name, "approvers": list(approvers), **keys}


MANAGER = {"field": "company.manager"}
FINANCE = {"role": "finance"}
BOSS = {"role": "boss", "within": "company.region"}


def code(error: pytest.ExceptionInfo) -> str:
    return error.value.problems[0].code


# -- modes -----------------------------------------------------------------------------------------


def test_any_the_first_decision_counts(world_of: WorldOf):
    with world_of(step("one", FINANCE, mode="any")) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        assert set(world.open_tasks(run_id)) == {"faye", "fred"}
        world.decide("fred", run_id)
        assert world.open_tasks(run_id) == {}
        assert world.state(claim) == "paid"
        assert world.row(claim)["decided_at"] is not None


def test_one_asks_the_first_found_only(world_of: WorldOf):
    with world_of(step("one", FINANCE, MANAGER, mode="one")) as world:
        assert set(world.open_tasks(world.submit(world.claim()))) == {"faye"}


def test_all_waits_for_everybody(world_of: WorldOf):
    with world_of(step("both", FINANCE, BOSS, mode="all")) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        assert set(world.open_tasks(run_id)) == {"faye", "fred", "bob"}
        for login in ("fred", "bob"):
            decided = world.decide(login, run_id)
            assert decided.record_state == "in_approval"
        assert set(world.open_tasks(run_id)) == {"faye"}
        assert world.decide("faye", run_id).record_state == "paid"
        assert world.history(claim) == ["created", "submit", "approve", "approve", "approve"]


def test_one_rejection_ends_a_step_of_all(world_of: WorldOf):
    with world_of(step("both", FINANCE, mode="all"), step("next", MANAGER)) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        world.decide("fred", run_id)
        world.decide("faye", run_id, "reject", comment="too expensive")
        assert world.state(claim) == "rejected"
        assert world.steps(run_id) == ["rejected"]
        assert world.run(run_id).state == "rejected"
        assert world.open_tasks(run_id) == {}


def test_steps_follow_each_other(world_of: WorldOf):
    with world_of(step("first", MANAGER), step("second", FINANCE), step("third", BOSS)) as world:
        run_id = world.submit(world.claim())
        for login in ("mia", "fred", "bob"):
            assert login in world.open_tasks(run_id)
            world.decide(login, run_id)
        assert world.run(run_id).state == "approved"
        assert world.decisions(run_id) == [
            ("mia", "approve"),
            ("fred", "approve"),
            ("bob", "approve"),
        ]


def test_conditional_steps_are_taken_when_they_hold(world: World):
    small, large = world.submit(world.claim(amount="200")), world.submit(world.claim(amount="2000"))
    for run_id in (small, large):
        world.decide("mia", run_id)
    assert world.steps(small) == ["approved", "skipped"]
    assert world.steps(large) == ["approved", "open"]
    assert set(world.open_tasks(large)) == {"fred", "faye", "bob"}


def test_a_condition_sees_what_an_approver_edited(world_of: WorldOf):
    with world_of(
        step("first", MANAGER, editable=["fee"]),
        step("second", FINANCE, when="fee > 100"),
    ) as world:
        edited, untouched = world.submit(world.claim()), world.submit(world.claim())
        world.decide("mia", edited, values={"fee": "101"})
        world.decide("mia", untouched)
        assert world.run(edited).state == "open"
        assert world.run(untouched).state == "approved"


def test_a_run_whose_steps_all_fall_away_is_approved_and_says_so(world_of: WorldOf):
    with world_of(step("never", MANAGER, when="fee > 400")) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        assert world.state(claim) == "paid"
        assert world.steps(run_id) == ["skipped"]
        assert world.history(claim) == ["created", "submit", "auto_approve"]


# -- who is asked ----------------------------------------------------------------------------------


def test_a_role_within_a_territory_is_looked_for_upwards(world_of: WorldOf):
    with world_of(step("boss", BOSS)) as world:
        assert set(world.open_tasks(world.submit(world.claim()))) == {"bob"}
        world.set_roles("bob")
        assert set(world.open_tasks(world.submit(world.claim()))) == {"rita"}
        world.set_roles("fred", ("boss", "quarter"))
        assert set(world.open_tasks(world.submit(world.claim()))) == {"fred"}
        world.set_roles("fred", ("boss", None))
        world.set_roles("rita")
        run_id = world.submit(world.claim())
        assert set(world.open_tasks(run_id)) == {"fred"}
        assert not world.rows_of_step(run_id)[0].fallback


def test_inactive_users_are_never_asked(world_of: WorldOf):
    with world_of(step("finance", FINANCE), step("manager", MANAGER)) as world:
        world.set_user("fred", active=False)
        world.set_user("mia", active=False)
        run_id = world.submit(world.claim())
        assert set(world.open_tasks(run_id)) == {"faye"}
        world.decide("faye", run_id)
        assert set(world.open_tasks(run_id)) == {"ann"}, "the designers are the last resort"
        assert world.rows_of_step(run_id)[1].fallback


def test_the_fall_back_role_is_a_setting(world_of: WorldOf):
    with world_of(step("manager", MANAGER)) as world:
        world.set_user("mia", active=False)
        world.set_fallback("finance")
        assert set(world.open_tasks(world.submit(world.claim()))) == {"fred", "faye"}
        world.set_fallback("")
        assert set(world.open_tasks(world.submit(world.claim()))) == {"ann"}


def test_nobody_at_all_refuses_the_submission(world_of: WorldOf):
    with world_of(step("manager", MANAGER)) as world:
        world.set_user("mia", active=False)
        world.set_user("ann", active=False)
        claim = world.claim()
        simulation = world.engine.simulate(world.context("dora"), "claim", claim, "submit")
        assert simulation.steps[0].state == "nobody"
        with pytest.raises(ConflictError) as conflict:
            world.submit(claim)
        assert code(conflict) == "approval.nobody"
        assert world.state(claim) == "draft"
        assert world.version(claim) == 1


def test_a_source_of_all_that_gives_nobody_is_replaced_by_the_fall_back(world_of: WorldOf):
    with world_of(step("both", MANAGER, FINANCE, mode="all")) as world:
        world.set_user("mia", active=False)
        run_id = world.submit(world.claim())
        assert set(world.open_tasks(run_id)) == {"ann", "fred", "faye"}
        assert world.rows_of_step(run_id)[0].fallback


def test_the_submitter_never_decides(world_of: WorldOf):
    with world_of(step("boss", BOSS)) as world:
        world.set_roles("dora", ("dealer", None), ("boss", "city"))
        run_id = world.submit(world.claim())
        assert set(world.open_tasks(run_id)) == {"bob"}
        world.set_roles("bob")
        assert set(world.open_tasks(world.submit(world.claim()))) == {"rita"}, "one level up"
        world.set_roles("rita")
        assert set(world.open_tasks(world.submit(world.claim()))) == {"ann"}


def test_who_changed_the_record_last_before_does_not_decide_either(world_of: WorldOf):
    with world_of(step("boss", BOSS)) as world:
        world.set_roles("dave", ("dealer", None), ("boss", "quarter"))
        claim = world.claim("dave")
        assert set(world.open_tasks(world.submit(claim, "dora"))) == {"bob"}
        assert set(world.open_tasks(world.submit(world.claim("dora"), "dora"))) == {"dave"}


def test_a_decision_by_the_submitter_is_refused_even_with_a_task(world_of: WorldOf):
    """Somebody with a hand in the database still cannot approve their own record."""
    with world_of(step("manager", MANAGER)) as world:
        run_id = world.submit(world.claim())
        task = world.open_tasks(run_id)["mia"]
        with world.database.writing(None) as work:
            work.connection.execute(
                sa.update(TASK).where(TASK.c.id == task.id).values(user=world.users["dora"])
            )
        with pytest.raises(ForbiddenError) as refused:
            world.decide("dora", run_id)
        assert code(refused) == "approval.self"
        assert world.run(run_id).state == "open"


def test_the_same_person_in_consecutive_steps_is_passed_with_a_line(world_of: WorldOf):
    with world_of(
        step("first", MANAGER), step("second", MANAGER, FINANCE), step("third", MANAGER)
    ) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        world.decide("mia", run_id)
        assert world.steps(run_id) == ["approved", "passed", "passed"]
        assert world.decisions(run_id) == [
            ("mia", "approve"),
            ("mia", "auto_approve"),
            ("mia", "auto_approve"),
        ]
        assert world.state(claim) == "paid"


def test_nobody_is_passed_inside_all_nor_where_something_is_edited(world_of: WorldOf):
    with world_of(
        step("first", MANAGER),
        step("second", MANAGER, mode="all"),
        step("third", MANAGER, editable=["fee"]),
    ) as world:
        run_id = world.submit(world.claim())
        for reached in (1, 2, 3):
            assert set(world.open_tasks(run_id)) == {"mia"}
            assert len(world.steps(run_id)) == reached
            world.decide("mia", run_id)
        assert world.run(run_id).state == "approved"


def test_a_skipped_step_does_not_part_consecutive_ones(world_of: WorldOf):
    with world_of(
        step("first", MANAGER), step("never", FINANCE, when="fee > 400"), step("third", MANAGER)
    ) as world:
        run_id = world.submit(world.claim())
        world.decide("mia", run_id)
        assert world.steps(run_id) == ["approved", "skipped", "passed"]


def test_a_person_of_another_step_between_is_asked_again(world_of: WorldOf):
    with world_of(step("a", MANAGER), step("b", FINANCE), step("c", MANAGER)) as world:
        run_id = world.submit(world.claim())
        world.decide("mia", run_id)
        world.decide("fred", run_id)
        assert set(world.open_tasks(run_id)) == {"mia"}


# -- decisions -------------------------------------------------------------------------------------


def test_a_rejection_needs_a_reason(world: World):
    run_id = world.submit(world.claim())
    for comment in (None, "", "no  ", "nope"):
        with pytest.raises(RefusedError) as refused:
            world.decide("mia", run_id, "reject", comment=comment)
        assert code(refused) == "approval.reason_needed"
    world.decide("mia", run_id, "reject", comment="不符合要求")
    assert world.run(run_id).state == "rejected"


def test_after_a_rejection_the_record_can_be_revised_and_submitted_again(world: World):
    claim = world.claim()
    first = world.submit(claim)
    world.decide("mia", first, "reject", comment="wrong company")
    world.fire("dora", claim, "revise")
    second = world.submit(claim)
    assert world.run(second).submission == 2
    views = world.engine.approvals(world.context("dora"), "claim", claim)
    assert [view.state for view in views] == ["open", "rejected"]
    decision = views[1].steps[0].decisions[0]
    assert (decision.person.name, decision.comment) == ("Mia", "wrong company")
    assert decision.person.id is None, "partners see names only"


def test_nobody_elses_task_is_there(world: World):
    run_id = world.submit(world.claim())
    task = world.open_tasks(run_id)["mia"]
    for login in ("fred", "dora", "ann"):
        with pytest.raises(NotFoundError):
            world.does(
                login,
                lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=task.version),
            )


def test_a_second_decision_is_told_who_was_faster(world_of: WorldOf):
    with world_of(step("finance", FINANCE)) as world:
        run_id = world.submit(world.claim())
        tasks = world.open_tasks(run_id)
        world.decide("fred", run_id)
        for login in ("faye", "fred"):
            task = tasks[login]
            with pytest.raises(ConflictError) as conflict:
                world.does(
                    login,
                    lambda c, w, task=task: world.tasks.decide(
                        c, w, task.id, "approve", version=task.version
                    ),
                )
            problem = conflict.value.problems[0]
            assert problem.code == "task.already_decided"
            assert "Fred" in problem.message.en
            assert "2025-06-30" in problem.message.zh
        assert world.decisions(run_id) == [("fred", "approve")]


def test_a_task_seen_before_the_record_changed_is_stale(world_of: WorldOf):
    with world_of(step("both", FINANCE, mode="all", editable=["reserve", "fee"])) as world:
        run_id = world.submit(world.claim())
        seen = world.open_tasks(run_id)["faye"].version
        world.decide("fred", run_id, values={"reserve": "12.50"})
        with pytest.raises(StaleError) as stale:
            world.decide("faye", run_id, version=seen)
        assert code(stale) == "task.stale"
        assert stale.value.differences == {"reserve": [None, "12.50"]}
        world.decide("faye", run_id)
        assert world.run(run_id).state == "approved"


def test_only_what_the_step_opens_can_be_edited(world: World):
    claim = world.claim(amount="2000")
    run_id = world.submit(claim)
    with pytest.raises(RefusedError) as refused:
        world.decide("mia", run_id, values={"reserve": "1"})
    assert code(refused) == "approval.not_editable"
    assert refused.value.problems[0].path == "/values/reserve"
    world.decide("mia", run_id)
    with pytest.raises(RefusedError):
        world.decide("fred", run_id, values={"reserve": "1", "subject": "mine"})
    with pytest.raises(RefusedError) as wrong:
        world.decide("fred", run_id, values={"reserve": "a lot"})
    assert wrong.value.problems[0].path == "/values/reserve"
    assert world.row(claim)["reserve"] is None
    assert len(world.open_tasks(run_id)) == 3, "a refused decision changes nothing"
    world.decide("fred", run_id, values={"reserve": "7"})
    assert str(world.row(claim)["reserve"]) == "7.00"


def test_a_step_is_not_approved_without_the_values_that_it_needs(world_of: WorldOf):
    needs = step("first", FINANCE, mode="all", editable=["reserve", "fee"], required=["reserve"])
    with world_of(needs) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        task = world.tasks.get(world.context("fred"), world.open_tasks(run_id)["fred"].id)
        assert (task.editable, task.required) == (("fee", "reserve"), ("reserve",))
        for values in ({}, {"fee": "1"}, {"reserve": None}):
            with pytest.raises(RefusedError) as refused:
                world.decide("fred", run_id, values=values)
            assert code(refused) == "approval.value_needed"
            assert refused.value.problems[0].path == "/values/reserve"
        assert len(world.open_tasks(run_id)) == 2, "a refused decision changes nothing"
        world.decide("fred", run_id, values={"reserve": "7"})
        world.decide("faye", run_id)
        assert world.run(run_id).state == "approved"
        other = world.submit(world.claim())
        world.decide("fred", other, "reject", comment="Nothing to hold back")
        assert world.run(other).state == "rejected", "without a value that only an approval needs"


def test_a_rule_also_holds_for_what_approvers_edit(world_of: WorldOf):
    with world_of(step("first", MANAGER, editable=["fee"])) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        with pytest.raises(RefusedError) as refused:
            world.decide("mia", run_id, values={"fee": "501"})
        assert code(refused) == "rule.broken"
        assert set(world.open_tasks(run_id)) == {"mia"}


def test_an_outcome_whose_condition_fails_refuses_the_decision(database_url: str):
    contents = workspace()
    transition = contents["workflow", "claim_flow"]["transitions"][0]
    transition["on"]["approved"] = {"to": "paid", "when": "fee = 0"}
    with approval_world(database_url, contents) as world:
        claim = world.claim(fee="5")
        run_id = world.submit(claim)
        with pytest.raises(RefusedError) as refused:
            world.decide("mia", run_id)
        assert code(refused) == "workflow.guard"
        assert "fee = 0" in refused.value.problems[0].hint.en
        assert world.state(claim) == "in_approval"
        assert set(world.open_tasks(run_id)) == {"mia"}
        assert world.decisions(run_id) == []


def test_a_lost_role_no_longer_decides(world_of: WorldOf):
    with world_of(step("finance", FINANCE)) as world:
        run_id = world.submit(world.claim())
        world.set_roles("fred")
        with pytest.raises(ForbiddenError) as refused:
            world.decide("fred", run_id)
        assert code(refused) == "task.role_lost"


# -- withdraw and lock -----------------------------------------------------------------------------


def test_the_submitter_withdraws_until_the_first_decision(world: World):
    claim = world.claim(amount="2000")
    run_id = world.submit(claim)
    with pytest.raises(ForbiddenError):
        world.does("dave", lambda c, w: world.engine.withdraw(c, w, run_id))
    assert world.engine.approvals(world.context("dora"), "claim", claim)[0].can_withdraw
    world.does("dora", lambda c, w: world.engine.withdraw(c, w, run_id, comment="mistake"))
    assert world.state(claim) == "draft"
    assert world.run(run_id).state == "withdrawn"
    assert world.history(claim) == ["created", "submit", "withdraw"]
    with pytest.raises(ConflictError) as conflict:
        world.does("dora", lambda c, w: world.engine.withdraw(c, w, run_id))
    assert code(conflict) == "approval.ended"
    again = world.submit(claim)
    world.decide("mia", again)
    with pytest.raises(ConflictError) as decided:
        world.does("dora", lambda c, w: world.engine.withdraw(c, w, again))
    assert code(decided) == "approval.decided"
    assert "Mia" in decided.value.problems[0].message.en
    assert not world.engine.approvals(world.context("dora"), "claim", claim)[0].can_withdraw


def test_a_withdrawal_without_outcome_leads_back(database_url: str):
    contents = workspace()
    del contents["workflow", "claim_flow"]["transitions"][0]["on"]["withdrawn"]
    with approval_world(database_url, contents) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        world.does("dora", lambda c, w: world.engine.withdraw(c, w, run_id))
        assert world.state(claim) == "draft"


def test_a_decision_after_a_withdrawal_is_refused(world: World):
    run_id = world.submit(world.claim())
    task = world.open_tasks(run_id)["mia"]
    world.does("dora", lambda c, w: world.engine.withdraw(c, w, run_id))
    with pytest.raises(ConflictError) as conflict:
        world.does(
            "mia", lambda c, w: world.tasks.decide(c, w, task.id, "approve", version=task.version)
        )
    assert code(conflict) == "task.already_decided"
    assert "Dora" in conflict.value.problems[0].message.en


def test_the_record_is_locked_while_it_is_in_approval(world: World):
    claim = world.claim()
    run_id = world.submit(claim)
    version = world.version(claim)
    store = world.store
    changes: list[Callable[[Any, Any], Any]] = [
        lambda c, w: store.update(c, w, "claim", claim, {"subject": "Other"}, version),
        lambda c, w: store.update(
            c, w, "claim", claim, {"items": {"create": [{"what": "x", "price": "1"}]}}, version
        ),
        lambda c, w: store.delete(c, w, "claim", claim, version),
    ]
    for change in changes:
        with pytest.raises(ConflictError) as conflict:
            world.does("ann", change)
        assert code(conflict) == "record.in_approval"
    line = world.does("system", lambda c, w: _line_of(world, w, claim))
    with pytest.raises(ConflictError):
        world.does("ann", lambda c, w: store.delete(c, w, "claim_item", line, 1))
    world.decide("mia", run_id)
    world.does(
        "ann", lambda c, w: store.update(c, w, "claim", claim, {"subject": "O"}, version + 1)
    )


def _line_of(world: World, work: Any, claim: str) -> str:
    table = world.tables.of("claim_item")
    statement = sa.select(table.id).where(table.columns["claim"] == claim)
    return str(work.connection.execute(statement).scalar_one())


# -- people who leave ------------------------------------------------------------------------------


def test_tasks_of_a_deactivated_user_go_to_somebody_else(world_of: WorldOf):
    with world_of(step("manager", MANAGER)) as world:
        run_id = world.submit(world.claim())
        world.set_user("mia", active=False)
        assert (
            world.does("ann", lambda c, w: world.approvals.release(c, w, world.users["mia"])) == 1
        )
        assert set(world.open_tasks(run_id)) == {"ann"}
        assert world.decisions(run_id) == [("mia", "release")]
        world.decide("ann", run_id)
        assert world.run(run_id).state == "approved"


def test_a_deactivated_user_of_several_leaves_the_others(world_of: WorldOf):
    with world_of(step("finance", FINANCE)) as world:
        run_id = world.submit(world.claim())
        world.set_user("fred", active=False)
        world.does("ann", lambda c, w: world.approvals.release(c, w, world.users["fred"]))
        assert set(world.open_tasks(run_id)) == {"faye"}
        world.set_user("faye", active=False)
        world.does("ann", lambda c, w: world.approvals.release(c, w, world.users["faye"]))
        assert set(world.open_tasks(run_id)) == {"ann"}


def test_all_asks_a_replacement_for_who_left(world_of: WorldOf):
    with world_of(step("both", MANAGER, FINANCE, mode="all")) as world:
        run_id = world.submit(world.claim())
        for login in ("fred", "faye"):
            world.decide(login, run_id)
        world.set_user("mia", active=False)
        world.does("ann", lambda c, w: world.approvals.release(c, w, world.users["mia"]))
        assert set(world.open_tasks(run_id)) == {"ann"}
        assert world.run(run_id).state == "open"


def test_a_role_that_is_taken_away_gives_its_tasks_away(world_of: WorldOf):
    with world_of(step("boss", BOSS)) as world:
        run_id = world.submit(world.claim())
        kept = world.does("ann", lambda c, w: world.approvals.release(c, w, world.users["bob"]))
        assert kept == 0, "who still holds the role keeps the task"
        world.set_roles("bob")
        world.does("ann", lambda c, w: world.approvals.release(c, w, world.users["bob"]))
        assert set(world.open_tasks(run_id)) == {"rita"}


def test_who_is_the_last_one_has_to_stay(world_of: WorldOf):
    with world_of(step("manager", MANAGER)) as world:
        run_id = world.submit(world.claim())

        def deactivate(context: Any, work: Any) -> None:
            for login in ("mia", "ann"):
                change = sa.update(USER).where(USER.c.id == world.users[login])
                work.connection.execute(change.values(active=False))
            world.approvals.release(context, work, world.users["mia"])

        with pytest.raises(ConflictError) as conflict:
            world.does("ann", deactivate)
        assert code(conflict) == "approval.nobody"
        assert set(world.open_tasks(run_id)) == {"mia"}


# -- pinned ----------------------------------------------------------------------------------------


def test_a_run_stays_with_the_definition_that_it_began_with(world: World):
    claim = world.claim(amount="2000")
    run_id = world.submit(claim)
    contents = workspace()
    contents["approval", "claim_by_amount"]["steps"] = [step("only", BOSS)]
    contents["workflow", "claim_flow"]["transitions"][0]["on"]["approved"] = "cancelled"
    world.publish(contents)
    world.decide("mia", run_id)
    assert set(world.open_tasks(run_id)) == {"fred", "faye", "bob"}, "the step of the old version"
    for login in ("fred", "faye", "bob"):
        world.decide(login, run_id)
    assert world.state(claim) == "paid"
    assert set(world.open_tasks(world.submit(world.claim()))) == {"bob"}, "new runs take the new"


def test_a_field_may_be_renamed_while_runs_are_open(database_url: str):
    contents = workspace()
    ids = {"fee": "f-fee", "company": "f-company", "reserve": "f-reserve"}
    for one in contents["object", "claim"]["fields"]:
        if one["name"] in ids:
            one["id"] = ids[one["name"]]
    contents["approval", "claim_by_amount"]["steps"] = [
        step("first", FINANCE),
        step("second", MANAGER, when="reserve IS NULL OR reserve < 9", editable=["reserve"]),
    ]
    with approval_world(database_url, contents) as world:
        claim = world.claim(amount="2000")
        run_id = world.submit(claim)
        for one in contents["object", "claim"]["fields"]:
            if one["name"] == "reserve":
                one["name"], one["was"] = "provision", "reserve"
        contents["approval", "claim_by_amount"]["steps"] = [step("other", BOSS)]
        world.publish(contents)
        world.decide("fred", run_id)
        world.decide("mia", run_id, values={"provision": "5"})
        assert str(world.row(claim)["provision"]) == "5.00"
        assert world.state(claim) == "paid"


# -- what people see -------------------------------------------------------------------------------


def test_the_runs_of_a_record_are_for_those_who_see_it(world: World):
    claim = world.claim()
    world.submit(claim)
    assert len(world.engine.approvals(world.context("mia"), "claim", claim)) == 1
    with pytest.raises(NotFoundError):
        world.engine.approvals(world.context("olaf"), "claim", claim)
    internal = world.engine.approvals(world.context("fred"), "claim", claim)[0]
    assert internal.steps[0].tasks[0].person.id == world.users["mia"]
    partner = world.engine.approvals(world.context("dora"), "claim", claim)[0]
    assert world.users["mia"] not in str(partner.render("en"))
    assert [one.state for one in partner.steps] == ["open", "pending"]


def test_internal_talk_is_not_shown_to_partners(world: World):
    claim = world.claim()
    run_id = world.submit(claim)
    world.decide("mia", run_id, "comment", comment="they always ask for this")
    seen = world.engine.approvals(world.context("fred"), "claim", claim)[0]
    assert seen.steps[0].decisions[0].action == "comment"
    assert world.engine.approvals(world.context("dora"), "claim", claim)[0].steps[0].decisions == ()


def test_the_simulation_is_what_then_happens(world: World):
    for amount in ("50", "200", "2000"):
        claim = world.claim(amount=amount)
        simulation = world.engine.simulate(world.context("dora"), "claim", claim, "submit")
        asked = [set(one.people) for one in simulation.steps if one.state == "asked"]
        fired = world.fire("dora", claim, "submit")
        happened = []
        while fired.run_id and (tasks := world.open_tasks(fired.run_id)):
            happened.append({login.title() for login in tasks})
            for login in tasks:
                world.decide(login, fired.run_id)
        assert happened == asked
        assert (simulation.approval is None) == (fired.run_id is None)


def test_values_are_dataclasses_that_render_in_both_languages(world: World):
    claim = world.claim()
    world.submit(claim)
    view = world.engine.approvals(world.context("fred"), "claim", claim)[0]
    assert dataclasses.is_dataclass(view)
    assert view.render("en")["label"] == "By amount"
    assert view.render("zh")["steps"][1]["label"] == "会签"
