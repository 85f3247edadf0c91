"""Several records of a list at once: previewed without a trace, done row by row, told for each."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from headrace.platform.forms import bulk
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.live import Live
from tests.support.surfing import Seen, Surfer

PAGE = "/o/claim/bulk"
NUMBERS = itertools.count()


def _claims(live: Live, *subjects: str, company: str = "acme", fee: str | None = None) -> list[str]:
    data = {"company": live.ids[company], "items": [{"what": "x"}]}
    return [
        live.create("claim", {**data, "subject": f"{one} {next(NUMBERS)}", "fee": fee})
        for one in subjects
    ]


def _record(live: Live, record_id: str) -> dict[str, Any]:
    return live.platform.perform_as_system(lambda context: reader.get(context, "claim", record_id))


def _marks(live: Live, ids: list[str]) -> str:
    return " ".join(f"{one}.{_record(live, one)['version']}" for one in ids)


def _post(surfer: Surfer, path: str = PAGE, **data: str) -> Seen:
    form = surfer.get("/").form("/language")
    form.values = {"csrf": form.values["csrf"]}
    form.action = path
    return surfer.send(form, **data)


def _history(live: Live, record_id: str) -> int:
    answer = live.renewed_client("admin").get(f"/api/v1/records/claim/{record_id}/history").json
    return len(answer["items"])


def test_a_list_offers_what_may_be_done_and_boxes_with_versions(live: Live, surfer: Any):
    (one,) = _claims(live, "Boxed")
    ann: Surfer = surfer("ann")
    page = ann.get("/o/claim?q=Boxed")
    assert f'value="{one}.1"' in page.response.text
    text = page.response.text
    assert 'value="edit"' in text
    assert 'value="transition:submit"' in text
    assert 'value="delete"' not in text
    assert 'value="delete"' in surfer("admin").get("/o/claim").response.text
    assert "data-pick" not in surfer("fin").get("/o/company").response.text


def test_fields_are_set_after_a_preview_that_leaves_no_trace(live: Live, surfer: Any):
    ids = _claims(live, "First", "Second")
    ann: Surfer = surfer("ann")
    rows = _marks(live, ids)
    chosen = _post(ann, act="edit", rows=rows)
    form = chosen.form("/bulk")
    assert "set.kind" in chosen.response.text
    assert "f.reserve" not in form.values, "nobody may set it who may not write it"
    values = {"set.fee": "1", "f.fee": "77", "f.claimed_on": "2025-01-31"}
    seen = ann.send(form, step="preview", **values)
    assert "2 can be done" in seen.text or "2 can be done" in seen.response.text
    assert [_record(live, one)["fee"] for one in ids] == [None, None]
    assert [_record(live, one)["version"] for one in ids] == [1, 1]
    assert [_history(live, one) for one in ids] == [1, 1]
    form = seen.form("/bulk")
    for _ in range(2):
        done = ann.send(form, step="apply")
        assert "2 done" in done.response.text
    found = [_record(live, one) for one in ids]
    assert [one["fee"] for one in found] == ["77.00", "77.00"]
    assert [one["version"] for one in found] == [2, 2]
    assert "2025-01-31" not in {one["claimed_on"] for one in found}, "what is not ticked stays"


def test_each_row_keeps_its_rules_rights_and_version(live: Live, surfer: Any):
    free, large, theirs, sent, late = (
        *_claims(live, "Free"),
        *_claims(live, "Large"),
        *_claims(live, "Theirs", company="rival"),
        *_claims(live, "Sent", fee="1"),
        *_claims(live, "Late"),
    )
    ann: Surfer = surfer("ann")
    rows = _marks(live, [free, large, theirs, sent, late])
    client = live.renewed_client("ann")
    path = f"/api/v1/records/claim/{sent}/transitions/submit"
    answer = client.post(path, json={}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.json
    path = f"/api/v1/records/claim/{late}"
    assert (
        client.patch(path, json={"subject": "Later now"}, headers={"If-Match": '"1"'}).status_code
        == 200
    )
    data = {"act": "edit", "rows": rows, "set.fee": "1", "f.fee": "5"}
    preview = _post(ann, step="preview", **data)
    text = preview.response.text
    assert "2 can be done" in text
    assert "3 would be refused" in text
    assert "Theirs" not in text
    done = _post(ann, step="apply", **data)
    assert "2 done" in done.response.text
    assert "changed since" in done.response.text
    fees = [_record(live, one)["fee"] for one in (free, large, theirs, sent, late)]
    assert fees == ["5.00", "5.00", None, "1.00", None]
    refused = _post(ann, step="preview", **{**data, "rows": _marks(live, [free]), "f.fee": "900"})
    assert "The fee is at most 500" in refused.response.text
    assert "1 would be refused" in refused.response.text


def test_an_empty_ticked_field_is_emptied_and_nothing_ticked_is_told(live: Live, surfer: Any):
    ids = _claims(live, "Empties", fee="9")
    ann: Surfer = surfer("ann")
    data = {"act": "edit", "rows": _marks(live, ids)}
    told = _post(ann, step="preview", **data, **{"f.fee": "3"})
    assert "Tick at least one" in told.response.text
    done = _post(ann, step="apply", **data, **{"set.fee": "1", "f.fee": ""})
    assert "1 done" in done.response.text
    assert _record(live, ids[0])["fee"] is None


def test_records_are_deleted_and_moved_on_by_their_workflow(live: Live, surfer: Any):
    first, second = _claims(live, "Goes", "Stays")
    admin: Surfer = surfer("admin")
    preview = _post(admin, act="delete", rows=_marks(live, [first]))
    assert "1 can be done" in preview.response.text
    assert _record(live, first)["version"] == 1
    done = admin.send(preview.form("/bulk"), step="apply")
    assert "1 done" in done.response.text
    assert live.renewed_client("admin").get(f"/api/v1/records/claim/{first}").status_code == 404
    ann: Surfer = surfer("ann")
    asked = _post(ann, act="transition:cancel", rows=_marks(live, [second]))
    assert 'name="comment"' in asked.response.text
    refused = ann.send(asked.form("/bulk"), step="preview", comment="")
    assert "1 would be refused" in refused.response.text
    preview = ann.send(asked.form("/bulk"), step="preview", comment="Not needed")
    assert "1 can be done" in preview.response.text
    assert _record(live, second)["status"] == "draft"
    assert "1 done" in ann.send(preview.form("/bulk"), step="apply").response.text
    assert _record(live, second)["status"] == "cancelled"


def test_all_of_a_filter_beyond_a_limit_are_changed_by_a_job(
    live: Live, surfer: Any, monkeypatch: pytest.MonkeyPatch
):
    ids = _claims(live, *(f"Many {number}" for number in range(5)))
    (theirs,) = _claims(live, "Many of theirs", company="rival")
    ann: Surfer = surfer("ann")
    data = {"act": "edit", "all": "1", "list": "q=Many&view=all"}
    page = _post(ann, **data)
    assert set(page.form("/bulk").values["rows"].split()) == {f"{one}.1" for one in ids}
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(bulk, "PAGE", 2)
    form = _post(ann, **data).form("/bulk")
    assert "rows" not in form.values
    nothing = ann.send(form, step="preview")
    assert "Tick at least one" in nothing.response.text
    path = ann.send(form, step="preview", **{"set.fee": "1", "f.fee": "77"}).address
    looking = ann.get(path)
    assert "Looking what would become" in looking.response.text
    assert looking.response.headers["Refresh"] == "1"
    live.platform.worker().drain()
    checked = ann.get(path)
    assert "Nothing was changed yet" in checked.response.text
    assert "5 can be done" in checked.response.text
    assert "77" in checked.response.text
    assert "Refresh" not in checked.response.headers
    assert {_record(live, one)["version"] for one in ids} == {1}
    for who in ("bob", "fin"):
        assert surfer(who).get(path).status == 404
    changed_now(live, ids[4])
    form = checked.form("/start")
    for _ in range(2):
        ann.send(form)
    live.platform.worker().drain()
    done = ann.get(path)
    assert "4 done" in done.response.text
    assert "1 refused" in done.response.text
    assert [_record(live, one)["fee"] for one in ids] == ["77.00"] * 4 + [None]
    assert _record(live, theirs)["version"] == 1
    file = ann.get(f"{path}/file?format=csv").response
    assert file.data.decode("utf-8-sig").count("CL-") == 5
    assert ann.get(f"{path}/file?format=pdf").status == 404


def changed_now(live: Live, record_id: str) -> None:
    path, fresh = f"/api/v1/records/claim/{record_id}", {"If-Match": '"1"'}
    answer = live.renewed_client("ann").patch(path, json={"subject": "Many changed"}, headers=fresh)
    assert answer.status_code == 200, answer.json


def test_an_edit_is_undone_after_a_look(live: Live, surfer: Any):
    ids = _claims(live, "Led back", "Changed since", fee="5")
    ann: Surfer = surfer("ann")
    done = _post(
        ann, act="edit", step="apply", rows=_marks(live, ids), **{"set.fee": "1", "f.fee": "6"}
    )
    path, fresh = f"/api/v1/records/claim/{ids[1]}", {"If-Match": '"2"'}
    answer = live.renewed_client("ann").patch(path, json={"fee": "7"}, headers=fresh)
    assert answer.status_code == 200, answer.json
    looking = ann.send(done.form("/undo")).address
    live.platform.worker().drain()
    checked = ann.get(looking)
    assert "stay as they are" in checked.response.text
    assert "1 can be done" in checked.response.text
    assert "It was changed since (fee)" in checked.text
    assert [_record(live, one)["fee"] for one in ids] == ["6.00", "7.00"]
    ann.send(checked.form("/start"))
    live.platform.worker().drain()
    assert "1 done" in ann.get(looking).response.text
    assert [_record(live, one)["fee"] for one in ids] == ["5.00", "7.00"]


def test_deletions_are_found_among_past_changes_and_undone(live: Live, surfer: Any):
    ids = _claims(live, "Gone in bulk", "Gone in bulk")
    admin: Surfer = surfer("admin")
    done = _post(admin, act="delete", step="apply", rows=_marks(live, ids))
    assert "2 done" in done.response.text
    assert done.form("/undo")
    assert "My bulk changes" in admin.get("/o/claim").response.text
    past = admin.get("/bulk?object=claim")
    assert "Delete · Claims: 2 records" in past.text
    looking = admin.send(past.form("/undo")).address
    live.platform.worker().drain()
    checked = admin.get(looking)
    assert "2 can be done" in checked.response.text
    admin.send(checked.form("/start"))
    live.platform.worker().drain()
    assert [_record(live, one)["id"] for one in ids] == ids
    assert looking in admin.get("/bulk").response.text
    assert looking not in surfer("ann").get("/bulk").response.text
    assert surfer("ann").get("/bulk?object=nothing").status == 404
    assert surfer("ann").get("/bulk?before=x").status == 404


def test_a_change_that_waits_is_stopped(live: Live, surfer: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 1)
    ids = _claims(live, "Stopped", "Stopped")
    admin: Surfer = surfer("admin")
    path = _post(admin, act="delete", all="1", list="q=Stopped&view=all").address
    admin.send(admin.get(path).form("/cancel"))
    assert "Stopped. What was done stays" in admin.get(path).response.text
    live.platform.worker().drain()
    assert {_record(live, one)["version"] for one in ids} == {1}


@pytest.mark.parametrize("login", ["ann", "fin"])
@pytest.mark.parametrize("act", ["delete", "transition:nothing", "transition:pay", "", "drop"])
def test_what_may_not_be_done_is_not_there(
    surfer: Callable[..., Surfer], live: Live, login: str, act: str
):
    ids = _claims(live, "Kept")
    for step in ("", "preview", "apply"):
        assert _post(surfer(login), act=act, step=step, rows=_marks(live, ids)).status == 404
    assert _record(live, ids[0])["version"] == 1


@pytest.mark.parametrize(
    "rows", ["", "nonsense", "x.1", "01900000-0000-7000-8000-000000000000.x", "a.b.c " * 50]
)
def test_nonsense_selects_nothing(surfer: Callable[..., Surfer], rows: str):
    page = _post(surfer("ann"), act="edit", rows=rows)
    assert page.status == 200
    assert "Nothing is selected" in page.response.text


def test_a_dry_run_of_the_api_says_what_would_be_and_writes_nothing(live: Live):
    client = live.renewed_client("admin")
    good, bad = _claims(live, "Good", "Bad", fee="1")
    body = {
        "mode": "update",
        "partial": True,
        "dry_run": True,
        "records": [
            {"id": good, "version": 1, "fee": "5"},
            {"id": bad, "version": 1, "fee": "900"},
            {"id": bad, "version": 9, "fee": "1"},
        ],
    }
    answer = client.post("/api/v1/records/claim/bulk", json=body)
    assert answer.status_code == 200, answer.json
    assert [one["status"] for one in answer.json["items"]] == ["updated", "refused", "refused"]
    assert [_record(live, one)["version"] for one in (good, bad)] == [1, 1]
    made = {"mode": "create", "dry_run": True, "records": [{"company": live.ids["acme"]}]}
    before = _count(live)
    assert client.post("/api/v1/records/claim/bulk", json=made).status_code == 422
    made["records"] = [{"company": live.ids["acme"], "subject": "Dry", "items": [{"what": "x"}]}]
    answer = client.post("/api/v1/records/claim/bulk", json=made)
    assert [one["status"] for one in answer.json["items"]] == ["created"]
    moved = {
        "mode": "transition",
        "transition": "submit",
        "dry_run": True,
        "records": [{"id": good, "version": 1}],
    }
    answer = live.renewed_client("ann").post("/api/v1/records/claim/bulk", json=moved)
    assert answer.status_code == 200, answer.json
    assert [one["status"] for one in answer.json["items"]] == ["updated"]
    assert _record(live, good)["status"] == "draft"
    assert _count(live) == before
    wrong = client.post("/api/v1/records/claim/bulk", json={**moved, "dry_run": "yes"})
    assert wrong.status_code == 422


def _count(live: Live) -> int:
    def action(context: Any) -> int:
        query = parse_query(context, "claim", {"limit": 200, "fields": "id"})
        return len(reader.find(context, "claim", query).items)

    return live.platform.perform_as_system(action)
