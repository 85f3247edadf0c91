"""Runs that are over, taken again: the live version repeats every path, another one tells what changes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.replaying import replay
from headrace.platform.workflow.replays import Replay
from tests.support.approval_world import World, approval_world, catalog_of
from tests.support.documents import workspace

Contents = dict[tuple[str, str], dict[str, Any]]
LOSSES = {
    "kind": "approval",
    "name": "losses",
    "workflow": "claim_flow",
    "transition": "submit",
    "label": {"en": "Losses", "zh": "丢失"},
    "priority": 20,
    "when": "kind = 'loss' AND company.code = 'shop'",
    "steps": [
        {
            "name": "boss",
            "label": {"en": "Boss", "zh": "主管"},
            "editable": ["fee"],
            "approvers": [{"role": "boss", "within": "company.region"}],
        },
        {
            "name": "dear",
            "label": {"en": "Dear", "zh": "大额"},
            "when": "payable > 300",
            "approvers": [{"role": "finance"}],
        },
        {
            "name": "many",
            "label": {"en": "Many", "zh": "多项"},
            "when": "EXISTS(claim_item WHERE claim = this.id AND price > 200)",
            "approvers": [{"role": "finance"}],
        },
    ],
}


def contents() -> Contents:
    found = workspace()
    found["approval", "losses"] = {**LOSSES, "steps": [dict(one) for one in LOSSES["steps"]]}
    return found


def catalog(changed: Contents) -> Catalog:
    return catalog_of(changed, 90)


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    with approval_world(shared_database_url, contents()) as made:
        company = made.does(
            "system", lambda c, w: made.store.lock(c, w, "company", made.records["shop"])
        )
        assert company["code"], company
        make_runs(made, 12)
        yield made


def make_runs(world: World, count: int) -> None:
    """Decide claims in all ways: approved, edited, rejected, withdrawn, cancelled."""
    for number in range(count):
        random = Random(number)
        kind = random.choice(("damage", "loss"))
        claim = world.claim(amount=random.choice(("150", "280", "2000")), kind=kind)
        run_id = world.submit(claim)
        if number % 6 == 5:
            world.does("dora", lambda c, w, run=run_id: world.engine.withdraw(c, w, run))
            continue
        while tasks := world.open_tasks(run_id):
            login = random.choice(sorted(tasks))
            rejected = random.random() < 0.2
            edits = {"fee": "40"} if login == "bob" and random.random() < 0.7 else None
            if kind == "damage":
                edits = None
            world.decide(
                login,
                run_id,
                "reject" if rejected else "approve",
                comment="as it should be",
                values=None if rejected else edits,
            )


def replayed(world: World, definitions: Catalog | None = None, **keys: Any) -> Replay:
    context = world.context(keys.pop("login", "ann"))
    with checked_snapshot(context) as reading:
        return replay(context, reading, "claim_flow", definitions, **keys)


def told(found: Replay) -> list[Any]:
    return [(one.verdict, one.recorded, one.now) for one in found.runs if one.verdict != "same"]


def test_the_live_version_repeats_every_path(world: World):
    found = replayed(world)

    assert len(found.runs) == 12
    assert found.count("same") == 12, told(found)
    states = {step.state for one in found.runs for step in one.recorded.steps}
    assert {"asked", "skipped"} <= states
    assert {one.recorded.approval for one in found.runs} == {"claim_by_amount", "losses"}
    assert {one.state for one in found.runs} >= {"approved", "withdrawn"}
    assert all(then == now for then, now in found.tasks().values())


def test_another_limit_says_who_goes_another_way(world: World):
    changed = contents()
    changed["approval", "claim_by_amount"]["when"] = "payable > 200"
    found = replayed(world, catalog(changed))

    small = [one for one in found.runs if one.verdict == "different"]
    assert small
    assert {one.recorded.approval for one in small} == {"claim_by_amount"}
    assert {one.now.approval for one in small} == {None}
    shown = found.render("en")
    assert shown["summary"]["different"] == len(small)
    assert shown["summary"]["runs"] == 12
    mia = next(one for one in shown["summary"]["tasks"] if one["name"] == "Mia")
    assert mia["now"] < mia["recorded"]


def test_other_approvers_are_those_of_today(world: World):
    changed = contents()
    changed["approval", "losses"]["steps"][0]["approvers"] = [{"role": "finance"}]
    found = replayed(world, catalog(changed))

    losses = [one for one in found.runs if one.recorded.approval == "losses"]
    assert losses
    for one in losses:
        assert one.verdict == "different"
        assert one.now.steps[0].today
        assert one.now.steps[0].people == {world.users["fred"], world.users["faye"]}


def test_branches_that_never_fire_are_named(world: World):
    changed = contents()
    changed["approval", "losses"]["when"] = "kind = 'loss' AND payable > 90000"
    changed["approval", "claim_by_amount"]["steps"][1]["when"] = "payable > 80000"

    assert set(replayed(world, catalog(changed)).never) == {"losses", "claim_by_amount/sign_off"}


def test_what_nobody_knows_is_unknown(world: World):
    changed = contents()
    changed["object", "claim"]["fields"].append(
        {"name": "risk", "type": "integer", "label": {"en": "Risk", "zh": "风险"}}
    )
    changed["approval", "losses"]["when"] = "risk > 3"
    found = replayed(world, catalog(changed))
    assert found.count("unknown") == len(found.runs)
    assert {one.now.approval for one in found.runs} == {"?"}

    changed = contents()
    asked = "EXISTS(claim_item WHERE claim = this.id AND price > 100)"
    changed["approval", "losses"]["steps"][1]["when"] = asked
    found = replayed(world, catalog(changed))
    assert {one.verdict for one in found.runs if one.recorded.approval == "losses"} <= {
        "unknown",
        "same",
        "different",
    }
    assert found.count("unknown") > 0


def test_what_is_referred_to_is_read_as_it_was(world: World):
    """The company gets another code afterwards: runs of before are judged by the one they had."""
    shop = world.records["shop"]
    row = world.does("system", lambda c, w: world.store.lock(c, w, "company", shop))
    world.does(
        "system",
        lambda c, w: world.store.update(c, w, "company", shop, {"code": "moved"}, row["version"]),
    )
    try:
        found = replayed(world)
    finally:
        row = world.does("system", lambda c, w: world.store.lock(c, w, "company", shop))
        world.does(
            "system",
            lambda c, w: world.store.update(
                c, w, "company", shop, {"code": "shop"}, row["version"]
            ),
        )
    assert found.count("different") == 0, told(found)
    assert found.count("same") + found.count("unknown") == 12


def test_what_former_versions_judged_is_known_from_the_record(database_url: str):
    """Another version is live, with a question that nobody can ask again: the tags tell what it gave."""
    asked = contents()
    question = "EXISTS(claim_item WHERE claim = this.id AND price > 1)"
    asked["approval", "losses"]["when"] = f"kind = 'loss' AND {question}"
    with approval_world(database_url, asked) as world:
        former = {world.catalog.version: world.catalog}
        make_runs(world, 4)
        asked["approval", "claim_by_amount"]["label"] = {"en": "Sum", "zh": "金额"}
        world.publish(asked)
        known = replayed(world, earlier=former.get)
        unknown = replayed(world)
    assert known.count("same") == 4, told(known)
    assert 0 < unknown.count("unknown") <= 4


def test_titles_are_for_those_who_may_read_the_records(world: World):
    assert all(one.title for one in replayed(world).runs)
    assert all(one.title is None for one in replayed(world, login="olaf").runs)


def test_the_number_of_runs_is_bounded(world: World):
    assert len(replayed(world, last=3).runs) == 3
    for last in (0, 501):
        with pytest.raises(RefusedError) as refused:
            replayed(world, last=last)
        assert refused.value.problems[0].code == "replay.last"
    context = world.context("ann")
    with checked_snapshot(context) as reading, pytest.raises(NotFoundError):
        replay(context, reading, "nothing")
