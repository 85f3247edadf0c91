"""Several tasks decided at once, through the inbox and the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.live import Live
from tests.support.surfing import Surfer

API = "/api/v1/tasks"


def submit(live: Live, amount: str = "300", login: str = "ann") -> str:
    client = live.client(login)
    items = [{"what": "Glass", "qty": "1", "price": amount}]
    data = {"subject": f"Claim {live.platform.ids.record_id()}", "items": items}
    made = client.post("/api/v1/records/claim", json=data).json
    sent = client.post(
        f"/api/v1/records/claim/{made['id']}/transitions/submit",
        headers={"If-Match": f'"{made["version"]}"'},
    )
    assert sent.status_code == 200
    return str(made["id"])


def task_of(live: Live, record_id: str, login: str = "manager") -> dict[str, Any]:
    found = live.renewed_client(login).get(API).json["items"]
    return next(one for one in found if one["record"] == record_id)


def test_the_api_answers_one_result_for_each_item(live: Live) -> None:
    live.renewed_client("ann")
    tasks = [task_of(live, submit(live)) for _ in range(3)]
    client = live.renewed_client("manager")
    one = {"If-Match": f'"{tasks[1]["version"]}"'}
    assert client.post(f"{API}/{tasks[1]['id']}/approve", headers=one).status_code == 200
    items = [{"id": task["id"], "version": task["version"]} for task in tasks]
    items[2]["version"] += 5
    body = {"action": "approve", "comment": "all fine", "items": items}
    key = {"Idempotency-Key": "several"}
    answer = client.post(f"{API}/bulk", json=body, headers=key)
    assert answer.status_code == 200
    found = answer.json["items"]
    assert [one["status"] for one in found] == ["decided", "already_decided", "stale"]
    assert [one["index"] for one in found] == [0, 1, 2]
    assert "Manager" in found[1]["problems"][0]["message"]
    assert client.post(f"{API}/bulk", json=body, headers=key).json == answer.json
    other = client.post(f"{API}/bulk", json={**body, "comment": "x"}, headers=key)
    assert other.json["code"] == "idempotency.mismatch"
    assert client.post(f"{API}/bulk", json={**body, "action": "sign"}).status_code == 422
    assert live.client().post(f"{API}/bulk", json=body).status_code == 401


def test_a_comment_that_is_no_text_is_told_at_its_place(live: Live) -> None:
    live.renewed_client("ann")
    task = task_of(live, submit(live))
    client = live.renewed_client("manager")
    for body, path in (({"comment": 5}, "/comment"), ({"values": [1]}, "/values")):
        version = {"If-Match": f'"{task["version"]}"'}
        answer = client.post(f"{API}/{task['id']}/approve", json=body, headers=version)
        assert (answer.status_code, answer.json["problems"][0]["path"]) == (422, path)


def test_the_inbox_shows_a_result_for_each(live: Live, surfer: Callable[..., Surfer]) -> None:
    live.renewed_client("ann")
    records = [submit(live) for _ in range(3)]
    tasks = [task_of(live, one) for one in records]
    manager = surfer("manager")
    form = manager.get("/inbox").form("/inbox/bulk")
    marks = [f"{task['id']}.{task['version']}" for task in tasks]
    refused = manager.client.post(
        form.action, data={**form.values, "row": marks, "act": "reject", "comment": "no"}
    )
    assert refused.status_code == 422
    assert all(mark in refused.text for mark in marks)
    sent = {**form.values, "row": [*marks[:2], f"{tasks[2]['id']}.99"], "act": "approve"}
    page = manager.client.post(form.action, data=sent)
    assert page.status_code == 200
    for words in ("2 decided", "1 to look at", "Changed meanwhile", tasks[0]["title"]):
        assert words in page.text
    again = manager.client.post(form.action, data=sent)
    assert "2 decided" in again.text
    assert "Paid" in surfer("ann").get(f"/o/claim/{records[0]}").text
    assert manager.client.post(form.action, data=form.values).status_code == 303
