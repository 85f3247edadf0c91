"""Webhooks to a real receiver: signed, in order, again where it fails, never for what was undone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.automation.tables import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from headrace.platform.automation.webhooks import MOST_ATTEMPTS
from headrace.platform.jobs.outbox import Job
from headrace.platform.jobs.tables import JOB
from tests.support.automation_world import open_automated, run_rows
from tests.support.live import Live
from tests.support.receiver import Receiver, receiving


@pytest.fixture(scope="module")
def live(shared_databases: Callable[[], str]) -> Iterator[Live]:
    made = open_automated(shared_databases(), HEADRACE_WEBHOOK_HOSTS="localhost")
    yield made
    made.platform.close()


@pytest.fixture
def erp(live: Live) -> Iterator[tuple[Receiver, str]]:
    """A receiver under the name that the automation uses, and its secret."""
    with live.platform.database.writing(None) as work:
        for table in (JOB, WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT):
            work.connection.execute(sa.delete(table))
    with receiving() as receiver:
        yield receiver, put(live, receiver)


def put(live: Live, receiver: Receiver, name: str = "erp") -> str:
    answer = live.client("admin").put(
        f"/api/v1/webhook-endpoints/{name}", json={"address": receiver.address}
    )
    assert answer.status_code == 201, answer.json
    return answer.json["secret"]


def memo(live: Live, **data: Any) -> str:
    answer = live.client("ann").post(
        "/api/v1/records/memo", json={"title": "t", "marker": "sends", **data}
    )
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def drain(live: Live) -> None:
    live.platform.worker().drain()


def time_passes(live: Live) -> None:
    """Let everything that waits for a while be due now."""
    with live.platform.database.writing(None) as work:
        now = work.now
        changes = (
            sa.update(WEBHOOK_DELIVERY).values(due=now),
            sa.update(WEBHOOK_ENDPOINT).values(paused_until=None),
            sa.update(JOB).where(JOB.c.state == "started").values(leased_until=now),
        )
        for change in changes:
            work.connection.execute(change)


def events(live: Live, **arguments: str) -> list[dict[str, Any]]:
    return live.client("admin").get("/api/v1/webhook-events", query_string=arguments).json["items"]


def endpoint(live: Live, name: str = "erp") -> dict[str, Any]:
    found = live.client("admin").get("/api/v1/webhook-endpoints").json["items"]
    return next(one for one in found if one["name"] == name)


def test_an_event_arrives_signed_with_what_the_action_names(live: Live, erp):
    receiver, secret = erp
    record = memo(live, title="总额", n="2.5")
    assert receiver.arrived == [], "nothing leaves before the commit"
    drain(live)
    [(headers, raw)] = receiver.arrived
    [body] = receiver.bodies()
    assert body["data"] == {"title": "总额", "n": "2.500", "double": "5.000", "claim.subject": None}
    assert (body["event"], body["object"], body["record"]) == ("sends", "memo", record)
    assert headers["Headrace-Event-Id"] == body["id"]
    signed = f"{headers['Headrace-Timestamp']}.{body['id']}.".encode() + raw
    expected = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["Headrace-Signature"] == expected
    assert [one["state"] for one in events(live)] == ["done"]


def test_what_is_undone_is_not_sent(live: Live, erp):
    receiver, _ = erp
    with pytest.raises(ZeroDivisionError):
        live.platform.write_as_system(lambda context, work: _create_and_fail(live, context, work))
    drain(live)
    assert receiver.arrived == []


def _create_and_fail(live: Live, context: Any, work: Any) -> None:
    live.platform.store.create(context, work, "memo", {"title": "x", "marker": "sends"})
    raise ZeroDivisionError


def test_one_that_fails_is_tried_again_with_the_same_event_and_in_order(live: Live, erp):
    receiver, _ = erp
    receiver.answers = [503, 302, 200]
    for title in ("one", "two"):
        memo(live, title=title)
    drain(live)
    assert [one["data"]["title"] for one in receiver.bodies()] == ["one"], "left alone after that"
    assert endpoint(live)["failures"] == 1
    assert endpoint(live)["paused_until"] is not None
    drain(live)
    assert len(receiver.arrived) == 1
    for _ in range(2):
        time_passes(live)
        drain(live)
    titles = [one["data"]["title"] for one in receiver.bodies()]
    assert titles == ["one", "one", "one", "two"]
    assert len({one["id"] for one in receiver.bodies()}) == 2
    assert endpoint(live)["failures"] == 0


def test_an_event_that_is_refused_keeps_no_other_waiting_and_is_given_up_in_the_end(
    live: Live, erp
):
    receiver, _ = erp
    receiver.answers = [422, 200]
    memo(live, title="bad")
    memo(live, title="good")
    drain(live)
    assert [one["data"]["title"] for one in receiver.bodies()] == ["bad", "good"]
    receiver.answers = [422]
    for _ in range(MOST_ATTEMPTS):
        time_passes(live)
        drain(live)
    [dead] = events(live, state="dead")
    assert (dead["attempts"], dead["status"]) == (MOST_ATTEMPTS, 422)
    sent = len(receiver.arrived)
    time_passes(live)
    drain(live)
    assert len(receiver.arrived) == sent

    receiver.answers = [200]
    address = f"/api/v1/webhook-events/{dead['id']}/replay"
    assert live.client("ann").post(address, json={}).status_code == 403
    assert live.client("admin").post(address, json={}).status_code == 202
    assert live.client("admin").post(address, json={}).status_code == 409
    drain(live)
    assert receiver.bodies()[-1]["id"] == dead["id"]
    assert events(live, state="dead") == []


def test_a_dead_receiver_does_not_delay_another(live: Live, erp):
    receiver, _ = erp
    with receiving() as gone:
        pass
    put(live, gone, "other")

    def send(context: Any, work: Any) -> None:
        for number in range(5):
            for name in ("other", "erp"):
                about = ("memo", "memo", context.ids.record_id())
                live.platform.webhooks.send(context, work, name, "x", about, {"n": number})

    live.platform.write_as_system(send)
    drain(live)
    assert [one["data"]["n"] for one in receiver.bodies()] == [0, 1, 2, 3, 4]
    assert endpoint(live, "other")["waiting"] == 5
    assert endpoint(live, "other")["failures"] == 1, "asked once, then left alone"


def waiting(live: Live, count: int) -> str:
    """Let many events about different records wait for an endpoint; return its id."""
    with live.platform.database.writing(None) as work:
        connection = work.connection
        found = str(connection.execute(sa.select(WEBHOOK_ENDPOINT.c.id)).scalar_one())
        row = {"endpoint": found, "event": "x", "object_id": "x", "body": "{}", "attempts": 0}
        row |= {"state": "waiting", "due": work.now, "created": work.now}
        ids = (live.platform.ids.record_id() for _ in range(count))
        rows = [{**row, "id": one, "record_id": one} for one in ids]
        connection.execute(sa.insert(WEBHOOK_DELIVERY), rows)
    return found


def steps_of_leaving(live: Live, endpoint_id: str) -> int:
    """Return how many hundreds of instructions SQLite needs to look for the next event of an endpoint."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    job = Job("none", "webhook", {"endpoint": endpoint_id}, 1)
    with live.platform.database.writing(None) as work:
        driver: Any = work.connection.connection.driver_connection
        driver.set_progress_handler(tick, 100)
        try:
            assert live.platform.webhooks._again(work, job, endpoint_id, ours=True)
            assert live.platform.webhooks._due(endpoint_id, work)
        finally:
            driver.set_progress_handler(None, 100)
    return count


def test_what_waits_for_a_dead_receiver_costs_no_more_when_it_is_much(live: Live, erp):
    if live.platform.database.dialect != "sqlite":
        pytest.skip("SQLite tells its instructions")
    few = steps_of_leaving(live, waiting(live, 20))
    assert steps_of_leaving(live, waiting(live, 2000)) <= 2 * few + 5


def test_two_workers_never_serve_one_endpoint_at_once(live: Live, erp):
    receiver, _ = erp
    memo(live)
    with live.platform.database.writing(None) as work:
        later = work.now.replace(year=work.now.year + 1)
        work.connection.execute(sa.update(WEBHOOK_ENDPOINT).values(leased_until=later))
    drain(live)
    assert receiver.arrived == []
    with live.platform.database.writing(None) as work:
        work.connection.execute(sa.update(WEBHOOK_ENDPOINT).values(leased_until=None))
        before = work.now - timedelta(minutes=2)
        work.connection.execute(sa.update(WEBHOOK_DELIVERY).values(due=before))
    live.platform.webhooks.watch(live.platform.database, live.platform)
    drain(live)
    assert len(receiver.arrived) == 1


def test_a_run_without_its_endpoint_fails_and_goes_on_when_it_is_there(live: Live, erp):
    receiver, _ = erp
    with live.platform.database.writing(None) as work:
        work.connection.execute(sa.delete(WEBHOOK_ENDPOINT))
    memo(live, title="late")
    drain(live)
    run = run_rows(live, "sends")[-1]
    assert (run.state, run.problems[0]["code"]) == ("failed", "webhook.unknown_endpoint")
    put(live, receiver)
    live.client("admin").post(f"/api/v1/automation-runs/{run.id}/resume", json={})
    drain(live)
    assert [one["data"]["title"] for one in receiver.bodies()] == ["late"]


def test_endpoints_are_for_designers_and_their_secrets_for_nobody(live: Live, erp):
    _, secret = erp
    address = "/api/v1/webhook-endpoints"
    assert live.client("ann").get(address).status_code == 403
    assert (
        live.client("ann")
        .put(f"{address}/mine", json={"address": "https://a.example/"})
        .status_code
        == 403
    )
    assert secret not in live.client("admin").get(address).get_data(as_text=True)
    renewed = live.client("admin").post(f"{address}/erp/secret", json={}).json["secret"]
    assert renewed != secret
    for inner in ("http://127.0.0.1/", "http://example.com/", "https://a@example.com/", 7):
        answer = live.client("admin").put(f"{address}/bad", json={"address": inner})
        assert answer.status_code == 422, inner
        assert answer.json["problems"][0]["path"] == "/address"
    assert (
        live.client("admin")
        .put(f"{address}/B-d", json={"address": "https://a.example/"})
        .status_code
        == 422
    )
    changed = live.client("admin").put(
        f"{address}/erp", json={"address": "https://a.example/", "active": False}
    )
    assert (changed.status_code, changed.json) == (200, {"name": "erp"})
    assert endpoint(live)["active"] is False
