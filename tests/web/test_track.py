"""The chain before submitting and the track after, as the submitter and as internal people see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.live import Live
from tests.support.surfing import Surfer


def draft(live: Live, amount: str) -> str:
    items = [{"what": "Glass", "qty": "1", "price": amount}]
    data = {"subject": f"Claim {live.platform.ids.record_id()}", "items": items}
    return str(live.renewed_client("ann").post("/api/v1/records/claim", json=data).json["id"])


@pytest.mark.parametrize(
    ("language", "asked", "skipped", "roles"),
    [
        ("en", "who will be asked", "not needed", "Finance, Boss"),
        ("zh", "审批流程", "无需审批", "财务、主管"),
    ],
)
def test_the_submitter_sees_the_chain_before(
    live: Live, surfer: Callable[..., Surfer], language: str, asked: str, skipped: str, roles: str
) -> None:
    ann = surfer("ann", language)
    small, large, free = (
        ann.get(f"/o/claim/{draft(live, one)}").response.text for one in ("150", "5000", "50")
    )
    assert asked in small
    assert skipped in small
    assert asked in large
    assert skipped not in large
    assert roles in large
    assert asked not in free


def test_the_api_says_whom_a_transition_would_ask(live: Live) -> None:
    record_id = draft(live, "5000")
    address = f"/api/v1/records/claim/{record_id}/transitions"
    found = live.renewed_client("ann").get(f"{address}/submit").json
    assert found["approval"] in {"By amount", "按金额"}
    assert [one["state"] for one in found["steps"]] == ["asked", "asked"]
    assert [one["people"] for one in found["steps"]] == [[], []]
    assert found["steps"][1]["roles"] in (["Finance", "Boss"], ["财务", "主管"])
    assert live.client("ann").get(f"{address}/approve").status_code == 404
    assert live.renewed_client("bob").get(f"{address}/submit").status_code == 404
    assert live.renewed_client("fin").get(f"{address}/submit").status_code == 404


def test_the_track_tells_what_happened_and_when(
    submitted: tuple[Surfer, str], surfer: Callable[..., Surfer]
) -> None:
    ann, record_id = submitted
    page = ann.get(f"/o/claim/{record_id}")
    assert "just now" in page.text
    assert 'aria-current="step"' in page.response.text
    assert 'href="#track"' in page.response.text
    manager = surfer("manager")
    task = manager.get(manager.task_about(record_id))
    form = task.form("/approve")
    form.action = form.action.replace("/approve", "/reject")
    assert manager.send(form, comment="Please add the photo").status == 303
    assert ann.send(ann.get(f"/o/claim/{record_id}").form("/transitions/revise")).status == 303
    assert ann.send(ann.get(f"/o/claim/{record_id}").form("/transitions/submit")).status == 303
    again = ann.get(f"/o/claim/{record_id}").text
    assert "Earlier submissions (1)" in again
    assert "Please add the photo" in again
