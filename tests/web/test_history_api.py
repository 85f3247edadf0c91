"""History with child rows, earlier states, and deleted records that come back, by API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.live import Live, open_live

BASE = "/api/v1/records/claim"


def dealers_delete_drafts(contents: dict[Any, Any]) -> None:
    contents["permission", "claim"]["grants"][2]["actions"] = ["update", "delete"]


@pytest.fixture
def live(database_url: str):
    live = open_live(database_url, dealers_delete_drafts)
    yield live
    live.platform.close()


def _new(live: Live, login: str = "ann", **more: Any) -> dict[str, Any]:
    claim = {
        "subject": "Dented door",
        "fee": "5.00",
        "items": [{"what": "door", "qty": "2", "price": "20.25"}, {"what": "screw", "qty": "0.5"}],
    }
    answer = live.client(login).post(BASE, json={**claim, **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def _change(live: Live, claim: dict[str, Any], data: dict[str, Any], login: str = "ann") -> Any:
    now = live.client(login).get(f"{BASE}/{claim['id']}").json
    answer = live.client(login).patch(
        f"{BASE}/{claim['id']}", json=data, headers={"If-Match": f'"{now["version"]}"'}
    )
    assert answer.status_code == 200, answer.json
    return answer.json


def _post(live: Live, path: str, version: int, body: Any = None, login: str = "ann") -> Any:
    return live.client(login).post(
        f"{BASE}/{path}", json=body or {}, headers={"If-Match": f'"{version}"'}
    )


def _history(live: Live, claim: dict[str, Any], login: str = "ann") -> list[dict[str, Any]]:
    answer = live.client(login).get(f"{BASE}/{claim['id']}/history?expand=items")
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def _delete(live: Live, claim: dict[str, Any], login: str = "ann") -> None:
    now = live.client(login).get(f"{BASE}/{claim['id']}").json
    answer = live.client(login).delete(
        f"{BASE}/{claim['id']}", headers={"If-Match": f'"{now["version"]}"'}
    )
    assert answer.status_code == 204, answer.json


def _deleted(live: Live, login: str = "ann", **arguments: str) -> list[dict[str, Any]]:
    given = {"deleted": "only", **arguments}
    answer = live.client(login).get(BASE, query_string=given)
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def test_the_history_tells_of_rows_and_doors(live: Live):
    claim = _new(live)
    door, screw = claim["items"]
    _change(
        live,
        claim,
        {
            "fee": "7",
            "items": {"update": [{"id": door["id"], "qty": "3"}], "delete": [screw["id"]]},
        },
    )
    lines = _history(live, claim)
    last = [line for line in lines if line["saved_with"] == lines[0]["saved_with"]]
    by_row = {line.get("row", {}).get("title"): line for line in last}
    assert set(by_row) == {None, "door", "screw"}
    assert by_row["door"]["relation"] == "items"
    assert {"field": "qty", "old": "2.000", "new": "3.000"} in by_row["door"]["changes"]
    assert by_row["screw"]["action"] == "deleted"
    assert {line["through"] for line in lines} == {"api"}
    alone = live.client("ann").get(f"{BASE}/{claim['id']}/history").json["items"]
    assert all("row" not in line for line in alone)


def test_an_earlier_state_comes_back_with_its_rows(live: Live):
    claim = _new(live)
    door, screw = claim["items"]
    first = _history(live, claim)[0]["id"]
    changed = _change(
        live,
        claim,
        {
            "fee": "7",
            "subject": "Another",
            "items": {
                "create": [{"what": "hinge", "price": "1"}],
                "update": [{"id": door["id"], "qty": "3"}],
                "delete": [screw["id"]],
            },
        },
    )
    answer = _post(live, f"{claim['id']}/restore", changed["version"], {"after": first})
    assert answer.status_code == 200, answer.json
    found = answer.json
    for name in ("fee", "subject", "total", "payable"):
        assert found[name] == claim[name]
    rows = [(row["what"], row["qty"], row["price"]) for row in found["items"]]
    assert {row["id"] for row in found["items"]} == {door["id"], screw["id"]}
    assert sorted(rows) == sorted((row["what"], row["qty"], row["price"]) for row in claim["items"])
    own = live.client("ann").get(f"{BASE}/{claim['id']}/history").json["items"]
    assert own[0]["action"] == "restored"


def test_one_field_or_one_row_comes_back_alone(live: Live):
    claim = _new(live)
    door, screw = claim["items"]
    changed = _change(
        live,
        claim,
        {
            "fee": "7",
            "subject": "Another",
            "items": {"update": [{"id": door["id"], "qty": "3"}, {"id": screw["id"], "qty": "9"}]},
        },
    )
    last = _history(live, claim)[0]["id"]
    body = {"before": last, "fields": ["fee", f"items.{door['id']}"]}
    found = _post(live, f"{claim['id']}/restore", changed["version"], body).json
    assert (found["fee"], found["subject"]) == ("5.00", "Another")
    assert [row["qty"] for row in found["items"]] == ["2.000", "9.000"]


def test_restoring_keeps_rules_rights_and_versions(live: Live):
    claim = _new(live)
    _change(live, claim, {"fee": "7"})
    last = _history(live, claim)[0]["id"]
    path = f"{claim['id']}/restore"
    assert _post(live, path, 1, {"before": last}).status_code == 409
    assert _post(live, path, 2, {"before": last}, login="bob").status_code == 404
    nothing_there = [line for line in _history(live, claim) if line["action"] == "created"][-1]
    assert _post(live, path, 2, {"before": nothing_there["id"]}).status_code == 422
    foreign = _history(live, _new(live, "bob"), "bob")[0]["id"]
    assert _post(live, path, 2, {"before": foreign}).status_code == 404
    assert _post(live, path, 2, {"before": last, "fields": ["nothing"]}).status_code == 422
    assert live.client("ann").post(f"{BASE}/{path}", json={"before": last}).status_code == 428


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"before": 1},
        {"before": "x", "after": "y"},
        {"before": "x", "fields": "fee"},
        {"before": "x", "fields": [1]},
        {"whatever": 1},
    ],
)
def test_restore_requests_that_mean_nothing_are_refused(live: Live, body: Any):
    claim = _new(live)
    answer = _post(live, f"{claim['id']}/restore", 1, body)
    assert answer.status_code == 422, answer.json
    assert live.client("ann").get(f"{BASE}/{claim['id']}").json["version"] == 1


def test_a_change_of_what_one_may_not_see_is_not_restored(live: Live):
    claim = _new(live)
    _change(live, claim, {"reserve": "100", "fee": "7"}, "admin")
    line = _history(live, claim)[0]
    assert [one["field"] for one in line["changes"]] == ["fee", "payable"]
    found = _post(live, f"{claim['id']}/restore", 2, {"before": line["id"]})
    assert found.status_code == 200
    kept = live.client("admin").get(f"{BASE}/{claim['id']}").json
    assert (kept["reserve"], kept["fee"]) == ("100.00", "5.00")


def test_a_deleted_record_comes_back_with_the_rows_that_went_with_it(live: Live):
    claim = _new(live)
    company = f"/api/v1/records/company/{live.ids['acme']}"
    count = live.client("admin").get(company).json["claim_count"]
    changed = _change(live, claim, {"items": {"delete": [claim["items"][1]["id"]]}})
    _delete(live, claim)
    assert live.client("admin").get(company).json["claim_count"] == count - 1
    (found,) = _deleted(live)
    assert found["id"] == claim["id"]
    assert found["updated_by"]["title"] == "Ann"
    answer = _post(live, f"{claim['id']}/undelete", found["version"])
    assert answer.status_code == 200, answer.json
    back = answer.json
    assert [row["what"] for row in back["items"]] == ["door"], "the screw had gone before"
    assert back["items"][0]["id"] == claim["items"][0]["id"]
    assert (back["total"], back["payable"]) == (changed["total"], changed["payable"])
    assert back["claim_no"] == claim["claim_no"]
    assert live.client("admin").get(company).json["claim_count"] == count
    assert _deleted(live) == []
    assert _history(live, claim)[0]["action"] == "undeleted"
    assert _post(live, f"{claim['id']}/undelete", back["version"]).status_code == 404


def test_who_may_not_delete_sees_no_deleted_records(live: Live):
    claim = _new(live)
    _delete(live, claim)
    assert [one["id"] for one in _deleted(live)] == [claim["id"]]
    assert _deleted(live, "bob") == []
    assert _deleted(live, "fin") == []
    for login in ("bob", "fin"):
        assert _post(live, f"{claim['id']}/undelete", 2, login=login).status_code in {403, 404}
    assert live.client("ann").get(f"{BASE}/{claim['id']}").status_code == 404


def test_deleted_records_are_filtered_searched_counted_and_paged(live: Live):
    for number in range(3):
        _delete(live, _new(live, subject=f"Deleted {number}"))
    _new(live, subject="Deleted not")
    assert len(_deleted(live, q="deleted")) == 3
    condition = '{"field": "subject", "op": "=", "value": "Deleted 1"}'
    assert len(_deleted(live, filter=condition)) == 1
    page = live.client("ann").get(f"{BASE}?deleted=only&limit=2&count=exact").json
    assert (len(page["items"]), page["count"]) == (2, 3)
    rest = live.client("ann").get(f"{BASE}?deleted=only&limit=2&cursor={page['next']}").json
    assert len(rest["items"]) == 1
    assert live.client("ann").get(f"{BASE}?deleted=yes").status_code == 422


def test_a_value_that_was_taken_meanwhile_is_told_and_can_be_replaced(live: Live):
    claim = _new(live)
    _delete(live, claim)
    _new(live)
    refused = _post(live, f"{claim['id']}/undelete", 2)
    assert refused.status_code == 422
    (problem,) = refused.json["problems"]
    assert problem["code"] == "value.not_unique"
    answer = _post(live, f"{claim['id']}/undelete", 2, {"values": {"subject": "Another name"}})
    assert answer.status_code == 200, answer.json
    assert answer.json["subject"] == "Another name"
    assert len(answer.json["items"]) == 2


def test_a_record_that_refers_to_a_deleted_one_waits_for_it(live: Live):
    admin = live.client("admin")
    region = admin.post("/api/v1/records/region", json={"code": "n", "name": "North"}).json
    company = admin.post(
        "/api/v1/records/company", json={"code": "x", "name": "X", "region": region["id"]}
    ).json
    for name, one in (("company", company), ("region", region)):
        path = f"/api/v1/records/{name}/{one['id']}"
        assert admin.delete(path, headers={"If-Match": '"1"'}).status_code == 204
    back = {"json": {}, "headers": {"If-Match": '"2"'}}
    refused = admin.post(f"/api/v1/records/company/{company['id']}/undelete", **back)
    assert refused.status_code == 422
    assert refused.json["problems"][0]["code"] == "record.refers_to_deleted"
    assert refused.json["problems"][0]["path"] == "/region"
    assert admin.post(f"/api/v1/records/region/{region['id']}/undelete", **back).status_code == 200
    assert (
        admin.post(f"/api/v1/records/company/{company['id']}/undelete", **back).status_code == 200
    )


def test_undeleting_keeps_rules_and_versions(live: Live):
    claim = _new(live)
    _delete(live, claim)
    path = f"{claim['id']}/undelete"
    assert _post(live, path, 1).status_code == 409
    assert _post(live, path, 2, {"values": {"fee": "900"}}).status_code == 422
    assert _post(live, path, 2, {"values": {"status": "paid"}}).status_code == 422
    assert _post(live, path, 2, {"values": 3}).status_code == 422
    assert _post(live, path, 2, {"other": {}}).status_code == 422
    assert len(_deleted(live)) == 1


def test_a_row_that_was_deleted_alone_comes_back_to_its_master(live: Live):
    claim = _new(live)
    screw = claim["items"][1]
    _change(live, claim, {"items": {"delete": [screw["id"]]}})
    client = live.client("ann")
    page = client.get("/api/v1/records/claim_item?deleted=only").json
    assert [one["id"] for one in page["items"]] == [screw["id"]]
    answer = client.post(
        f"/api/v1/records/claim_item/{screw['id']}/undelete", headers={"If-Match": '"2"'}
    )
    assert answer.status_code == 200, answer.json
    back = client.get(f"{BASE}/{claim['id']}?expand=items").json
    assert back["total"] == claim["total"]
    assert back["version"] == 3
    assert len(back["items"]) == 2
