"""Record types: who may choose one, forms and rules by type, and what a plan does when one goes away."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from headrace.platform.publishing.folders import Modules
from tests.support.live import PASSWORD, Live
from tests.support.rules_world import TYPES, documents, open_live_rules, typed
from tests.support.surfing import Surfer


@pytest.fixture
def live(backend: str, fresh_database: Callable[[str], str]) -> Any:
    found = open_live_rules(fresh_database(backend), PASSWORD, typed())
    yield found
    found.platform.close()


def create(live: Live, login: str = "clerk", **data: Any) -> Any:
    return live.client(login).post("/api/v1/records/parcel", json={"name": "p", **data})


def codes(answer: Any) -> dict[str, str]:
    return {one["path"]: one["code"] for one in answer.json["problems"]}


def test_a_record_is_of_a_type_that_its_maker_may_choose(live: Live) -> None:
    assert create(live).json["record_type"] == "plain"
    assert codes(create(live, record_type="secret")) == {"/record_type": "value.not_allowed"}
    assert create(live, "boss", record_type="secret").status_code == 201
    low = create(live, record_type="fragile", amount="40", reason="x")
    assert codes(low) == {"/record_type": "value.not_allowed"}
    assert codes(create(live, record_type="other")) == {"/record_type": "value.not_a_choice"}


def test_the_platform_may_use_every_type(live: Live) -> None:
    made = live.create("parcel", {"name": "loaded", "record_type": "secret"})
    found = live.client("boss").get(f"/api/v1/records/parcel/{made}").json
    assert found["record_type"] == "secret"


def test_rules_filters_and_changes_know_the_type(live: Live) -> None:
    assert codes(create(live, record_type="fragile")) == {"/reason": "value.required"}
    made = create(live, record_type="fragile", reason="glass").json
    client = live.client("clerk")
    query = {"filter": {"field": "record_type", "op": "=", "value": "fragile"}}
    found = client.post("/api/v1/records/parcel/query", json=query).json["items"]
    assert [one["id"] for one in found] == [made["id"]]
    address = f"/api/v1/records/parcel/{made['id']}"
    headers = {"If-Match": f'"{made["version"]}"'}
    refused = client.patch(address, json={"record_type": "secret"}, headers=headers)
    assert codes(refused) == {"/record_type": "value.not_allowed"}
    changed = client.patch(address, json={"record_type": "plain"}, headers=headers)
    assert changed.json["record_type"] == "plain"


def test_each_type_has_its_form(live: Live) -> None:
    clerk = Surfer(live, "clerk")
    page = clerk.get("/o/parcel/new")
    form = page.form("/new")
    assert "f.receipt" in form.values
    assert re.search(r'<option value="secret" hidden disabled>', page.response.text)
    changed = clerk.send_values(form, {"f.record_type": "fragile", "f.name": "kept", "add": ""})
    form = changed.form("/new")
    assert "f.receipt" not in form.values
    assert form.values["f.name"] == "kept"
    assert form.values["type"] == "fragile"
    sent = clerk.send_values(form, {"f.reason": "glass"})
    assert sent.status == 303
    record = clerk.get(sent.address.split("?")[0])
    assert "receipt" not in record.text
    assert "f.receipt" not in clerk.get(sent.address.split("?")[0] + "/edit").form("/edit").values


def plan(live: Live, types: list[dict[str, Any]], decisions: Any = None) -> Any:
    publisher = live.platform.publisher
    changed = typed(types)
    if not any(one["name"] == "fragile" for one in types):
        changed.pop()
        parcel = next(one for one in changed if one["name"] == "parcel" and one["kind"] == "object")
        parcel["field_rules"].pop()
    modules = Modules(("post",), tuple(documents(changed)), (), ())
    return (
        publisher.plan_modules(modules, decisions=decisions)
        if decisions
        else publisher.plan_modules(modules)
    )


def test_a_type_that_goes_away_needs_a_map_for_its_records(live: Live) -> None:
    create(live, record_type="fragile", reason="glass")
    create(live)
    found = plan(live, [TYPES[0], TYPES[2]])
    line = next(one for one in found.lines if "record_type" in one.key)
    assert line.needs_answer
    assert line.failing.count == 1
    decisions = {line.key: {"answer": "map", "map": {"fragile": "plain"}}}
    answered = plan(live, [TYPES[0], TYPES[2]], decisions)
    assert answered.refused == ()
    live.platform.publisher.publish(answered, "less", None)
    query = {"filter": {"field": "record_type", "op": "=", "value": "plain"}}
    found = live.client("clerk").post("/api/v1/records/parcel/query", json=query).json["items"]
    assert len(found) == 2


def test_types_for_an_object_with_records_give_them_the_first(
    backend: str, fresh_database: Callable[[str], str]
) -> None:
    live = open_live_rules(fresh_database(backend))
    made = create(live).json
    changed = plan(live, TYPES)
    assert changed.refused == ()
    live.platform.publisher.publish(changed, "types", None)
    found = live.client("clerk").get(f"/api/v1/records/parcel/{made['id']}").json
    assert found["record_type"] == "plain"
    live.platform.close()
