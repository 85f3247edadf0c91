"""Approvers by login, by managers level by level, and by a formula that asks other records."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.access.identity import Identity
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.field_types import built_in
from tests.database.test_added_approvers import mode
from tests.database.test_ways_back import MANAGER, asked, steps
from tests.support.approval_world import World, approval_world
from tests.support.documents import documents

CHAIN = {"mia": "fred", "fred": "bob", "bob": "rita"}


def with_managers(world: World, chain: dict[str, str]) -> None:
    for login, above in chain.items():
        world.set_user(login, manager=world.users[above])


def test_a_user_by_login(database_url):
    with approval_world(database_url, steps({"user": "Faye"})) as world:
        assert asked(world, world.submit(world.claim())) == {"faye"}
        world.set_user("faye", active=False)
        with pytest.raises(ConflictError) as error:
            world.does("system", lambda c, w: world.approvals.release(c, w, world.users["faye"]))
        assert error.value.problems[0].code == "approval.names_user"
        # Nobody is there any more: the fall-back is asked, never nobody.
        run = world.submit(world.claim())
        assert asked(world, run) == {"ann"}
        assert world.rows_of_step(run)[0].fallback


@pytest.mark.parametrize(
    "named",
    [
        {"copies": [{"to": [{"user": "Faye"}]}]},
        {
            "time": {
                "limit": "8",
                "unit": "hours",
                "then": "escalate",
                "escalate_to": [{"user": "Faye"}],
            }
        },
    ],
)
def test_a_user_named_for_copies_or_escalations_is_kept_too(database_url, named):
    contents = steps(MANAGER)
    contents["approval", "claim_by_amount"].update(named)
    with approval_world(database_url, contents) as world:
        world.set_user("faye", active=False)
        with pytest.raises(ConflictError) as error:
            world.does("system", lambda c, w: world.approvals.release(c, w, world.users["faye"]))
        assert error.value.problems[0].code == "approval.names_user"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"managers": 1, "of": "company.manager"}, ["fred"]),
        ({"managers": 3, "of": "company.manager"}, ["fred", "bob", "rita"]),
        ({"managers": 9, "of": "company.manager"}, ["fred", "bob", "rita"]),
        ({"managers": 9, "of": "company.manager", "until": "boss"}, ["fred", "bob"]),
        ({"managers": 2}, ["mia", "fred"]),
    ],
)
def test_managers_are_asked_level_by_level(database_url, source, expected):
    with approval_world(database_url, mode("sequence", source)) as world:
        with_managers(world, CHAIN | {"dora": "mia"})
        run = world.submit(world.claim())
        for login in expected:
            assert asked(world, run) == {login}
            world.decide(login, run)
        assert world.run(run).state == "approved"


def test_a_manager_who_has_left_is_passed_over(database_url):
    with approval_world(database_url, steps({"managers": 1, "of": "company.manager"})) as world:
        with_managers(world, CHAIN)
        world.set_user("fred", active=False)
        assert asked(world, world.submit(world.claim())) == {"bob"}


def test_a_circle_of_managers_ends(database_url):
    with approval_world(database_url, mode("all", {"managers": 9, "of": "company.manager"})) as w:
        with_managers(w, {"mia": "fred", "fred": "bob", "bob": "mia"})
        assert asked(w, w.submit(w.claim())) == {"fred", "bob"}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("FIRST(company.manager WHERE code = 'shop')", {"mia"}),
        ("LIST(company.manager WHERE region = this.company.region)", {"mia"}),
        ("FIRST(company.manager WHERE code = 'nobody')", {"ann"}),
    ],
)
def test_a_formula_asks_other_records(database_url, formula, expected):
    with approval_world(database_url, steps({"formula": formula})) as world:
        assert asked(world, world.submit(world.claim())) == expected


def test_a_formula_that_fails_climbs_and_the_timeline_says_so(database_url):
    failing = "IF(payable * 999999999999999 > 0, company.manager, NULL)"
    with approval_world(database_url, steps({"formula": failing})) as world:
        run = world.submit(world.claim())
        assert asked(world, run) == {"ann"}
        assert world.rows_of_step(run)[0].fallback
        claim = world.run(run).record_id
        for login, told in (("ann", failing), ("dora", None)):
            (view,) = world.engine.approvals(world.context(login), "claim", claim)
            (said,) = [one for one in view.steps[0].decisions if one.action == "unresolved"]
            assert said.comment == told
        # With another source nobody has to climb.
        both = [{"formula": failing}, {"role": "finance"}]
        world.publish(mode("any", *both))
        run = world.submit(world.claim())
        assert asked(world, run) == {"fred", "faye"}
        assert ("system", "unresolved") in world.decisions(run)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({}, "approval.approver"),
        ({"user": "faye", "role": "boss"}, "approval.approver"),
        ({"user": "faye", "of": "company.manager"}, "approval.approver"),
        ({"managers": 2, "within": "company.region"}, "approval.approver"),
        ({"managers": 2, "of": "company"}, "approval.approver_target"),
        ({"managers": 2, "until": "nobody"}, "ref.unknown"),
        ({"formula": "company.name"}, "formula.type"),
        ({"formula": "FIRST(company.region WHERE code = 'x')"}, "formula.type"),
    ],
)
def test_sources_that_cannot_be_are_refused(source, code):
    built = build_catalog(documents(steps(source)), built_in(), 1)
    found = [one.code for one in built.problems]
    if built.catalog is not None:
        found += [one.code for one in run_checks(built.catalog)]
    assert code in found


def test_the_command_sets_managers_without_circles(database_url):
    with approval_world(database_url, steps(MANAGER)) as world:
        identity = Identity(world.database, world.ids)

        def report(login: str, to: str | None) -> Any:
            above = world.users[to] if to else None
            with world.database.writing(None) as work:
                identity.update_user(work, world.users[login], manager=above)

        report("mia", "fred")
        report("fred", "bob")
        with pytest.raises(RefusedError) as error:
            report("bob", "mia")
        assert error.value.problems[0].code == "user.manager_circle"
        with pytest.raises(RefusedError):
            report("bob", "bob")
        report("mia", None)
        report("bob", "mia")
