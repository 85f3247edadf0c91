"""Trying an approval: which one matches and why, who is asked and why, who is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.workflow.simulating import Simulation, Trial
from tests.support.approval_world import World, approval_world, catalog_of
from tests.support.documents import workspace

URGENT = {
    "kind": "approval",
    "name": "losses",
    "workflow": "claim_flow",
    "transition": "submit",
    "label": {"en": "Losses", "zh": "丢失"},
    "priority": 20,
    "when": "kind = 'loss'",
    "steps": [
        {
            "name": "boss",
            "label": {"en": "Boss", "zh": "主管"},
            "approvers": [{"role": "boss", "within": "company.region"}],
        }
    ],
}


@pytest.fixture(scope="module")
def contents() -> dict[tuple[str, str], dict[str, Any]]:
    found = workspace()
    found["approval", "losses"] = URGENT
    return found


@pytest.fixture(scope="module")
def world(shared_database_url: str, contents) -> Iterator[World]:
    with approval_world(shared_database_url, contents) as made:
        yield made


def tried(world: World, login: str, record: str | None, **keys: Any) -> Simulation:
    trial = Trial("claim", record, "submit", **keys)
    return world.engine.try_out(world.context(login), trial)


def test_each_approval_says_whether_it_applies_and_by_which_values(world: World):
    claim = world.claim(amount="150")

    found = tried(world, "ann", claim).render("en")

    assert (found["approval"], found["from"], found["to"]) == (
        "claim_by_amount",
        "draft",
        "in_approval",
    )
    losses, amount = found["candidates"]
    assert (losses["name"], losses["state"]) == ("losses", "no")
    assert losses["condition"] == {
        "condition": "kind = 'loss'",
        "truth": "no",
        "values": {"kind": "damage"},
    }
    assert (amount["state"], amount["condition"]["values"]) == ("runs", {"payable": "150.00"})
    assert found["guard"]["truth"] == "yes"
    manager, sign_off = found["steps"]
    assert (manager["state"], manager["people"]) == ("asked", ["Mia"])
    assert manager["sources"][0]["reason"] == "the field company.manager"
    assert (sign_off["state"], sign_off["condition"]["values"]) == (
        "skipped",
        {"payable": "150.00"},
    )


def test_values_are_tried_without_being_written(world: World):
    claim = world.claim(amount="150")
    before = dict(world.row(claim))

    found = tried(world, "ann", claim, values={"kind": "loss", "fee": "7"})

    assert found.approval == "losses"
    assert [one.label.en if one.label else "" for one in found.candidates] == [
        "Losses",
        "By amount",
    ]
    assert found.candidates[1].state == "tag"
    assert found.candidates[1].condition is not None
    assert dict(found.candidates[1].condition.values) == {"payable": "157.00"}
    assert dict(world.row(claim)) == before


def test_a_record_that_is_not_there_can_be_tried(world: World):
    values = {
        "subject": "what if",
        "company": world.records["shop"],
        "items": [{"what": "Pump", "qty": "1", "price": "2000"}],
    }
    found = tried(world, "ann", None, values=values, submitter=world.principal("dora"))

    assert found.approval == "claim_by_amount"
    assert [one.state for one in found.steps] == ["asked", "asked"]
    assert found.submitter == world.principal("dora").name
    finance, boss = found.steps[1].sources
    assert finance.reason.en == "the role “Finance”"
    assert set(finance.people) == {"Fred", "Faye"}
    assert boss.people == ("Bob",)
    assert boss.reason.en.startswith("the role “Boss” in ")


def test_walking_up_the_territory_is_told(world: World):
    claim = world.claim(amount="2000", kind="loss")
    world.set_roles("bob")
    try:
        (step,) = tried(world, "ann", claim).steps
    finally:
        world.set_roles("bob", ("boss", "city"))

    assert step.people == ("Rita",)
    assert ", walked up from " in step.sources[0].reason.en
    assert "逐级向上" in step.sources[0].reason.zh


def test_who_submits_is_left_out_and_the_fall_back_is_told(world: World):
    claim = world.claim("system", kind="loss", amount="2000")
    found = tried(world, "ann", claim, submitter=world.principal("bob"))
    (step,) = found.steps

    assert step.people == ("Rita",)
    assert step.sources[0].left_out == ("Bob",)
    assert step.sources[0].left_out_reason is not None
    assert step.sources[0].left_out_reason.en == "submits it"

    world.set_user("mia", active=False)
    try:
        dora = world.principal("dora")
        manager = tried(world, "ann", world.claim(amount="150"), submitter=dora).steps[0]
    finally:
        world.set_user("mia", active=True)
    assert manager.fallback
    assert manager.sources[-1].reason.en.startswith("the fall-back")


def test_a_draft_is_tried_on_a_live_record(world: World, contents):
    drafted = {key: dict(value) for key, value in contents.items()}
    drafted["approval", "losses"] = {**URGENT, "when": "fee >= $C.claim_limit"}
    drafted["module", "claims"] = {
        **drafted["module", "claims"],
        "constants": [{"name": "claim_limit", "type": "money", "value": "3.00"}],
    }
    claim = world.claim(amount="150", fee="3")

    assert tried(world, "ann", claim).approval == "claim_by_amount"
    found = tried(world, "ann", claim, definitions=catalog_of(drafted, 99))
    assert found.approval == "losses"


def test_what_only_a_draft_has_is_unknown(world: World, contents):
    drafted = {key: dict(value) for key, value in contents.items()}
    claim_object = dict(drafted["object", "claim"])
    claim_object["fields"] = [
        *claim_object["fields"],
        {"name": "risk", "type": "integer", "label": {"en": "Risk", "zh": "风险"}},
    ]
    drafted["object", "claim"] = claim_object
    drafted["approval", "losses"] = {**URGENT, "when": "risk > 3"}

    found = tried(world, "ann", world.claim(), definitions=catalog_of(drafted, 98))

    assert (found.candidates[0].state, found.approval) == ("unknown", "claim_by_amount")


def test_a_record_in_another_state_is_tried_as_if_it_stood_before(world: World):
    claim = world.claim(amount="150")
    world.submit(claim)

    found = tried(world, "ann", claim)

    assert (found.from_state, found.approval) == ("draft", "claim_by_amount")


def test_nothing_is_told_of_what_the_caller_may_not_see(world: World, contents):
    claim = world.claim(amount="150")
    with pytest.raises(NotFoundError):
        tried(world, "olaf", claim)
    hidden = {key: dict(value) for key, value in contents.items()}
    hidden["approval", "losses"] = {**URGENT, "when": "reserve > 3 AND kind = 'loss'"}

    found = tried(world, "dora", claim, definitions=catalog_of(hidden, 97))

    assert found.candidates[0].condition is not None
    assert dict(found.candidates[0].condition.values) == {"kind": "damage"}


@pytest.mark.parametrize("values", [{"payable": "3"}, {"nothing": 1}, {"fee": "many"}])
def test_values_that_cannot_be_are_refused(world: World, values: dict[str, Any]):
    with pytest.raises(RefusedError) as refused:
        tried(world, "ann", world.claim(), values=values)
    problem = refused.value.problems[0]
    assert (problem.code, problem.path) == ("simulation.value", f"/values/{next(iter(values))}")


def test_when_each_step_is_due_at_the_latest_is_told(world: World, contents):
    timed = {key: dict(value) for key, value in contents.items()}
    hours = {"unit": "hours", "then": "remind"}
    approval = dict(timed["approval", "claim_by_amount"])
    approval["steps"] = [
        {**one, "time": {**hours, "limit": limit}}
        for one, limit in zip(approval["steps"], ("4", "8"), strict=True)
    ]
    timed["approval", "claim_by_amount"] = approval
    before = world.clock.instant
    found = tried(world, "ann", world.claim(amount="2000"), definitions=catalog_of(timed, 96))

    first, second = (one.due_at for one in found.steps)
    assert first is not None
    assert second is not None
    assert (second - first).total_seconds() == 8 * 3600
    assert 4 * 3600 <= (first - before).total_seconds() < 4 * 3600 + 600
