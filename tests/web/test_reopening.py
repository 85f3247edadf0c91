"""What is said on pages and through the API where an edit lets a step be decided again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer
from tests.web.test_track import draft


def dependent(contents: dict[Any, Any]) -> None:
    steps = contents["approval", "claim_by_amount"]["steps"]
    steps[0]["depends_on"] = ["payable", "items.qty"]
    steps[1].pop("when")
    steps[1]["approvers"] = [{"role": "finance"}]


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url, dependent)
    with found.platform.database.writing(None) as work:
        for login in ("ann", "manager"):
            found.platform.identity.set_password(work, found.ids[login], PASSWORD)
    yield found
    found.platform.close()


def edited(live: Live, record_id: str, **values: Any) -> None:
    """Change a record as a program of the house does."""

    def write(context: Any, work: Any) -> None:
        store = live.platform.store
        version = int(store.lock(context, work, "claim", record_id)["version"])
        store.update(context, work, "claim", record_id, values, version)

    live.platform.write_as_system(write)


def approved_once(live: Live) -> str:
    """Return a claim that the manager approved before its sum was changed."""
    record_id = draft(live, "150")
    ann, manager = live.renewed_client("ann"), live.renewed_client("manager")
    submit = f"/api/v1/records/claim/{record_id}/transitions/submit"
    assert ann.post(submit, json={}, headers={"If-Match": '"1"'}).status_code == 200
    tasks = manager.get("/api/v1/tasks").json["items"]
    task = next(one for one in tasks if one["record"] == record_id)
    head = {"If-Match": f'"{task["version"]}"'}
    done = manager.post(f"/api/v1/tasks/{task['id']}/approve", json={}, headers=head)
    assert done.status_code == 200
    edited(live, record_id, fee="25")
    return record_id


def test_the_api_tells_of_the_edit_and_of_what_was_seen(live: Live) -> None:
    record_id = approved_once(live)
    manager = live.renewed_client("manager")
    tasks = manager.get("/api/v1/tasks").json["items"]
    task = next(one for one in tasks if one["record"] == record_id)
    (again,) = manager.get(f"/api/v1/tasks/{task['id']}").json["again"]
    assert [(one["field"], one["before"], one["after"]) for one in again["changes"]] == [
        ("payable", "150.00", "175.00")
    ]
    (run,) = manager.get(f"/api/v1/records/claim/{record_id}/approvals").json["items"]
    said = {one["action"]: one for step in run["steps"] for one in step["decisions"]}
    assert len(said["approve"]["seen"]) >= 32
    assert said["reopen"]["changes"] == again["changes"]


@pytest.mark.parametrize(
    ("language", "heading", "who"),
    [
        ("en", "Changed since this step was decided", "changed what this step was decided on"),
        ("zh", "此步骤审批后的变更", "修改了此步骤审批所依据的内容"),
    ],
)
def test_task_and_record_show_the_edit(
    live: Live, surfer: Callable[..., Surfer], language: str, heading: str, who: str
) -> None:
    record_id = approved_once(live)
    manager, ann = surfer("manager", language), surfer("ann", language)
    page = manager.get(manager.task_about(record_id))
    assert heading in page.text
    assert "<s>150.00</s>" in page.response.text
    assert "175.00" in page.text
    record = ann.get(f"/o/claim/{record_id}")
    assert who in record.text
    assert "<s>150.00</s>" in record.response.text
