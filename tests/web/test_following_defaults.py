"""Defaults that are made of other values follow them on forms without script, until somebody gives another."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.records import reader
from tests.support.documents import field, workspace
from tests.support.live import PASSWORD, open_live
from tests.support.surfing import Form, Seen, Surfer


def _workspace() -> dict[Any, Any]:
    contents = workspace()
    due = field("due", "date", default="DATEADD(claimed_on, 30, 'day')")
    contents["object", "claim"]["fields"].append(due)
    contents["object", "claim_item"]["fields"].append(
        field("insured", "money", default="price * 2")
    )
    grants = contents["permission", "claim"]["grants"]
    grants[:] = [one for one in grants if one["role"] != "dealer"]
    grants.append({"role": "dealer", "actions": ["create", "read", "update"], "scope": "all"})
    del contents["form", "claim_entry"]
    return contents


@pytest.fixture(scope="module")
def ann(shared_database_url: str) -> Iterator[Surfer]:
    live = open_live(shared_database_url)
    live.publish(_workspace())
    with live.platform.database.writing(None) as work:
        live.platform.identity.set_password(work, live.ids["ann"], PASSWORD)
    yield Surfer(live, "ann")
    live.platform.close()


NUMBERS = itertools.count()
FIRST = {
    "f.claimed_on": "2025-01-01",
    "grid.items": "1",
    "c.items.0.what": "Glass",
    "c.items.0.qty": "1",
    "c.items.0.price": "7.00",
}


def _new(ann: Surfer) -> Form:
    form = ann.get("/o/claim/new").form("/new")
    form.values["f.subject"] = f"Follows {next(NUMBERS)}"
    return form


def _saved(ann: Surfer, seen: Seen) -> tuple[str, str]:
    assert seen.status == 303
    record_id = seen.address.split("/")[3].split("?")[0]
    record = ann.live.platform.perform_as_system(
        lambda context: reader.get(context, "claim", record_id, expand=("items",))
    )
    return record["due"], record["items"][0]["insured"]


def _asked_again(ann: Surfer, values: dict[str, str], **more: str) -> Seen:
    form = _new(ann)
    return ann.send_values(form, {**values, "again": "1", **more})


def test_a_default_that_nobody_touched_is_computed_from_what_was_entered(ann: Surfer) -> None:
    form = _new(ann)
    shown = form.values["f.due"]
    assert shown > "2025-03", "it was made of today"
    assert json.loads(form.values["defaults"])["due"] == shown
    assert _saved(ann, ann.send_values(form, FIRST)) == ("2025-01-31", "14.00")


def test_what_somebody_gave_stays(ann: Surfer) -> None:
    form = _new(ann)
    given = {**FIRST, "f.due": "2025-12-24", "c.items.0.insured": "99.00"}
    assert _saved(ann, ann.send_values(form, given)) == ("2025-12-24", "99.00")


def test_a_button_shows_them_before_anything_is_saved(ann: Surfer) -> None:
    seen = _asked_again(ann, FIRST)
    assert seen.status == 200
    form = seen.form("/new")
    assert (form.values["f.due"], form.values["c.items.0.insured"]) == ("2025-01-31", "14.00")
    again = ann.send_values(form, {"f.claimed_on": "2025-02-01", "again": "1"}).form("/new")
    assert again.values["f.due"] == "2025-03-03", "it follows still"
    kept = ann.send_values(again, {"f.due": "2025-09-09", "again": "1"}).form("/new")
    last = ann.send_values(kept, {"f.claimed_on": "2025-03-01", "c.items.0.price": "8.00"})
    assert _saved(ann, last) == ("2025-09-09", "16.00")


def test_a_page_that_follows_them_itself_means_what_it_sends(ann: Surfer) -> None:
    """With script the page computes them, and sends no list of what it showed."""
    form = _new(ann)
    values = {**FIRST, "defaults": None}
    assert _saved(ann, ann.send_values(form, values))[0] == form.values["f.due"]
