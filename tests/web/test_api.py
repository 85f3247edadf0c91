"""The REST API as another program sees it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from tests.support.live import Live, open_live

CLAIM = {
    "subject": "Dented door",
    "fee": "5.00",
    "items": [{"what": "door", "qty": "2", "price": "20.25"}, {"what": "screw", "qty": "0.5"}],
}


@pytest.fixture
def live(database_url: str):
    live = open_live(database_url)
    yield live
    live.platform.close()


def new_claim(live: Live, login: str = "ann", **more):
    answer = live.client(login).post("/api/v1/records/claim", json={**CLAIM, **more})
    assert answer.status_code == 201, answer.json
    return answer.json


def test_me_says_who_the_caller_is(live: Live):
    me = live.client("ann").get("/api/v1/me").json

    assert (me["login"], me["audience"], me["roles"]) == ("ann", "partner", ["dealer"])
    assert me["organisation"]["title"] == "Company acme"


def test_without_a_token_there_is_nothing(live: Live):
    answer = live.client().get("/api/v1/me")

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json["problems"][0]["hint"]


def test_a_created_record_comes_back_computed_with_its_children(live: Live):
    claim = new_claim(live)

    assert claim["company"]["id"] == live.ids["acme"]
    assert [line["amount"] for line in claim["items"]] == ["40.50", "5.00"]
    assert (claim["total"], claim["payable"]) == ("45.50", "50.50")
    assert claim["status"] == "draft"
    assert claim["claim_no"].startswith("CL-")


def test_a_record_is_read_with_its_version_as_etag(live: Live):
    claim = new_claim(live)

    answer = live.client("ann").get(f"/api/v1/records/claim/{claim['id']}?expand=items")

    assert answer.headers["ETag"] == f'"{claim["version"]}"'
    assert answer.headers["Headrace-Metadata-Version"] == "1"
    assert len(answer.json["items"]) == 2


def test_a_patch_needs_the_version_and_says_what_changed_meanwhile(live: Live):
    claim = new_claim(live)
    client, path = live.client("ann"), f"/api/v1/records/claim/{claim['id']}"

    without = client.patch(path, json={"fee": "1"})
    first = client.patch(path, json={"fee": "1"}, headers={"If-Match": '"1"'})
    stale = client.patch(path, json={"fee": "2"}, headers={"If-Match": '"1"'})

    assert without.status_code == 428
    assert first.json["payable"] == "46.50"
    assert stale.status_code == 409
    assert "fee" in stale.json["differences"]


def test_the_api_tells_both_sides_and_what_was(live: Live):
    record = new_claim(live)
    glass, wood = record["items"]
    client, path = live.client("ann"), f"/api/v1/records/claim/{record['id']}"
    theirs = f"Theirs {record['claim_no']}"
    first = {
        "subject": theirs,
        "fee": "3",
        "items": {"update": [{"id": glass["id"], "qty": "9"}], "delete": [wood["id"]]},
    }
    assert client.patch(path, json=first, headers={"If-Match": '"1"'}).status_code == 200
    mine = {
        "subject": "Mine of two",
        "claimed_on": "2025-01-31",
        "items": {
            "update": [
                {"id": glass["id"], "version": 1, "qty": "5"},
                {"id": wood["id"], "what": "Oak"},
            ]
        },
    }
    stale = client.patch(path, json=mine, headers={"If-Match": '"1"'})
    assert stale.status_code == 409
    found = stale.json["differences"]
    assert found["version"] == 2
    assert found["subject"] == {"yours": "Mine of two", "stored": theirs, "was": record["subject"]}
    assert found["claimed_on"]["was"] == found["claimed_on"]["stored"] == record["claimed_on"]
    assert "fee" not in found, "what was not sent is not in the way"
    assert found["items"][glass["id"]]["qty"] == {
        "yours": "5.000",
        "stored": "9.000",
        "was": glass["qty"],
    }
    assert found["items"][wood["id"]] == {"deleted": True}


def test_children_are_created_changed_and_deleted_with_their_master(live: Live):
    claim = new_claim(live)
    door, screw = claim["items"]

    answer = live.client("ann").patch(
        f"/api/v1/records/claim/{claim['id']}",
        json={
            "items": {
                "create": [{"what": "hinge", "price": "1.10"}],
                "update": [{"id": door["id"], "qty": "1"}],
                "delete": [screw["id"]],
            }
        },
        headers={"If-Match": '"1"'},
    )

    assert answer.status_code == 200, answer.json
    assert answer.json["total"] == "21.35"


def test_a_list_is_filtered_sorted_paged_and_counted(live: Live):
    for number in range(5):
        new_claim(live, subject=f"Claim {number}", fee=f"{number}.00")
    client = live.client("ann")

    arguments = {"sort": "-fee", "limit": 2, "count": "exact", "fields": "subject,fee"}
    first = client.get("/api/v1/records/claim", query_string=arguments).json
    second = client.get(
        "/api/v1/records/claim", query_string={**arguments, "cursor": first["next"]}
    ).json

    assert [one["fee"] for one in first["items"] + second["items"]] == [
        "4.00", "3.00", "2.00", "1.00",
    ]  # fmt: skip
    assert first["count"] == 5


def test_the_query_by_body_answers_like_the_one_by_arguments(live: Live):
    new_claim(live)
    condition = {"and": [{"field": "payable", "op": ">", "value": "50"}]}

    answer = live.client("ann").post("/api/v1/records/claim/query", json={"filter": condition})

    assert len(answer.json["items"]) == 1


def test_a_foreign_record_is_a_record_that_is_not_there(live: Live):
    claim = new_claim(live, "bob")
    absent = "0197a1b2-0000-7000-8000-000000000000"

    foreign = live.client("ann").get(f"/api/v1/records/claim/{claim['id']}")
    missing = live.client("ann").get(f"/api/v1/records/claim/{absent}")

    assert foreign.status_code == missing.status_code == 404
    assert foreign.json["problems"] == missing.json["problems"]


def test_the_same_key_does_nothing_twice_and_another_content_is_refused(live: Live):
    client = live.client("ann")
    headers = {"Idempotency-Key": "k-1"}

    first = client.post("/api/v1/records/claim", json=CLAIM, headers=headers)
    again = client.post("/api/v1/records/claim", json=CLAIM, headers=headers)
    other = client.post("/api/v1/records/claim", json={**CLAIM, "fee": "9"}, headers=headers)

    assert first.data == again.data
    assert other.status_code == 422
    assert client.get("/api/v1/records/claim?count=exact").json["count"] == 1


def test_an_order_of_events_from_submission_to_payment(live: Live):
    claim = new_claim(live, items=[{"what": "car", "price": "500.00"}])
    path = f"/api/v1/records/claim/{claim['id']}"

    submitted = live.client("ann").post(
        f"{path}/transitions/submit", json={}, headers={"If-Match": '"1"'}
    )
    inbox = live.client("manager").get("/api/v1/tasks").json
    task = live.client("manager").get(f"/api/v1/tasks/{inbox['items'][0]['id']}")
    decided = live.client("manager").post(
        f"/api/v1/tasks/{task.json['id']}/approve",
        json={"comment": "fine"},
        headers={"If-Match": task.headers["ETag"]},
    )
    paid = live.client("ann").get(path)

    assert submitted.json["status"] == "in_approval"
    assert decided.status_code == 200, decided.json
    assert paid.json["status"] == "paid"
    assert paid.json["decided_at"]
    history = live.client("ann").get(f"{path}/history").json["items"]
    assert {line["action"] for line in history} >= {"created", "submit"}
    runs = live.client("ann").get(f"{path}/approvals").json["items"]
    assert runs[0]["state"] == "approved"


def described(live: Live, who: str, path: str) -> Any:
    """Return the JSON Schema that the description has for what a GET of `path` answers."""
    document: Any = live.client(who).get("/api/v1/openapi.json").json
    answers = document["paths"][path]["get"]["responses"]["200"]["content"]
    return {**answers["application/json"]["schema"], "components": document["components"]}


def test_what_is_told_of_an_approval_is_what_the_description_says(live: Live):
    claim = new_claim(live, items=[{"what": "car", "price": "500.00"}])
    path = f"/records/claim/{claim['id']}"
    ann, manager = live.client("ann"), live.client("manager")

    def check(who: str, address: str, described_as: str) -> Any:
        answer = live.client(who).get(f"/api/v1{address}")
        assert answer.status_code == 200, answer.json
        jsonschema_rs.validate(described(live, who, described_as), answer.json)
        return answer

    transition = "/records/claim/{id}/transitions/submit"
    check("ann", f"{path}/transitions/submit", transition)
    ann.post(f"/api/v1{path}/transitions/submit", json={}, headers={"If-Match": '"1"'})
    approvals = "/records/claim/{id}/approvals"
    (run,) = check("ann", f"{path}/approvals", approvals).json["items"]
    assert run["state"] == "open"
    (item,) = check("manager", "/tasks", "/tasks").json["items"]
    check("ann", "/tasks?state=started", "/tasks")
    check("manager", "/tasks?state=copied", "/tasks")
    task = check("manager", f"/tasks/{item['id']}", "/tasks/{id}")
    headers = {"If-Match": task.headers["ETag"]}
    sent = {"comment": "What was it for?"}
    manager.post(f"/api/v1/tasks/{item['id']}/return", json=sent, headers=headers)
    check("ann", f"{path}/approvals", approvals)
    check("manager", "/tasks?state=done", "/tasks")


def test_bulk_gives_a_result_for_each_record(live: Live):
    records = [{"subject": "One"}, {"subject": "Two", "fee": "900"}, {"subject": "Three"}]
    body = {"mode": "create", "records": records, "partial": True}

    answer = live.client("ann").post("/api/v1/records/claim/bulk", json=body)

    assert [one["status"] for one in answer.json["items"]] == ["created", "refused", "created"]
    assert answer.json["items"][1]["problems"][0]["code"] == "rule.broken"


def test_an_atomic_bulk_is_all_or_nothing(live: Live):
    records = [{"subject": "One"}, {"subject": "Two", "fee": "900"}]
    body = {"mode": "create", "records": records}

    answer = live.client("ann").post("/api/v1/records/claim/bulk", json=body)

    assert answer.status_code == 422
    assert answer.json["problems"][0]["path"].startswith("/records/1")
    assert live.client("ann").get("/api/v1/records/claim?count=exact").json["count"] == 0


def test_a_report_and_the_rows_behind_its_cells(live: Live):
    new_claim(live)
    client = live.client("ann")

    report = client.get("/api/v1/reports/claims_by_month").json
    line = report["rows"][0]
    cell = {"rows": [line["keys"][0]["value"]], "columns": [report["columns"][0][0]["value"]]}
    rows = client.get(
        "/api/v1/reports/claims_by_month/rows", query_string={"cell": live.app.json.dumps(cell)}
    ).json

    assert sum(Decimal(one["payable"]) for one in rows["items"]) == Decimal(line["cells"][0][0])


def test_a_report_leaves_as_a_spreadsheet_without_formulas(live: Live):
    new_claim(live)

    answer = live.client("ann").get("/api/v1/reports/claims_by_month?format=csv")

    assert answer.content_type.startswith("text/csv")
    assert "50.50" in answer.data.decode("utf-8-sig")


def test_the_description_is_valid_and_holds_only_what_the_caller_may_use(live: Live):
    dealer = live.client("ann").get("/api/v1/openapi.json").json
    admin = live.client("admin").get("/api/v1/openapi.json").json

    validate(dealer)
    validate(admin)
    assert "reserve" not in dealer["components"]["schemas"]["claim"]["properties"]
    assert "reserve" in admin["components"]["schemas"]["claim"]["properties"]
    assert "/metadata/publish" in admin["paths"]
    assert "/metadata/publish" not in dealer["paths"]


def test_the_description_is_sent_again_only_when_it_changed(live: Live):
    client = live.client("ann")
    first = client.get("/api/v1/openapi.json")

    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert "private" in first.headers["Cache-Control"]


def test_a_field_published_through_the_api_is_there_in_the_next_request(live: Live):
    from tests.support.documents import field, workspace

    contents = workspace()
    contents["object", "claim"]["fields"].append(field("colour", "text"))
    body = {"modules": {"claims": list(contents.values())}, "message": "a colour"}

    denied = live.client("ann").post("/api/v1/metadata/publish", json=body)
    planned = live.client("admin").post("/api/v1/metadata/plan", json=body)
    published = live.client("admin").post("/api/v1/metadata/publish", json=body)
    claim = new_claim(live, colour="red")

    assert denied.status_code == 403
    assert planned.json["lines"]
    assert published.json["version"] == 2
    assert claim["colour"] == "red"


def test_what_is_not_there_answers_in_the_one_shape(live: Live):
    for path in ("/api/v1/files/1", "/api/v1/jobs/2", "/api/v2/me", "/api/v1/records/nothing"):
        answer = live.client("ann").get(path)
        assert answer.status_code == 404, path
        assert answer.json["code"] == "not_found"


def test_errors_speak_the_callers_language(live: Live):
    answer = live.client("ann").get(
        "/api/v1/records/claim?filter=[", headers={"Accept-Language": "zh"}
    )

    assert answer.status_code == 422
    assert any("一" <= letter <= "鿿" for letter in answer.json["problems"][0]["message"])


@pytest.mark.parametrize(
    "path",
    [
        "/records/claim?exapnd=items",
        "/records/claim/0197a1b2-0000-7000-8000-000000000000?exapnd=items",
        "/tasks?sate=done",
        "/reports/claims_by_month?fromat=csv",
        "/reports/claims_by_month/rows?cel={}",
    ],
)
def test_a_misspelt_argument_is_refused_and_not_ignored(live: Live, path: str):
    answer = live.client("ann").get("/api/v1" + path)

    assert (answer.status_code, answer.json["code"]) == (422, "query.unknown_parameter")


def test_a_mode_of_creation_that_is_none_is_refused(live: Live):
    answer = live.client("ann").post("/api/v1/records/claim?mode=migraton", json=CLAIM)

    assert (answer.status_code, answer.json["code"]) == (422, "query.invalid")
