"""Reminders from the record's page and through the API."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.live import Live
from tests.support.surfing import Surfer


def test_the_submitter_reminds_from_the_page_and_the_approver_sees_it(
    submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    ann, record_id = submitted
    page = ann.get(f"/o/claim/{record_id}")
    sent = ann.send(page.form("/urge"))
    assert sent.status == 303
    after = ann.get(sent.address)
    assert "They are reminded." in after.text
    assert "/urge" not in after.response.text
    assert "reminded" in after.text
    again = ann.send(page.form("/urge"))
    assert "a short while ago" in ann.get(again.address).text
    manager = surfer("manager")
    assert "Reminded" in manager.get("/inbox").text


def test_the_api_names_the_task_by_the_approvals_of_the_record(
    live: Live, submitted: tuple[Surfer, str]
) -> None:
    _, record_id = submitted
    client = live.renewed_client("ann")
    run = client.get(f"/api/v1/records/claim/{record_id}/approvals").json["items"][0]
    task = run["steps"][0]["tasks"][0]
    address = f"/api/v1/tasks/{task['id']}/urge"
    assert run["can_urge"]
    assert client.post(address).status_code == 428
    stale = client.post(address, headers={"If-Match": '"99"'})
    assert (stale.status_code, stale.json["code"]) == (409, "task.stale")
    version = {"If-Match": f'"{task["version"]}"'}
    assert live.renewed_client("bob").post(address, headers=version).status_code == 404
    assert live.renewed_client("manager").post(address, headers=version).status_code == 403
    assert client.post(address, headers=version).json["urged_at"]
    soon = client.post(address, headers=version)
    assert soon.status_code == 429
    assert int(soon.headers["Retry-After"]) > 0
