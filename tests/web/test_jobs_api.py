"""Publishes that take long by API: 202 with a job, which tells how far it is and can be cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headrace.platform.jobs.long_jobs import read_job
from headrace.platform.publishing.preparing import preparer
from tests.support.busy_publishing import small_chunks
from tests.support.documents import field, workspace
from tests.support.live import Live, open_live

ROWS = 12


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    live = open_live(database_url)
    for number in range(ROWS):
        live.create("company", {"code": f"J{number}", "name": f"Company {number}"})
    live.platform.publisher.prepared_from = ROWS
    yield live
    live.platform.close()


def modules(*names: str) -> dict[str, Any]:
    contents = workspace()
    fields = contents["object", "company"]["fields"]
    fields += [field(name, "text", required=True, default="CONCAT('x', code)") for name in names]
    return {"claims": list(contents.values())}


def asked(live: Live, *names: str, **keys: Any) -> str:
    answer = live.client("admin").post(
        "/api/v1/metadata/publish", json={"modules": modules(*names), **keys}
    )
    assert answer.status_code == 202, answer.json
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json['job']}"
    return str(answer.json["job"])


def state(live: Live, job: str, login: str = "admin", **headers: str) -> dict[str, Any]:
    answer = live.client(login).get(f"/api/v1/jobs/{job}", headers=headers)
    assert answer.status_code == 200, answer.json
    shown: dict[str, Any] = answer.json
    return shown


def names_of(live: Live) -> list[str]:
    fields = live.client("admin").get("/api/v1/metadata/object/company").json["fields"]
    return [one["name"] for one in fields]


def test_a_large_publish_is_a_job_that_a_worker_does(live: Live):
    planned = live.client("admin").post("/api/v1/metadata/plan", json={"modules": modules("motto")})
    assert planned.json["prepared"]["company"] >= ROWS

    job = asked(live, "motto", message="a motto")
    assert state(live, job)["state"] == "waiting"
    assert "motto" not in names_of(live)
    with small_chunks(4):
        assert live.platform.worker().drain() >= 1

    done = state(live, job)
    assert (done["state"], done["result"]) == ("done", {"version": 2})
    assert done["progress"]["steps"] >= 3
    assert "motto" in names_of(live)
    assert live.client("admin").get("/api/v1/metadata/versions").json["items"][0]["by"] == "admin"
    found = live.client("admin").get("/api/v1/records/company?q=Company 3").json["items"]
    assert all(one["motto"] == "x" + one["code"] for one in found)


def test_a_small_publish_answers_at_once(live: Live):
    live.platform.publisher.prepared_from = 10_000
    answer = live.client("admin").post(
        "/api/v1/metadata/publish", json={"modules": modules("motto")}
    )
    assert (answer.status_code, answer.json["version"]) == (200, 2)


def test_a_job_that_waits_is_cancelled_at_once(live: Live):
    job = asked(live, "motto")
    cancelled = live.client("admin").delete(f"/api/v1/jobs/{job}")
    assert (cancelled.status_code, cancelled.json["state"]) == (202, "cancelled")
    live.platform.worker().drain()
    assert "motto" not in names_of(live)
    again = live.client("admin").delete(f"/api/v1/jobs/{job}")
    assert (again.status_code, again.json["code"]) == (409, "job.ended")


def test_a_job_that_runs_is_cancelled_on_the_way_and_leaves_nothing(live: Live, monkeypatch):
    job = asked(live, "motto")
    monkeypatch.setattr(preparer, "REST", 50.0)
    with small_chunks(1):
        finish = live.platform.worker().start()
        try:
            running = wait_for(live, job, lambda one: one.get("progress", {}).get("rows", 0) > 0)
            assert running["state"] == "running"
            assert running["progress"]["total"] >= ROWS
            assert live.client("admin").delete(f"/api/v1/jobs/{job}").json["cancelling"] is True
            ended = wait_for(live, job, lambda one: one["finished_at"] is not None)
        finally:
            finish()
    assert ended["state"] == "cancelled"
    assert ended["problems"][0]["code"] == "publish.cancelled"
    assert "motto" not in names_of(live)
    assert live.platform.publisher.leftovers.remove_abandoned() == 0
    with live.platform.database.reading() as reading:
        kept = read_job(reading.connection, job)
    assert kept is not None
    assert kept.result is not None
    assert "取消" in kept.result["problems"][0]["message"]["zh"]


def wait_for(live: Live, job: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        shown = state(live, job)
        if holds(shown):
            return shown
        time.sleep(0.05)
    raise AssertionError(f"the job did not get there: {shown}")


def test_what_is_refused_later_says_why(live: Live):
    job = asked(live, "motto")
    live.platform.publisher.prepared_from = 10_000
    live.client("admin").post("/api/v1/metadata/publish", json={"modules": modules("other")})
    live.platform.worker().drain()
    ended = state(live, job)
    assert ended["state"] == "refused"
    assert ended["problems"][0]["code"] == "publish.conflict"


def test_a_job_is_shown_to_those_who_may_know_of_it_only(live: Live):
    job = asked(live, "motto")
    for login in ("ann", "bob"):
        for call in (live.client(login).get, live.client(login).delete):
            assert call(f"/api/v1/jobs/{job}").status_code == 404
    assert live.client().get(f"/api/v1/jobs/{job}").status_code == 401
    assert live.client("admin").get("/api/v1/jobs/nothing").status_code == 404
    assert live.client("admin").get(f"/api/v1/jobs/{job}?x=1").status_code == 422
    assert state(live, job)["state"] == "waiting"


def test_the_same_request_sent_twice_asks_for_one_job(live: Live):
    body = {"modules": modules("motto")}
    key = {"Idempotency-Key": "once-and-once-only"}
    first, second = (
        live.client("admin").post("/api/v1/metadata/publish", json=body, headers=key)
        for _ in range(2)
    )
    assert first.json == second.json


def test_a_draft_and_going_back_are_jobs_too(live: Live):
    client = live.client("admin")
    drafts = "/api/v1/metadata/drafts"
    draft = client.post(drafts, json={"name": "mine"}).json["id"]
    company = client.get("/api/v1/metadata/object/company").json
    held = client.get(f"{drafts}/{draft}/documents/{company['id']}").json
    company["fields"].append(field("motto", "text", required=True, default="'m'"))
    changed = client.put(
        f"{drafts}/{draft}/documents/{company['id']}",
        json={"content": company},
        headers={"If-Match": f'"{held["version"]}"'},
    )
    assert changed.status_code == 200, changed.json
    version = client.get(f"{drafts}/{draft}").json["version"]

    published = client.post(
        f"{drafts}/{draft}/publish", json={}, headers={"If-Match": f'"{version}"'}
    )
    assert published.status_code == 202, published.json
    with small_chunks(4):
        live.platform.worker().drain()
    assert state(live, published.json["job"])["result"]["version"] == 2
    assert client.get(f"{drafts}/{draft}").json["state"] == "published"

    contents = workspace()
    contents["object", "company"]["fields"].append(field("motto", "integer", default="1"))
    answers = {"field.retype:company.motto": {"answer": "clear"}}
    body = {"modules": {"claims": list(contents.values())}, "decisions": answers}
    retyped = client.post("/api/v1/metadata/publish", json=body)
    assert retyped.status_code == 202, retyped.json
    with small_chunks(4):
        live.platform.worker().drain()
        # What fills a column that comes back is no work for a job: it could not be given up.
        filled = client.post("/api/v1/metadata/rollback", json={"version": 2})
        assert (filled.status_code, filled.json["version"]) == (200, 4)
        found = client.get("/api/v1/records/company?limit=5").json["items"]
        assert {one["motto"] for one in found} == {"m"}
        back = client.post("/api/v1/metadata/rollback", json={"version": 3})
        assert back.status_code == 202, back.json
        live.platform.worker().drain()
    assert state(live, back.json["job"])["result"] == {"version": 5}
    found = client.get("/api/v1/records/company?limit=5").json["items"]
    assert {one["motto"] for one in found} == {None}


EXTENSION: tuple[dict[str, Any], ...] = (
    {"kind": "module", "name": "theft", "version": "0.1.0", "requires": ["claims"]},
    {
        "kind": "extends",
        "of": "object",
        "name": "claim",
        "choices": {"kind": [{"value": "theft", "label": {"en": "Theft", "zh": "失窃"}}]},
    },
)


def test_taking_away_a_module_that_added_choices_is_a_job_too(live: Live):
    client = live.client("admin")
    live.platform.publisher.prepared_from = None
    body: dict[str, Any] = {"modules": {"theft": list(EXTENSION)}}
    assert client.post("/api/v1/metadata/publish", json=body).status_code == 200
    company = client.get("/api/v1/records/company?limit=1").json["items"][0]["id"]
    claim = live.create("claim", {"company": company, "subject": "Gone", "kind": "theft"})
    live.platform.publisher.prepared_from = 1
    taken = {
        "module": "theft",
        "data": "keep",
        "decisions": {"field.narrow:claim.kind": {"answer": "map", "map": {"theft": "loss"}}},
    }

    answers = [
        client.post("/api/v1/metadata/uninstall", json=taken, headers={"Idempotency-Key": "k-1"})
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [202, 202], answers[0].json
    assert answers[0].json == answers[1].json
    with small_chunks(4):
        live.platform.worker().drain()

    assert state(live, answers[0].json["job"])["result"] == {"version": 3}
    assert client.get(f"/api/v1/records/claim/{claim}").json["kind"] == "loss"
    assert "theft" not in [
        one["name"] for one in client.get("/api/v1/metadata/modules").json["items"]
    ]
    trail = client.get("/api/v1/metadata/audit?kind=module&name=theft").json["items"]
    assert "uninstall" in [one["action"] for one in trail]
