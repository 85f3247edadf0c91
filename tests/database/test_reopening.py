"""Edits while an approval runs: the steps that depend on what was changed are decided again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, ForbiddenError, StaleError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.field_types import built_in
from headrace.platform.records import reader
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.workflow.tables import DECISION, TASK
from tests.database.test_ways_back import REASON, asked
from tests.database.test_workflow_races import in_threads
from tests.support.approval_world import World, approval_world
from tests.support.documents import documents, field, workspace

MANAGER, FINANCE, BOSS = (
    {"field": "company.manager"},
    {"role": "finance"},
    {"role": "boss", "within": "company.region"},
)


def step(name: str, source: Any, **more: Any) -> dict[str, Any]:
    label = {"en": name.title(), "zh": name.title()}
    return {"name": name, "label": label, "approvers": [source], **more}


STEPS: dict[str, tuple[dict[str, Any], ...]] = {
    # By amount: each claim has the steps of its band.
    "plain": (
        step("money", MANAGER, depends_on=["payable"]),
        step("things", FINANCE, depends_on=["items.qty"]),
        step("last", BOSS, editable=["fee", "reserve"]),
    ),
    "all": (
        step("money", MANAGER, depends_on=["fee"]),
        step("both", FINANCE, mode="all", editable=["fee"]),
    ),
    "needed": (
        step("first", MANAGER),
        step("dear", FINANCE, when="fee > 10"),
        step("last", BOSS, editable=["fee"]),
    ),
    "key": (step("first", MANAGER), step("second", FINANCE), step("last", BOSS)),
    "hidden": (step("first", MANAGER, depends_on=["reserve"]), step("last", FINANCE)),
    "three": (
        step("money", MANAGER, depends_on=["fee"]),
        step("both", FINANCE, mode="all", depends_on=["fee", "subject"]),
        step("more", BOSS),
        step("last", {"user": "rita"}),
    ),
    "undone": (
        step("money", MANAGER, depends_on=["fee"]),
        step("more", BOSS, editable=["fee"]),
        step("last", FINANCE, editable=["fee"]),
    ),
    "share": (
        step("money", MANAGER, depends_on=["fee"]),
        step("half", FINANCE, mode="ratio", ratio=50, editable=["fee"]),
    ),
    "own": (
        step("first", MANAGER),
        step("both", FINANCE, mode="all", editable=["fee"], depends_on=["fee"]),
    ),
}
CHECKS = {
    "name": "checks",
    "label": {"en": "Checks", "zh": "并行"},
    "branches": [
        {
            "name": "a",
            "label": {"en": "A", "zh": "甲"},
            "steps": [step("money", MANAGER, depends_on=["payable"]), step("more", BOSS)],
        },
        {
            "name": "b",
            "label": {"en": "B", "zh": "乙"},
            "steps": [step("things", FINANCE, depends_on=["items.qty"])],
        },
    ],
}
STEPS["branches"] = (CHECKS, step("last", {"user": "rita"}, editable=["fee"]))
SIDES = {
    "name": "sides",
    "label": {"en": "Sides", "zh": "两边"},
    "branches": [
        {
            "name": "a",
            "label": {"en": "A", "zh": "甲"},
            "steps": [step("money", MANAGER, depends_on=["fee"])],
        },
        {
            "name": "b",
            "label": {"en": "B", "zh": "乙"},
            "steps": [
                step("terms", BOSS, editable=["fee"]),
                step("things", FINANCE),
                step("more", {"user": "rita"}),
            ],
        },
    ],
}
STEPS["sides"] = (SIDES,)
STEPS["parts"] = (step("things", MANAGER, depends_on=["items"]), step("last", FINANCE))
PART: dict[str, Any] = {
    "kind": "object",
    "name": "claim_part",
    "label": {"en": "Part", "zh": "部件"},
    "fields": [
        field("item", "master_detail", to="claim_item", required=True),
        field("what", "text", length=60, required=True),
        field("cost", "money", audience="internal"),
    ],
}
AMOUNTS = {name: 150 + 100 * index for index, name in enumerate(STEPS)}


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    found = workspace()
    del found["approval", "claim_by_amount"]
    for name, steps in STEPS.items():
        amount = AMOUNTS[name]
        found["approval", name] = {
            "kind": "approval",
            "name": name,
            "workflow": "claim_flow",
            "transition": "submit",
            "label": {"en": name.title()},
            "when": f"payable > {amount - 50} AND payable <= {amount + 50}",
            "steps": list(steps),
        }
    found["object", "claim_part"] = PART
    found["object", "claim_item"]["children"] = [
        {
            "name": "parts",
            "object": "claim_part",
            "by": "item",
            "label": {"en": "Parts", "zh": "部件"},
        }
    ]
    found["approval", "key"]["key_fields"] = ["subject"]
    return found


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    with approval_world(shared_database_url, contents()) as made:
        yield made


def submitted(world: World, name: str) -> tuple[str, str]:
    claim = world.claim(amount=str(AMOUNTS[name]))
    return claim, world.submit(claim)


def edit(world: World, claim: str, **values: Any) -> None:
    """Change a claim as an automation or a program of the house does."""

    def write(context: Context, work: UnitOfWork) -> None:
        version = int(world.store.lock(context, work, "claim", claim)["version"])
        world.store.update(context, work, "claim", claim, values, version)

    world.does("system", write)


def row_of(world: World, claim: str) -> str:
    found = reader.get(world.context("ann"), "claim", claim, expand=["items"])
    return str(found["items"][0]["id"])


def take_back(world: World, login: str, run: str) -> None:
    """Take the newest decision of somebody back."""
    mine = sa.select(TASK).where(TASK.c.run == run, TASK.c.user == world.users[login])
    task = world.rows(mine.where(TASK.c.state == "approved").order_by(TASK.c.id.desc()))[0]
    world.does(
        login,
        lambda c, w: world.tasks.decide(c, w, task.id, "take_back", version=task.version),
    )


def reopened(world: World, run: str) -> list[dict[str, Any]]:
    statement = sa.select(DECISION.c.changes).where(
        DECISION.c.run == run, DECISION.c.action == "reopen"
    )
    return [one for row in world.rows(statement.order_by(DECISION.c.id)) for one in row.changes]


def test_only_the_steps_that_depend_on_an_edit_are_decided_again(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    assert asked(world, run) == {"bob"}
    edit(world, claim, fee="5")
    assert asked(world, run) == {"mia"}
    (told,) = reopened(world, run)
    payable = world.catalog.objects["claim"].fields["payable"].id
    assert (told["key"], told["before"], told["after"]) == ([payable], "150.00", "155.00")
    world.decide("mia", run)
    # What finance decided on stands.
    assert world.steps(run) == ["approved", "approved", "closed", "approved", "kept", "open"]
    assert asked(world, run) == {"bob"}
    world.decide("bob", run)
    assert world.run(run).state == "approved"
    assert ("fred", "keep") in world.decisions(run)


def test_a_detail_row_counts_for_the_step_that_names_its_field(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    row = row_of(world, claim)
    edit(world, claim, items={"update": [{"id": row, "what": "Pipe"}]})
    assert asked(world, run) == {"bob"}
    assert reopened(world, run) == []
    half = str(AMOUNTS["plain"] / 2)
    edit(world, claim, items={"update": [{"id": row, "qty": "2", "price": half}]})
    # The sum is as it was: the manager's decision stands.
    assert asked(world, run) == {"fred", "faye"}
    assert [(one["row"], one["before"], one["after"]) for one in reopened(world, run)] == [
        (row, "1.000", "2.000")
    ]


def test_what_nobody_depends_on_lets_everything_stand(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    edit(world, claim, subject=f"Another {claim}")
    assert asked(world, run) == {"fred", "faye"}
    assert world.steps(run) == ["approved", "open"]


def test_who_decides_on_what_has_changed_is_told_what(world):
    claim, run = submitted(world, "plain")
    task = world.open_tasks(run)["mia"]
    edit(world, claim, fee="7")
    with pytest.raises(StaleError) as error:
        world.decide("mia", run, version=task.version)
    assert error.value.differences["fee"] == ["0.00", "7.00"]
    world.decide("mia", run)
    late = world.open_tasks(run)["fred"]
    edit(world, claim, fee="8")
    # The step of finance was closed by the edit.
    with pytest.raises(StaleError) as error:
        world.does(
            "fred",
            lambda c, w: world.tasks.decide(c, w, late.id, "approve", version=late.version),
        )
    assert error.value.differences["fee"] == ["0.00", "8.00"]


def test_an_approver_who_changes_a_field_lets_earlier_steps_decide_again(world):
    _, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    world.decide("bob", run, values={"fee": "9"})
    assert world.run(run).state == "open"
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    # Finance and the boss have seen what they decided on.
    assert world.run(run).state == "approved"
    assert world.steps(run)[-3:] == ["approved", "kept", "kept"]


def test_what_was_said_in_a_step_that_waited_stands(world):
    claim, run = submitted(world, "all")
    world.decide("mia", run)
    world.decide("fred", run)
    edit(world, claim, fee="3")
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert asked(world, run) == {"faye"}
    world.decide("faye", run, values={"fee": "4"})
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert world.run(run).state == "approved"


def test_who_decided_before_an_edit_of_the_same_step_is_asked_again(world):
    _, run = submitted(world, "own")
    world.decide("mia", run)
    world.decide("fred", run)
    world.decide("faye", run, values={"fee": "6"})
    assert asked(world, run) == {"fred"}
    world.decide("fred", run)
    assert world.run(run).state == "approved"


def test_a_step_that_an_edit_makes_needed_is_asked(world):
    claim, run = submitted(world, "needed")
    world.decide("mia", run)
    assert asked(world, run) == {"bob"}
    edit(world, claim, fee="20")
    assert asked(world, run) == {"fred", "faye"}
    world.decide("fred", run)
    assert asked(world, run) == {"bob"}
    edit(world, claim, fee="1")
    # Not needed any more: the boss is asked at once.
    assert asked(world, run) == {"bob"}
    world.decide("bob", run)
    assert world.run(run).state == "approved"


def test_other_approvers_are_asked_where_a_field_names_others(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    edit(world, claim, company=world.records["other"])
    assert asked(world, run) == {"mia"}


def test_key_fields_let_all_steps_decide_again(world):
    claim, run = submitted(world, "key")
    world.decide("mia", run)
    world.decide("fred", run)
    edit(world, claim, subject=f"New {claim}")
    for login in ("mia", "fred", "bob"):
        assert login in asked(world, run)
        world.decide(login, run)
    assert world.run(run).state == "approved"


def test_a_return_asks_all_again_even_where_something_stood(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    edit(world, claim, fee="11")
    world.decide("mia", run)
    world.decide("bob", run, "return", to="money", comment=REASON)
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye"}


def test_what_stood_falls_with_an_edit_that_comes_before_it_is_reached_again(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    row = row_of(world, claim)
    edit(world, claim, fee="5")
    half = str(AMOUNTS["plain"] / 2)
    edit(world, claim, items={"update": [{"id": row, "qty": "2", "price": half}]})
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    # Finance decided on another quantity.
    assert asked(world, run) == {"fred", "faye"}
    assert [one["after"] for one in reopened(world, run)] == ["155.00", "2.000"]


def test_what_stands_survives_a_second_edit_of_something_else(world):
    claim, run = submitted(world, "three")
    world.decide("mia", run)
    world.decide("fred", run)
    world.decide("faye", run)
    world.decide("bob", run)
    edit(world, claim, fee="5")
    world.decide("mia", run)
    world.decide("fred", run)
    # Half of finance has decided: they are asked again, the boss decided on nothing of it.
    edit(world, claim, subject=f"Yet another {claim}")
    assert asked(world, run) == {"fred", "faye"}
    world.decide("fred", run)
    world.decide("faye", run)
    assert world.steps(run)[-2:] == ["kept", "open"]
    assert asked(world, run) == {"rita"}


def test_a_decision_that_an_edit_has_overtaken_is_not_taken_back(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    edit(world, claim, fee="5")
    with pytest.raises(ConflictError) as error:
        take_back(world, "mia", run)
    assert error.value.problems[0].code == "task.not_taken_back"
    take_back(world, "fred", run)
    # Nobody gets past the manager, who has not seen the fee.
    assert asked(world, run) == {"mia"}


def test_what_a_decision_makes_automations_change_belongs_to_it(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    done = set()

    def follow_up(batch: Batch, work: UnitOfWork) -> None:
        """Do in the transaction of an edit what an automation does."""
        edits = [one for one in batch.drafts() if (one.id, one.action) == (claim, "edited")]
        if edits and not done:
            done.add(claim)
            context = world.context("system")
            version = int(world.store.lock(context, work, "claim", claim)["version"])
            world.store.update(context, work, "claim", claim, {"fee": "9"}, version)

    world.store.after_write.plug(follow_up)
    world.decide("bob", run, values={"reserve": "1"})
    assert done
    assert asked(world, run) == {"mia"}
    assert world.steps(run) == ["approved", "approved", "approved", "open"]
    world.decide("mia", run)
    assert world.run(run).state == "approved"
    assert world.steps(run)[3:] == ["approved", "kept", "kept"]
    assert [one for one in world.decisions(run) if one[0] == "bob"] == [
        ("bob", "approve"),
        ("bob", "reopen"),
        ("bob", "keep"),
    ]


def test_what_was_approved_of_a_value_that_a_rejection_takes_back_does_not_stand(world):
    claim, run = submitted(world, "undone")
    world.decide("mia", run)
    world.decide("bob", run, values={"fee": "9"})
    world.decide("mia", run)
    world.decide("fred", run, "reject", comment=REASON)
    assert str(world.row(claim)["fee"]) == "0.00"
    world.fire("dora", claim, "revise")
    again = world.submit(claim)
    # She approved 9.
    assert asked(world, again) == {"mia"}


def test_what_a_rejection_itself_changes_lets_earlier_approvals_stand(world):
    claim, run = submitted(world, "undone")
    world.decide("mia", run)
    world.decide("bob", run, "reject", comment=REASON, values={"fee": "9"})
    assert str(world.row(claim)["fee"]) == "0.00"
    world.fire("dora", claim, "revise")
    # She has never seen 9.
    assert asked(world, world.submit(claim)) == {"bob"}


def test_a_rejection_that_gives_the_submitted_value_back_itself_lets_nothing_stand(world):
    claim, run = submitted(world, "undone")
    world.decide("mia", run)
    world.decide("bob", run, values={"fee": "9"})
    world.decide("mia", run)
    world.decide("fred", run, "reject", comment=REASON, values={"fee": "0"})
    world.fire("dora", claim, "revise")
    # She approved 9.
    assert asked(world, world.submit(claim)) == {"mia"}


def test_who_is_outvoted_and_changes_a_field_lets_earlier_steps_decide_again(world):
    _, run = submitted(world, "share")
    world.decide("mia", run)
    world.decide("fred", run, "reject", comment=REASON, values={"fee": "9"})
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye"}


def add(world: World, login: str, run: str, to: str, place: str) -> None:
    world.decide(login, run, "add_approver", to=world.users[to], place=place)


@pytest.mark.parametrize("place", ["before", "beside", "after"])
def test_who_was_added_to_an_interrupted_step_is_asked_again(world, place):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    add(world, "fred", run, "ann", place)
    edit(world, claim, fee="5")
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    both = {"fred", "faye", "ann"}
    assert asked(world, run) == both - {{"before": "fred", "after": "ann"}.get(place, "")}
    if place == "before":
        world.decide("ann", run)
        world.decide("fred", run)
    else:
        world.decide("fred", run)
        assert asked(world, run) == {"ann"}
        # Nor does another edit lose them.
        edit(world, claim, fee="6")
        world.decide("mia", run)
        assert asked(world, run) == {"ann"}
        world.decide("ann", run)
    assert asked(world, run) == {"bob"}


def test_who_was_added_is_asked_again_where_their_own_decision_falls(world):
    claim, run = submitted(world, "three")
    world.decide("mia", run)
    add(world, "fred", run, "ann", "beside")
    for login in ("ann", "fred", "faye"):
        world.decide(login, run)
    assert asked(world, run) == {"bob"}
    edit(world, claim, subject=f"Again {claim}")
    assert asked(world, run) == {"fred", "faye", "ann"}


def test_what_an_added_approver_said_stands_with_the_rest(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    add(world, "fred", run, "ann", "before")
    world.decide("ann", run)
    edit(world, claim, fee="5")
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye"}
    assert [one for one in world.decisions(run) if one[0] == "ann"] == [
        ("ann", "approve"),
        ("ann", "keep"),
    ]


def test_an_added_approver_who_has_left_keeps_nobody_waiting(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    add(world, "fred", run, "rita", "beside")
    edit(world, claim, fee="5")
    world.set_user("rita", active=False)
    try:
        world.decide("mia", run)
        assert asked(world, run) == {"fred", "faye"}
    finally:
        world.set_user("rita", active=True)


def test_who_took_a_task_over_is_asked_again_and_not_who_gave_it_away(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run, "transfer", to=world.users["ann"])
    edit(world, claim, fee="5")
    world.decide("mia", run)
    assert asked(world, run) == {"ann", "faye"}
    edit(world, claim, fee="6")
    world.decide("mia", run)
    assert asked(world, run) == {"ann", "faye"}


def test_what_was_approved_in_the_place_of_another_stands(world):
    claim, run = submitted(world, "all")
    world.decide("mia", run)
    world.decide("fred", run, "transfer", to=world.users["ann"])
    world.decide("ann", run, "transfer", to=world.users["rita"])
    world.decide("rita", run)
    edit(world, claim, fee="5")
    world.decide("mia", run)
    assert asked(world, run) == {"faye"}


def told(world: World, login: str, claim: str) -> list[str]:
    """Return what kinds of things somebody was told about a claim."""
    world.worker.drain()
    latest = world.notifications.latest(world.users[login])
    return [one.kind for one in latest if one.record_id == claim]


def test_an_opinion_that_is_waited_for_is_asked_again(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    for to in ("ann", "rita"):
        said = {"to": world.users[to], "comment": "Is it usual?"}
        world.decide("fred", run, "ask_opinion", **said)
    world.decide("rita", run, "comment", comment="Quite usual")
    edit(world, claim, fee="5")
    assert asked(world, run) == {"mia"}
    # Nor does another edit lose it, before its step comes again or afterwards.
    edit(world, claim, fee="6")
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye", "ann"}
    edit(world, claim, fee="7")
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye", "ann"}
    assert told(world, "ann", claim) == ["task.opinion_asked"] * 3
    assert "Is it usual?" in str(world.notifications.latest(world.users["ann"])[0].text)
    world.decide("ann", run, "comment", comment="Never seen")
    assert [one for one in world.decisions(run) if one[1] in {"ask_opinion", "opinion"}] == [
        ("fred", "ask_opinion"),
        ("fred", "ask_opinion"),
        ("rita", "opinion"),
        ("fred", "ask_opinion"),
        ("fred", "ask_opinion"),
        ("ann", "opinion"),
    ]
    world.decide("faye", run)
    assert asked(world, run) == {"bob"}


def test_no_opinion_is_asked_again_of_who_has_left(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run, "ask_opinion", to=world.users["rita"])
    edit(world, claim, fee="5")
    world.set_user("rita", active=False)
    try:
        world.decide("mia", run)
        assert asked(world, run) == {"fred", "faye"}
    finally:
        world.set_user("rita", active=True)


def test_an_opinion_is_waited_for_again_when_a_decision_is_taken_back(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run, "ask_opinion", to=world.users["ann"], comment="Is it usual?")
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye"}
    take_back(world, "mia", run)
    assert asked(world, run) == {"mia", "ann"}
    assert told(world, "ann", claim) == ["task.opinion_asked"] * 2


def test_whose_decision_stands_is_not_told_that_they_are_asked(world):
    claim, run = submitted(world, "all")
    world.decide("mia", run)
    add(world, "fred", run, "ann", "before")
    world.decide("ann", run)
    world.decide("fred", run)
    before = {login: told(world, login, claim).count("task.asked") for login in ("ann", "fred")}
    edit(world, claim, fee="5")
    world.decide("mia", run)
    assert asked(world, run) == {"faye"}
    assert told(world, "faye", claim) == ["task.asked"] * 2
    for login, count in before.items():
        assert told(world, login, claim).count("task.asked") == count


def test_what_stands_of_an_interrupted_step_is_taken_back(world):
    claim, run = submitted(world, "all")
    world.decide("mia", run)
    world.decide("fred", run)
    edit(world, claim, fee="3")
    world.decide("mia", run)
    assert asked(world, run) == {"faye"}
    take_back(world, "fred", run)
    assert asked(world, run) == {"fred", "faye"}
    # It does not stand in what comes later either.
    edit(world, claim, fee="4")
    world.decide("mia", run)
    assert asked(world, run) == {"fred", "faye"}


def test_what_stands_of_a_whole_step_is_taken_back(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    edit(world, claim, fee="5")
    world.decide("mia", run)
    assert world.steps(run)[-2:] == ["kept", "open"]
    take_back(world, "fred", run)
    assert world.steps(run)[-3:] == ["closed", "closed", "open"]
    assert asked(world, run) == {"fred", "faye"}
    # Each decision once.
    mine = sa.select(TASK).where(TASK.c.run == run, TASK.c.user == world.users["fred"])
    task = world.rows(mine.order_by(TASK.c.id))[0]
    said = {"version": task.version}
    with pytest.raises(ForbiddenError):
        world.does("fred", lambda c, w: world.tasks.decide(c, w, task.id, "take_back", **said))
    world.decide("faye", run)
    world.decide("bob", run)
    assert world.run(run).state == "approved"


def test_what_stands_is_taken_back_before_its_step_comes_again(world):
    claim, run = submitted(world, "three")
    world.decide("mia", run)
    world.decide("fred", run)
    world.decide("faye", run)
    edit(world, claim, fee="5")
    edit(world, claim, fee="0")
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    world.decide("fred", run)
    world.decide("faye", run)
    world.decide("bob", run)
    edit(world, claim, subject=f"Other {claim}")
    # The boss decided on nothing of it, and wants to look at it again.
    take_back(world, "bob", run)
    assert asked(world, run) == {"fred", "faye"}
    world.decide("fred", run)
    world.decide("faye", run)
    assert asked(world, run) == {"bob"}


def test_what_stands_falls_too_where_a_step_before_it_was_taken_back(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    edit(world, claim, fee="5")
    world.decide("mia", run)
    take_back(world, "mia", run)
    row = row_of(world, claim)
    half = str(AMOUNTS["plain"] / 2)
    edit(world, claim, items={"update": [{"id": row, "qty": "2", "price": half}]})
    world.decide("mia", run)
    # Finance decided on another quantity.
    assert asked(world, run) == {"fred", "faye"}


def test_what_stands_is_not_taken_back_once_a_later_step_was_decided(world):
    _, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    world.decide("bob", run, values={"fee": "9"})
    # The boss's approval stands too, and came after that of finance.
    with pytest.raises(ConflictError) as error:
        take_back(world, "fred", run)
    assert error.value.problems[0].code == "task.not_taken_back"


def test_the_timeline_and_the_task_say_what_was_changed_by_whom(world):
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    world.decide("fred", run)
    row = row_of(world, claim)
    edit(world, claim, fee="5", items={"update": [{"id": row, "qty": "2"}]})
    task = world.open_tasks(run)["mia"]
    seen = world.tasks.get(world.context("mia"), task.id)
    (again,) = seen.again
    told = [(one.field, one.before, one.after) for one in again.changes]
    assert told == [("payable", "150.00", "305.00")]
    assert again.person.name
    states = [(one.name, one.state) for one in seen.run.steps]
    assert states[-3:] == [("money", "open"), ("things", "pending"), ("last", "pending")]
    world.decide("mia", run)
    # The rows of another step: what became of them, and what they are now.
    edit(world, claim, items={"update": [{"id": row, "qty": "4", "price": "75"}]})
    task = world.open_tasks(run)["fred"]
    (again,) = world.tasks.get(world.context("fred"), task.id).again
    rows = [(one.field, one.row, one.before, one.after) for one in again.changes]
    assert rows == [("items.qty", row, "1.000", "4.000")]
    partner = world.engine.approvals(world.context("dora"), "claim", claim)[0]
    assert any(one.changes for step in partner.steps for one in step.decisions)


def test_what_somebody_may_not_read_is_not_told(world):
    claim, run = submitted(world, "hidden")
    world.decide("mia", run)
    edit(world, claim, reserve="3")
    assert asked(world, run) == {"mia"}
    task = world.open_tasks(run)["mia"]
    (again,) = world.tasks.get(world.context("mia"), task.id).again
    assert [one.field for one in again.changes] == ["reserve"]
    partner = world.engine.approvals(world.context("dora"), "claim", claim)[0]
    found = [one for step in partner.steps for one in step.decisions if one.action == "reopen"]
    assert [one.changes for one in found] == [()]


def test_what_changed_below_a_detail_row_is_not_told_as_the_row(world):
    claim, run = submitted(world, "parts")
    item = row_of(world, claim)
    part = world.does(
        "system",
        lambda c, w: world.store.create(
            c, w, "claim_part", {"item": item, "what": "Seal", "cost": "3"}
        ),
    ).id
    world.decide("mia", run)
    world.does(
        "system",
        lambda c, w: world.store.update(c, w, "claim_part", part, {"cost": "4321"}, 1),
    )
    assert asked(world, run) == {"mia"}
    partner = world.engine.approvals(world.context("dora"), "claim", claim)[0]
    found = [one for step in partner.steps for one in step.decisions if one.action == "reopen"]
    told = [change.render("en") for one in found for change in one.changes]
    # Partners learn that the row was changed, and nothing of what a part costs the house.
    assert told == [{"field": "items", "label": "Items", "row": item}]


def test_an_edit_goes_back_in_the_branches_that_depend_on_it_only(world):
    claim, run = submitted(world, "branches")
    assert asked(world, run) == {"mia", "fred", "faye"}
    world.decide("mia", run)
    assert asked(world, run) == {"bob", "fred", "faye"}
    waiting = world.open_tasks(run)["fred"].id
    edit(world, claim, fee="5")
    # The other branch waits as it did.
    assert asked(world, run) == {"mia", "fred", "faye"}
    assert world.open_tasks(run)["fred"].id == waiting
    world.decide("fred", run)
    world.decide("mia", run)
    world.decide("bob", run)
    assert asked(world, run) == {"rita"}
    world.decide("rita", run, values={"fee": "6"})
    # From behind the block back into one branch: what was decided on other fields stands.
    assert asked(world, run) == {"mia"}
    world.decide("mia", run)
    assert world.run(run).state == "approved"
    assert [one for one in world.decisions(run) if one[1] == "keep"] == [
        ("bob", "keep"),
        ("rita", "keep"),
    ]


def test_an_edit_of_what_both_branches_depend_on_asks_both(world):
    claim, run = submitted(world, "branches")
    world.decide("mia", run)
    world.decide("fred", run)
    row = row_of(world, claim)
    edit(world, claim, items={"update": [{"id": row, "qty": "1.1"}]})
    assert asked(world, run) == {"mia", "fred", "faye"}
    world.decide("faye", run)
    world.decide("mia", run)
    assert asked(world, run) == {"bob"}


def test_a_branch_that_was_sent_back_takes_every_step_again_behind_an_edit(world):
    _, run = submitted(world, "sides")
    world.decide("bob", run)
    world.decide("fred", run)
    world.decide("mia", run)
    world.decide("rita", run, "return", to="terms", comment=REASON)
    world.decide("bob", run, values={"fee": "7"})
    # The return said that all steps in between are taken again.
    assert asked(world, run) == {"mia", "fred", "faye"}


def test_a_branch_that_goes_straight_on_does_so_behind_an_edit(world):
    _, run = submitted(world, "sides")
    world.decide("bob", run)
    world.decide("fred", run)
    world.decide("mia", run)
    world.decide("rita", run, "return", to="terms", course="on", comment=REASON)
    world.decide("bob", run, values={"fee": "7"})
    assert asked(world, run) == {"mia", "rita"}


def test_decisions_keep_the_fingerprint_of_what_was_seen(world):
    claim, run = submitted(world, "plain")
    first, *_ = (world.decide("mia", run), world.decide("fred", run))
    assert first.run_state == "open"
    edit(world, claim, fee="2")
    world.decide("mia", run)
    statement = sa.select(DECISION.c.seen).where(
        DECISION.c.run == run, DECISION.c.action == "approve"
    )
    seen = [row.seen for row in world.rows(statement.order_by(DECISION.c.id))]
    assert seen[0] == seen[1] != seen[2]
    assert all(seen)


def test_the_fingerprint_of_what_was_seen_is_not_told_to_partners(world):
    """It covers fields that are hidden from them: whoever knows the others could try values."""
    claim, run = submitted(world, "plain")
    world.decide("mia", run)
    told = {
        login: [
            one.seen
            for step in world.engine.approvals(world.context(login), "claim", claim)[0].steps
            for one in step.decisions
        ]
        for login in ("ann", "dora")
    }
    assert all(told["ann"])
    assert told["dora"] == [None]


def test_an_edit_and_a_decision_at_the_same_moment_agree(world):
    """Whoever comes second sees what the other did: no step is decided on what it was not."""
    pairs = [submitted(world, "plain") for _ in range(8)]
    seen = {run: world.open_tasks(run)["mia"] for _, run in pairs}
    said: dict[str, str] = {}
    context = world.context("mia")

    def act(index: int) -> None:
        claim, run = pairs[index // 2]
        if index % 2:
            edit(world, claim, fee="5")
            return
        task = seen[run]
        try:
            with world.database.writing(world.catalog.version) as work:
                world.tasks.decide(context, work, task.id, "approve", version=task.version)
            said[run] = "decided"
        except StaleError:
            said[run] = "stale"

    in_threads(2 * len(pairs), act)
    for _, run in pairs:
        # Either way the manager still has to decide about the record as it is now.
        assert asked(world, run) == {"mia"}, said[run]
        again = reopened(world, run)
        assert len(again) == (1 if said[run] == "decided" else 0)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["nothing"], "ref.unknown_field"),
        (["items.nothing"], "ref.unknown_field"),
        (["company.name"], "approval.depends_on"),
        (["status"], "approval.depends_on"),
        (["updated_by"], "approval.depends_on"),
        (["payable", "items", "items.qty"], None),
    ],
)
def test_dependencies_that_cannot_be_are_refused(names, code):
    changed = contents()
    changed["approval", "plain"]["steps"][0] = step("money", MANAGER, depends_on=names)
    built = build_catalog(documents(changed), built_in(), 1)
    found = [one.code for one in built.problems]
    if built.catalog is not None:
        found += [one.code for one in run_checks(built.catalog)]
    told = [one for one in found if one.startswith(("ref.", "approval.depends"))]
    assert told == ([] if code is None else [code])
