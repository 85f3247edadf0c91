"""Transitions: who may take which, when, and what they do to the record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url) as made:
        yield made


def code(error: pytest.ExceptionInfo) -> str:
    return error.value.problems[0].code


def names(world: World, login: str, record_id: str) -> dict[str, bool]:
    found = world.engine.available(world.context(login), "claim", record_id)
    return {one.transition: one.allowed for one in found}


def test_transitions_are_offered_to_those_who_may_take_them(world: World):
    claim = world.claim()
    assert names(world, "dora", claim) == {"submit": True, "cancel": True}
    assert names(world, "dave", claim) == {"submit": True, "cancel": True}
    assert names(world, "fred", claim) == {}
    with pytest.raises(NotFoundError):
        names(world, "olaf", claim)


def test_a_guard_that_does_not_hold_is_told_with_its_reason(world: World):
    claim = world.claim(amount="0")
    offered = world.engine.available(world.context("dora"), "claim", claim)
    submit = next(one for one in offered if one.transition == "submit")
    assert not submit.allowed
    assert submit.reason is not None
    assert submit.reason.code == "workflow.guard"
    assert "payable" not in submit.reason.hint.en, "a partner is not shown the condition"
    with pytest.raises(RefusedError) as refused:
        world.fire("dora", claim, "submit")
    assert code(refused) == "workflow.guard"
    assert world.state(claim) == "draft"
    assert world.history(claim) == ["created"]


def test_without_a_matching_approval_the_other_state_is_entered(world: World):
    claim = world.claim(amount="50")
    fired = world.fire("dora", claim, "submit")
    assert (fired.state, fired.run_id) == ("paid", None)
    assert world.state_changes(claim) == [[None, "draft"], ["draft", "paid"]]


def test_the_guard_of_the_other_state_is_asked_too(database_url: str):
    contents = workspace()
    submit = contents["workflow", "claim_flow"]["transitions"][0]
    submit["without_approval"] = {
        "to": "paid",
        "when": "fee = 0",
        "set": {"decided_at": "NOW()"},
    }
    with approval_world(database_url, contents) as world:
        held = world.claim(amount="50", fee="7")
        with pytest.raises(RefusedError) as refused:
            world.fire("dora", held, "submit")
        assert code(refused) == "workflow.guard"
        passed = world.claim(amount="50", fee="0")
        assert world.fire("dora", passed, "submit").state == "paid"
        assert world.row(passed)["decided_at"] is not None


def test_a_transition_sets_its_fields(database_url: str):
    contents = workspace()
    submit = contents["workflow", "claim_flow"]["transitions"][0]
    submit["set"] = {"decided_at": "NOW()", "fee": "fee + 1"}
    with approval_world(database_url, contents) as world:
        claim = world.claim(fee="2")
        world.fire("dora", claim, "submit")
        row = world.row(claim)
        assert str(row["fee"]) == "3.00"
        assert str(row["payable"]) == "153.00", "computed values follow"


def test_a_comment_is_asked_for_where_it_is_needed(world: World):
    claim = world.claim()
    for comment in (None, "", "   "):
        with pytest.raises(RefusedError) as refused:
            world.fire("dora", claim, "cancel", comment=comment)
        assert code(refused) == "workflow.comment_needed"
        assert refused.value.problems[0].path == "/comment"
    world.fire("dora", claim, "cancel", comment="x")
    assert world.state(claim) == "cancelled"


def test_a_transition_in_the_wrong_state_is_a_conflict(world: World):
    claim = world.claim()
    with pytest.raises(ConflictError) as conflict:
        world.fire("dora", claim, "revise")
    assert code(conflict) == "workflow.wrong_state"


def test_rights_decide_what_is_not_found_and_what_is_forbidden(world: World):
    claim = world.claim()
    with pytest.raises(ForbiddenError):
        world.fire("fred", claim, "submit")
    with pytest.raises(NotFoundError):
        world.fire("olaf", claim, "submit")
    with pytest.raises(NotFoundError):
        world.fire("dora", claim, "no_such_transition")
    with pytest.raises(NotFoundError):
        world.fire("dora", world.ids.record_id(), "submit", version=1)


def test_a_grant_without_the_role_of_by_is_not_enough(database_url: str):
    contents = workspace()
    contents["permission", "claim"]["grants"].append(
        {"role": "finance", "actions": ["read"], "scope": "all", "transitions": ["submit"]}
    )
    with approval_world(database_url, contents) as world:
        claim = world.claim()
        with pytest.raises(ForbiddenError):
            world.fire("fred", claim, "submit")


def test_by_without_a_grant_is_not_enough(database_url: str):
    contents = workspace()
    contents["workflow", "claim_flow"]["transitions"][0]["by"].append("finance")
    with approval_world(database_url, contents) as world:
        claim = world.claim()
        with pytest.raises(ForbiddenError):
            world.fire("fred", claim, "submit")


def test_the_version_that_the_caller_saw_is_checked(world: World):
    claim = world.claim()
    world.does(
        "dora",
        lambda c, w: world.store.update(c, w, "claim", claim, {"subject": "New"}, 1),
    )
    with pytest.raises(StaleError) as stale:
        world.fire("dora", claim, "submit", version=1)
    assert code(stale) == "record.stale"
    assert stale.value.differences["subject"][1] == "New"
    assert world.state(claim) == "draft"


def test_values_are_written_with_the_callers_rights_before_the_guard(world: World):
    claim = world.claim(amount="0")
    world.fire("dora", claim, "submit", values={"fee": "20"})
    assert world.state(claim) == "paid"
    assert str(world.row(claim)["fee"]) == "20.00"
    other = world.claim()
    with pytest.raises(RefusedError):
        world.fire("dora", other, "submit", values={"reserve": "1"})
    assert world.state(other) == "draft"


def test_a_refused_transition_changes_nothing(database_url: str):
    contents = workspace()
    submit = contents["workflow", "claim_flow"]["transitions"][0]
    submit["set"] = {"fee": "600"}
    with approval_world(database_url, contents) as world:
        claim = world.claim()
        with pytest.raises(RefusedError) as refused:
            world.fire("dora", claim, "submit")
        assert code(refused) == "rule.broken"
        assert world.state(claim) == "draft"
        assert world.version(claim) == 1
        assert world.engine.approvals(world.context("dora"), "claim", claim) == []


def test_the_highest_priority_runs_and_the_others_are_tags(database_url: str):
    contents = workspace()
    approval = contents["approval", "claim_by_amount"]
    contents["approval", "urgent"] = {
        **approval,
        "name": "urgent",
        "label": {"en": "Urgent", "zh": "加急"},
        "priority": 20,
        "when": "kind = 'loss'",
        "steps": [{"name": "finance", "approvers": [{"role": "finance"}]}],
    }
    contents["approval", "never"] = {**approval, "name": "never", "when": "payable > 9999999"}
    with approval_world(database_url, contents) as world:
        run_id = world.submit(world.claim(kind="loss"))
        view = world.engine.approvals(world.context("dora"), "claim", world.run(run_id).record_id)[
            0
        ]
        assert view.approval == "urgent"
        assert [tag.en for tag in view.tags] == ["By amount"]
        ordinary = world.run(world.submit(world.claim(kind="damage")))
        assert ordinary.tags == []


def test_a_transition_out_of_approval_ends_the_run(database_url: str):
    contents = workspace()
    contents["workflow", "claim_flow"]["transitions"][2]["from"].append("in_approval")
    with approval_world(database_url, contents) as world:
        claim = world.claim()
        run_id = world.submit(claim)
        world.fire("dora", claim, "cancel", comment="not needed")
        assert world.state(claim) == "cancelled"
        assert world.run(run_id).state == "cancelled"
        assert world.open_tasks(run_id) == {}
        assert world.steps(run_id) == ["closed"]


def test_an_object_without_workflow_has_no_transitions(world: World):
    assert world.engine.available(world.context("ann"), "company", world.records["shop"]) == []
    with pytest.raises(NotFoundError):
        world.does(
            "ann",
            lambda c, w: world.engine.fire(
                c, w, "company", world.records["shop"], "submit", version=1
            ),
        )


def test_a_record_loaded_into_approval_gets_its_run(world: World):
    data = {
        "subject": "Old",
        "company": world.records["shop"],
        "status": "in_approval",
        "items": [{"what": "x", "qty": "1", "price": "300"}],
        "updated_by": world.users["dora"],
        "created_by": world.users["dora"],
    }
    claim = world.does(
        "system", lambda c, w: world.store.create(c, w, "claim", data, mode="migration")
    ).id
    run_id = world.does("system", lambda c, w: world.engine.adopt(c, w, "claim", claim))
    assert set(world.open_tasks(run_id)) == {"mia"}
    again = world.does("system", lambda c, w: world.engine.adopt(c, w, "claim", claim))
    assert again is None
    world.decide("mia", run_id)
    assert world.state(claim) == "paid"
