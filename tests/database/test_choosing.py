"""Approvers whom the submitter chooses: among whom, how many, remembered, and without a choice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.field_types import built_in
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.bulk import fire_many
from headrace.platform.workflow.previewing import StepAhead, chain_ahead
from headrace.platform.workflow.replaying import replay
from headrace.platform.workflow.simulating import Trial
from tests.database.test_added_approvers import mode
from tests.database.test_ways_back import REASON, asked, steps
from tests.support.approval_world import World, approval_world, catalog_of
from tests.support.documents import documents, workspace

FINANCE = {"role": "finance", "chosen": {"names": True}}
HIDDEN = {"role": "finance", "chosen": {}}
OWN = {"role": "dealer", "chosen": {"max": 2}}
BOSS = {"role": "boss", "within": "company.region", "chosen": {"names": True}}
TWO = {"role": "finance", "chosen": {"min": 2, "max": 2, "names": True}}
MANAGER = {"field": "company.manager"}
NAMED, PRIVATE, DEALERS, BOSSES, BOTH, LATER, AGAIN = 150, 250, 350, 450, 550, 650, 750
"""Amounts: the approval of each asks in its own way."""


def band(amount: int, *sources: Any, how: str = "any", when: str | None = None) -> dict[str, Any]:
    made = [
        {
            "name": f"s{index}",
            "label": {"en": f"S{index}", "zh": f"S{index}"},
            "approvers": [source],
            "mode": how,
        }
        for index, source in enumerate(sources)
    ]
    if when is not None:
        made[-1]["when"] = when
        made[0]["editable"] = ["fee"]
    return {
        "kind": "approval",
        "name": f"by_{amount}",
        "workflow": "claim_flow",
        "transition": "submit",
        "label": {"en": f"By {amount}"},
        "when": f"payable > {amount - 50} AND payable <= {amount + 50}",
        "steps": made,
    }


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    found = workspace()
    del found["approval", "claim_by_amount"]
    for one in (
        band(NAMED, FINANCE, MANAGER),
        band(PRIVATE, HIDDEN),
        band(DEALERS, OWN),
        band(BOSSES, BOSS),
        band(BOTH, TWO, how="sequence"),
        band(LATER, MANAGER, FINANCE, when="fee > 10"),
        band(AGAIN, MANAGER, FINANCE, {"user": "rita"}),
    ):
        found["approval", one["name"]] = one
    again = found["approval", f"by_{AGAIN}"]
    again["key_fields"] = ["company"]
    again["steps"][0]["depends_on"] = ["fee"]
    grants = found["permission", "claim"]["grants"]
    grants.append({"role": "admin", "actions": ["read"], "scope": "all", "transitions": ["submit"]})
    found["workflow", "claim_flow"]["transitions"][0]["by"] = ["dealer", "admin"]
    return found


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    with approval_world(shared_database_url, contents()) as made:
        yield made


def claim(world: World, amount: int, login: str = "dora") -> str:
    return world.claim(login, amount=str(amount))


def choose(world: World, **logins: list[str]) -> dict[str, dict[str, list[str]]]:
    return {"approvers": {step: [world.users[one] for one in who] for step, who in logins.items()}}


def steps_ahead(world: World, login: str, record: str) -> tuple[StepAhead, ...]:
    return chain_ahead(world.engine, world.context(login), "claim", record, "submit").steps


def refused(world: World, record: str, login: str = "dora", **options: Any) -> tuple[str, str]:
    with pytest.raises(RefusedError) as error:
        world.submit(record, login, **options)
    (problem,) = error.value.problems
    return problem.code, problem.path


def test_who_is_chosen_is_asked_and_nobody_else(world):
    record = claim(world, NAMED)
    choice = steps_ahead(world, "dora", record)[0].choice
    assert choice is not None
    assert [one.name for one in choice.people] == ["Faye", "Fred"]
    assert (choice.min, choice.max, choice.proposed) == (1, 1, ())
    run = world.submit(record, **choose(world, s0=["fred"]))
    assert asked(world, run) == {"fred"}
    assert not world.rows_of_step(run)[0].fallback


def test_what_cannot_be_chosen_is_refused(world):
    record = claim(world, NAMED)
    place = "/approvers/s0"
    assert refused(world, record) == ("approval.choice_missing", place)
    assert refused(world, record, **choose(world, s0=[])) == ("approval.choice_missing", place)
    assert refused(world, record, **choose(world, s0=["fred", "faye"])) == (
        "approval.choice_many",
        place,
    )
    for who in ("mia", "bob"):
        outside = refused(world, record, **choose(world, s0=[who]))
        assert outside == ("approval.choice_outside", place)
    assert refused(world, record, **choose(world, s0=["dora"])) == ("approval.choice_own", place)
    assert refused(world, record, approvers={"s0": "fred"})[0] == "approval.choice_shape"
    assert refused(world, record, approvers=["fred"])[0] == "value.wrong_type"
    assert refused(world, record, **choose(world, s0=["fred"], s1=["mia"])) == (
        "approval.choice_unknown",
        "/approvers/s1",
    )
    assert refused(world, claim(world, 50), **choose(world, s0=["fred"])) == (
        "approval.choice_unknown",
        place,
    )
    assert world.state(record) == "draft"


def test_partners_choose_only_among_those_whose_names_they_may_know(world):
    record = claim(world, PRIVATE)
    step = steps_ahead(world, "dora", record)[0]
    assert (step.choice, step.people) == (None, ())
    chosen = choose(world, s0=["fred"])
    assert refused(world, record, **chosen) == ("approval.choice_outside", "/approvers/s0")
    # They cannot tell the people of the role apart, so the role is asked.
    assert asked(world, world.submit(record)) == {"fred", "faye"}
    own = claim(world, DEALERS)
    choice = steps_ahead(world, "dora", own)[0].choice
    assert choice is not None
    # Of the other dealer nobody is offered.
    assert [one.name for one in choice.people] == ["Dave"]
    assert asked(world, world.submit(own)) == {"dave"}


def test_the_house_chooses_by_name(world):
    record = claim(world, PRIVATE, "system")
    choice = steps_ahead(world, "ann", record)[0].choice
    assert choice is not None
    assert {one.name for one in choice.people} == {"Faye", "Fred"}
    run = world.submit(record, "ann", **choose(world, s0=["faye"]))
    assert asked(world, run) == {"faye"}


def test_one_person_of_whom_to_choose_is_taken(world):
    choice = steps_ahead(world, "dora", claim(world, BOSSES))[0].choice
    assert choice is not None
    assert (len(choice.people), len(choice.proposed)) == (1, 1)
    records = [{"id": claim(world, one), "version": 1} for one in (BOSSES, NAMED)]
    done, missing = world.does(
        "dora",
        lambda c, w: fire_many(world.engine, c, w, "claim", "submit", records, partial=True),
    )
    assert (done.status, missing.status) == ("updated", "refused")
    assert [one.code for one in missing.error.problems] == ["approval.choice_missing"]
    assert world.state(records[1]["id"]) == "draft"
    given = {**records[1], **choose(world, s0=["faye"])}
    world.does("dora", lambda c, w: fire_many(world.engine, c, w, "claim", "submit", [given]))
    assert world.state(given["id"]) == "in_approval"


def test_who_is_chosen_decides_in_the_order_of_the_choice(world):
    run = world.submit(claim(world, BOTH), **choose(world, s0=["fred", "faye"]))
    assert asked(world, run) == {"fred"}
    world.decide("fred", run)
    assert asked(world, run) == {"faye"}
    # Both there are, in the order of their logins, where nobody chose.
    assert asked(world, world.submit(claim(world, BOTH))) == {"faye"}
    one = refused(world, claim(world, BOTH), **choose(world, s0=["fred"]))
    assert one == ("approval.choice_missing", "/approvers/s0")


def test_a_choice_is_proposed_again_and_kept_where_the_step_stands(world):
    record = claim(world, NAMED)
    run = world.submit(record, **choose(world, s0=["fred"]))
    world.decide("fred", run, "return", comment=REASON)
    choice = steps_ahead(world, "dora", record)[0].choice
    assert choice is not None
    assert choice.proposed == (world.users["fred"],)
    run = world.submit(record)
    assert asked(world, run) == {"fred"}
    world.decide("fred", run, "return", comment=REASON)
    run = world.submit(record, **choose(world, s0=["faye"]))
    assert asked(world, run) == {"faye"}
    world.decide("faye", run)
    world.decide("mia", run, "return", comment=REASON)
    first, second = steps_ahead(world, "dora", record)
    assert (first.state, first.people, first.choice) == ("kept", ("Faye",), None)
    assert second.state == "asked"
    other = refused(world, record, **choose(world, s0=["fred"]))
    assert other == ("approval.choice_kept", "/approvers/s0")
    run = world.submit(record)
    assert world.steps(run) == ["kept", "open"]


def test_who_was_chosen_is_asked_where_the_run_comes_to_the_step_again(world):
    record = claim(world, AGAIN)
    run = world.submit(record, **choose(world, s1=["fred"]))
    world.decide("mia", run)
    world.decide("fred", run)
    world.decide("rita", run, "reject", comment=REASON)
    world.fire("dora", record, "revise")
    version = world.version(record)
    world.does(
        "dora", lambda c, w: world.store.update(c, w, "claim", record, {"fee": "5"}, version)
    )
    run = world.submit(record)
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert world.steps(run) == ["approved", "kept", "open"], "as the page said before"
    assert asked(world, run) == {"rita"}
    world.decide("rita", run, "return", to="s0", comment=REASON)
    world.decide("mia", run)
    # Whoever decides now: it is not somebody whom nobody chose.
    assert asked(world, run) == {"fred"}


def test_all_are_asked_where_a_step_comes_to_be_needed_without_a_choice(world):
    run = world.submit(claim(world, LATER))
    world.decide("mia", run, values={"fee": "20"})
    assert asked(world, run) == {"fred", "faye"}
    run = world.submit(claim(world, LATER), **choose(world, s1=["fred"]))
    world.decide("mia", run, values={"fee": "20"})
    assert asked(world, run) == {"fred"}


def test_somebody_else_is_asked_for_a_chosen_one_who_leaves(world):
    run = world.submit(claim(world, NAMED), **choose(world, s0=["fred"]))
    world.set_roles("fred")
    try:
        world.does("system", lambda c, w: world.approvals.release(c, w, world.users["fred"]))
        assert asked(world, run) == {"faye"}
    finally:
        world.set_roles("fred", ("finance", None))


def test_simulations_and_replays_know_of_choices(world):
    trial = Trial("claim", claim(world, NAMED), "submit")
    step = world.engine.try_out(world.context("ann"), trial).render("en")["steps"][0]
    assert (step["choice"], step["people"]) == ({"min": 1, "max": 1}, ["Faye", "Fred"])
    assert step["sources"][0]["reason"] == "chosen by who submits, of: the role “Finance”"
    run = world.submit(trial.record_id, **choose(world, s0=["fred"]))
    world.decide("fred", run)
    world.decide("mia", run)
    draft = contents()
    draft["approval", f"by_{NAMED}"]["steps"][1]["approvers"] = [FINANCE]
    for definitions, expected in ((None, "same"), (catalog_of(draft, 90), "unknown")):
        with checked_snapshot(world.context("ann")) as reading:
            found = replay(world.context("ann"), reading, "claim_flow", definitions)
        mine = next(one for one in found.runs if one.record_id == trial.record_id)
        assert mine.verdict == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (steps({"role": "finance", "chosen": {"min": 2}}), "approval.chosen"),
        (steps({"user": "faye", "chosen": {}}), "approval.chosen"),
        (mode("one", {"role": "finance", "chosen": {"max": 2}}), "approval.chosen"),
        (mode("any", FINANCE, BOSS), "approval.chosen"),
        (steps(MANAGER, copies=[{"to": [FINANCE]}]), "approval.chosen"),
        (steps(HIDDEN), "approval.chosen_hidden"),
        (steps({"chosen": {}}), "approval.approver"),
        (
            steps(
                MANAGER,
                time={"limit": "8", "unit": "hours", "then": "escalate", "escalate_to": [FINANCE]},
            ),
            "approval.chosen",
        ),
    ],
)
def test_choices_that_cannot_be_made_are_told(changed, expected):
    built = build_catalog(documents(changed), built_in(), 1)
    found = [one.code for one in built.problems]
    if built.catalog is not None:
        found += [one.code for one in run_checks(built.catalog)]
    assert expected in found


def test_choices_are_sound_otherwise():
    built = build_catalog(documents(contents()), built_in(), 1)
    assert built.catalog is not None
    told = {one.code for one in run_checks(built.catalog)}
    assert "approval.chosen" not in told
