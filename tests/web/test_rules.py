"""Warnings and field rules in forms without script and in the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.live import Live
from tests.support.rules_world import open_live_rules
from tests.support.surfing import Surfer


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live_rules(shared_database_url)
    yield found
    found.platform.close()


@pytest.fixture
def clerk(live: Live) -> Surfer:
    return Surfer(live, "clerk")


def _named(live: Live, name: str) -> list[dict[str, Any]]:
    def action(context: Any) -> Any:
        data = {"filter": {"field": "name", "op": "=", "value": name}}
        return reader.find(context, "parcel", parse_query(context, "parcel", data)).items

    return live.platform.perform_as_system(action)


def _create(live: Live, **data: Any) -> Any:
    return live.client("clerk").post("/api/v1/records/parcel", json={"name": "a", **data})


def _patch(live: Live, record: Any, **data: Any) -> Any:
    return live.client("clerk").patch(
        f"/api/v1/records/parcel/{record['id']}",
        json=data,
        headers={"If-Match": f'"{record["version"]}"'},
    )


# -- warnings --------------------------------------------------------------------------------------


def test_the_first_save_shows_warnings_and_the_second_is_on_purpose(
    live: Live, clerk: Surfer
) -> None:
    form = clerk.get("/o/parcel/new").form("/new")
    sent = {"f.name": "warned", "f.amount": "2000"}
    shown = clerk.send_values(form, sent)
    assert shown.status == 422
    assert "Unusually much" in shown.text
    assert "Save anyway" in shown.text
    assert not _named(live, "warned")
    token = _token(shown.response.text)
    again = shown.form("/new")
    assert clerk.send_values(again, {"confirmed": token}).status == 303
    assert _named(live, "warned")[0]["amount"] == "2000.00"


def _token(page: str) -> str:
    found = re.search(r'name="confirmed" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def test_a_confirmation_counts_for_nothing_else(live: Live, clerk: Surfer) -> None:
    form = clerk.get("/o/parcel/new").form("/new")
    token = _token(clerk.send_values(form, {"f.name": "other", "f.amount": "2000"}).response.text)
    stale = clerk.send_values(form, {"f.name": "other", "f.amount": "3000", "confirmed": token})
    assert stale.status == 422
    assert "Unusually much" in stale.text
    wrong = clerk.send_values(form, {"f.name": "other", "f.amount": "6000", "confirmed": token})
    assert wrong.status == 422
    assert "Too much" in wrong.text
    assert "Save anyway" not in wrong.text
    assert not _named(live, "other")


def test_a_change_and_a_transition_ask_too(live: Live, clerk: Surfer) -> None:
    record = _create(live, name="moved", amount="2000", receipt="R").json
    edit = f"/o/parcel/{record['id']}/edit"
    form = clerk.get(edit).form("/edit")
    shown = clerk.send_values(form, {"f.amount": "2500"})
    assert shown.status == 422
    confirmed = {"confirmed": _token(shown.response.text)}
    assert clerk.send_values(shown.form("/edit"), confirmed).status == 303
    page = clerk.get(f"/o/parcel/{record['id']}/transitions/pay")
    shown = clerk.send(page.form("/transitions/pay"))
    assert shown.status == 422
    assert _named(live, "moved")[0]["status"] == "open"
    sent = clerk.send(shown.form("/pay"), confirmed=_token(shown.response.text))
    assert sent.status == 303
    assert _named(live, "moved")[0]["status"] == "paid"


def test_the_api_stores_and_lists_the_warnings(live: Live) -> None:
    made = _create(live, amount="2000")
    assert made.status_code == 201
    warning = made.json["_warnings"][0]
    assert (warning["severity"], warning["path"]) == ("warning", "/amount")
    changed = _patch(live, made.json, amount="10")
    assert "_warnings" not in changed.json
    client = live.client("clerk")
    body = {"mode": "create", "records": [{"name": "x", "amount": "2000"}]}
    item = client.post("/api/v1/records/parcel/bulk", json=body).json["items"][0]
    assert item["status"] == "created"
    assert item["problems"][0]["severity"] == "warning"


def test_a_repeated_request_lists_the_same_warnings(live: Live) -> None:
    client = live.client("clerk")
    headers = {"Idempotency-Key": "warned-once"}
    data = {"name": "twice", "amount": "2000"}
    first, second = (
        client.post("/api/v1/records/parcel", json=data, headers=headers) for _ in range(2)
    )
    assert first.json == second.json
    assert first.json["_warnings"]


# -- field rules -----------------------------------------------------------------------------------


def test_a_form_shows_how_fields_stand(clerk: Surfer) -> None:
    page = clerk.get("/o/parcel/new").response.text
    assert re.search(r'data-field="port" hidden', page)
    assert re.search(r'<option value="sea" hidden disabled>', page)


def test_without_script_the_next_page_follows(live: Live, clerk: Surfer) -> None:
    form = clerk.get("/o/parcel/new").form("/new")
    assert "f.port" not in form.values, "what is hidden is not sent"
    values = {"f.name": "followed", "f.market": "export", "f.discount": "20"}
    shown = clerk.send_values(form, values)
    assert shown.status == 422
    assert "Large discounts need a reason" in shown.text
    again = shown.form("/new")
    assert "f.port" in again.values
    sent = clerk.send_values(again, {"f.port": "Ningbo", "f.reason": "fair"})
    assert sent.status == 303
    assert _named(live, "followed")[0]["port"] == "Ningbo"


def test_what_is_locked_is_not_sent_and_stays(live: Live, clerk: Surfer) -> None:
    record = _create(live, name="frozen", frozen=True).json
    form = clerk.get(f"/o/parcel/{record['id']}/edit").form("/edit")
    assert "f.amount" not in form.values
    forged = clerk.send_values(form, {"f.amount": "60"})
    assert forged.status == 422
    assert "cannot be changed now" in forged.text
    assert clerk.send_values(form, {"f.reason": "x"}).status == 303
    assert _named(live, "frozen")[0]["amount"] == "50.00"


def test_a_rule_over_what_the_viewer_may_not_see_stays_on_the_server(
    live: Live, clerk: Surfer
) -> None:
    page = clerk.get("/o/parcel/new").response.text
    found = re.search(r'id="form-model">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    model = json.loads(found[1])
    secret = next(one for one in model["field_rules"] if one["fields"] == ["note"])
    assert secret["when"] is None
    assert "margin" not in page
    asked = clerk.ask("/o/parcel/preview", {"values": {}, "children": {}})
    assert asked.json["met"][str(secret["at"])] is False
    boss = Surfer(live, "boss")
    asked = boss.ask("/o/parcel/preview", {"values": {"margin": "9"}, "children": {}})
    assert asked.json["met"][str(secret["at"])] is True


def test_the_preview_leaves_out_what_a_save_would_not_take(clerk: Surfer) -> None:
    body = {"values": {"port": "Ningbo"}, "children": {"items": [{"sort": "gift", "price": "3"}]}}
    answer = clerk.ask("/o/parcel/preview", body).json
    assert answer["values"]["port"] is None
    assert answer["children"]["items"][0]["price"] is None


# -- why ------------------------------------------------------------------------------------------


def _field(trace: Any, name: str) -> Any:
    return next(one for one in trace["fields"] if one["field"] == name)


def test_the_trace_says_which_rule_decided_and_over_which_values(live: Live) -> None:
    record = _create(live, discount="5").json
    client = live.client("clerk")
    body = {"id": record["id"], "values": {"frozen": True, "discount": "20", "amount": "51"}}
    trace = client.post("/api/v1/records/parcel/rules", json=body).json
    amount = _field(trace, "amount")
    assert amount["read_only_by"] == "locked"
    (locked,) = amount["because"]
    assert (locked["rule"], locked["holds"]) == ("fixed", True)
    assert locked["when"]["values"] == {"frozen": True}
    assert _field(trace, "port")["hidden"]
    assert _field(trace, "way")["allowed"] == ["rail", "road"]
    assert {(one["path"], one["code"]) for one in trace["problems"]} == {
        ("/amount", "field.locked"),
        ("/reason", "value.required"),
    }
    rules = {one["rule"]: one["outcome"] for one in trace["rules"]}
    assert rules == {"unusual": "kept", "most": "kept"}


def test_the_trace_of_a_stored_record_and_its_rows(live: Live) -> None:
    record = _create(live, amount="2000", items=[{"sort": "gift"}]).json
    address = f"/api/v1/records/parcel/{record['id']}/rules"
    trace = live.client("clerk").get(address).json
    unusual = next(one for one in trace["rules"] if one["rule"] == "unusual")
    assert (unusual["outcome"], unusual["severity"]) == ("broken", "warning")
    assert unusual["unless"]["values"] == {"amount": "2000.00"}
    assert [one["severity"] for one in trace["problems"]] == ["warning"]
    body = {"values": {"name": "n", "items": [{"sort": "gift"}]}}
    trace = live.client("clerk").post("/api/v1/records/parcel/rules", json=body).json
    assert _field(trace["rows"]["items"][0], "price")["hidden"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_says_why(live: Live, language: str) -> None:
    record = _create(live, amount="2000")
    surfer = Surfer(live, "clerk", language)
    address = f"/o/parcel/{record.json['id']}"
    page = surfer.get(address)
    assert f"{address}/rules" in page.links
    assert not re.search(r'<dt class="label">port</dt>', page.response.text)
    why = surfer.get(f"{address}/rules")
    assert why.status == 200
    shown = why.response.text.replace("&#39;", "'")
    assert "market = 'export'" not in shown, "a formula is for who designs"
    assert "<code>" not in shown
    assert "margin" not in why.text


def test_the_trace_tells_nothing_of_what_may_not_be_read(live: Live) -> None:
    body: Any = {"values": {"name": "n"}}
    answer = live.client("clerk").post("/api/v1/records/parcel/rules", json=body)
    assert "margin" not in answer.text
    assert "secretly" not in answer.text
    (secret,) = _field(answer.json, "note")["because"]
    assert secret["rule"] is None
    assert secret["when"] == {"formula": None, "values": {}}
    body["values"]["margin"] = "9"
    answer = live.client("boss").post("/api/v1/records/parcel/rules", json=body)
    (open_rule,) = _field(answer.json, "note")["because"]
    assert (open_rule["rule"], open_rule["holds"]) == ("secretly", True)
    assert open_rule["when"]["values"] == {"margin": "9.00"}


@pytest.mark.parametrize(
    ("method", "address", "body", "status"),
    [
        ("GET", "parcel/none/rules", None, 404),
        ("GET", "nothing/none/rules", None, 404),
        ("POST", "nothing/rules", {}, 404),
        ("POST", "parcel/rules", {"id": "none"}, 404),
        ("POST", "parcel/rules", {"id": 3}, 404),
        ("POST", "parcel/rules", {"values": []}, 422),
        ("POST", "parcel/rules", {"other": 1}, 422),
        ("POST", "parcel/rules", {"values": {"amount": [], "items": 7, "none": 1}}, 200),
    ],
)
def test_odd_questions_are_answered_in_peace(
    live: Live, method: str, address: str, body: Any, status: int
) -> None:
    answer = live.client("clerk").open(f"/api/v1/records/{address}", method=method, json=body)
    assert answer.status_code == status
