"""Robots of WeCom and DingTalk groups: texts in their form, signed, judged by what the robot says."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import sqlalchemy as sa

from headrace.platform.automation.robots import robot_body, signed_address
from headrace.platform.automation.tables import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from headrace.platform.jobs.tables import JOB
from tests.support.automation_world import open_automated, run_rows, told
from tests.support.live import Live
from tests.support.receiver import Receiver, receiving

TAKEN = '{"errcode": 0, "errmsg": "ok"}'
ENDPOINTS = "/api/v1/webhook-endpoints"


@pytest.fixture(scope="module")
def world(shared_databases: Callable[[], str]) -> Iterator[Live]:
    made = open_automated(
        shared_databases(),
        HEADRACE_WEBHOOK_HOSTS="localhost",
        HEADRACE_BASE_URL="https://orders.example.com",
    )
    yield made
    made.platform.close()


@pytest.fixture
def live(world: Live) -> Live:
    with world.platform.database.writing(None) as work:
        for table in (JOB, WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT):
            work.connection.execute(sa.delete(table))
    return world


@pytest.fixture
def robot() -> Iterator[Receiver]:
    with receiving() as receiver:
        receiver.says = [TAKEN]
        yield receiver


def put(live: Live, **data: Any) -> Any:
    return live.client("admin").put(f"{ENDPOINTS}/group", json=data)


def memo(live: Live, **data: Any) -> str:
    answer = live.client("admin").post(
        "/api/v1/records/memo", json={"title": "新品", "marker": "tells_group", **data}
    )
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def drain(live: Live) -> None:
    live.platform.worker().drain()


def time_passes(live: Live) -> None:
    with live.platform.database.writing(None) as work:
        now = work.now
        for change in (
            sa.update(WEBHOOK_DELIVERY).values(due=now),
            sa.update(WEBHOOK_ENDPOINT).values(paused_until=None),
            sa.update(JOB).where(JOB.c.state == "started").values(leased_until=now),
        ):
            work.connection.execute(change)


def events(live: Live) -> list[dict[str, Any]]:
    return live.client("admin").get("/api/v1/webhook-events").json["items"]


def test_a_wecom_group_is_told_in_its_language_with_the_address_of_the_record(
    live: Live, robot: Receiver
):
    answer = put(live, address=f"{robot.address}?key=k-1", form="wecom")
    assert (answer.status_code, answer.json) == (200, {"name": "group"}), "a robot has no secret"
    record = memo(live, secret="geheim")
    drain(live)
    [body] = robot.bodies()
    text = f"新建：新品（geheim）\nhttps://orders.example.com/o/memo/{record}"
    assert body == {"msgtype": "text", "text": {"content": text}}
    [(headers, _)] = robot.arrived
    assert not [one for one in headers if one.startswith("Headrace-")]
    assert robot.paths == ["/hook?key=k-1"]
    [event] = events(live)
    assert (event["state"], event["event"]) == ("done", "tells_group")
    put(live, language="en")
    memo(live)
    drain(live)
    assert robot.bodies()[-1]["text"]["content"].startswith("New: 新品 (–)\n")


def test_a_dingtalk_robot_is_asked_with_its_signature(live: Live, robot: Receiver):
    secret = "SEC0123456789abcdef"
    answer = put(live, address=f"{robot.address}?access_token=t", form="dingtalk", secret=secret)
    assert secret not in answer.get_data(as_text=True)
    memo(live)
    drain(live)
    [path] = robot.paths
    asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    assert asked["access_token"] == "t"
    said = f"{asked['timestamp']}\n{secret}".encode()
    digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    assert asked["sign"] == base64.b64encode(digest).decode()
    assert len(asked["timestamp"]) == 13, "milliseconds"


def test_the_signature_is_that_of_the_published_procedure():
    address = signed_address(
        "dingtalk", "https://x/send?access_token=a", "this is secret", 1_577_262_236_757
    )
    # Computed once with openssl from the procedure as DingTalk describes it.
    assert address.endswith(
        "timestamp=1577262236757&sign=hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"
    )
    assert signed_address("dingtalk", "https://x/send", "", 1) == "https://x/send"
    assert signed_address("wecom", "https://x/send?key=k", "s", 1) == "https://x/send?key=k"


@pytest.mark.parametrize(
    ("says", "state", "left_alone"),
    [
        ('{"errcode": 93000, "errmsg": "invalid webhook url"}', "waiting", False),
        ('{"errcode": 310000, "errmsg": "sign not match"}', "waiting", False),
        ('{"errcode": 45009, "errmsg": "api freq out of limit"}', "waiting", True),
        ('{"errcode": 130101, "errmsg": "send too fast"}', "waiting", True),
        ("<html>a page of a proxy</html>", "waiting", True),
        ('{"errcode": true}', "waiting", True),
        ("[0]", "waiting", True),
    ],
)
def test_a_status_of_200_is_not_yet_taken(
    live: Live, robot: Receiver, says: str, state: str, left_alone: bool
):
    put(live, address=f"{robot.address}?key=k", form="wecom")
    robot.says = [says, TAKEN]
    memo(live)
    drain(live)
    [event] = events(live)
    [endpoint] = live.client("admin").get(ENDPOINTS).json["items"]
    assert (event["state"], event["attempts"]) == (state, 1)
    assert (endpoint["paused_until"] is not None) is left_alone
    time_passes(live)
    drain(live)
    assert [one["state"] for one in events(live)] == ["done"]
    assert robot.bodies()[0] == robot.bodies()[1]


def test_a_text_is_cut_between_characters():
    for form, most in (("wecom", 2_048), ("dingtalk", 18_000)):
        for text in ("汉" * most, "a" + "汉" * most, "🙂" * most):
            body = robot_body(form, text)
            content = orjson.loads(body)["text"]["content"]
            assert content.endswith("…")
            assert most - 4 <= len(content.encode()) <= most
            assert "\ufffd" not in content
    assert "a" * 2_048 in robot_body("wecom", "a" * 2_048)
    address = "https://orders.example.com/o/memo/1"
    content = orjson.loads(robot_body("wecom", "长" * 2_000, address))["text"]["content"]
    assert content.endswith(f"…\n{address}"), "where the rest is read"
    assert len(content.encode()) <= 2_048


def test_an_endpoint_of_events_takes_the_text_as_an_event(live: Live, robot: Receiver):
    answer = put(live, address=robot.address)
    assert answer.status_code == 201
    memo(live)
    drain(live)
    [body] = robot.bodies()
    assert body["data"] == {"text": {"en": "New: 新品 (–)", "zh": "新建：新品（–）"}}
    assert "Headrace-Signature" in robot.arrived[0][0]


def test_people_beside_the_group_are_told_what_they_may_read(live: Live, robot: Receiver):
    put(live, address=f"{robot.address}?key=k", form="wecom")
    before = len(told(live))
    memo(live, person=live.ids["admin"])
    drain(live)
    assert [one.user for one in told(live)[before:]] == [live.ids["admin"]]
    run = run_rows(live, "tells_group")[-1]
    assert run.state == "done"


def test_fields_are_never_sent_to_a_robot(live: Live, robot: Receiver):
    live.client("admin").put(
        f"{ENDPOINTS}/erp", json={"address": f"{robot.address}?key=k", "form": "wecom"}
    )
    memo(live, marker="sends")
    drain(live)
    run = run_rows(live, "sends")[-1]
    assert (run.state, run.problems[0]["code"]) == ("failed", "webhook.robot")
    assert robot.arrived == []


def test_the_key_of_a_robot_is_shown_to_nobody(live: Live):
    put(live, address="https://robot.example/send?key=k-secret", form="wecom")
    listed = live.client("admin").get(ENDPOINTS)
    assert listed.json["items"][0]["address"] == "https://robot.example/send?…"
    assert put(live, active=False).status_code == 200, "the address stays"
    [endpoint] = live.client("admin").get(ENDPOINTS).json["items"]
    assert (endpoint["active"], endpoint["form"]) == (False, "wecom")
    renewed = live.client("admin").post(f"{ENDPOINTS}/group/secret", json={})
    assert renewed.status_code == 404, "nothing of ours to renew"
    for wrong, path in (
        ({"form": "fax"}, "/form"),
        ({"secret": "SEC1"}, "/secret"),
        ({"form": "dingtalk", "secret": "a\nb"}, "/secret"),
        ({"address": "http://127.0.0.1:1/send?key=k"}, "/address"),
        ({"form": 7}, "/form"),
    ):
        answer = put(live, **wrong)
        assert (answer.status_code, answer.json["problems"][0]["path"]) == (422, path)
    answer = live.client("admin").put(f"{ENDPOINTS}/new", json={"form": "wecom"})
    assert answer.json["problems"][0]["code"] == "webhook.no_address"
