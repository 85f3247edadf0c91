"""A new record that begins with the values of another: what was chosen, with today's values."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.records import reader
from tests.support.live import Live
from tests.support.surfing import Surfer


@pytest.fixture
def ann(live: Live) -> Surfer:
    return Surfer(live, "ann")


def _make(ann: Surfer, subject: str, **more: str) -> str:
    values: dict[str, str | None] = {
        "f.subject": subject,
        "f.claimed_on": "2024-01-15",
        "grid.items": "1",
        "c.items.0.what": "Glass",
        "c.items.0.qty": "3",
        "c.items.0.price": "12.50",
        "c.items.1.what": "Frame",
        "c.items.1.qty": "1",
        "c.items.1.price": "8",
        **more,
    }
    sent = ann.send_values(ann.get("/o/claim/new").form("/new"), values)
    assert sent.status == 303
    return sent.address.split("/")[3].split("?")[0]


def _record(live: Live, record_id: str) -> dict[str, Any]:
    return live.platform.perform_as_system(
        lambda context: reader.get(context, "claim", record_id, expand=("items",))
    )


def test_a_copy_begins_with_what_was_chosen_and_today(live: Live, ann: Surfer) -> None:
    first = _make(ann, "To copy")
    page = ann.get(f"/o/claim/{first}")
    assert f"/o/claim/new?copy={first}" in page.response.text
    form = ann.get(f"/o/claim/new?copy={first}").form("/new")
    assert form.values["f.subject"] == "To copy"
    assert form.values["f.claimed_on"] != "2024-01-15", (
        "a default that reads the clock reads it now"
    )
    assert form.values["c.items.1.what"] == "Frame"
    sent = ann.send_values(form, {"f.subject": "Copied", "c.items.0.qty": "5"})
    assert sent.status == 303
    made = _record(live, sent.address.split("/")[3].split("?")[0])
    source = _record(live, first)
    assert made["id"] != first
    assert made["claim_no"] != source["claim_no"], "a number is given anew"
    assert made["total"] == "70.50"
    assert (source["total"], len(source["items"])) == ("45.50", 2), "the first stays as it was"
    assert {one["id"] for one in made["items"]}.isdisjoint(one["id"] for one in source["items"])


def test_a_copy_of_what_one_may_not_see_is_not_found(live: Live, ann: Surfer) -> None:
    first = _make(ann, "Of ann's company")
    assert Surfer(live, "bob").get(f"/o/claim/new?copy={first}").status == 404
    assert ann.get("/o/claim/new?copy=none").status == 404


def test_who_may_not_make_records_is_offered_no_copy(live: Live, ann: Surfer) -> None:
    first = _make(ann, "Read by a manager")
    manager = Surfer(live, "manager")
    assert "new?copy=" not in manager.get(f"/o/claim/{first}").response.text
    assert manager.get(f"/o/claim/new?copy={first}").status == 403
