"""Somebody saved first: both sides and what was before are brought together, rows included."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from headrace.platform.records import reader
from tests.support.live import Live
from tests.support.surfing import Form, Seen, Surfer


@pytest.fixture
def ann(live: Live) -> Surfer:
    return Surfer(live, "ann")


def _once(text: str) -> str:
    """A subject that no other test uses."""
    return f"{text} {uuid4().hex[:6]}"


def _made(ann: Surfer, subject: str) -> str:
    values = {
        "f.subject": _once(subject),
        "grid.items": "1",
        "c.items.0.what": "Glass",
        "c.items.0.qty": "3",
        "c.items.0.price": "12.50",
        "c.items.1.what": "Wood",
        "c.items.1.qty": "1",
        "c.items.1.price": "5",
    }
    sent = ann.send_values(ann.get("/o/claim/new").form("/new"), values)
    assert sent.status == 303, sent.text
    return sent.address.split("/")[3].split("?")[0]


def _record(live: Live, record_id: str) -> dict[str, Any]:
    return live.platform.perform_as_system(
        lambda context: reader.get(context, "claim", record_id, expand=("items",))
    )


def _overtaken(
    ann: Surfer, record_id: str, mine: dict[str, str | None], theirs: dict[str, str | None]
) -> Seen:
    """Let `theirs` be saved while `mine` is typed; return the page of the conflict."""
    address = f"/o/claim/{record_id}/edit"
    first, second = ann.get(address).form("/edit"), ann.get(address).form("/edit")
    assert ann.send_values(second, theirs).status == 303
    page = ann.send_values(first, mine)
    assert page.status == 409
    return page


def test_what_does_not_touch_is_merged_with_one_click(live: Live, ann: Surfer) -> None:
    record_id = _made(ann, "Merge")
    page = _overtaken(
        ann,
        record_id,
        {"f.claimed_on": "2025-01-31", "c.items.0.qty": "4"},
        {"f.fee": "11", "c.items.0.price": "10", "c.items.1.what": "Oak"},
    )
    assert "Save both" in page.text
    assert "keep." not in page.response.text
    assert ann.send(page.form("/edit")).status == 303
    record = _record(live, record_id)
    assert (record["claimed_on"], record["fee"]) == ("2025-01-31", "11.00")
    glass, wood = record["items"]
    assert (glass["qty"], glass["price"]) == ("4.000", "10.00")
    assert wood["what"] == "Oak"


@pytest.mark.parametrize(("choice", "fee"), [("mine", "1.00"), ("theirs", "2.00"), ("was", "0.00")])
def test_a_clash_is_chosen_by_field(live: Live, ann: Surfer, choice: str, fee: str) -> None:
    record_id = _made(ann, "Choose")
    mine = {"f.fee": "1", "f.claimed_on": "2025-01-31"}
    page = _overtaken(ann, record_id, mine, {"f.fee": "2"})
    for text in ("1.00", "2.00", "0.00", "Ann"):
        assert text in page.text
    assert ann.send_values(page.form("/edit"), {"keep.f.fee": choice}).status == 303
    record = _record(live, record_id)
    assert (record["fee"], record["claimed_on"]) == (fee, "2025-01-31")


def test_a_clash_in_a_row_stands_at_its_row(live: Live, ann: Surfer) -> None:
    record_id = _made(ann, "Row")
    page = _overtaken(ann, record_id, {"c.items.1.qty": "8"}, {"c.items.1.qty": "9"})
    assert "row 2" in page.text
    saved = ann.send_values(page.form("/edit"), {"keep.c.items.1.qty": "theirs"})
    assert saved.status == 303
    assert [row["qty"] for row in _record(live, record_id)["items"]] == ["3.000", "9.000"]


@pytest.mark.parametrize(("choice", "rows"), [("mine", ["Glass", "Oak"]), ("theirs", ["Glass"])])
def test_a_row_that_they_removed_and_i_changed(
    live: Live, ann: Surfer, choice: str, rows: list[str]
) -> None:
    record_id = _made(ann, "Removed by them")
    page = _overtaken(
        ann, record_id, {"c.items.1.what": "Oak"}, {"c.items.1.removed": "1", "f.fee": "2"}
    )
    assert ann.send_values(page.form("/edit"), {"keep.c.items.1": choice}).status == 303
    assert [row["what"] for row in _record(live, record_id)["items"]] == rows


@pytest.mark.parametrize(("choice", "rows"), [("mine", ["Glass"]), ("theirs", ["Glass", "Oak"])])
def test_a_row_that_i_removed_and_they_changed(
    live: Live, ann: Surfer, choice: str, rows: list[str]
) -> None:
    record_id = _made(ann, "Removed by me")
    page = _overtaken(ann, record_id, {"c.items.1.removed": "1"}, {"c.items.1.what": "Oak"})
    assert ann.send_values(page.form("/edit"), {"keep.c.items.1": choice}).status == 303
    assert [row["what"] for row in _record(live, record_id)["items"]] == rows


def test_rows_added_by_both_are_all_kept(live: Live, ann: Surfer) -> None:
    record_id = _made(ann, "Both add")
    added = {"c.items.2.qty": "1", "c.items.2.price": "1"}
    page = _overtaken(
        ann,
        record_id,
        {**added, "c.items.2.what": "Nail", "c.items.1.removed": "1"},
        {**added, "c.items.2.what": "Rope"},
    )
    assert ann.send(page.form("/edit")).status == 303
    assert sorted(row["what"] for row in _record(live, record_id)["items"]) == [
        "Glass",
        "Nail",
        "Rope",
    ]


def test_nothing_typed_is_lost_on_the_way_back_to_the_form(ann: Surfer) -> None:
    record_id = _made(ann, "Back")
    page = _overtaken(
        ann,
        record_id,
        {"f.subject": "Mine", "c.items.0.what": "Pane", "c.items.2.what": "Half a row"},
        {"f.subject": _once("Theirs"), "f.fee": "3"},
    )
    form = ann.send_values(page.form("/edit"), {"again": "1", "keep.f.subject": "mine"})
    assert form.status == 200
    values = form.form("/edit").values
    assert values["f.subject"] == "Mine"
    assert values["f.fee"] == "3.00"
    assert {values[f"c.items.{one}.what"] for one in range(3)} == {"Pane", "Wood", "Half a row"}
    assert ann.send_values(form.form("/edit"), {"f.subject": "Late"}).status in {303, 422}


def test_a_refusal_after_the_choice_shows_what_was_chosen(ann: Surfer) -> None:
    record_id = _made(ann, "Refused")
    theirs = _once("Theirs")
    page = _overtaken(ann, record_id, {"f.subject": "Mine", "f.fee": "900"}, {"f.subject": theirs})
    form = ann.send_values(page.form("/edit"), {"keep.f.subject": "theirs"})
    assert form.status == 422
    values = form.form("/edit").values
    assert (values["f.subject"], values["f.fee"]) == (theirs, "900")


def test_being_overtaken_twice_compares_with_what_was_seen_last(live: Live, ann: Surfer) -> None:
    record_id = _made(ann, "Twice")
    page = _overtaken(ann, record_id, {"f.fee": "1"}, {"f.kind": "loss"})
    third = ann.get(f"/o/claim/{record_id}/edit").form("/edit")
    assert ann.send_values(third, {"c.items.0.what": "Mirror"}).status == 303
    again = ann.send(page.form("/edit"))
    assert again.status == 409
    assert "Mirror" in again.text
    assert ann.send(again.form("/edit")).status == 303
    record = _record(live, record_id)
    assert (record["kind"], record["fee"]) == ("loss", "1.00")
    assert record["items"][0]["what"] == "Mirror"


def test_what_was_typed_for_a_record_that_is_gone_is_given_back(live: Live, ann: Surfer) -> None:
    record_id = _made(ann, "Gone")
    form: Form = ann.get(f"/o/claim/{record_id}/edit").form("/edit")
    live.platform.write_as_system(
        lambda context, work: live.platform.store.delete(context, work, "claim", record_id, 1)
    )
    page = ann.send_values(form, {"f.subject": "A long text <b>", "c.items.0.what": "Jade"})
    assert page.status == 404
    assert "A long text <b>" in page.text
    assert "Jade" in page.text


def test_choices_that_nobody_offered_do_nothing(live: Live, ann: Surfer) -> None:
    record_id = _made(ann, "Forged")
    page = _overtaken(ann, record_id, {"f.fee": "1"}, {"f.kind": "loss"})
    forged = {
        "keep.f.fee": "sideways",
        "keep.f.status": "theirs",
        "alt.theirs.f.status": "paid",
        "keep.nothing": "was",
    }
    assert ann.send_values(page.form("/edit"), forged).status == 303
    record = _record(live, record_id)
    assert (record["kind"], record["fee"], record["status"]) == ("loss", "1.00", "draft")
