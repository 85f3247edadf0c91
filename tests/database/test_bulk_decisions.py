"""Several tasks decided at once: each by itself, with a result of its own, and none blindly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.records.idempotency import KeyedRequest
from headrace.platform.workflow.bulk_decisions import asked_of, decide_many
from tests.support.approval_world import World, approval_world
from tests.support.documents import workspace


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    contents = workspace()
    fields = contents["object", "claim"]["fields"]
    reserve = next(one for one in fields if one["name"] == "reserve")
    reserve["required_in"] = ["paid"]
    steps = contents["approval", "claim_by_amount"]["steps"]
    steps[0]["when"] = "payable != 200"
    steps[1]["when"] = "payable = 200 or payable > $C.claim_limit"
    with approval_world(database_url, contents) as found:
        yield found


def decide(
    world: World, login: str, tasks: list[Any], action: Any = "approve", **more: Any
) -> list[dict[str, Any]]:
    """Decide tasks as they are; `later` says of which a version is sent that is not theirs."""
    later = dict.fromkeys(more.pop("later", ()), 7)
    items = [{"id": one.id, "version": one.version + later.get(one.id, 0)} for one in tasks]
    key = more.pop("key", None)
    asked = asked_of(action, items, more.pop("comment", None))
    keyed = KeyedRequest(key, "POST /bulk", json.dumps([action, items]).encode()) if key else None
    return decide_many(world.tasks, lambda act: world.does(login, act), asked, "en", keyed)


def reserved(world: World, amount: str = "150") -> str:
    """Submit a claim that may be paid and return its run."""
    claim = world.claim(amount=amount)
    version = world.version(claim)
    values = {"reserve": "1"}
    world.does("ann", lambda c, w: world.store.update(c, w, "claim", claim, values, version))
    return world.submit(claim)


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [one["status"] for one in results]


def test_each_task_has_its_own_result_and_none_undoes_another(world):
    runs = [reserved(world) for _ in range(4)]
    unpaid = world.submit(world.claim())
    tasks = [world.open_tasks(run)["mia"] for run in (*runs, unpaid)]
    world.decide("mia", runs[1], comment="by herself")
    sign_off = world.submit(world.claim(amount="5000"))
    world.decide("mia", sign_off)
    foreign = world.open_tasks(sign_off)["bob"]
    order = [*tasks[:3], foreign, tasks[4], tasks[3]]
    results = decide(world, "mia", order, later=[tasks[2].id])
    assert statuses(results) == [
        "decided",
        "already_decided",
        "stale",
        "not_found",
        "refused",
        "decided",
    ]
    assert (results[0]["run_state"], results[0]["record_state"]) == ("approved", "paid")
    assert "Mia has already decided this" in results[1]["problems"][0]["message"]
    assert results[4]["problems"][0]["code"] == "value.required"
    assert [world.run(run).state for run in (*runs, unpaid)] == [
        "approved",
        "approved",
        "open",
        "approved",
        "open",
    ]


def test_nothing_is_approved_blindly_but_may_be_rejected(world):
    open_field = world.submit(world.claim(amount="200"))
    seen = reserved(world, "200")
    changed = reserved(world, "200")
    world.decide("fred", changed, values={"reserve": "77"})
    tasks = [world.open_tasks(run)["bob"] for run in (open_field, seen, changed)]
    results = decide(world, "bob", tasks)
    assert statuses(results) == ["needs_look", "decided", "needs_look"]
    assert [one["problems"][0]["code"] for one in results if one["problems"]] == [
        "task.value_needed",
        "task.changed",
    ]
    assert results[2]["problems"][0]["message"].endswith(": reserve.")
    again = decide(world, "bob", [tasks[2]], "reject", comment="Not like this")
    assert statuses(again) == ["decided"]
    assert world.run(changed).state == "rejected"


def test_who_lost_the_role_is_told_so(world):
    run = reserved(world, "200")
    task = world.open_tasks(run)["fred"]
    world.set_roles("fred")
    (result,) = decide(world, "fred", [task])
    assert (result["status"], result["problems"][0]["code"]) == ("forbidden", "task.role_lost")


def test_a_request_sent_again_gets_the_same_results_without_a_second_effect(world):
    runs = [reserved(world) for _ in range(2)]
    tasks = [world.open_tasks(run)["mia"] for run in runs]
    late = [tasks[1].id]
    first = decide(world, "mia", tasks, key="k", later=late)
    assert statuses(first) == ["decided", "stale"]
    world.decide("mia", runs[1])
    assert decide(world, "mia", tasks, key="k", later=late) == first
    assert world.decisions(runs[0]) == [("mia", "approve")]
    with pytest.raises(RefusedError) as error:
        decide(world, "mia", [tasks[1]], key="k")
    assert error.value.problems[0].code == "idempotency.mismatch"


@pytest.mark.parametrize(
    ("items", "action", "path", "code"),
    [
        ([], "approve", "/items", "task.none_given"),
        ([5], "approve", "/items/0", "value.wrong_type"),
        ([{"id": "x", "version": 1, "more": 2}], "approve", "/items/0", "value.wrong_type"),
        ([{"id": 5, "version": 1}], "approve", "/items/0/id", "value.wrong_type"),
        ([{"id": "x", "version": "1"}], "approve", "/items/0/version", "value.wrong_type"),
        ([{"id": "x", "version": 2**70}], "approve", "/items/0/version", "value.wrong_type"),
        ([{"id": "x", "version": 1}] * 201, "approve", "/items", "task.too_many"),
        ([{"id": "x", "version": 1}], "reject", "/comment", "approval.reason_needed"),
    ],
)
def test_a_wrong_request_is_refused_as_a_whole(items, action, path, code):
    with pytest.raises(RefusedError) as error:
        asked_of(action, items, None)
    assert [(one.path, one.code) for one in error.value.problems] == [(path, code)]
