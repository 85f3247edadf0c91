"""The chain before submitting: until when at the latest, and whose names are told to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from headrace.platform.core.errors import NotFoundError
from headrace.platform.workflow.previewing import ChainAhead, chain_ahead
from headrace.platform.workflow.usual import _newest
from tests.database.test_branches import LAST, LAW, MONEY, PREPARED, approval, block
from tests.support.approval_world import ZONE, Contents, World, approval_world
from tests.support.documents import workspace


def limited() -> Contents:
    """Return the workspace whose steps have two hours each, and whose submitters are people of the house too."""
    contents = workspace()
    for step in contents["approval", "claim_by_amount"]["steps"]:
        step["time"] = {"limit": "2", "unit": "hours"}
    for place in (contents["permission", "claim"]["grants"], contents["workflow", "claim_flow"]):
        if isinstance(place, list):
            place.append(
                {"role": "admin", "actions": ["read"], "scope": "all", "transitions": ["submit"]}
            )
        else:
            place["transitions"][0]["by"] = ["dealer", "admin"]
    return contents


LITERALLY = {"render_postcompile": True, "literal_binds": True}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url, limited()) as found:
        yield found


def ahead(world: World, login: str, claim: str, transition: str = "submit") -> ChainAhead:
    return chain_ahead(world.engine, world.context(login), "claim", claim, transition)


def test_each_step_is_due_after_the_one_before(world):
    claim = world.claim(amount="5000")
    first, second = (step.due_at for step in ahead(world, "dora", claim).steps)
    assert first is not None
    assert second is not None
    assert second - first == timedelta(hours=2)
    assert timedelta(hours=1) < first - world.clock.instant <= timedelta(hours=2)
    only, skipped = ahead(world, "dora", world.claim()).steps
    assert (only.state, skipped.state, skipped.due_at) == ("asked", "skipped", None)


def test_partners_are_told_roles_and_the_house_names(world):
    claim = world.claim(amount="5000")
    partner = [
        (step.people, [one.en for one in step.roles]) for step in ahead(world, "dora", claim).steps
    ]
    assert partner == [((), []), ((), ["Finance", "Boss"])]
    house = [step.people for step in ahead(world, "ann", claim).steps]
    assert house == [("Mia",), ("Faye", "Fred", "Bob")]


def test_nothing_is_told_of_what_is_not_the_callers_to_take(world):
    claim = world.claim()
    for login in ("olaf", "fred", "mia"):
        with pytest.raises(NotFoundError):
            ahead(world, login, claim)
    with pytest.raises(NotFoundError):
        ahead(world, "dora", claim, "nothing")


# -- how long steps usually take -----------------------------------------------------------------


def decide_after(world: World, login: str, days: float, amount: str = "150") -> None:
    """Let a claim of somebody be approved, each step after some days."""
    run_id = world.submit(world.claim(login, amount), login)
    while world.open_tasks(run_id):
        world.clock.instant += timedelta(days=days)
        for approver in world.open_tasks(run_id):
            if approver in world.open_tasks(run_id):
                world.decide(approver, run_id, "approve")


def usual(world: World, login: str, amount: str = "150") -> list[int | None]:
    claim = world.claim("dora" if login == "ann" else login, amount)
    return [step.usual_days for step in ahead(world, login, claim).steps]


def test_past_runs_tell_within_how_many_days_four_in_five_were_decided(world):
    for days in (0.5, 1.2, 0.1, 1.4):
        decide_after(world, "dora", days)
    assert usual(world, "dora") == [None, None], "four are too few"
    decide_after(world, "dora", 9)
    claim = world.claim()
    chain = ahead(world, "dora", claim)
    assert [step.usual_days for step in chain.steps] == [2, None]
    today = world.clock.instant.astimezone(ZONE).date()
    assert chain.expected_on == today + timedelta(days=2)
    shown = chain.render("en")
    assert shown["steps"][0]["usual_days"] == 2
    assert shown["expected_on"] == chain.expected_on.isoformat()


def test_partners_are_told_nothing_of_what_rivals_took_and_the_house_all(world):
    for _ in range(5):
        decide_after(world, "olaf", 3)
    assert usual(world, "olaf") == [4, None], "and some seconds"
    assert usual(world, "dora") == [None, None]
    assert usual(world, "ann") == [4, None]
    for _ in range(4):
        decide_after(world, "dora", 0.5)
    assert usual(world, "dora") == [None, None]
    decide_after(world, "dave", 0.5)
    assert usual(world, "dora") == [1, None], "colleagues count"
    assert usual(world, "olaf") == [4, None]


def test_who_goes_to_a_rival_takes_no_times_along(world):
    for _ in range(5):
        decide_after(world, "olaf", 3)
    world.set_user("olaf", organisation=world.principal("dora").organisation)
    assert usual(world, "dora") == [None, None]
    world.set_roles("dave", ("finance", None))
    world.set_user("dave", organisation=None)
    decide_after(world, "dora", 1)
    assert usual(world, "dora") == [None, None]


def test_a_partner_is_answered_from_an_index_over_its_own(world):
    for login in ("dora", "ann"):
        query = _newest(world.context(login), "x.manager")
        with world.database.reading() as reading:
            if reading.connection.dialect.name != "sqlite":
                return
            explained = str(query.compile(reading.connection, compile_kwargs=LITERALLY))
            plan = reading.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {explained}").all()
        own = "ix_sys_step_key_own (key=? AND organisation=?)"
        wanted = own if login == "dora" else "ix_sys_step_key (key=?)"
        assert len(plan) == 1, "nothing is sorted"
        assert plan[0].detail.endswith(f"USING INDEX {wanted}")


def test_what_stands_from_the_submission_before_takes_no_time(world):
    contents = limited()
    contents["approval", "claim_by_amount"]["resubmit"] = "resume"
    world.publish(contents)
    for _ in range(5):
        decide_after(world, "dora", 3, "5000")
    claim = world.claim(amount="5000")
    run_id = world.submit(claim)
    world.decide("mia", run_id, "approve")
    first = next(iter(world.open_tasks(run_id)))
    world.decide(first, run_id, "return", comment="The receipts are missing")
    chain = ahead(world, "dora", claim)
    assert [(one.state, one.usual_days) for one in chain.steps] == [("kept", None), ("asked", 4)]
    now = world.clock.instant.astimezone(ZONE)
    assert chain.expected_on == (now + timedelta(days=4)).date()
    due = chain.steps[1].due_at
    assert due is not None
    assert due - world.clock.instant <= timedelta(hours=2)


def test_a_step_without_past_takes_its_limit_and_without_one_nobody_knows(world):
    for _ in range(5):
        decide_after(world, "dora", 0.5)
    both = ahead(world, "dora", world.claim(amount="5000"))
    assert [step.usual_days for step in both.steps] == [1, None]
    later = world.clock.instant + timedelta(days=1, hours=2)
    assert both.expected_on == later.astimezone(ZONE).date()
    contents = limited()
    del contents["approval", "claim_by_amount"]["steps"][1]["time"]
    world.publish(contents)
    without = ahead(world, "dora", world.claim(amount="5000"))
    assert ([step.usual_days for step in without.steps], without.expected_on) == ([1, None], None)


def test_what_changes_elsewhere_in_an_approval_does_not_forget_the_past(world):
    for _ in range(5):
        decide_after(world, "dora", 0.5)
    contents = limited()
    contents["approval", "claim_by_amount"]["steps"][1]["mode"] = "any"
    world.publish(contents)
    assert usual(world, "dora") == [1, None]


def test_a_step_behind_one_without_a_limit_has_no_latest_time(world):
    contents = limited()
    del contents["approval", "claim_by_amount"]["steps"][0]["time"]
    world.publish(contents)
    first, second = ahead(world, "dora", world.claim(amount="5000")).steps
    assert (first.state, first.due_at) == ("asked", None)
    assert (second.state, second.due_at) == ("asked", None)


# -- while it runs -------------------------------------------------------------------------------


def track(world: World, login: str, claim: str) -> tuple[list[int | None], date | None]:
    """Return the usual days of the steps of the newest run, and the day by which all is expected."""
    newest = world.engine.approvals(world.context(login), "claim", claim)[0]
    return [step.usual_days for step in newest.steps], newest.expected_on


def in_days(world: World, days: int) -> date:
    return (world.clock.instant + timedelta(days=days)).astimezone(ZONE).date()


def test_the_track_tells_how_long_what_remains_usually_takes(world):
    for _ in range(5):
        decide_after(world, "dora", 3, "5000")
    claim = world.claim(amount="5000")
    told = ahead(world, "dora", claim).expected_on
    run_id = world.submit(claim)
    assert track(world, "dora", claim) == ([4, 4], told), "as was told before submitting"
    assert told == in_days(world, 8)
    world.clock.instant += timedelta(days=6)
    assert track(world, "dora", claim) == ([4, 4], in_days(world, 4)), "late already"
    world.decide("mia", run_id, "approve")
    assert track(world, "dora", claim) == ([None, 4], in_days(world, 4))
    shown = world.engine.approvals(world.context("dora"), "claim", claim)[0].render("en")
    assert shown["expected_on"] == in_days(world, 4).isoformat()
    assert [step["usual_days"] for step in shown["steps"]] == [None, 4]
    while world.open_tasks(run_id):
        world.decide(next(iter(world.open_tasks(run_id))), run_id, "approve")
    assert track(world, "dora", claim) == ([None, None], None), "it ended"


def test_a_step_ahead_that_the_record_does_not_need_takes_no_time(world):
    for _ in range(5):
        decide_after(world, "dora", 3, "5000")
    claim = world.claim()
    told = ahead(world, "dora", claim).expected_on
    world.submit(claim)
    assert told == in_days(world, 4)
    assert track(world, "dora", claim) == ([4, None], told)


def test_the_track_of_a_partner_is_told_from_its_own_submissions_alone(world):
    for _ in range(5):
        decide_after(world, "olaf", 3)
    claim = world.claim()
    world.submit(claim)
    assert track(world, "dora", claim) == ([None, None], None)
    assert track(world, "ann", claim)[0] == [4, None]


def test_of_branches_the_longest_counts(world):
    world.publish(approval(PREPARED, block(money=MONEY, law=LAW), LAST))
    for _ in range(5):
        decide_after(world, "dora", 3)
    claim = world.claim()
    run_id = world.submit(claim)
    assert track(world, "dora", claim) == ([4] * 5, in_days(world, 4 + 8 + 4))
    world.decide("mia", run_id)
    world.decide("rita", run_id)
    assert track(world, "dora", claim) == ([None, 4, 4, None, 4], in_days(world, 8 + 4))
