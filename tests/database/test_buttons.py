"""Buttons at records: who may press them and when, what they ask, what they do, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.automation_world import action_rows, run_rows
from tests.support.button_world import open_buttons
from tests.support.live import Live
from tests.support.surfing import Surfer


@pytest.fixture(scope="module")
def live(shared_databases: Callable[[], str]) -> Iterator[Live]:
    made = open_buttons(shared_databases())
    yield made
    made.platform.close()


def claim(live: Live, subject: str, login: str = "ann", price: str = "150") -> str:
    sent = {"subject": subject, "items": [{"what": "Pump", "qty": "1", "price": price}]}
    answer = live.client(login).post("/api/v1/records/claim", json=sent)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def row(live: Live, record_id: str) -> dict[str, Any]:
    return live.client("admin").get(f"/api/v1/records/claim/{record_id}").json


def press(live: Live, record_id: str, name: str, login: str = "ann", **sent: Any) -> Any:
    version = sent.pop("version", None) or row(live, record_id)["version"]
    headers = {"If-Match": f'"{version}"', **sent.pop("headers", {})}
    address = f"/api/v1/records/claim/{record_id}/buttons/{name}"
    return live.client(login).post(address, json=sent, headers=headers)


def offered(live: Live, record_id: str, login: str) -> dict[str, Any]:
    answer = live.client(login).get(f"/api/v1/records/claim/{record_id}/buttons")
    assert answer.status_code == 200, answer.json
    return {one["button"]: one for one in answer.json["items"]}


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(one["code"], one["path"]) for one in answer.json["problems"]}


def memos(live: Live, title: str) -> list[str]:
    body = {"filter": {"field": "title", "op": "=", "value": title}}
    found = live.client("admin").post("/api/v1/records/memo/query", json=body).json["items"]
    return [one["id"] for one in found]


# -- which are there ---------------------------------------------------------------------------------


def test_a_button_is_there_for_its_roles_and_states_and_says_why_not(live: Live):
    small, large = claim(live, "small", price="50"), claim(live, "large")
    mine = offered(live, small, "ann")
    assert mine.keys() == {"charge", "recall", "later"}, "settling is for finance"
    assert mine["charge"]["confirm"] == "Really?"
    assert [(one["name"], one["type"], one["required"]) for one in mine["charge"]["inputs"]] == [
        ("fee", "money", True),
        ("note", "text", False),
        ("why", "choice", False),
    ]
    assert offered(live, large, "fin")["settle"]["allowed"]
    told = offered(live, small, "fin")["settle"]
    assert not told["allowed"]
    assert told["reason"]["hint"] == "The condition is: payable > 100"
    assert press(live, large, "recall").status_code == 200
    assert "settle" not in offered(live, large, "fin"), "it is there in drafts only"


def test_who_may_not_press_it_is_told_no_more_than_elsewhere(live: Live):
    record = claim(live, "not yours")
    assert press(live, record, "charge", "bob", inputs={"fee": "1"}).status_code == 404
    assert press(live, record, "nothing").status_code == 404
    assert press(live, record, "settle").status_code == 403
    answer = live.client("bob").get(f"/api/v1/records/claim/{record}/buttons")
    assert answer.status_code == 404
    assert row(live, record)["version"] == 1


def test_the_state_and_the_condition_are_asked_when_it_is_pressed(live: Live):
    record = claim(live, "too small", price="60")
    answer = press(live, record, "settle", "fin")
    assert (answer.status_code, codes(answer)) == (422, {("automation.not_now", "")})
    assert press(live, record, "recall").status_code == 200
    answer = press(live, record, "settle", "fin")
    assert (answer.status_code, answer.json["code"]) == (409, "automation.wrong_state")
    assert "Cancelled" in answer.json["detail"]


def test_a_button_says_which_version_it_was_pressed_at(live: Live):
    record = claim(live, "versions")
    address = f"/api/v1/records/claim/{record}/buttons/charge"
    sent = {"inputs": {"fee": "5"}}
    assert live.client("ann").post(address, json=sent).status_code == 428
    answer = press(live, record, "charge", version=9, **sent)
    assert (answer.status_code, answer.json["code"]) == (409, "record.stale")
    assert press(live, record, "charge", **sent).status_code == 200
    stale = press(live, record, "charge", version=1, inputs={"fee": "6"})
    assert stale.status_code == 409
    assert stale.json["differences"]["fee"] == ["0.00", "5.00"], "what has happened since"


# -- what it asks ------------------------------------------------------------------------------------


def test_inputs_are_checked_as_fields_are_and_all_is_told_at_once(live: Live):
    record = claim(live, "inputs")
    wrong = press(live, record, "charge", inputs={"fee": "401", "note": "x" * 21, "more": 1})
    assert wrong.status_code == 422
    assert codes(wrong) == {
        ("automation.unknown_input", "/inputs/more"),
        ("value.out_of_range", "/inputs/fee"),
        ("value.too_long", "/inputs/note"),
    }
    assert codes(press(live, record, "charge")) == {("value.required", "/inputs/fee")}
    chosen = press(live, record, "charge", inputs={"fee": "5", "why": "early"})
    assert {path for _, path in codes(chosen)} == {"/inputs/why"}
    assert press(live, record, "charge", inputs=[1]).status_code == 422
    assert row(live, record)["version"] == 1


def test_pressing_does_what_was_entered_in_the_name_of_who_pressed(live: Live):
    record = claim(live, "charged")
    answer = press(live, record, "charge", inputs={"fee": "12.5", "note": "a memo"})
    assert answer.status_code == 200, answer.json
    told = answer.json
    assert (told["state"], told["message"]) == ("done", "It was charged.")
    assert [(one["object"], one["title"]) for one in told["made"]] == [("memo", "a memo")]
    assert (row(live, record)["fee"], memos(live, "a memo")) == ("12.50", [told["made"][0]["id"]])
    run = run_rows(live, "charge")[-1]
    assert (run.event, run.state, str(run.user)) == ("button", "done", live.ids["ann"])
    assert run.inputs == {"fee": "12.50", "note": "a memo"}
    refused = press(live, record, "charge", inputs={"fee": "399.99"}, login="fin")
    assert refused.status_code == 403, "finance reads claims and changes none"


def test_a_button_that_runs_as_the_system_does_what_its_document_names(live: Live):
    record = claim(live, "settled")
    assert press(live, record, "settle", "fin").status_code == 200
    assert row(live, record)["decided_at"] is not None
    run = run_rows(live, "settle")[-1]
    assert (run.user, str(run.started_by)) == (None, live.ids["fin"])


def test_a_key_lets_a_button_be_pressed_once(live: Live):
    record = claim(live, "twice")
    sent = {"inputs": {"fee": "7", "note": "only once"}, "version": 1}
    headers = {"Idempotency-Key": "buttons-once"}
    first = press(live, record, "charge", headers=headers, **sent)
    again = press(live, record, "charge", headers=headers, **sent)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert len(memos(live, "only once")) == 1
    other = press(live, record, "charge", headers=headers, inputs={"fee": "8"}, version=1)
    assert other.status_code == 422


def test_what_is_refused_on_the_way_undoes_all_of_it(live: Live):
    record = claim(live, "undone")
    live.client("ann").post("/api/v1/records/claim", json={"subject": "other"})
    sent = {"fee": "400", "note": ""}
    assert press(live, record, "charge", inputs=sent).status_code == 200
    before = len(run_rows(live, "recall"))
    assert press(live, record, "recall").status_code == 200
    answer = press(live, record, "recall")
    assert answer.status_code == 409
    assert len(run_rows(live, "recall")) == before + 1


def test_a_job_does_what_the_button_asks_with_what_was_entered(live: Live):
    record = claim(live, "in a job")
    answer = press(live, record, "later", inputs={"fee": "33"})
    assert (answer.status_code, answer.json["state"]) == (202, "waiting")
    assert row(live, record)["fee"] == "0.00"
    live.platform.worker().drain()
    assert row(live, record)["fee"] == "33.00"
    run = run_rows(live, "later")[-1]
    assert [one.state for one in action_rows(live, run.id)] == ["done", "done"]


# -- several records ---------------------------------------------------------------------------------


def test_several_records_have_a_result_each(live: Live):
    fine, cancelled = claim(live, "several one"), claim(live, "several two")
    assert press(live, cancelled, "recall").status_code == 200
    theirs = claim(live, "several three", "bob")
    records = [{"id": one, "version": 1} for one in (fine, cancelled, theirs)]
    sent = {"mode": "button", "button": "charge", "inputs": {"fee": "9"}, "records": records}
    address = "/api/v1/records/claim/bulk"
    looked = live.client("ann").post(address, json={**sent, "partial": True, "dry_run": True})
    assert [one["status"] for one in looked.json["items"]] == ["updated", "refused", "refused"]
    assert row(live, fine)["fee"] == "0.00"
    done = live.client("ann").post(address, json={**sent, "partial": True})
    assert [one["status"] for one in done.json["items"]] == ["updated", "refused", "refused"]
    assert done.json["items"][1]["problems"][0]["code"] == "record.stale"
    assert done.json["items"][2]["problems"][0]["code"] == "not_found"
    assert (row(live, fine)["fee"], row(live, theirs)["fee"]) == ("9.00", "0.00")
    assert live.client("ann").post(address, json=sent).status_code == 409, "all or none"


def test_a_button_that_is_not_for_several_is_refused_for_several(live: Live):
    record = claim(live, "one at a time")
    sent = {"mode": "button", "button": "recall", "records": [{"id": record, "version": 1}]}
    answer = live.client("ann").post("/api/v1/records/claim/bulk", json=sent)
    assert codes(answer) == {("automation.not_for_several", "/button")}
    sent["button"] = "settle"
    answer = live.client("ann").post("/api/v1/records/claim/bulk", json=sent)
    assert answer.status_code == 403


def test_the_description_of_the_api_has_the_buttons_of_who_asks(live: Live):
    paths = live.client("ann").get("/api/v1/openapi.json").json["paths"]
    body = paths["/records/claim/{id}/buttons/charge"]["post"]["requestBody"]
    inputs = body["content"]["application/json"]["schema"]["properties"]["inputs"]
    assert inputs["properties"].keys() == {"fee", "note", "why"}
    assert "/records/claim/{id}/buttons/settle" not in paths


# -- on the screen -----------------------------------------------------------------------------------


def test_the_page_asks_tells_what_is_wrong_and_what_was_done(live: Live):
    record = claim(live, "on the screen")
    ann = Surfer(live, "ann")
    page = ann.get(f"/o/claim/{record}")
    assert f"/o/claim/{record}/buttons/charge" in page.links
    assert "settle" not in page.response.text
    form = ann.get(f"/o/claim/{record}/buttons/charge")
    assert "Really?" in form.text
    wrong = ann.send_values(form.form("/buttons/charge"), {"f.fee": "401", "f.note": "seen"})
    assert wrong.status == 422
    assert "400" in wrong.text
    form = ann.get(f"/o/claim/{record}/buttons/charge")
    sent = ann.send_values(form.form("/buttons/charge"), {"f.fee": "3", "f.note": "seen"})
    assert sent.status == 303
    told = ann.get(sent.address)
    assert "It was charged." in told.text
    assert f"/o/memo/{memos(live, 'seen')[0]}" in told.links
    assert row(live, record)["fee"] == "3.00"


def test_warnings_of_rules_are_told_and_confirmed_on_the_screen(live: Live):
    record = claim(live, "dear")
    told = press(live, record, "charge", inputs={"fee": "310"}).json["_warnings"]
    assert [(one["severity"], one["path"]) for one in told] == [("warning", "/fee")]
    assert "_warnings" not in press(live, record, "charge", inputs={"fee": "20"}).json
    sent = {"mode": "button", "button": "charge", "inputs": {"fee": "320"}}
    sent["records"] = [{"id": record, "version": row(live, record)["version"]}]
    [item] = live.client("ann").post("/api/v1/records/claim/bulk", json=sent).json["items"]
    assert (item["status"], [one["path"] for one in item["problems"]]) == ("updated", ["/fee"])
    ann = Surfer(live, "ann")
    form = ann.get(f"/o/claim/{record}/buttons/charge").form("/buttons/charge")
    warned = ann.send_values(form, {"f.fee": "330"})
    assert (warned.status, "Unusually dear" in warned.text) == (422, True)
    assert row(live, record)["fee"] == "320.00", "nothing is done before it is confirmed"
    again = warned.form("/buttons/charge")
    assert ann.send_values(again, {"f.fee": "340", "confirmed": "made up"}).status == 422
    token = re.search(r'name="confirmed" value="([^"]+)"', warned.response.text)
    assert token is not None
    assert ann.send_values(again, {"confirmed": token[1]}).status == 303
    assert row(live, record)["fee"] == "330.00"


def test_a_page_of_before_says_what_stands_in_the_way(live: Live):
    record = claim(live, "an old page")
    ann, fin = Surfer(live, "ann"), Surfer(live, "fin")
    asked = ann.get(f"/o/claim/{record}/buttons/charge").form("/buttons/charge")
    there = fin.get(f"/o/claim/{record}").form("/buttons/settle")
    assert press(live, record, "charge", inputs={"fee": "5"}).status_code == 200
    old = ann.send_values(asked, {"f.fee": "7", "f.note": "typed"})
    assert old.status == 409
    assert "changed since" in old.text
    again = old.form("/buttons/charge")
    assert (again.values["version"], again.values["f.note"]) == ("2", "typed")
    assert ann.send(again).status == 303
    assert row(live, record)["fee"] == "7.00"
    assert press(live, record, "recall").status_code == 200
    gone = fin.send(there)
    assert gone.status == 409, "the button is there no more, the record is"
    assert "changed since" in gone.text
    assert all("settle" not in one.action or "button" not in one.labels for one in gone.forms)
    assert fin.get(f"/o/claim/{record}/buttons/settle").status == 404


def test_the_list_presses_a_button_for_what_was_picked(live: Live):
    record = claim(live, "picked")
    ann = Surfer(live, "ann")
    page = ann.get("/o/claim")
    assert 'value="button:charge"' in page.response.text
    form = page.form("/bulk")
    chosen = ann.send_values(form, {"act": "button:charge", "rows": f"{record}.1"})
    assert "Really?" in chosen.text
    wrong = ann.send_values(chosen.form("/bulk"), {"step": "preview", "f.fee": ""})
    assert "Really?" in wrong.text, "it asks again"
    previewed = ann.send_values(chosen.form("/bulk"), {"step": "preview", "f.fee": "4"})
    assert "1 can be done" in previewed.text
    assert row(live, record)["fee"] == "0.00"
    done = ann.send_values(previewed.form("/bulk"), {"step": "apply"})
    assert "1 done" in done.text
    assert row(live, record)["fee"] == "4.00"
