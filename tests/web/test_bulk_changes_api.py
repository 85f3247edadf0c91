"""Bulk changes of a query by the API: a job, its results, undoing, and who may look."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.exchange_world import Exchange, as_csv, read_csv

ALL = {"mode": "update", "query": {}, "values": {"price": "2"}, "partial": True}


@pytest.fixture
def world(exchange: Exchange) -> Exchange:
    exchange.sweep()
    rows = ([f"g{n}", f"Good {n}", "acme", "1"] for n in range(3))
    exchange.load("good", as_csv(["code", "name", "firm", "price"], *rows), who="system")
    return exchange


def post(world: Exchange, path: str, data: Any, who: str = "kim", **headers: str) -> Any:
    return world.client(who).post(f"/api/v1/{path}", json=data, headers=headers)


def get(world: Exchange, path: str, who: str = "kim") -> Any:
    found = world.client(who).get(f"/api/v1/{path}")
    assert found.data is not None  # a file is closed once it is read
    return found


def finished(world: Exchange, asked: Any) -> Any:
    """Let the worker do what was asked; return the bulk change."""
    assert asked.status_code == 202, asked.text
    assert asked.headers["Location"] == f"/api/v1/jobs/{asked.json['job']}"
    world.platform.worker().drain()
    return get(world, f"bulk/{asked.json['bulk']}").json


def prices(world: Exchange) -> list[Any]:
    return [one["price"] for one in world.rows("good", sort="code")]


def test_a_query_in_place_of_records_is_a_job(world):
    query = {"filter": {"field": "code", "op": "!=", "value": "g1"}, "sort": "code"}
    change = finished(world, post(world, "records/good/bulk", {**ALL, "query": query}))
    assert (change["state"], change["mode"], change["object"]) == ("done", "update", "good")
    assert (change["records"], change["updated"], change["undoable"]) == (2, 2, True)
    assert (change["values"], change["query"]) == ({"price": "2"}, query)
    assert prices(world) == ["2.00", "1.00", "2.00"]
    items = get(world, f"bulk/{change['id']}/records?limit=1").json
    assert items["items"][0]["status"] == "updated"
    assert items["items"][0]["title"] == "Good 0"
    rest = get(world, f"bulk/{change['id']}/records?cursor={items['next']}").json
    assert (len(rest["items"]), rest["next"]) == (1, None)
    file = get(world, f"bulk/{change['id']}/file")
    head, *rows = read_csv(file.data)
    assert head == ["ID", "Record", "Result", "What is wrong"]
    assert [row[1:] for row in rows] == [["Good 0", "done", ""], ["Good 2", "done", ""]]
    assert get(world, f"bulk/{change['id']}/file?format=xlsx").data[:2] == b"PK"


def test_a_dry_run_is_looked_at_carried_out_and_undone(world):
    asked = post(world, "records/good/bulk", {**ALL, "dry_run": True})
    change = finished(world, asked)
    assert (change["state"], change["updated"], change["undoable"]) == ("checked", 3, False)
    assert prices(world) == ["1.00"] * 3
    path = f"bulk/{change['id']}"
    started = finished(world, post(world, f"{path}/start", {}))
    assert (started["state"], started["dry_run"], started["updated"]) == ("done", False, 3)
    assert post(world, f"{path}/start", {}).json["code"] == "bulk.under_way"
    row = world.row("good", "g2")
    fresh = {"If-Match": f'"{row["version"]}"'}
    changed = world.client("kim").patch(
        f"/api/v1/records/good/{row['id']}", json={"price": "5"}, headers=fresh
    )
    assert changed.status_code == 200
    look = finished(world, post(world, f"{path}/undo", {"dry_run": True}))
    assert (look["state"], look["mode"], look["undoes"]) == ("checked", "undo", change["id"])
    assert (look["updated"], look["refused"]) == (2, 1)
    refused = get(world, f"bulk/{look['id']}/records?status=refused").json["items"]
    assert [(one["title"], one["problems"][0]["code"]) for one in refused] == [
        ("Good 2", "bulk.changed_since")
    ]
    assert prices(world) == ["2.00", "2.00", "5.00"]
    undone = finished(world, post(world, f"{path}/undo", {}))
    assert (undone["state"], undone["updated"], undone["refused"]) == ("done", 2, 1)
    assert prices(world) == ["1.00", "1.00", "5.00"]


def test_an_update_of_records_can_be_kept_for_undoing(world):
    records = [
        {"id": one["id"], "version": one["version"], "price": "7"} for one in world.rows("good")
    ]
    body = {"mode": "update", "records": records, "undoable": True}
    answer = post(world, "records/good/bulk", body)
    assert answer.status_code == 200, answer.text
    assert prices(world) == ["7.00"] * 3
    undone = finished(world, post(world, f"bulk/{answer.json['bulk']}/undo", {}))
    assert undone["updated"] == 3
    assert prices(world) == ["1.00"] * 3
    assert "bulk" not in post(world, "records/good/bulk", {**body, "undoable": False}).json


def test_past_changes_are_listed_to_their_asker_and_deletions_undone(world):
    edit = finished(world, post(world, "records/good/bulk", ALL))["id"]
    records = [{"id": one["id"], "version": one["version"]} for one in world.rows("good")]
    body = {"mode": "delete", "records": records, "undoable": True}
    deletion = post(world, "records/good/bulk", body).json["bulk"]
    assert prices(world) == []
    found = get(world, "bulk?object=good").json
    assert [one["id"] for one in found["items"][:2]] == [deletion, edit]
    assert [(one["mode"], one["undoable"]) for one in found["items"][:2]] == [
        ("delete", True),
        ("update", True),
    ]
    first = get(world, "bulk?limit=1").json
    assert first["next"] == deletion
    assert get(world, f"bulk?limit=1&cursor={deletion}").json["items"][0]["id"] == edit
    mine = {one["id"] for one in get(world, "bulk", "ann").json["items"]}
    assert not mine & {deletion, edit}
    undone = finished(world, post(world, f"bulk/{deletion}/undo", {}))
    assert (undone["undeleted"], undone["undoable"]) == (3, True)
    assert prices(world) == ["2.00"] * 3
    assert get(world, f"bulk/{undone['id']}/records?status=undeleted").json["items"]
    assert get(world, "bulk?object=nothing").status_code == 404
    for more in ("?cursor=x", "?limit=x", "?other=1"):
        assert get(world, "bulk" + more).status_code == 422


def test_a_change_is_its_askers_own(world):
    change = finished(world, post(world, "records/good/bulk", ALL))
    for who in ("ann", "lou"):
        for part in ("", "/records", "/file"):
            assert get(world, f"bulk/{change['id']}{part}", who).status_code == 404
        for part in ("start", "undo"):
            assert post(world, f"bulk/{change['id']}/{part}", {}, who).status_code == 404
        assert get(world, f"jobs/{change['job']}", who).status_code == 404
    assert get(world, "bulk/x").status_code == 404


def test_the_same_request_is_asked_once_and_can_be_cancelled(world):
    once = {"Idempotency-Key": "one"}
    first = post(world, "records/good/bulk", ALL, **once).json
    assert post(world, "records/good/bulk", ALL, **once).json == first
    answer = world.client("kim").delete(f"/api/v1/jobs/{first['job']}")
    assert answer.status_code == 202
    world.platform.worker().drain()
    assert get(world, f"bulk/{first['bulk']}").json["state"] == "cancelled"
    assert prices(world) == ["1.00"] * 3


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({**ALL, "mode": "create"}, "/mode", "bulk.invalid"),
        ({**ALL, "records": []}, "/records", "bulk.invalid"),
        ({**ALL, "undoable": True}, "/undoable", "bulk.invalid"),
        ({"mode": "update", "query": {}}, "/values", "bulk.invalid"),
        ({"mode": "transition", "query": {}}, "/transition", "bulk.invalid"),
        ({**ALL, "query": []}, "/query", "bulk.invalid"),
        ({**ALL, "query": {"limit": 9}}, "/query/limit", "bulk.invalid"),
        ({**ALL, "query": {"q": 1}}, "/q", "value.wrong_type"),
        (
            {**ALL, "query": {"filter": {"field": "x", "op": "=", "value": 1}}},
            None,
            "field.unknown",
        ),
        ({"mode": "upsert", "records": [], "undoable": True}, "/mode", "bulk.invalid"),
        ({"mode": "update", "records": [], "values": {}}, "/values", "bulk.invalid"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(world, body, path, code):
    answer = post(world, "records/good/bulk", body)
    assert answer.status_code == 422, answer.text
    problems = answer.json["problems"]
    assert code in {one["code"] for one in problems}
    if path is not None:
        assert path in {one["path"] for one in problems}


def test_arguments_of_results_are_checked(world):
    change = finished(world, post(world, "records/good/bulk", ALL))
    path = f"bulk/{change['id']}"
    for more in ("/records?status=x", "/records?cursor=x", "/file?format=pdf", "?x=1"):
        assert get(world, path + more).status_code == 422
    assert post(world, f"{path}/undo", {"dry_run": 1}).status_code == 422
    assert post(world, f"{path}/undo", {"other": True}).status_code == 422


def test_the_description_tells_of_bulk_changes(world):
    paths = get(world, "openapi.json").json["paths"]
    assert {one for one in paths if one.startswith("/bulk")} == {
        "/bulk",
        "/bulk/{id}",
        "/bulk/{id}/records",
        "/bulk/{id}/file",
        "/bulk/{id}/start",
        "/bulk/{id}/undo",
    }
