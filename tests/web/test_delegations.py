"""Who decides in whose place, through the pages and the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.workflow.tables import DELEGATION
from tests.support.live import Live
from tests.support.surfing import Seen, Surfer

API = "/api/v1/delegations"


@pytest.fixture(autouse=True)
def nobody_stands_in(live: Live) -> None:
    with live.platform.database.writing(None) as work:
        work.connection.execute(sa.delete(DELEGATION))


def days(live: Live, first: int = 0, last: int = 2) -> dict[str, str]:
    today = live.platform.perform_as_system(lambda context: context.today())
    found = {"first_day": today + timedelta(days=first), "last_day": today + timedelta(days=last)}
    return {name: day.isoformat() for name, day in found.items()}


def give(person: Surfer, to: str, **sent: str) -> Seen:
    form = person.get("/delegations").form("/delegations")
    live = person.live
    return person.send(form, **{"delegate": live.ids.get(to, to), **days(live), **sent})


def test_a_colleague_decides_and_the_history_names_both(
    live: Live, submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    ann, record_id = submitted
    manager, fin = surfer("manager"), surfer("fin")
    assert give(manager, "fin", reason="Travel").status == 303
    page = manager.get("/delegations")
    assert "active" in page.text
    assert "Travel" in page.text
    assert "I decide for" in fin.get("/delegations").text

    task = fin.task_about(record_id)
    assert "in the place of Manager" in fin.get("/inbox").text
    opened = fin.get(task)
    assert "300.00" in opened.text
    assert fin.send(opened.form("/approve"), comment="for him").status == 303
    assert "Fin in the place of Manager" in ann.get(f"/o/claim/{record_id}").text
    assert task in fin.get("/inbox?state=done").links


def test_an_ended_delegation_closes_the_door(
    live: Live, submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    manager, fin = surfer("manager"), surfer("fin")
    give(manager, "fin")
    task = fin.task_about(submitted[1])
    assert manager.send(manager.get("/delegations").form("/end")).status == 303
    assert fin.get(task).status == 404
    assert "over" in manager.get("/delegations").text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("to", "sent", "told"),
    [
        ("", {}, ("cannot stand in", "不能代您审批")),
        ("ann", {}, ("cannot stand in", "不能代您审批")),
        ("fin", {"last_day": "soon"}, ("“soon” is not a day", "“soon”不是日期")),
        ("fin", {"last_day": "2020-01-01"}, ("lies before the first", "早于开始日期")),
    ],
)
def test_a_form_that_does_not_do_says_why_and_keeps_what_was_sent(
    surfer: Callable[..., Surfer],
    to: str,
    sent: dict[str, str],
    told: tuple[str, str],
    language: str,
) -> None:
    manager = surfer("manager", language)
    page = give(manager, to, reason="Travel", **sent)
    assert page.status == 422
    assert told[0 if language == "en" else 1] in page.text
    assert page.form("/delegations").values["reason"] == "Travel"


def test_partners_see_and_name_nobody_of_other_companies(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    page = surfer("ann").get("/delegations")
    assert "nobody in your organisation" in page.text
    for name in ("Bob", "Manager", "Fin"):
        assert name not in page.text
    body = live.renewed_client("ann").get(API).json
    assert body == {"items": [], "candidates": []}


def test_a_task_is_given_on_from_its_page(
    live: Live, submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    _, record_id = submitted
    manager, fin = surfer("manager"), surfer("fin")
    task = manager.task_about(record_id)
    page = manager.get(task)
    refused = manager.send(page.form("/transfer"), to=live.ids["ann"])
    assert refused.status == 422
    assert "cannot be given the task" in refused.text
    sent = manager.send(page.form("/transfer"), to=live.ids["fin"], comment="yours", key="two")
    assert sent.status == 303
    assert "Given on." in manager.get(sent.address).text
    assert "gave it to Fin" in fin.get(fin.task_about(record_id)).text
    late = manager.send(page.form("/approve"), key="three")
    assert late.status == 409
    assert "was given to Fin" in late.text


def test_the_api_gives_lists_and_ends(live: Live) -> None:
    client = live.renewed_client("manager")
    sent = {"delegate": live.ids["fin"], **days(live), "reason": None}
    made = client.post(API, json=sent, headers={"Idempotency-Key": "one"})
    assert made.status_code == 201
    assert made.json["state"] == "active"
    assert client.post(API, json=sent, headers={"Idempotency-Key": "one"}).json == made.json
    again = client.post(API, json=sent)
    assert again.status_code == 409
    assert again.json["problems"][0]["code"] == "delegation.overlaps"
    (item,) = live.renewed_client("fin").get(API).json["items"]
    assert item["person"]["name"] == "Manager"

    other = live.renewed_client("fin").post(f"{API}/{made.json['id']}/end")
    assert other.status_code == 404
    assert client.post(f"{API}/{made.json['id']}/end").status_code == 200
    assert client.post(f"{API}/{made.json['id']}/end").status_code == 409
    tasks = live.renewed_client("fin").get("/api/v1/tasks").json["items"]
    assert all(one["asked"] is None for one in tasks)


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({}, "value.wrong_type", "/delegate"),
        ({"delegate": 5}, "value.wrong_type", "/delegate"),
        ({"delegate": "x", "reason": []}, "value.wrong_type", "/reason"),
        ({"delegate": "x", "first_day": "20250630"}, "value.invalid", "/first_day"),
        ({"delegate": "x", "first_day": "2025-06-31"}, "value.invalid", "/first_day"),
        ({"delegate": "x", "first_day": 1, "last_day": None}, "value.invalid", "/first_day"),
        ({"delegate": "x", "to": "y"}, "request.unknown_key", "/to"),
    ],
)
def test_the_api_says_what_is_wrong_and_where(
    live: Live, body: dict[str, Any], code: str, path: str
) -> None:
    answer = live.renewed_client("manager").post(API, json=body)
    assert answer.status_code == 422
    problem = answer.json["problems"][0]
    assert (problem["code"], problem["path"]) == (code, path)
    assert live.renewed_client("manager").get(API).json["items"] == []
