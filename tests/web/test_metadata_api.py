"""Publishing by API: bound to the version that was planned on, refused with what came between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.documents import field, workspace
from tests.support.live import Live, open_live


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    live = open_live(database_url)
    yield live
    live.platform.close()


def body(*names: str, **keys: Any) -> dict[str, Any]:
    contents = workspace()
    contents["object", "claim"]["fields"] += [field(name, "text") for name in names]
    return {"modules": {"claims": list(contents.values())}, **keys}


def test_the_second_of_two_publishes_on_one_base_is_refused_with_the_differences(live: Live):
    client = live.client("admin")
    base = client.post("/api/v1/metadata/plan", json=body("first")).json["version"]

    first = client.post("/api/v1/metadata/publish", json=body("first", base=base))
    second = client.post("/api/v1/metadata/publish", json=body("second", base=base))

    assert first.status_code == 200
    assert second.status_code == 409
    assert second.json["code"] == "publish.conflict"
    told = [one for one in second.json["problems"] if one["code"] == "publish.changed_since"]
    assert any("first" in one["message"] for one in told)
    fields = client.get("/api/v1/metadata/object/claim").json["fields"]
    assert "first" in [one["name"] for one in fields]


def test_a_base_that_is_no_number_is_refused(live: Live):
    answer = live.client("admin").post("/api/v1/metadata/publish", json=body("x", base="1"))
    assert answer.status_code == 422
    assert answer.json["problems"][0]["path"] == "/base"


def test_versions_differ_and_going_back_brings_the_old_content(live: Live):
    client = live.client("admin")
    client.post("/api/v1/metadata/publish", json=body("colour", message="a colour"))

    listed = client.get("/api/v1/metadata/versions").json["items"]
    told = client.get("/api/v1/metadata/diff?from=1&to=2").json["items"]
    planned = client.post("/api/v1/metadata/rollback", json={"version": 1, "plan": True})
    back = client.post("/api/v1/metadata/rollback", json={"version": 1})
    fields = client.get("/api/v1/metadata/object/claim").json["fields"]

    assert [(one["version"], one["live"]) for one in listed] == [(2, True), (1, False)]
    assert listed[0]["by"] == "admin"
    assert listed[0]["message"] == "a colour"
    assert any("colour" in one["text"] for one in told)
    assert planned.json["lines"]
    assert back.json["version"] == 3
    assert "colour" not in [one["name"] for one in fields]
    assert client.get("/api/v1/metadata/versions/3").json["live"] is True
    assert client.get("/api/v1/metadata/versions/9").status_code == 404


def test_where_used_names_every_place(live: Live):
    found = live.client("admin").get("/api/v1/metadata/where-used?kind=field&name=claim.fee")
    assert {"rule", "form"} & {one["how"].partition(" ")[0] for one in found.json["items"]}
    assert all(one["path"].startswith("/") for one in found.json["items"])


@pytest.mark.parametrize(
    "path",
    ["where-used?kind=field", "diff?from=a&to=1", "where-used?kind=ghost&name=x", "diff?x=1"],
)
def test_questions_that_mean_nothing_are_refused(live: Live, path: str):
    answer = live.client("admin").get(f"/api/v1/metadata/{path}")
    assert answer.status_code in {404, 422}
    assert answer.json["problems"][0]["hint"]


def test_the_audit_trail_says_what_was_published(live: Live):
    found = live.client("admin").get("/api/v1/metadata/audit?kind=object&name=claim")
    assert found.status_code == 200
    entry = found.json["items"][-1]
    assert (entry["action"], entry["version"]) == ("add", 1)
    assert entry["changes"]


def test_one_entry_of_the_audit_trail_has_its_definition_whole(live: Live):
    client = live.client("admin")
    listed = client.get("/api/v1/metadata/audit?kind=object&name=claim").json["items"][-1]
    whole = client.get(f"/api/v1/metadata/audit/{listed['number']}")
    assert whole.json["after"][0]["value"]["name"] == "claim"
    assert client.get("/api/v1/metadata/audit/999999").status_code == 404
    assert client.get("/api/v1/metadata/audit/nothing").status_code == 404


def test_the_audit_trail_says_who_came_through_which_door(live: Live):
    client = live.client("admin")
    made = client.post("/api/v1/metadata/drafts", json={"name": "Spring"})
    found = client.get("/api/v1/metadata/audit?by=admin&limit=1").json
    entry = found["items"][0]
    assert (entry["kind"], entry["id"]) == ("draft", made.json["id"])
    assert (entry["by"], entry["through"], entry["action"]) == ("admin", "api", "add")
    assert found["next"] == entry["number"]


@pytest.mark.parametrize(
    "argument",
    [
        "before=0", "before=x", "limit=101", "limit=0", "since=yesterday", "since=2026-01-31",
        "until=0001-01-01T00:00:00%2B14:00", "kind=%00", "by=%00",
    ],
)  # fmt: skip
def test_a_question_to_the_audit_trail_that_means_nothing_is_refused(live: Live, argument: str):
    answer = live.client("admin").get(f"/api/v1/metadata/audit?{argument}")
    assert (answer.status_code, answer.json["code"]) == (422, "request.audit")
    assert answer.json["problems"][0]["path"] == "/" + argument.partition("=")[0]


def test_who_may_not_design_sees_no_versions(live: Live):
    used = "where-used?kind=role&name=boss"
    for path in ("versions", "versions/1", "diff?from=0&to=1", used, "audit", "audit/1"):
        assert live.client("ann").get(f"/api/v1/metadata/{path}").status_code == 403


def test_the_rows_behind_a_line_are_a_list_for_designers_only(live: Live):
    client = live.client("admin")
    for code in ("R1", "R2"):
        made = client.post("/api/v1/records/company", json={"code": code, "name": f"={code}"})
        assert made.status_code == 201
    sent = body(key="rule.add:company.plain")
    company = next(one for one in sent["modules"]["claims"] if one["name"] == "company")
    message = {"en": "No equals sign", "zh": "不能以等号开头"}
    company["rules"] = [{"name": "plain", "unless": "LEFT(name, 1) != '='", "message": message}]

    listed = client.post("/api/v1/metadata/plan/rows", json=sent)
    as_json = client.post("/api/v1/metadata/plan/rows", json={**sent, "format": "json"})
    missing = client.post("/api/v1/metadata/plan/rows", json={**sent, "key": "rule.add:claim.x"})
    wrong = client.post("/api/v1/metadata/plan/rows", json={**sent, "more": 1})
    refused = live.client("manager").post("/api/v1/metadata/plan/rows", json=sent)
    plan = client.post("/api/v1/metadata/plan", json={"modules": sent["modules"]}).json

    assert listed.status_code == 200
    assert listed.headers["Headrace-Rows-Withheld"] == "0"
    lines = listed.get_data().decode("utf-8-sig").splitlines()
    assert lines[0] == "id,title,name"
    assert sorted(line.partition(",")[2] for line in lines[1:]) == ["'=R1,'=R1", "'=R2,'=R2"]
    assert (as_json.json["rows"], as_json.json["withheld"]) == (2, 0)
    assert (missing.status_code, missing.json["code"]) == (404, "plan.no_rows")
    assert (wrong.status_code, wrong.json["code"]) == (422, "request.plan_rows")
    assert refused.status_code == 403
    line = next(one for one in plan["lines"] if one["key"] == "rule.add:company.plain")
    assert (line["failing"]["count"], len(line["failing"]["first"])) == (2, 2)
    assert [one["code"] for one in plan["problems"]] == ["rule.existing_rows"]


def test_answers_about_rows_are_given_with_the_plan_and_the_publish(live: Live):
    client = live.client("admin")
    made = client.post("/api/v1/records/company", json={"code": "A1", "name": "Alpha", "note": "n"})
    assert made.status_code == 201
    asked = body()
    fields = next(one for one in asked["modules"]["claims"] if one["name"] == "company")["fields"]
    fields.append(field("motto", "text", required=True))
    key = "field.require:company.motto"

    planned = client.post("/api/v1/metadata/plan", json=asked).json
    [line] = [one for one in planned["lines"] if one["key"] == key]
    wrong = {key: {"answer": "fill", "value": "nme"}}
    refused = client.post("/api/v1/metadata/publish", json={**asked, "decisions": wrong})
    right = {key: {"answer": "fill", "value": "name", "rows": line["failing"]["count"]}}
    published = client.post("/api/v1/metadata/publish", json={**asked, "decisions": right})
    record = client.get(f"/api/v1/records/company/{made.json['id']}").json

    assert (line["answers"], line["needs_answer"]) == (["fill", "leave"], True)
    assert refused.status_code == 422
    assert ("formula.unknown_field", f"/decisions/{key}/value") in [
        (one["code"], one["path"]) for one in refused.json["problems"]
    ]
    assert published.status_code == 200
    assert record["motto"] == "Alpha"


def test_a_publish_and_a_rollback_sent_twice_with_one_key_happen_once(live: Live):
    client = live.client("admin")
    asked = {
        "/api/v1/metadata/publish": body("colour", message="a colour"),
        "/api/v1/metadata/rollback": {"version": 1},
    }
    for number, (path, content) in enumerate(asked.items(), start=2):
        key = {"Idempotency-Key": f"key-{number}"}
        first, second = (client.post(path, json=content, headers=key) for _ in range(2))
        assert (first.status_code, first.json["version"]) == (200, number)
        assert second.json == first.json
        other = client.post(path, json={**content, "message": "another"}, headers=key)
        assert other.json["code"] == "idempotency.mismatch"
    assert len(client.get("/api/v1/metadata/versions").json["items"]) == 3
