"""Branches on screen and through the API: the chain before, the track after, and repairs of one branch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.documents import label
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer
from tests.web.test_track import draft


def step(name: str, *approvers: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "label": label(name.title(), name), "approvers": list(approvers)}


def with_branches(contents: dict[Any, Any]) -> None:
    branches = [
        {
            "name": "money",
            "label": label("Money", "财务"),
            "steps": [step("counted", {"role": "finance"}), step("signed", {"user": "manager"})],
        },
        {
            "name": "line",
            "label": label("Line", "条线"),
            "steps": [step("allowed", {"role": "boss", "within": "company.region"})],
        },
    ]
    block = {"name": "checks", "label": label("Checks", "并行审核"), "branches": branches}
    contents["approval", "claim_by_amount"]["steps"] = [block, step("last", {"user": "fin"})]


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url, with_branches)
    with found.platform.database.writing(None) as work:
        found.platform.identity.set_password(work, found.ids["ann"], PASSWORD)
    yield found
    found.platform.close()


def submit(live: Live, record_id: str) -> dict[str, Any]:
    ann = live.renewed_client("ann")
    address = f"/api/v1/records/claim/{record_id}"
    done = ann.post(f"{address}/transitions/submit", json={}, headers={"If-Match": '"1"'})
    assert done.status_code == 200, done.json
    (run,) = ann.get(f"{address}/approvals").json["items"]
    return dict(run)


@pytest.mark.parametrize(
    ("language", "money", "line"),
    [("en", "Checks · Money", "Checks · Line"), ("zh", "并行审核 · 财务", "并行审核 · 条线")],
)
def test_the_chain_before_and_the_track_after_name_branches(
    live: Live, surfer: Callable[..., Surfer], language: str, money: str, line: str
) -> None:
    ann, record_id = surfer("ann", language), draft(live, "150")
    before = ann.get(f"/o/claim/{record_id}/transitions/submit").text
    assert (before.count(money), before.count(line)) == (2, 1)
    submit(live, record_id)
    after = ann.get(f"/o/claim/{record_id}").text
    assert (after.count(money), after.count(line)) == (2, 1)


def test_the_api_tells_of_branches_and_skips_the_step_that_is_named(live: Live) -> None:
    record_id = draft(live, "150")
    run = submit(live, record_id)
    assert [(one["name"], one["state"]) for one in run["steps"]] == [
        ("counted", "open"),
        ("signed", "pending"),
        ("allowed", "open"),
        ("last", "pending"),
    ]
    # The language is whichever the page before was in.
    money, also, line, none = (one["branch"] for one in run["steps"])
    assert money in {"Checks · Money", "并行审核 · 财务"}
    assert (also, line != money, none) == (money, True, None)
    admin, address = live.renewed_client("admin"), f"/api/v1/approvals/{run['id']}/repair"
    asked = {"act": "skip", "reason": "Nobody is there"}
    refused = admin.post(address, json=asked)
    assert refused.status_code == 422
    (problem,) = refused.json["problems"]
    assert (problem["code"], problem["path"]) == ("repair.wrong_step", "/step")
    assert admin.post(address, json={**asked, "step": "allowed"}).status_code == 200
    (run,) = admin.get(f"/api/v1/records/claim/{record_id}/approvals").json["items"]
    assert [one["state"] for one in run["steps"]] == ["open", "pending", "skipped", "pending"]
