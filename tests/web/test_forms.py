"""Forms without script: errors where they belong, rows, conflicts, and nothing saved twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.live import Live
from tests.support.surfing import Surfer


@pytest.fixture
def ann(live: Live) -> Surfer:
    return Surfer(live, "ann")


def _record(live: Live, record_id: str) -> dict[str, Any]:
    return live.platform.perform_as_system(
        lambda context: reader.get(context, "claim", record_id, expand=("items",))
    )


def _count(live: Live, subject: str) -> int:
    def action(context: Any) -> int:
        data = {"filter": {"field": "subject", "op": "=", "value": subject}}
        return len(reader.find(context, "claim", parse_query(context, "claim", data)).items)

    return live.platform.perform_as_system(action)


def _filled(subject: str, **more: str) -> dict[str, str | None]:
    return {
        "f.subject": subject,
        "grid.items": "1",
        "c.items.0.what": "Glass",
        "c.items.0.qty": "3",
        "c.items.0.price": "12.50",
        **more,
    }


def test_record_is_made_from_a_plain_form(live: Live, ann: Surfer) -> None:
    form = ann.get("/o/claim/new").form("/new")
    assert form.values["f.claimed_on"], "the default is filled in"
    assert form.values["f.kind"] == "damage"
    sent = ann.send_values(form, _filled("Plain form"))
    assert sent.status == 303
    record = _record(live, sent.address.split("/")[3].split("?")[0])
    assert record["subject"] == "Plain form"
    assert record["total"] == "37.50"
    assert record["company"]["id"] == live.ids["acme"]


def test_errors_stand_at_the_field_and_in_a_summary(ann: Surfer) -> None:
    form = ann.get("/o/claim/new").form("/new")
    values = _filled("", **{"f.fee": "900", "c.items.0.qty": "none", "c.items.1.what": "x" * 61})
    page = ann.send_values(form, values)
    assert page.status == 422
    html = page.response.text
    assert 'href="#f-subject"' in html
    assert 'href="#c-items-0-qty"' in html
    assert 'href="#c-items-1-what"' in html
    again = page.form("/new").values
    assert again["f.fee"] == "900"
    assert again["c.items.0.qty"] == "none"
    assert again["c.items.1.what"] == "x" * 61


def test_rule_stands_at_its_field_in_the_language_of_the_user(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    for language, message in (("zh", "费用不超过 500"), ("en", "The fee is at most 500")):
        ann = surfer("ann", language)
        page = ann.send_values(
            ann.get("/o/claim/new").form("/new"), _filled("Rule", **{"f.fee": "900"})
        )
        assert page.status == 422
        assert message in page.text
        assert f'data-error="fee">{message}' in page.response.text


def test_rows_come_and_go_without_script(ann: Surfer) -> None:
    form = ann.get("/o/claim/new").form("/new")
    more = ann.send_values(form, _filled("Rows", add="items")).form("/new")
    assert "c.items.1.what" in more.values
    assert more.values["c.items.0.what"] == "Glass"
    fewer = ann.send_values(more, {"remove": "items.0"}).form("/new")
    assert "c.items.0.what" not in fewer.values or fewer.values["c.items.0.what"] == ""


def test_form_sent_twice_makes_one_record(live: Live, ann: Surfer) -> None:
    form = ann.get("/o/claim/new").form("/new")
    first = ann.send_values(form, _filled("Only once"))
    second = ann.send_values(form, _filled("Only once"))
    assert first.status == second.status == 303
    assert first.address == second.address
    assert _count(live, "Only once") == 1


def _made(live: Live, ann: Surfer, subject: str) -> str:
    sent = ann.send_values(ann.get("/o/claim/new").form("/new"), _filled(subject))
    assert sent.status == 303, sent.text
    return sent.address.split("/")[3].split("?")[0]


def test_rows_are_changed_added_and_removed(live: Live, ann: Surfer) -> None:
    record_id = _made(live, ann, "Changing rows")
    form = ann.get(f"/o/claim/{record_id}/edit").form("/edit")
    changes = {
        "c.items.0.qty": "4",
        "c.items.1.what": "Wood",
        "c.items.1.qty": "1",
        "c.items.1.price": "5",
    }
    assert ann.send_values(form, changes).status == 303
    rows = _record(live, record_id)["items"]
    assert [(row["what"], row["amount"]) for row in rows] == [("Glass", "50.00"), ("Wood", "5.00")]
    form = ann.get(f"/o/claim/{record_id}/edit").form("/edit")
    assert ann.send_values(form, {"c.items.0.removed": "1"}).status == 303
    assert [row["what"] for row in _record(live, record_id)["items"]] == ["Wood"]


def test_saving_without_a_change_changes_nothing(live: Live, ann: Surfer) -> None:
    record_id = _made(live, ann, "Unchanged")
    version = _record(live, record_id)["version"]
    assert ann.send(ann.get(f"/o/claim/{record_id}/edit").form("/edit")).status == 303
    assert _record(live, record_id)["version"] == version


def test_form_without_version_is_refused(live: Live, ann: Surfer) -> None:
    record_id = _made(live, ann, "No version")
    form = ann.get(f"/o/claim/{record_id}/edit").form("/edit")
    assert ann.send_values(form, {"version": None, "f.subject": "x"}).status == 428
    assert _record(live, record_id)["subject"] == "No version"


def test_fields_that_are_not_editable_are_not_taken(live: Live, ann: Surfer) -> None:
    values = _filled("Smuggled", **{"f.reserve": "5", "f.status": "paid", "f.payable": "0"})
    sent = ann.send_values(ann.get("/o/claim/new").form("/new"), values)
    assert sent.status == 303
    record = _record(live, sent.address.split("/")[3].split("?")[0])
    assert (record["reserve"], record["status"]) == (None, "draft")


def test_choices_have_two_lines_and_know_their_place(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    admin = surfer("admin")
    answer = admin.ask("/o/claim/choices/company", {"text": "acme", "values": {}})
    assert answer.status_code == 200
    assert answer.json is not None
    items = answer.json["items"]
    assert [(one["title"], one["detail"].split(" · ")[0]) for one in items] == [
        ("Company acme", "acme")
    ]
    assert surfer("ann").ask("/o/claim/choices/company", {"text": "rival", "values": {}}).json == {
        "items": [],
        "more": False,
        "new": None,
    }


def test_lookup_is_found_by_its_code_without_script(
    live: Live, surfer: Callable[..., Surfer]
) -> None:
    admin = surfer("admin")
    values = _filled("By code", **{"f.company": "", "f.company:text": "acme"})
    sent = admin.send_values(admin.get("/o/claim/new").form("/new"), values)
    assert sent.status == 303, sent.text
    record = _record(live, sent.address.split("/")[3].split("?")[0])
    assert record["company"]["id"] == live.ids["acme"]


def test_preview_fills_in_what_only_the_server_knows(ann: Surfer) -> None:
    body = {"values": {"fee": "1"}, "children": {"items": [{"what": "a", "qty": "2"}]}, "id": None}
    answer = ann.ask("/o/claim/preview", body)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["values"]["payable"] == "21.00"
    assert answer.json["children"]["items"][0]["price"] == "10.00"
    assert "reserve" not in answer.json["values"]


@pytest.mark.parametrize("body", ["[]", "{", '{"values": 1, "children": {}}', '{"values": {}}'])
def test_broken_questions_are_refused(ann: Surfer, body: str) -> None:
    token = ann.get("/o/claim/new").form("/new").values["csrf"]
    answer = ann.client.post(
        "/o/claim/preview",
        data=body,
        content_type="application/json",
        headers={"X-CSRF-Token": token},
    )
    assert answer.status_code == 422


def test_deleting_asks_first(live: Live, surfer: Callable[..., Surfer]) -> None:
    admin = surfer("admin")
    record_id = live.create("claim", {"company": live.ids["acme"], "subject": "To delete"})
    page = admin.get(f"/o/claim/{record_id}/delete")
    form = next(one for one in page.forms if "version" in one.values)
    form.action = f"/o/claim/{record_id}/delete"
    assert admin.send(form).status == 303
    assert admin.get(f"/o/claim/{record_id}").status == 404


@pytest.mark.parametrize("version", ["", "two", "²", "9" * 40])
def test_a_deletion_says_which_version_it_means(
    live: Live, surfer: Callable[..., Surfer], version: str
) -> None:
    admin = surfer("admin")
    subject = f"To keep {version[:3]!r}"
    record_id = live.create("claim", {"company": live.ids["acme"], "subject": subject})
    page = admin.get(f"/o/claim/{record_id}/delete")
    form = next(one for one in page.forms if "version" in one.values)
    form.action = f"/o/claim/{record_id}/delete"
    form.values["version"] = version

    assert admin.send(form).status == 428
    assert admin.get(f"/o/claim/{record_id}").status == 200


def test_every_character_of_a_text_counts_as_a_change(live: Live, ann: Surfer) -> None:
    """`1.50` and `1.5` are one amount, but two codes."""
    made = ann.send_values(ann.get("/o/claim/new").form("/new"), _filled("1.50"))
    record_id = made.address.split("/")[3].split("?")[0]
    form = ann.get(f"/o/claim/{record_id}/edit").form("/edit")

    assert ann.send_values(form, {"f.subject": "1.5"}).status == 303

    assert _record(live, record_id)["subject"] == "1.5"
