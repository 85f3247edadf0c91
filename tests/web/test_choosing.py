"""Choosing approvers: on the submit page, through the API, and what is said where a choice is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer
from tests.web.test_track import draft


def with_choice(contents: dict[Any, Any]) -> None:
    step = contents["approval", "claim_by_amount"]["steps"][0]
    step["approvers"] = [{"role": "finance", "chosen": {"names": True}}]


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url, with_choice)
    found.add_user("pam", "finance")
    with found.platform.database.writing(None) as work:
        found.platform.identity.set_password(work, found.ids["ann"], PASSWORD)
    yield found
    found.platform.close()


@pytest.mark.parametrize(
    ("language", "one", "missing"),
    [
        ("en", "you choose 1", "you choose who is asked"),
        ("zh", "由您选择 1 人", "审批人由您选择"),
    ],
)
def test_the_submit_page_offers_whom_to_choose(
    live: Live, surfer: Callable[..., Surfer], language: str, one: str, missing: str
) -> None:
    ann = surfer("ann", language)
    record_id = draft(live, "150")
    record = ann.get(f"/o/claim/{record_id}")
    assert one in record.text
    # The button leads to the page where somebody is chosen.
    assert f"/o/claim/{record_id}/transitions/submit" in record.links
    page = ann.get(f"/o/claim/{record_id}/transitions/submit")
    assert one in page.text
    assert 'type="radio" name="approver:manager"' in page.response.text
    refused = ann.send(page.form("/transitions/submit"))
    assert refused.status == 422
    assert missing in refused.text
    form = refused.form("/transitions/submit")
    outside = ann.send_values(form, {"approver:manager": live.ids["boss"]})
    assert outside.status == 422
    form = outside.form("/transitions/submit")
    done = ann.send_values(form, {"approver:manager": live.ids["pam"]})
    assert done.status == 303, done.text
    assert "Pam" in ann.get(f"/o/claim/{record_id}").text


def test_the_api_offers_and_takes_a_choice(live: Live) -> None:
    record_id = draft(live, "150")
    address = f"/api/v1/records/claim/{record_id}/transitions/submit"
    ann = live.renewed_client("ann")
    choice = ann.get(address).json["steps"][0]["choice"]
    assert (choice["min"], choice["max"], choice["proposed"]) == (1, 1, [])
    assert {one["name"] for one in choice["people"]} == {"Fin", "Pam"}
    headers = {"If-Match": '"1"'}
    missing = ann.post(address, json={}, headers=headers)
    assert missing.status_code == 422
    (problem,) = missing.json["problems"]
    assert (problem["code"], problem["path"]) == ("approval.choice_missing", "/approvers/manager")
    chosen = {"approvers": {"manager": [live.ids["fin"]]}}
    done = ann.post(address, json=chosen, headers=headers)
    assert done.status_code == 200, done.json
    (run,) = ann.get(f"/api/v1/records/claim/{record_id}/approvals").json["items"]
    assert [one["person"]["name"] for one in run["steps"][0]["tasks"]] == ["Fin"]
