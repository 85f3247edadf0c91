"""Approvals and automations: each result starts what waits for it, and automations begin approvals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.approval_events_world import RESULTS, open_events
from tests.support.automation_world import run_rows
from tests.support.live import Live


@pytest.fixture(scope="module")
def live(shared_databases: Callable[[], str]) -> Iterator[Live]:
    made = open_events(shared_databases())
    yield made
    made.platform.close()


def claim(live: Live, subject: str) -> str:
    sent = {"subject": subject, "items": [{"what": "Pump", "qty": "1", "price": "150"}]}
    answer = live.client("ann").post("/api/v1/records/claim", json=sent)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def row(live: Live, record_id: str) -> dict[str, Any]:
    return live.client("admin").get(f"/api/v1/records/claim/{record_id}").json


def act(live: Live, record_id: str, path: str, login: str = "ann", **sent: Any) -> Any:
    headers = {"If-Match": f'"{row(live, record_id)["version"]}"'}
    address = f"/api/v1/records/claim/{record_id}/{path}"
    return live.client(login).post(address, json=sent, headers=headers)


def submitted(live: Live, subject: str) -> str:
    record = claim(live, subject)
    answer = act(live, record, "transitions/submit")
    assert answer.status_code == 200, answer.json
    return record


def runs(live: Live, record_id: str) -> list[dict[str, Any]]:
    address = f"/api/v1/records/claim/{record_id}/approvals"
    return live.client("ann").get(address).json["items"]


def decide(live: Live, record_id: str, action: str) -> None:
    manager = live.client("manager")
    [task] = [
        one for one in manager.get("/api/v1/tasks").json["items"] if one["record"] == record_id
    ]
    sent = {} if action == "approve" else {"comment": "It must not be so"}
    headers = {"If-Match": f'"{task["version"]}"'}
    answer = manager.post(f"/api/v1/tasks/{task['id']}/{action}", json=sent, headers=headers)
    assert answer.status_code == 200, answer.json


def withdraw(live: Live, record_id: str) -> None:
    run = runs(live, record_id)[0]["id"]
    answer = live.client("ann").post(f"/api/v1/approvals/{run}/withdraw", json={})
    assert answer.status_code == 200, answer.json


def markers(live: Live, subject: str) -> list[str]:
    """Return what automations made for a claim."""
    body = {"filter": {"field": "title", "op": "=", "value": subject}, "fields": ["id", "marker"]}
    found = live.client("admin").post("/api/v1/records/memo/query", json=body).json["items"]
    return sorted(one["marker"] for one in found)


def end(live: Live, record_id: str, result: str) -> None:
    match result:
        case "withdrawn":
            withdraw(live, record_id)
        case "approved" | "rejected" | "returned":
            actions = {"approved": "approve", "rejected": "reject", "returned": "return"}
            decide(live, record_id, actions[result])


STATES = {"approved": "paid", "rejected": "rejected", "returned": "draft", "withdrawn": "draft"}


@pytest.mark.parametrize("result", RESULTS)
def test_each_result_starts_what_waits_for_it_once(live: Live, result: str):
    subject = f"ends as {result}"
    record = submitted(live, subject)
    assert markers(live, subject) == [], "an approval that begins is no result"
    end(live, record, result)
    assert row(live, record)["status"] == STATES[result]
    expected = {f"when_{result}", "when_over"} | ({"when_paid"} if result == "approved" else set())
    assert markers(live, subject) == sorted(expected)
    live.platform.worker().drain()
    if result in {"approved", "rejected"}:
        expected.add("as_a_job")
    assert markers(live, subject) == sorted(expected)
    found = [one for one in run_rows(live) if str(one.record_id) == record]
    assert {one.name for one in found} == expected
    assert {one.event for one in found} == {"approval"}


def test_each_approval_of_a_record_starts_it_anew(live: Live):
    record = submitted(live, "again and again")
    end(live, record, "returned")
    assert act(live, record, "transitions/submit").status_code == 200
    end(live, record, "withdrawn")
    assert act(live, record, "transitions/submit").status_code == 200
    end(live, record, "approved")
    found = markers(live, "again and again")
    assert found.count("when_over") == 3
    assert [one for one in found if one != "when_over"] == [
        "when_approved",
        "when_paid",
        "when_returned",
        "when_withdrawn",
    ]


def test_a_transition_that_no_approval_decides_has_no_result(live: Live):
    sent = {"subject": "small", "items": [{"what": "Pump", "qty": "1", "price": "50"}]}
    record = live.client("ann").post("/api/v1/records/claim", json=sent).json["id"]
    assert act(live, record, "transitions/submit").status_code == 200
    assert row(live, record)["status"] == "paid"
    assert markers(live, "small") == []


# -- approvals that automations begin ----------------------------------------------------------------


def test_an_action_begins_the_approval_of_the_record(live: Live):
    record = claim(live, "begun")
    answer = act(live, record, "buttons/ask")
    assert answer.status_code == 200, answer.json
    assert row(live, record)["status"] == "in_approval"
    [run] = runs(live, record)
    assert (run["state"], run["submitter"]["name"]) == ("open", "Ann")
    end(live, record, "approved")
    assert markers(live, "begun") == ["when_approved", "when_over", "when_paid"]


def test_an_approval_that_none_decides_is_not_begun_and_nothing_stays(live: Live):
    sent = {"subject": "too small", "items": [{"what": "Pump", "qty": "1", "price": "50"}]}
    record = live.client("ann").post("/api/v1/records/claim", json=sent).json["id"]
    answer = act(live, record, "buttons/ask")
    assert (answer.status_code, answer.json["code"]) == (409, "approval.none_begins")
    assert (row(live, record)["status"], row(live, record)["version"]) == ("draft", 1)
    record = claim(live, "no less")
    assert act(live, record, "buttons/less").status_code == 409
    found = live.client("ann").get("/api/v1/records/claim?q=no%20less").json["items"]
    assert [one["id"] for one in found] == [record], "the claim was not made either"


def test_an_action_makes_a_record_and_begins_its_approval(live: Live):
    record = claim(live, "asks for more")
    answer = act(live, record, "buttons/more")
    assert answer.status_code == 200, answer.json
    [made] = answer.json["made"]
    assert row(live, made["id"])["status"] == "in_approval"
    assert [one["state"] for one in runs(live, made["id"])] == ["open"]
    assert row(live, record)["status"] == "draft"


def test_who_may_not_take_the_transition_begins_no_approval(live: Live):
    record = claim(live, "not by finance")
    assert act(live, record, "buttons/ask", "fin").status_code == 403
    assert row(live, record)["status"] == "draft"
