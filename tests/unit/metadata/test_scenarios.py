"""Scenarios as definitions: what the check refuses, what where-used finds, how differences are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from headrace.platform.core.ids import RandomIds
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.comparing import compare
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.loading import load_documents
from headrace.platform.metadata.references import uses
from headrace.platform.publishing.identities import assign_ids
from tests.support.documents import workspace
from tests.support.scenarios import signed_off

Change = Callable[[dict[str, Any]], Any]


def documents(scenario: dict[str, Any]) -> tuple[Document, ...]:
    contents = [*workspace().values(), scenario]
    return assign_ids([Document("claims", one) for one in contents], (), RandomIds())[0]


def catalog_of(scenario: dict[str, Any]) -> Catalog:
    built = build_catalog(documents(scenario), built_in(), 1)
    assert built.catalog is not None, built.problems
    return built.catalog


BAD: tuple[tuple[str, str, Change], ...] = (
    ("scenario.time", "/at", lambda one: one.update(at="2025-02-30T10:00")),
    ("scenario.one_act", "/when/2", lambda one: one["when"][2].pop("move")),
    (
        "scenario.one_act",
        "/when/2",
        lambda one: one["when"][2].update(one["when"][3] | {"by": "dora"}),
    ),
    ("scenario.unknown_name", "/when/3/by", lambda one: one["when"][3].update(by="shop")),
    (
        "scenario.unknown_name",
        "/when/2/move/record",
        lambda one: one["when"][2]["move"].update(record="dora"),
    ),
    ("scenario.unknown_name", "/when/3/update", lambda one: one["when"].reverse()),
    (
        "scenario.unknown_name",
        "/given/records/1/values/region/named",
        lambda one: one["given"]["records"][1]["values"].update(region={"named": "nowhere"}),
    ),
    (
        "scenario.unknown_name",
        "/given/users/0/organisation",
        lambda one: one["given"]["users"][0].update(organisation="city"),
    ),
    (
        "scenario.unknown_name",
        "/given/users/4/manager",
        lambda one: one["given"]["users"][4].update(manager="shop"),
    ),
    (
        "scenario.unknown_name",
        "/then/0/hidden_from/0",
        lambda one: one["then"][0].update(hidden_from=["claim"]),
    ),
    (
        "name.duplicate",
        "/given/records/0",
        lambda one: one["given"]["users"][0].update(name="city"),
    ),
    (
        "ref.unknown",
        "/given/users/3/roles/0",
        lambda one: one["given"]["users"][3].update(roles=["financier"]),
    ),
    (
        "ref.unknown_object",
        "/given/records/2/object",
        lambda one: one["given"]["records"][2].update(object="firm"),
    ),
    (
        "ref.unknown_field",
        "/when/0/create/values/items/0/weight",
        lambda one: one["when"][0]["create"]["values"]["items"][0].update(weight="1"),
    ),
    (
        "ref.unknown_field",
        "/then/0/values/sum",
        lambda one: one["then"][0]["values"].update(sum="1"),
    ),
    (
        "ref.unknown",
        "/when/2/move/transition",
        lambda one: one["when"][2]["move"].update(transition="send"),
    ),
    ("ref.unknown", "/then/0/state", lambda one: one["then"][0].update(state="signed")),
    (
        "ref.unknown",
        "/when/2/press/button",
        lambda one: one["when"].__setitem__(
            2, {"by": "dora", "press": {"record": "claim", "button": "send"}}
        ),
    ),
    (
        "scenario.without_workflow",
        "/then/0",
        lambda one: one["then"].__setitem__(0, {"record": "shop", "state": "draft"}),
    ),
    (
        "scenario.found_with_values",
        "/given/records/0/key",
        lambda one: one["given"]["records"][0].update(key="C"),
    ),
    (
        "scenario.expects_nothing",
        "/then/0",
        lambda one: one["then"].__setitem__(0, {"record": "claim"}),
    ),
    (
        "scenario.proves_nothing",
        "/then",
        lambda one: (one.update(then=[]), one["when"][1].pop("refused")),
    ),
)


def test_a_scenario_that_is_right():
    assert run_checks(catalog_of(signed_off())) == ()


@pytest.mark.parametrize(
    ("code", "place", "change"), BAD, ids=[f"{code} {place}" for code, place, _ in BAD]
)
def test_a_scenario_that_cannot_run_is_refused(code: str, place: str, change: Change):
    scenario = signed_off()
    change(scenario)
    file = "/claims/scenarios/signed_off.json"
    loaded = load_documents([("claims", file[1:], json.dumps(scenario).encode())], built_in())
    problems = list(loaded.problems)
    if not problems:
        problems = list(run_checks(catalog_of(scenario)))
    found = [one for one in problems if one.code == code and one.path.startswith(file + place)]
    assert found, [(one.code, one.path) for one in problems]
    for language in ("en", "zh"):
        shown = found[0].render(language)
        assert shown["message"]
        assert shown["hint"]
        assert "{" not in shown["message"] + shown["hint"]


@pytest.mark.parametrize(
    ("kind", "name", "places"),
    [
        ("field", "claim.payable", {"/then/0/values/payable"}),
        ("field", "claim_item.qty", {"/when/0/create/values/items/0/qty"}),
        ("child", "claim.items", {"/when/0/create/values/items"}),
        ("choice", "claim.kind.loss", {"/when/0/create/values/kind", "/then/0/values/kind"}),
        ("transition", "claim_flow.submit", {"/when/2/move/transition"}),
        ("state", "claim_flow.in_approval", {"/then/0/state"}),
        ("role", "finance", {"/given/users/3/roles/0"}),
        ("object", "region", {"/given/records/0/object"}),
    ],
)
def test_where_used_finds_what_a_scenario_names(kind: str, name: str, places: set[str]):
    found = uses(catalog_of(signed_off())).of(kind, name)
    assert {one.path for one in found if one.kind == "scenario"} == places


def test_differences_of_a_scenario_are_told():
    before, after = signed_off(), signed_off()
    before["id"] = after["id"] = "a" * 26
    after["at"] = "2025-07-01T10:00"
    after["given"]["users"][3]["roles"] = ["boss"]
    after["given"]["records"][1]["values"]["name"] = "Store"
    after["when"][0]["create"]["values"]["kind"] = "damage"
    after["when"][2]["refused"] = "workflow.guard"
    after["when"].append({"by": "bob", "decide": {"record": "claim", "action": "reject"}})
    after["then"][0].update(state="rejected", tasks=[])
    changes = compare(documents(before), documents(after), built_in())
    told = [one.sentence for one in changes if one.kind == "scenario"]
    name = "scenario “Signed off”"
    assert [one.en for one in told] == [
        (
            "Scenario “Signed off”: the time at which everything happens is now “2025-07-01T10:00” "
            "(was “2025-06-30T10:00”)"
        ),
        f"Step 1 of {name} now sets “kind” to “damage” (was “loss”)",
        f"Step 3 of {name}: the code of the refusal is now “workflow.guard”",
        "Scenario “Signed off”: step “bob” rejects “claim” was added",
        f"Person “fred” of {name}: role “Finance” was removed",
        f"Person “fred” of {name}: role “Boss” was added",
        f"Record “shop” of {name} now sets “name” to “Store” (was “Shop”)",
        (
            f"What is expected of “claim” of {name}: the expected state is now “Rejected” "
            "(was “In approval”)"
        ),
        f"What is expected of “claim” of {name}: person with an open task “bob” was removed",
    ]
    assert "业务场景“会签”（signed_off）：增加步骤“bob”驳回“claim”" in [one.zh for one in told]
