"""Ranges that match by a tree through the API, bulk requests, imports and forms; whom they tell what."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from tests.support.documents import label
from tests.support.exchange_world import DOCUMENTS, Exchange, as_csv, open_exchange
from tests.support.live import PASSWORD
from tests.support.surfing import Surfer

BAN = {
    "name": "one_line",
    "fields": [{"field": "firm", "match": "subtree"}],
    "from": "starts",
    "to": "ends",
    "where": "kind = 'raw'",
}


@pytest.fixture(scope="module")
def shared(shared_database_url: str) -> Iterator[Exchange]:
    world = open_exchange(shared_database_url)
    contents = copy.deepcopy(DOCUMENTS)
    good = next(one for one in contents if one["name"] == "good" and one["kind"] == "object")
    good["fields"] += [
        {"name": "starts", "type": "date", "label": label("Starts", "开始")},
        {"name": "ends", "type": "date", "label": label("Ends", "结束")},
    ]
    good["no_overlap"] = [BAN]
    documents = tuple(Document("exchange_world", one) for one in contents)
    plan = world.platform.publisher.plan_modules(Modules(("exchange_world",), documents, (), ()))
    world.platform.publisher.publish(plan, "overlaps", None)
    world.add_user("kat", "keeper", password=PASSWORD)
    world.add_user("pat", "partner", organisation=world.ids["acme"], password=PASSWORD)
    yield world
    world.platform.close()


@pytest.fixture
def world(shared: Exchange) -> Exchange:
    """A house with two firms below it, and a good of the house."""
    shared.sweep()
    shared.ids["house"] = shared.create("firm", {"code": "house", "name": "House"})
    for code in ("acme", "rival"):
        _set_parent(shared, code, "house")
    shared.create("good", _good(shared, "of house", "house"))
    return shared


def _good(world: Exchange, code: str, firm: str, starts: str = "2025-01-01") -> dict[str, str]:
    return {"code": code, "name": code, "firm": world.ids[firm], "kind": "raw", "starts": starts}


def _set_parent(world: Exchange, code: str, parent: str | None) -> None:
    client, address = world.client("kim"), f"/api/v1/records/firm/{world.ids[code]}"
    version = client.get(address).json["version"]
    sent = client.patch(
        address,
        json={"parent": world.ids[parent] if parent else None},
        headers={"If-Match": f'"{version}"'},
    )
    assert sent.status_code == 200, sent.json


def test_the_api_tells_the_title_to_those_who_may_read_it(world: Exchange) -> None:
    for who, shown in (("kim", "“of house” covers"), ("ann", "Another record covers")):
        answer = world.client(who).post("/api/v1/records/good", json=_good(world, "a", "acme"))
        assert answer.status_code == 422, answer.json
        (problem,) = answer.json["problems"]
        assert (problem["code"], problem["path"]) == ("value.overlaps", "/starts")
        assert problem["message"].startswith(shown)
        assert ("house" in answer.text) is (who == "kim")


def test_many_records_in_one_request_and_in_a_file(world: Exchange) -> None:
    records = [_good(world, "a", "acme"), {**_good(world, "b", "rival"), "kind": "made"}]
    address = "/api/v1/records/good/bulk"
    answer = world.client("kim").post(address, json={"mode": "create", "records": records})
    assert answer.status_code == 422, answer.json
    assert [one["path"] for one in answer.json["problems"]] == ["/records/0/starts"]
    data = as_csv(
        ["code", "firm", "kind", "starts", "ends"],
        ["c", "acme", "raw", "2024-01-01", "2024-12-31"],
        ["d", "acme", "raw", "2024-12-31", ""],
        ["e", "rival", "raw", "2024-12-31", "2024-12-31"],
    )
    batch = world.load("good", data, partial=True)
    assert world.codes(batch) == [(3, "starts", "value.overlaps")]
    assert {one["code"] for one in world.rows("good")} == {"of house", "c", "e"}


def test_a_form_says_at_the_field_what_overlaps(world: Exchange) -> None:
    world.create("good", {**_good(world, "a", "acme"), "kind": "made"})
    for login, shown in (("kat", "“of house” covers part"), ("pat", "Another record covers part")):
        surfer = Surfer(world, login)
        form = surfer.get("/o/good/new").form("/new")
        changes = {"f.code": "n", "f.firm": world.ids["acme"], "f.kind": "raw",
                   "f.starts": "2025-06-01"}  # fmt: skip
        refused = surfer.send_values(form, changes)
        assert refused.status == 422
        assert shown in refused.text


def test_a_move_names_what_would_overlap_to_those_who_may_read_it(world: Exchange) -> None:
    _set_parent(world, "acme", None)
    world.create("good", _good(world, "of acme", "acme"))
    surfer = Surfer(world, "kat", "zh")
    edit = surfer.get(f"/o/firm/{world.ids['acme']}/edit").form("/edit")
    refused = surfer.send_values(edit, {"f.parent": world.ids["house"]})
    assert refused.status == 422
    assert (
        "移动到此处后，“货品”中“of acme”与“of house”将会重叠（公司：一方在另一方之内）。"
        in refused.text
    )
