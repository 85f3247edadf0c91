"""The queue: what waits and fails, by API and on the screen; trying again, cancelling, the audit trail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.app import create_app
from headrace.platform.access.audit_trail import Wanted, read_audit
from headrace.platform.automation.engine import AUTOMATION
from headrace.platform.automation.tables import AUTOMATION_RUN
from headrace.platform.automation.webhooks import WEBHOOK
from headrace.platform.jobs.notifications import NOTIFY
from headrace.platform.jobs.queue import CANCELLED
from headrace.platform.jobs.tables import JOB
from headrace.platform.workflow.timing import TIMER
from tests.support.live import PASSWORD, Live, open_live, open_platform
from tests.support.surfing import Surfer

API = "/api/v1/queue"
TOKEN = "a token of the metrics that is long enough"


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    live = open_live(shared_database_url, HEADRACE_METRICS_TOKEN=TOKEN)
    live.add_user("keeper", "admin", password=PASSWORD)
    live.add_user("clerk", "boss", password=PASSWORD)
    yield live
    live.platform.close()


@pytest.fixture(autouse=True)
def emptied(live: Live) -> None:
    live.platform.write_as_system(lambda _, work: work.connection.execute(sa.delete(JOB)))


def put(live: Live, kind: str, payload: dict[str, Any], **values: Any) -> str:
    """Put a job in the state that `values` say."""

    def action(_: Any, work: Any) -> str:
        job = live.platform.outbox.put(work, kind, payload)
        assert job is not None
        if values:
            work.connection.execute(sa.update(JOB).where(JOB.c.id == job).values(**values))
        return job

    return live.platform.write_as_system(action)


def dead(live: Live, kind: str = NOTIFY, payload: dict[str, Any] | None = None) -> str:
    told = {"users": [], "object_id": None, "record_id": None}
    values = {"state": "dead", "attempts": 8, "error": "ValueError: no", "finished": _now()}
    return put(live, kind, payload or told, **values)


def _now() -> datetime:
    return datetime.now(UTC)


def states(live: Live) -> dict[str, str]:
    with live.platform.database.reading() as reading:
        return {row.id: row.state for row in reading.connection.execute(sa.select(JOB))}


def newest_entry(live: Live) -> dict[str, Any]:
    return read_audit(live.platform.database, Wanted(kind="job"))[0]


def test_counts_tell_states_apart(live: Live):
    payload = {"users": [], "object_id": None, "record_id": None}
    past, future = _now() - timedelta(minutes=5), _now() + timedelta(minutes=5)
    put(live, NOTIFY, payload, due=past)
    put(live, NOTIFY, payload, due=future)
    lease = {"state": "started", "attempts": 1, "leased_until": future}
    put(live, NOTIFY, payload, **lease, leased_by="somebody")
    put(live, NOTIFY, payload, **lease, error="ValueError: no")
    dead(live)
    (one,) = live.client("admin").get(API).json["items"]

    assert one["label"] == "Notifications"
    counted = {state: one[state] for state in ("due", "later", "running", "retrying", "dead")}
    assert counted == dict.fromkeys(counted, 1)
    assert 300 <= one["oldest_due_seconds"] < 900
    listed = live.client("admin").get(f"{API}/jobs?state=retrying").json["items"]
    assert [(job["state"], job["error"]) for job in listed] == [("retrying", "ValueError: no")]


def test_a_failed_job_says_what_it_is_about(live: Live):
    model = live.platform.catalogs.current().catalog.objects["company"]
    about = {"users": [], "object_id": model.id, "record_id": live.ids["acme"]}
    dead(live, NOTIFY, about)
    (job,) = live.client("admin").get(f"{API}/jobs").json["items"]

    assert job["cause"] == {"kind": "record", "object": "company", "id": live.ids["acme"]}


def test_one_is_tried_again_and_done(live: Live):
    job = dead(live)
    answer = live.client("admin").post(f"{API}/jobs/{job}/retry")
    assert (answer.status_code, answer.json["state"]) == (202, "retrying")
    assert live.client("admin").post(f"{API}/jobs/{job}/retry").status_code == 409
    entry = newest_entry(live)

    assert (entry["action"], entry["name"], entry["login"]) == ("retry", NOTIFY, "admin")
    assert entry["before"][0]["value"] == {"error": "ValueError: no"}
    live.platform.worker().drain()
    assert states(live)[job] in {"done", "started"}


def test_all_of_a_kind_are_tried_again(live: Live):
    jobs = [dead(live) for _ in range(3)]
    other = dead(live, WEBHOOK, {"endpoint": "x"})
    answer = live.client("admin").post(f"{API}/retry", json={"kind": NOTIFY})

    assert (answer.status_code, answer.json) == (202, {"count": 3})
    assert {states(live)[job] for job in jobs} == {"started"}
    assert states(live)[other] == "dead"
    assert newest_entry(live)["after"][0]["value"] == {"jobs": 3, "act": "retry"}
    assert live.client("admin").post(f"{API}/retry", json={}).status_code == 422


def test_one_is_cancelled_where_nobody_needs_its_kind(live: Live):
    free = put(live, NOTIFY, {"users": []})
    needed = put(live, TIMER, {"run": "x", "step": None, "next": 0})
    gone = dead(live, TIMER, {"run": "x", "step": None, "next": 0})
    codes = [
        live.client("admin").post(f"{API}/jobs/{one}/cancel").status_code
        for one in (free, needed, gone, free)
    ]

    assert codes == [200, 409, 200, 409]
    assert states(live) == {free: "cancelled", needed: "waiting", gone: "cancelled"}
    assert newest_entry(live)["action"] == "cancel"


def _run(live: Live, state: str) -> str:
    def action(context: Any, work: Any) -> str:
        run = context.ids.record_id()
        row = {
            "id": run,
            "automation": "x",
            "name": "x",
            "object_id": "x",
            "event": "create",
            "mode": "job",
            "state": state,
            "position": 0,
            "chain": [],
            "definition": "x",
            "metadata_version": 1,
            "at": work.now,
            "created": work.now,
        }
        work.connection.execute(sa.insert(AUTOMATION_RUN).values(**row))
        return str(run)

    return live.platform.write_as_system(action)


def _state_of(live: Live, run: str) -> tuple[str, Any]:
    with live.platform.database.reading() as reading:
        query = sa.select(AUTOMATION_RUN).where(AUTOMATION_RUN.c.id == run)
        row = reading.connection.execute(query).one()
    return row.state, row.problems


def test_an_automation_run_goes_on_and_fails_with_its_job(live: Live):
    failed, waiting = _run(live, "failed"), _run(live, "waiting")
    again = dead(live, AUTOMATION, {"run": failed})
    stopped = put(live, AUTOMATION, {"run": waiting})
    live.client("admin").post(f"{API}/jobs/{again}/retry")
    live.client("admin").post(f"{API}/jobs/{stopped}/cancel")

    assert _state_of(live, failed)[0] == "waiting"
    state, problems = _state_of(live, waiting)
    assert state == "failed"
    assert CANCELLED in problems[0]["message"]["en"]


def test_others_find_no_queue(live: Live):
    job = dead(live)
    boss, nobody = live.client("boss"), live.client()
    for caller, code in ((boss, 403), (nobody, 401)):
        assert caller.get(API).status_code == code
        assert caller.get(f"{API}/jobs").status_code == code
        assert caller.post(f"{API}/jobs/{job}/retry").status_code == code
        assert caller.post(f"{API}/jobs/{job}/cancel").status_code == code
        assert caller.post(f"{API}/retry", json={"kind": NOTIFY}).status_code == code
    assert states(live) == {job: "dead"}


def test_wrong_questions_are_refused(live: Live):
    admin = live.client("admin")
    for query in ("state=asleep", "cursor=x", "colour=red"):
        assert admin.get(f"{API}/jobs?{query}").status_code == 422
    for name in ("x", "01900000-0000-7000-8000-00000000dead"):
        assert admin.post(f"{API}/jobs/{name}/retry").status_code == 404
        assert admin.post(f"{API}/jobs/{name}/cancel").status_code == 404


def test_metrics_count_jobs_and_name_nobody(live: Live):
    dead(live)
    live.client("admin").get("/api/v1/records/company")
    client = live.client()
    assert client.get("/metrics").status_code == 401
    wrong = client.get("/metrics", headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text

    assert 'headrace_jobs{kind="notify",state="dead"} 1.0' in text
    assert 'headrace_tasks{state="open"} 0.0' in text
    assert re.search(r'headrace_requests_total\{endpoint="api.api_records\.\w+",method="GET"', text)
    assert "headrace_request_seconds_bucket" in text
    for secret in ("company", "acme", "Acme", "keeper", live.ids["acme"]):
        assert secret not in text


def test_nobody_can_make_up_metrics(live: Live):
    client = live.client()
    for method in ("MADE", "UP"):
        client.open("/healthz", method=method)
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert 'method="other"' in text
    assert "MADE" not in text


def test_a_kind_that_cannot_be_is_one_without_jobs(live: Live):
    dead(live)
    found = live.client("admin").get(f"{API}/jobs?kind=%00")
    assert (found.status_code, found.json["items"]) == (200, [])
    keeper = Surfer(live, "keeper")
    page = keeper.get("/jobs?state=dead&only=%00")
    assert page.status == 200
    again = keeper.get("/jobs?state=dead").form("/jobs/retry")
    assert keeper.send_values(again, {"kind": "\0"}).status == 303
    assert set(states(live).values()) == {"dead"}


def test_errors_show_nothing_of_what_people_entered(live: Live):
    """What a database says of a row it refuses is kept from those who look after jobs only."""
    job = put(live, NOTIFY, {})

    def fails(_: Any, work: Any) -> None:
        row = {"id": job, "kind": NOTIFY, "payload": {}, "key": "net price 777", "state": "waiting"}
        times = {"due": _now(), "created": _now(), "attempts": 0}
        work.connection.execute(sa.insert(JOB).values(**row, **times))

    worker = live.platform.worker()
    worker.handlers = {NOTIFY: fails}
    assert worker.drain() == 1
    (shown,) = live.client("admin").get(f"{API}/jobs").json["items"]
    assert shown["error"].startswith("IntegrityError")
    assert "777" not in shown["error"]
    assert job not in shown["error"]


def test_the_screen_shows_jobs_and_tries_them_again(live: Live):
    model = live.platform.catalogs.current().catalog.objects["company"]
    about = {"users": [], "object_id": model.id, "record_id": live.ids["acme"]}
    first, second, third = dead(live, NOTIFY, about), dead(live), dead(live)
    keeper = Surfer(live, "keeper", "zh")
    page = keeper.get("/jobs?state=dead")
    assert f"/o/company/{live.ids['acme']}" in page.links
    for word in ("作业", "通知", "ValueError: no", "已放弃"):
        assert word in page.text
    assert keeper.send(page.form(f"/jobs/{first}/retry")).address == "/jobs?done=done&state=dead"
    keeper.send(page.form(f"/jobs/{second}/cancel"))
    keeper.send(page.form("/jobs/retry"))

    assert states(live) == {first: "started", second: "cancelled", third: "started"}
    assert keeper.send(page.form(f"/jobs/{second}/cancel")).status == 409


def test_the_screen_is_not_there_for_others(live: Live):
    job = dead(live)
    keeper, clerk = Surfer(live, "keeper"), Surfer(live, "clerk")
    form = keeper.get("/jobs").form(f"/jobs/{job}/retry")
    form.values |= clerk.get("/").form("/sign-out").values

    assert clerk.get("/jobs").status == 404
    assert clerk.send(form).status == 404
    assert "/jobs" not in clerk.get("/").links
    assert states(live) == {job: "dead"}


def test_health_is_that_of_the_database(live: Live, request: pytest.FixtureRequest):
    assert live.client().get("/healthz").text == "ok"
    server = request.getfixturevalue("postgres_server")
    with server.database() as url:
        platform = open_platform(url)
        client = create_app(platform).test_client()
        assert client.get("/healthz").status_code == 200
        server.drop_database(url.partition("@/")[2].partition("?")[0])
        answer = client.get("/healthz")
        platform.close()
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def test_every_kind_of_job_has_a_name(live: Live):
    worker = live.platform.worker()
    handled = {
        *worker.handlers,
        *worker.long_handlers,
        *worker.own_handlers,
        *worker.apart_handlers,
    }

    assert set(live.platform.queue.kinds) == handled
