"""Buttons over all that a query finds: what would become of each, in blocks, followed, stopped, taken up, undone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.exchange import bulk_jobs
from headrace.platform.jobs.tables import JOB
from tests.support.automation_world import run_rows
from tests.support.button_world import button, open_buttons
from tests.support.documents import field, label
from tests.support.live import Live
from tests.support.surfing import Surfer

RAISE = button(
    "raise",
    {"set": {"fee": "fee + input.by"}},
    on={"several": True, "inputs": [field("by", "money", required=True, least="0")]},
    when="fee < 100",
)
NOTE = button(
    "remember",
    {"create": {"object": "memo", "set": {"title": "subject", "marker": "'batch'"}}},
    on={"several": True, "told": label("Remembered.", "已记录。")},
)


BOTH = button(
    "both",
    {"set": {"fee": "fee + 1"}},
    {"create": {"object": "memo", "set": {"title": "subject", "marker": "'batch'"}}},
    on={"several": True},
)


@pytest.fixture(scope="module")
def live(shared_databases: Callable[[], str]) -> Iterator[Live]:
    made = open_buttons(shared_databases(), RAISE, NOTE, BOTH)
    yield made
    made.platform.close()


def claims(live: Live, subject: str, *fees: str) -> list[str]:
    records = [
        {"subject": f"{subject} {number}", "fee": fee, "items": [{"what": "Pump", "price": "5"}]}
        for number, fee in enumerate(fees)
    ]
    sent = {"mode": "create", "records": records}
    answer = live.client("ann").post("/api/v1/records/claim/bulk", json=sent)
    assert answer.status_code == 200, answer.json
    return [one["id"] for one in answer.json["items"]]


def fees(live: Live, ids: list[str]) -> list[str]:
    body = {"filter": {"field": "id", "op": "in", "value": ids}, "fields": "id,fee", "limit": 200}
    found = live.client("admin").post("/api/v1/records/claim/query", json=body).json["items"]
    by_id = {one["id"]: one["fee"] for one in found}
    return [by_id[one] for one in ids]


def ask(live: Live, ids: list[str], name: str, who: str = "ann", **more: Any) -> str:
    query = {"filter": {"field": "id", "op": "in", "value": ids}, "sort": "subject"}
    sent = {"mode": "button", "button": name, "query": query, "partial": True, **more}
    answer = live.client(who).post("/api/v1/records/claim/bulk", json=sent)
    assert answer.status_code == 202, answer.json
    return answer.json["bulk"]


def drain(live: Live) -> None:
    live.platform.worker().drain()


def change(live: Live, name: str, who: str = "ann") -> dict[str, Any]:
    return live.client(who).get(f"/api/v1/bulk/{name}").json


def records(live: Live, name: str, who: str = "ann") -> list[dict[str, Any]]:
    return live.client(who).get(f"/api/v1/bulk/{name}/records").json["items"]


def undo(live: Live, name: str, who: str = "ann", **more: Any) -> str:
    answer = live.client(who).post(f"/api/v1/bulk/{name}/undo", json={"partial": True, **more})
    assert answer.status_code == 202, answer.json
    drain(live)
    return answer.json["bulk"]


def memos(live: Live, subject: str) -> list[str]:
    body = {"filter": {"field": "title", "op": "starts_with", "value": subject}, "limit": 200}
    found = live.client("admin").post("/api/v1/records/memo/query", json=body).json["items"]
    return sorted(one["title"] for one in found)


def test_a_preview_tells_what_would_change_and_who_would_be_refused_and_changes_nothing(
    live: Live,
):
    ids = claims(live, "looked at", "1", "99", "100")
    name = ask(live, ids, "raise", inputs={"by": "450"}, dry_run=True)
    drain(live)
    found = change(live, name)
    assert (found["state"], found["updated"], found["refused"]) == ("checked", 1, 2)
    assert (found["button"], found["inputs"]) == ("raise", {"by": "450"})
    first, second, third = records(live, name)
    assert first["changes"]["fee"] == {"before": "1.00", "after": "451.00"}
    assert first["changes"]["payable"] == {"before": "6.00", "after": "456.00"}
    assert second["problems"][0]["code"] == "rule.broken"
    assert third["problems"][0]["code"] == "automation.not_now"
    assert fees(live, ids) == ["1.00", "99.00", "100.00"]
    answer = live.client("ann").post(f"/api/v1/bulk/{name}/start", json={})
    assert answer.status_code == 202, answer.json
    drain(live)
    assert fees(live, ids) == ["451.00", "99.00", "100.00"]


def test_a_preview_tells_what_would_be_made(live: Live):
    ids = claims(live, "to remember", "1", "2")
    name = ask(live, ids, "remember", dry_run=True)
    drain(live)
    assert [one["made"] for one in records(live, name)] == [{"memo": 1}] * 2
    assert memos(live, "to remember") == []
    before = len(run_rows(live, "remember"))
    live.client("ann").post(f"/api/v1/bulk/{name}/start", json={})
    drain(live)
    assert memos(live, "to remember") == ["to remember 0", "to remember 1"]
    assert len(run_rows(live, "remember")) == before + 2
    assert not change(live, name)["undoable"], "who made it may not delete it"


def test_results_can_be_downloaded(live: Live):
    ids = claims(live, "downloaded", "1", "100")
    name = ask(live, ids, "raise", inputs={"by": "1"})
    drain(live)
    text = live.client("ann").get(f"/api/v1/bulk/{name}/file?format=csv").get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert [row[2] for row in rows[1:]] == ["done", "refused"]
    assert "The condition" not in rows[2][3], "partners are not shown conditions"
    assert live.client("bob").get(f"/api/v1/bulk/{name}/file?format=csv").status_code == 404


def test_what_a_button_set_is_undone_where_nobody_changed_it_since(live: Live):
    ids = claims(live, "undone", "1", "2", "3")
    name = ask(live, ids, "raise", inputs={"by": "10"})
    drain(live)
    assert fees(live, ids) == ["11.00", "12.00", "13.00"]
    address = f"/api/v1/records/claim/{ids[1]}"
    live.client("ann").patch(address, json={"fee": "50"}, headers={"If-Match": '"2"'})
    answer = live.client("ann").post(f"/api/v1/bulk/{name}/undo", json={"partial": True})
    assert answer.status_code == 202, answer.json
    drain(live)
    assert fees(live, ids) == ["1.00", "50.00", "3.00"]
    undone = records(live, answer.json["bulk"])
    assert [one["status"] for one in undone] == ["updated", "refused", "updated"]


def test_a_button_that_sets_what_stands_there_has_nothing_to_undo(live: Live):
    ids = claims(live, "the same", "7")
    live.client("ann").patch(
        f"/api/v1/records/claim/{ids[0]}", json={"fee": "8"}, headers={"If-Match": '"1"'}
    )
    name = ask(live, ids, "raise", inputs={"by": "0"})
    drain(live)
    assert [one["status"] for one in records(live, name)] == ["unchanged"]
    answer = live.client("ann").post(f"/api/v1/bulk/{name}/undo", json={})
    assert answer.status_code == 409
    assert fees(live, ids) == ["8.00"]


def test_what_several_actions_did_is_taken_back_by_their_runs(live: Live):
    ids = claims(live, "both", "1", "2", "3")
    name = ask(live, ids, "both", "admin")
    drain(live)
    assert fees(live, ids) == ["2.00", "3.00", "4.00"]
    assert memos(live, "both") == ["both 0", "both 1", "both 2"]
    assert change(live, name, "admin")["undoable"]
    address = f"/api/v1/records/claim/{ids[1]}"
    live.client("ann").patch(address, json={"fee": "50"}, headers={"If-Match": '"2"'})

    looked = undo(live, name, "admin", dry_run=True)
    assert change(live, looked, "admin")["state"] == "checked"
    assert [one["status"] for one in records(live, looked, "admin")] == ["updated"] * 3
    assert fees(live, ids) == ["2.00", "50.00", "4.00"]
    assert len(memos(live, "both")) == 3

    undone = undo(live, name, "admin")
    assert fees(live, ids) == ["1.00", "50.00", "3.00"]
    assert memos(live, "both") == []
    told = {
        one["id"]: [two["code"] for two in one["problems"]]
        for one in records(live, undone, "admin")
    }
    assert told == {ids[0]: [], ids[1]: ["automation.set_since"], ids[2]: []}
    assert not change(live, undone, "admin")["undoable"], "what was made does not come back"
    again = undo(live, name, "admin")
    assert [one["problems"][0]["code"] for one in records(live, again, "admin")] == [
        "automation.undone"
    ] * 3
    assert fees(live, ids) == ["1.00", "50.00", "3.00"]


def test_what_the_caller_may_not_delete_stays_and_is_told(live: Live):
    ids = claims(live, "mine", "1")
    name = ask(live, ids, "both")
    drain(live)
    assert change(live, name)["undoable"]
    [one] = records(live, undo(live, name))
    assert (one["status"], len(one["problems"])) == ("updated", 1)
    assert fees(live, ids) == ["1.00"]
    assert memos(live, "mine") == ["mine 0"]


def test_it_can_be_stopped_and_what_was_done_stays(live: Live, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "BLOCK", 2)
    ids = claims(live, "stopped", *(["1"] * 6))
    name = ask(live, ids, "raise", inputs={"by": "1"})
    job = change(live, name)["job"]
    act, asked = bulk_jobs._Run._block, []

    def block(self):
        act(self)
        if not asked:
            asked.append(live.client("ann").delete(f"/api/v1/jobs/{job}").status_code)

    monkeypatch.setattr(bulk_jobs._Run, "_block", block)
    drain(live)
    assert asked[0] in {200, 202, 204}
    assert change(live, name)["state"] == "cancelled"
    done = fees(live, ids)
    assert done.count("2.00") in {2, 4}
    assert done.count("1.00") == 6 - done.count("2.00")


def test_a_worker_that_dies_is_taken_over_and_each_record_is_done_once(live: Live, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "BLOCK", 2)
    ids = claims(live, "died", *(["1"] * 6))
    name = ask(live, ids, "remember")
    act, count = bulk_jobs._Run._act, [0]

    def dies(self, *args):
        found = act(self, *args)
        count[0] += 1
        if count[0] == 2:
            raise SystemExit
        return found

    monkeypatch.setattr(bulk_jobs._Run, "_act", dies)
    with pytest.raises(SystemExit):
        drain(live)
    assert len(memos(live, "died")) == 2, "the second block was undone with its worker"
    with live.platform.database.writing(None) as work:
        started = sa.update(JOB).where(JOB.c.state == "started")
        work.connection.execute(started.values(leased_until=work.now))
    drain(live)
    assert memos(live, "died") == [f"died {number}" for number in range(6)]
    assert change(live, name)["updated"] == 6


def test_a_query_with_a_wrong_button_is_refused_when_it_is_asked(live: Live):
    ids = claims(live, "asked", "1")
    query = {"filter": {"field": "id", "op": "in", "value": ids}}
    sent = {"mode": "button", "button": "raise", "query": query, "inputs": {"by": "-1"}}
    address = "/api/v1/records/claim/bulk"
    assert live.client("ann").post(address, json=sent).status_code == 422
    sent |= {"button": "settle", "inputs": {}}
    assert live.client("ann").post(address, json=sent).status_code == 403
    assert live.client("ann").post(address, json=sent | {"button": "none"}).status_code == 404


def test_the_list_looks_first_does_it_and_undoes_it(live: Live):
    ids = claims(live, "on the list", "1", "100")
    ann = Surfer(live, "ann")
    form = ann.get("/o/claim").form("/bulk")
    rows = " ".join(f"{one}.1" for one in ids)
    chosen = ann.send_values(form, {"act": "button:raise", "rows": rows})
    seen = ann.send_values(chosen.form("/bulk"), {"step": "preview", "f.by": "4"})
    assert "1.00 → 5.00" in seen.text
    assert "1 would be refused" in seen.text
    done = ann.send_values(seen.form("/bulk"), {"step": "apply"})
    assert fees(live, ids) == ["5.00", "100.00"]
    undo = ann.send(done.form("/undo"))
    drain(live)
    page = ann.get(undo.address)
    assert "5.00 → 1.00" in page.text
    ann.send(page.form("/start"))
    drain(live)
    assert fees(live, ids) == ["1.00", "100.00"]
