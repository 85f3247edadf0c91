"""Copies in the inbox and the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer

NEW = 'class="badge blue">New'


def with_copies(contents: dict[Any, Any]) -> None:
    approval = contents["approval", "claim_by_amount"]
    approval["copies"] = [{"to": [{"field": "company.manager"}]}]
    grants = contents["permission", "claim"]["grants"]
    grants[:] = [one for one in grants if one["role"] != "boss"]


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    """Who decides has no right of their own to the record: after the decision only the copy gives it."""
    found = open_live(shared_database_url, with_copies)
    with found.platform.database.writing(None) as work:
        for login in ("ann", "manager", "fin"):
            found.platform.identity.set_password(work, found.ids[login], PASSWORD)
    yield found
    found.platform.close()


def test_a_copy_is_told_of_opened_and_read(
    live: Live, submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    ann, record_id = submitted
    manager, fin = surfer("manager"), surfer("fin")
    page = manager.get(manager.task_about(record_id))
    assert manager.send(page.form("/approve"), copy_to=live.ids["fin"]).status == 303
    address = f"/o/claim/{record_id}"
    for person in (manager, fin):
        listed = person.get("/inbox?state=copied")
        assert NEW in listed.response.text
        link = next(one for one in listed.links if one.startswith("/inbox/copies/"))
        opened = person.get(link)
        assert (opened.status, opened.address) == (303, address)
        assert "300.00" in person.get(address).text
        assert NEW not in person.get("/inbox?state=copied").response.text
    assert "sent by Manager" in manager.get(address).text
    shown = ann.get(address).text
    assert "Copies (1)" in shown
    assert "Fin" not in shown
    assert ann.get(link).status == 404


def test_the_api_lists_copies_and_marks_them(live: Live, submitted: tuple[Surfer, str]) -> None:
    _, record_id = submitted
    client = live.renewed_client("manager")
    task = next(
        one for one in client.get("/api/v1/tasks").json["items"] if one["record"] == record_id
    )
    version = {"If-Match": f'"{task["version"]}"'}
    address = f"/api/v1/tasks/{task['id']}/approve"
    for body, path in (({"copy_to": "x"}, "/copy_to"), ({"copy_to": [1]}, "/copy_to/0")):
        wrong = client.post(address, json=body, headers=version)
        assert (wrong.status_code, wrong.json["problems"][0]["path"]) == (422, path)
    refused = client.post(address, json={"copy_to": [live.ids["ann"]]}, headers=version)
    assert refused.json["code"] == "copy.wrong_receiver"
    assert client.post(address, json={}, headers=version).status_code == 200
    page = client.get("/api/v1/tasks?state=copied").json
    copy = next(one for one in page["items"] if one["record"] == record_id)
    assert (page["unread"], copy["read_at"], copy["state"]) == (1, None, "approved")
    assert client.post(f"/api/v1/tasks/{copy['id']}/read").status_code == 200
    assert client.get("/api/v1/tasks?state=copied").json["unread"] == 0
    assert live.renewed_client("bob").post(f"/api/v1/tasks/{copy['id']}/read").status_code == 404
    runs = client.get(f"/api/v1/records/claim/{record_id}/approvals").json["items"]
    assert runs[0]["copies"][0]["read_at"] is not None
